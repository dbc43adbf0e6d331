"""Functions of floats: the expansion that defines each one (semantics D6) as an inline function of its own.

In: a call. Out: the name of the C function, whose text is written once a source. All generators evaluate the same
expansion, so that the bits are the CPU's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.codegen.cuda import expressions
from tdsl.codegen.cuda.prelude import HEAD
from tdsl.codegen.cuda.types import c_type
from tdsl.expr.functions.definition import definition
from tdsl.expr.node import Call

if TYPE_CHECKING:
    from tdsl.codegen.cuda.context import Context

_LETTERS = {"float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16"}


def function(ctx: Context, node: Call) -> str:
    """The name of the C function of a call; its text is noted on the first call."""
    dtype = node.args[0].dtype
    kind = c_type(dtype)
    name = f"tdsl_{node.name.replace('.', '_')}_{_LETTERS[dtype.name]}"
    if name in ctx.facts.functions:
        return name
    made = definition(node.name, dtype)
    inner = ctx.function()
    for parameter in made.parameters:
        inner.names[parameter.name] = inner.fresh(parameter.name)
    expressions.name_parts(inner, made.body)
    inner.line(f"return {expressions.value(inner, made.body)};")
    parameters = ", ".join(f"{kind} {inner.names[one.name]}" for one in made.parameters)
    lines = "\n".join(inner.lines)
    ctx.facts.functions[name] = f"{HEAD}{kind} {name}({parameters})\n{{\n{lines}\n}}\n"
    return name

"""A schedule as text: one call, the chain that rebuilds it, the table of its steps; directives in, Python text out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import cast

from tdsl.expr.node import Binary, Node, Unary, Var
from tdsl.expr.printer import text
from tdsl.expr.rewrite import substitute, variables
from tdsl.expr.tensor import Tensor
from tdsl.schedule.directive import Directive
from tdsl.schedule.knob import Knob, knobs_of

WIDTH = 100
"""A chain longer than this is written one call a line."""


def call_text(step: Directive, *, full: bool = False) -> str:
    """A step as a method call: ``split("C", "i", 32, into=("io", "ii"))``.

    Args:
        full: write knobs and sizes so that the text can be evaluated anywhere; else by their names alone.
    """
    given, named = step.arguments()
    if step.primitive == "layout":
        named.pop("dims", None)
    parts = [_value(step, value, full) for value in given]
    parts += [f"{name}={_value(step, value, full)}" for name, value in named.items()]
    return f"{step.primitive}({', '.join(parts)})"


def script_text(
    outputs: Sequence[Tensor], steps: Sequence[Directive], settings: Mapping[str, int], target: str | None, *,
    exact: bool = False,
) -> str:  # fmt: skip
    """Python text that rebuilds the schedule where the outputs are in scope under their names."""
    first = ", ".join(
        [
            *(tensor.name for tensor in outputs),
            *(() if target is None else (f"target={target}",)),
            *(("exact=True",) if exact else ()),
        ]
    )
    calls = [f"td.schedule({first})"]
    left = dict(settings)
    for step in steps:
        calls.append(call_text(step, full=True))
        used = {knob.name: left.pop(knob.name) for knob in knobs_of(step) if knob.name in left}
        if used:
            calls.append(f"set({', '.join(f'{name}={value}' for name, value in used.items())})")
        if step.reason:
            calls.append(f"because({json.dumps(step.reason, ensure_ascii=False)})")
    line = ".".join(calls)
    if len(line) <= WIDTH:
        return line
    return "(" + "\n    .".join(calls) + ")"


def history_text(steps: Sequence[Directive], labels: Sequence[str]) -> str:
    """The steps as a table: number, call, what it does to the bits, the user's line."""
    rows = [
        (str(index), step.label, label, _place(step))
        for index, (step, label) in enumerate(zip(steps, labels, strict=True))
    ]
    if not rows:
        return "no steps yet"
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    )


def _place(step: Directive) -> str:
    """The user's line of a step, and its reason where one is noted."""
    line = "" if step.where is None else step.where.brief()
    return f"{line}  ({step.reason})" if step.reason else line


def _value(step: Directive, value: object, full: bool) -> str:
    match value:
        case str():
            return f'"{value}"'
        case Knob():
            values = ", ".join(map(str, value.values))
            call = f'td.knob("{value.name}", [{values}], default={value.default})'
            return call if full else value.name
        case Node():
            return _condition(value, full)
        case Directive():
            return call_text(value, full=full)
        case EllipsisType():
            return "..."
        case tuple():
            return _tuple(step, cast("tuple[object, ...]", value), full)
        case _:
            return repr(value)


def _tuple(step: Directive, value: tuple[object, ...], full: bool) -> str:
    if step.primitive == "layout" and all(isinstance(part, Node) for part in value):
        dims: tuple[str, ...] = getattr(step, "dims", ())
        body = ", ".join(_python(text(part)) for part in value if isinstance(part, Node))
        return f"lambda {', '.join(dims)}: ({body}{',' * (len(value) == 1)})"
    if step.primitive == "specialize":
        return "lambda s: s" + "".join(f".{_value(step, part, full)}" for part in value)
    if step.primitive in ("tile", "compute_with", "bind") and all(isinstance(part, tuple) for part in value):
        pairs = cast("tuple[tuple[object, object], ...]", value)
        return "{" + ", ".join(f"{_value(step, a, full)}: {_value(step, b, full)}" for a, b in pairs) + "}"
    parts = [_value(step, part, full) for part in value]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _condition(node: Node, full: bool) -> str:
    """A condition; in full as Python that needs `td` alone: ``td.size("n") % 8 == 0``."""
    if not full:
        return text(node)
    match node:
        case Binary(op="and"):
            return f"td.all({_condition(node.lhs, full)}, {_condition(node.rhs, full)})"
        case Binary(op="or"):
            return f"td.any({_condition(node.lhs, full)}, {_condition(node.rhs, full)})"
        case Unary(op="not"):
            return f"td.logical_not({_condition(node.operand, full)})"
        case _:
            table: dict[Node, Node] = {var: _declared(var) for var in variables(node)}
            return _python(text(substitute(node, table)))


def _declared(var: Var) -> Var:
    """A variable that prints as the call that declares it."""
    call = f'td.size("{var.name}")' if var.kind == "size" else f'td.param("{var.name}", "{var.dtype}")'
    return Var(call, var.dtype, "local")


def _python(line: str) -> str:
    """The text of an expression with tdsl's functions instead of Python's, which ask for truth."""
    return re.sub(r"\b(min|max|where|abs)\(", lambda found: f"td.{_FUNCTIONS[found[1]]}(", line)


_FUNCTIONS = {"min": "minimum", "max": "maximum", "where": "where", "abs": "abs"}

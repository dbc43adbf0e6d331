"""What a `Call` means: its name and dtype in, the expansion out; the one table of functions.

An expansion is an expression over parameters, made once for each function and dtype by a Python function of nodes,
and
shared by every use: interpreters and generators evaluate it with the parameters bound to the arguments. 16-bit floats
are computed in float32 and rounded (D7). Parameters are `local` variables that only the expansion knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from tdsl.dtypes import DTYPES, DType
from tdsl.errors import InternalError
from tdsl.expr import build
from tdsl.expr.node import Call, Const, Node, Var
from tdsl.expr.rewrite import rewrite, substitute

MODULES: dict[str, str] = {
    "exp": "exponential",
    "exp2": "exponential",
    "expm1": "exponential",
    "log": "logarithm",
    "log2": "logarithm",
    "log10": "logarithm",
    "log1p": "logarithm",
    "pow": "power",
    "tanh": "hyperbolic",
    "sigmoid": "logistic",
    "erf": "error_function",
    "sinh": "hyperbolic_sines",
    "cosh": "hyperbolic_sines",
    "asinh": "inverse_hyperbolic",
    "acosh": "inverse_hyperbolic",
    "atanh": "inverse_hyperbolic",
    "asin": "inverse_sine",
    "acos": "inverse_sine",
    "atan": "arctangent",
    "atan2": "arctangent",
    "cbrt": "cube_root",
    "hypot": "hypotenuse",
    "sin": "trigonometric",
    "cos": "trigonometric",
    "tan": "trigonometric",
    "log.rare": "logarithm",
    "log2.rare": "logarithm",
    "log10.rare": "logarithm",
    "log1p.rare": "logarithm",
    "sigmoid.far": "logistic",
    "sin.far": "trigonometric",
    "cos.far": "trigonometric",
    "tan.far": "trigonometric",
}
"""Function -> the file of this folder that has a Python function of that name, from nodes to a node."""

PARAMETERS = ("x", "y")

ARITY: dict[str, int] = {name: 2 if name in ("pow", "atan2", "hypot") else 1 for name in MODULES}
"""Function -> how many arguments it takes."""

RARE = frozenset(name for name in MODULES if "." in name)
"""Functions for arguments that hardly occur: where a `Select` chooses one, vector code branches around it."""

_WIDER = DTYPES["float32"]


@dataclass(frozen=True, slots=True)
class Definition:
    """`body` is the value of the function where its `parameters` are the arguments."""

    parameters: tuple[Var, ...]
    body: Node


@lru_cache(maxsize=256)
def definition(name: str, dtype: DType) -> Definition:
    """The expansion of a function in one dtype."""
    if name not in MODULES or not (dtype.is_float and dtype.arithmetic):
        raise InternalError(f"no function {name} of {dtype}", pass_name="expr.functions")
    parameters = tuple(Var(letter, dtype, "local") for letter in PARAMETERS[: ARITY[name]])
    if dtype.bits == 16:
        wide = tuple(build.cast(parameter, _WIDER) for parameter in parameters)
        return Definition(parameters, build.cast(Call(name, wide), dtype))
    expand: Callable[..., Node] = getattr(
        import_module(f"tdsl.expr.functions.{MODULES[name]}"), name.replace(".", "_")
    )
    return Definition(parameters, expand(*parameters))


def call(name: str, *args: Node) -> Node:
    """The node of a function of some arguments; of constants, a constant where every target agrees on it."""
    node = Call(name, args)
    if all(isinstance(arg, Const) for arg in args):
        folded = rewrite(expanded(node), _folded)
        return folded if isinstance(folded, Const) else node
    return node


def _folded(node: Node) -> Node:
    return call(node.name, *node.args) if isinstance(node, Call) else build.refold(node)


def expanded(node: Call) -> Node:
    """The expansion over the arguments themselves, for single uses; it may contain further calls."""
    made = definition(node.name, node.args[0].dtype)
    return substitute(made.body, dict(zip(made.parameters, node.args, strict=True)))


def expand_calls(root: Node) -> Node:
    """The expression without calls."""
    return rewrite(root, lambda node: expand_calls(expanded(node)) if isinstance(node, Call) else node)

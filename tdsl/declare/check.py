"""For authors of operators: `td.check` states what an operator needs, `td.unnamed` lets its stages find their own names.

In: a condition and a message; or a `with` block. Out: an error in the operator's words, or a fact that calls check.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar, Token

from tdsl.declare.require import require
from tdsl.errors import ArgumentError, TdslError
from tdsl.expr.handles import Expr
from tdsl.location import hide_internal_frames

_unnamed: ContextVar[frozenset[str] | None] = ContextVar("tdsl_unnamed", default=None)
"""None outside the blocks of `unnamed`; inside, names that axes may not have."""


@hide_internal_frames
def check(
    condition: Expr | bool,
    message: str,
    *,
    hint: tuple[str, ...] = (),
    error: type[TdslError] = ArgumentError,
) -> None:
    """States what an operator needs of its arguments.

    Args:
        condition: a bool, or a condition on sizes. A size decides at the call: the condition becomes a fact as by
            `td.require`, in the running context.
        message: what is wrong where the condition is false, in the operator's words: one sentence, no full stop.
        hint: what to write instead, an entry an alternative.
        error: the class of the error; `td.ShapeError`, `td.DTypeError`, ….

    Errors: E130 a condition that is False. Source: Halide's user_assert; PyTorch's TORCH_CHECK.
    """
    if isinstance(condition, Expr):
        require(condition)
    elif not condition:
        raise error("E130", message, hint=hint)


def unnamed_now() -> bool:
    """Whether stages declared now are named as operators' are: made unique when a schedule is created (semantics N4)."""
    return _unnamed.get() is not None


def axis_name(name: str) -> str:
    """The name an axis gets: inside a block of `unnamed` another one, with underscores, where a size has it."""
    taken = _unnamed.get() or ()
    while name in taken:
        name += "_"
    return name


class unnamed:  # noqa: N801 (used as a verb: `with td.unnamed():`)
    """Names declared inside the block are suggestions: stages are made unique by a schedule (semantics N4).

    For functions that declare stages and may be used twice in one program; `td.op` does it for its body.

    Args:
        avoid: names of sizes and params of the caller's, which axes declared inside give way to.
    """

    def __init__(self, avoid: Iterable[str] = ()) -> None:
        self._avoid = frozenset(avoid)
        self._tokens: list[Token[frozenset[str] | None]] = []

    def __enter__(self) -> None:
        self._tokens.append(_unnamed.set((_unnamed.get() or frozenset()) | self._avoid))

    def __exit__(self, *exception: object) -> None:
        _unnamed.reset(self._tokens.pop())

"""What an operator declares, to draw schedules of: an operator and arguments in, its tensors out.

Without arguments shapes are tried, of few dims and some of them equal, and float32 before integers and bools, until the
operator takes them; sizes then stay as symbolic as in a call with arrays of those shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import cast

import numpy as np

import tdsl as td
from tdsl.location import here

SHAPES = (
    (5, 7), (5,), (7,), (5, 5), (7, 5), (7, 11), (11,), (5, 11), (3, 5, 7), (3, 7, 11), (3, 5, 11), (),
    (2, 3, 11, 13), (4, 3, 3, 3),
)  # fmt: skip
"""Of one array, the likely ones first; products of matrices, rows with weights, batches and images are among them."""
DTYPES = ("float32", "int32", "bool")
TRIALS = 500
"""Shapes that are tried in each dtype."""


def declared(op: td.Op, args: object) -> tuple[tuple[td.Tensor, ...], str]:
    """The tensors that a call compiles, and the operator with its arguments in words.

    Args:
        args: the call's arguments: a tuple, or a dict by name; None: they are found.

    Errors: G131 no arguments were found, or `args` is neither; those of the operator's call.
    """
    if args is None:
        return _found(op)
    if isinstance(args, Mapping):
        return _of_call(op, (), cast("Mapping[str, object]", args))
    if isinstance(args, tuple | list):
        return _of_call(op, cast("Sequence[object]", args), {})
    raise td.ArgumentTypeError(
        "G131", f"args= is a tuple of {op.name}'s arguments, or a dict, not {type(args).__name__}", where=here(),
        hint=[f"td.fuzz({op.name}, args=(x, …))"],
    )  # fmt: skip


def _of_call(
    op: td.Op, args: Sequence[object], keywords: Mapping[str, object]
) -> tuple[tuple[td.Tensor, ...], str]:
    tensors = op.declared(*args, **keywords)
    shown = ", ".join((*map(_shown, args), *(f"{name}={_shown(value)}" for name, value in keywords.items())))
    return tensors, f"{op.name}({shown})"


def _shown(value: object) -> str:
    """An array or tensor by dtype and shape, anything else as it is."""
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if dtype is None or shape is None:
        return repr(value)
    return f"{dtype}[{', '.join(map(str, cast('tuple[object, ...]', shape)))}]"


def _found(op: td.Op) -> tuple[tuple[td.Tensor, ...], str]:
    """The declaration for the first arrays that the operator takes. Errors: G131 none."""
    count, why = op.arrays(), ""
    likely = sorted(product(range(len(SHAPES)), repeat=min(count, 4)), key=sum)
    for dtype in DTYPES:
        for places in islice(likely, TRIALS):
            arrays = [np.zeros(SHAPES[place], dtype) for place in places]
            try:
                return _of_call(op, arrays, {})
            except (td.InternalError, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001 (an operator's own function may raise anything)
                why = why or str(error).strip().splitlines()[0]
    raise td.ArgumentTypeError(
        "G131", f"no arrays were found that {op.name} takes: args= says which", where=here(),
        why=[f"{_shown(np.zeros(SHAPES[0], DTYPES[0]))}, for one: {why}"] if why else [],
        hint=[f"td.fuzz({op.name}, args=(x, …)), arrays as for a call; sizes stay symbolic"],
    )  # fmt: skip

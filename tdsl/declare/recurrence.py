"""`td.recurrence`: a stage whose elements are made from elements of its own, each once.

In: a name (or several), a shape and a callable of the tensor and its axes. Out: a tensor (or several) whose every read,
its own included, is proved in bounds. The dtype is found by calling the callable twice: with elements that adopt what
they meet, then with the dtype found (semantics E8). In which order the points may be computed is asked when the stage is
scheduled (`schedule/first_order.py`, E9).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import overload

from tdsl.declare.compute import checked_names
from tdsl.declare.domain import checked_domain, checked_fill
from tdsl.declare.extent import Extents, checked_shape
from tdsl.declare.names import shown
from tdsl.declare.size import gather_sizes
from tdsl.declare.stage import Draft, make_stage
from tdsl.declare.trace import axis_names, call, data_axes
from tdsl.dtypes import DType, as_dtype
from tdsl.errors import ArgumentTypeError, DTypeError, ShapeError
from tdsl.expr.handles import AxisHandle, Expr, as_operand
from tdsl.expr.tensor import Size, Tensor
from tdsl.location import Location, here, hide_internal_frames


@overload
def recurrence(
    name: str, shape: object, value: Callable[..., object], *, axes: Sequence[str] | None = None,
    where: Callable[..., object] | None = None, fill: object = None, dtype: DType | str | type | None = None,
) -> Tensor: ...  # fmt: skip


@overload
def recurrence(
    name: tuple[str, ...] | list[str], shape: object, value: Callable[..., object], *,
    axes: Sequence[str] | None = None, where: Callable[..., object] | None = None, fill: object = None,
    dtype: DType | str | type | None = None,
) -> tuple[Tensor, ...]: ...  # fmt: skip


@hide_internal_frames
def recurrence(
    name: object,
    shape: object,
    value: Callable[..., object],
    *,
    axes: Sequence[str] | None = None,
    where: Callable[..., object] | None = None,
    fill: object = None,
    dtype: DType | str | type | None = None,
) -> Tensor | tuple[Tensor, ...]:
    """A stage that reads itself: the element at every point of `shape` is what `value` returns, made once.

    Any order of the points that makes every element before it is read is legal, whatever is written; where the written
    order is not, the nearest permutation or reversal of the axes is taken and recorded (semantics E9).

    Args:
        name: of the tensor; a tuple of names for several tensors that may read each other.
        shape: a tuple of extents: ints, sizes, affine expressions of them, products of sizes.
        value: any pure callable of the tensor (or the tensors) and the axes: ``lambda H, i, j: H[i - 1, j] + 1``; it
            is called several times.
        axes, where, fill: as of `td.compute`.
        dtype: converts the value as `td.cast` does; without it the elements have the dtype of what they meet.

    Returns: a tensor, or a tuple of tensors where `name` is one.

    Errors: those of `td.compute`; E208 a value without a dtype; E210 a dtype that does not reproduce itself.
    Source: Halide's update definitions over pure variables, made single assignment; Karp, Miller, Winograd 1967.
    """
    at = here()
    names = checked_names(name, at)
    extents = checked_shape(shape, names[0], at)
    _check_parameters(value, names, at)
    placeholders = _own(names, extents, [as_dtype("int64")] * len(names), at, adopts=True)
    handles = data_axes(axis_names(partial(value, *placeholders), extents, axes, names[0], at), extents, at)
    tracing = _Tracing(names, extents, value, handles, at, not isinstance(name, str))
    given = None if dtype is None else as_dtype(dtype, where=at)
    own, values = tracing.typed([given] * len(names)) if given is not None else tracing.found()
    domain = checked_domain(where, handles, names[0], at)
    tensors = make_stage(
        Draft(
            names=names,
            axes=handles,
            values=values,
            dtype=given,
            domain=domain.nodes,
            fill=checked_fill(fill, where is not None, names[0], at),
            origins=(*extents.origins, *domain.origins),
            own=own,
            where=at,
        )
    )
    return tensors[0] if isinstance(name, str) else tensors


def _check_parameters(value: object, names: Sequence[str], where: Location) -> None:
    """The callable takes the tensors first. Errors: E107 it takes fewer parameters; E111 no callable."""
    if not callable(value):
        raise ArgumentTypeError(
            "E111",
            f"the value of {names[0]} is a callable of the tensor and its axes, not {shown(value)}",
            where=where,
            hint=(f"lambda {', '.join(names)}, i: …",),
        )
    try:
        inspect.signature(value).bind_partial(*names)
    except TypeError:
        raise ShapeError(
            "E107",
            f"the callable of {names[0]} takes {', '.join(names)} and then the axes",
            where=where,
            hint=(f"lambda {', '.join(names)}, i: …",),
        ) from None
    except ValueError:
        return


def _own(
    names: Sequence[str], extents: Extents, dtypes: Sequence[DType], where: Location, *, adopts: bool = False
) -> tuple[Tensor, ...]:
    """The tensors that the callable gets: of the stage's names and shape, made by nobody."""
    sizes = gather_sizes([one for one in extents.origins if isinstance(one, Size)], (), extents.nodes, where)
    return tuple(
        Tensor(
            name=name,
            extents=extents.nodes,
            dtype=dtype,
            component=place,
            sizes=sizes,
            adopts=adopts,
            where=where,
        )
        for place, (name, dtype) in enumerate(zip(names, dtypes, strict=True))
    )


Traced = tuple[tuple[Tensor, ...], tuple[object, ...]]
"""The tensors that a callable got, and the values it gave."""


@dataclass(frozen=True, slots=True)
class _Tracing:
    """Calls one callable with tensors of different dtypes."""

    names: tuple[str, ...]
    extents: Extents
    value: Callable[..., object]
    axes: tuple[AxisHandle, ...]
    where: Location
    listed: bool

    def typed(self, dtypes: Sequence[DType | None]) -> Traced:
        """One call; a tensor whose dtype is None adopts what it meets."""
        own = tuple(
            _own((name,), self.extents, [dtype or as_dtype("int64")], self.where, adopts=dtype is None)[0]
            for name, dtype in zip(self.names, dtypes, strict=True)
        )
        return own, self.call(own)

    def call(self, own: tuple[Tensor, ...]) -> tuple[object, ...]:
        """What the callable gives for these tensors."""
        function, count = partial(self.value, *own), len(self.names)
        return call(function, self.axes, count, self.names[0], self.where, listed=self.listed)

    def found(self) -> Traced:
        """The call with the dtypes that reproduce themselves (semantics E8).

        Errors: E208 numbers only; E210 they do not reproduce themselves.
        """
        dtypes: list[DType | None] = [None] * len(self.names)
        for _ in self.names:
            dtypes = [known or fresh for known, fresh in zip(dtypes, self._adopted(dtypes), strict=True)]
        if None in dtypes:
            raise self._no_dtype(self.names[dtypes.index(None)])
        own, values = self.typed(dtypes)
        for name, value, dtype in zip(self.names, values, dtypes, strict=True):
            operand = as_operand(value)
            if isinstance(operand, Expr) and not operand.weak and operand.dtype is not dtype:
                raise DTypeError(
                    "E210",
                    f"the elements of {name} would be {dtype} and their value is {operand.dtype}",
                    where=self.where,
                    why=(f"{name} reads itself, and what it computes from {dtype} is another dtype",),
                    hint=(f'dtype="{operand.dtype}"',),
                )
        return own, values

    def _adopted(self, dtypes: Sequence[DType | None]) -> list[DType | None]:
        """The dtypes of the values where some tensors adopt what they meet; None of numbers only."""
        failure: DTypeError | None = None
        for provisional in ("int64", "float64"):
            own = tuple(
                _own(
                    (name,), self.extents, [dtype or as_dtype(provisional)], self.where, adopts=dtype is None
                )[0]
                for name, dtype in zip(self.names, dtypes, strict=True)
            )
            try:
                operands = [as_operand(value) for value in self.call(own)]
            except DTypeError as error:
                failure = failure or error
                continue
            return [one.dtype if isinstance(one, Expr) and not one.weak else None for one in operands]
        assert failure is not None
        raise self._no_dtype(self.names[0], failure.what)

    def _no_dtype(self, name: str, why: str = "") -> DTypeError:
        return DTypeError(
            "E208",
            f"the value of {name} does not say its dtype",
            where=self.where,
            why=(why or f"an element of {name} takes the dtype of what it meets, and it meets numbers only",),
            hint=('dtype="float32"',),
        )

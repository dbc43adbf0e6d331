"""Buffers of the Loop IR interpreter: arrays that know which of their elements were ever written.

In: an argument's array or the extents of an allocation. Out: loads and stores that check every subscript and say
whether what they read is defined. Scratch starts as poison: a marker value that nothing may depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from tdsl.dtypes import DType
from tdsl.errors import InternalError
from tdsl.expr.narrow_floats import held

Array = npt.NDArray[Any]
Index = tuple[Any, ...]
"""Subscripts: ints, or int64 arrays with one value a lane."""

Where = Callable[[], str]
"""Says at which iteration, for messages."""

PASS = "lower.interpreter"


def is_lanes(value: Any) -> TypeGuard[Array]:
    """Whether a value is one a lane."""
    return isinstance(value, np.ndarray)


@dataclass(slots=True)
class Buffer:
    """A buffer while the kernel runs.

    defined: which elements hold a value; None where all do. output: undefined values may not be stored. padding:
    elements past the end that may be read.
    """

    name: str
    dtype: DType
    data: Array
    defined: Array | None
    output: bool = False
    padding: int = 0

    @property
    def may_be_undefined(self) -> bool:
        """Whether a load can give an undefined value."""
        return self.defined is not None or self.padding > 0

    def load(self, index: Index, where: Where) -> tuple[Any, bool]:
        """One element and whether it is defined; an int or bool as Python's."""
        try:
            if index and min(index) < 0:
                raise IndexError
            value = self.data[index]
        except IndexError:
            if self.padded(index):
                return self._plain(np.zeros((), self.data.dtype)[()]), False
            raise self.outside("read", index, where) from None
        defined = self.defined is None or bool(self.defined[index])
        return self._plain(value), defined

    def _plain(self, value: Any) -> Any:
        return value if self.dtype.is_float else value.item()

    def store(self, index: Index, value: Any, defined: bool, where: Where) -> None:
        """Writes one element."""
        try:
            if index and min(index) < 0:
                raise IndexError
            self.data[index] = value
        except IndexError:
            raise self.outside("written", index, where) from None
        self.mark(index, defined, where)

    def load_lanes(self, index: Index, mask: Array | None, where: Where) -> tuple[Array, Array | None]:
        """One element a lane, and which active lanes are undefined (None: none)."""
        width = max(part.size for part in index if is_lanes(part))
        undefined: Array | None = None
        outside = self._lanes_outside(index, width)
        if outside is not None:
            wrong = outside if mask is None else outside & mask
            undefined = wrong if wrong.any() else None
            for lane in np.flatnonzero(wrong):
                if not self.padded(one := _lane(index, lane)):
                    raise self.outside("read", one, where)
            if self.data.size == 0:
                return np.zeros(width, self.data.dtype), undefined
            index = tuple(np.where(outside, 0, part) for part in index)
        value = self.data[index]
        if self.defined is not None:
            poison = ~self.defined[index]
            if mask is not None:
                poison &= mask
            if undefined is not None:
                poison |= undefined
            undefined = poison if poison.any() else None
        return value, undefined

    def store_lanes(
        self, index: Index, value: Any, undefined: Array | None, mask: Array | None, where: Where
    ) -> None:
        """Writes one element a lane, lanes in order: of two that write the same element, the last one stays."""
        if mask is not None:
            index = tuple([part[mask] if is_lanes(part) else part for part in index])
            value = value[mask] if is_lanes(value) else value
            undefined = None if undefined is None else undefined[mask]
        if not any(is_lanes(part) for part in index):
            last = value[-1] if is_lanes(value) else value
            return self.store(index, last, undefined is None or not undefined[-1], where)
        width = max(part.size for part in index if is_lanes(part))
        outside = self._lanes_outside(index, width)
        if outside is not None:
            raise self.outside("written", _lane(index, np.flatnonzero(outside)[0]), where)
        self.data[index] = value
        self.mark(index, True if undefined is None else ~undefined, where)
        return None

    def mark(self, index: Index, defined: Any, where: Where) -> None:
        """Notes whether what was stored is defined."""
        if self.defined is None:
            return
        if self.output and not (defined.all() if is_lanes(defined) else defined):
            wrong = _lane(index, np.flatnonzero(~defined)[0]) if np.ndim(defined) else index
            raise InternalError(
                f"{self.element(wrong)} gets a value that depends on uninitialised memory",
                pass_name=PASS,
                why=_nonempty(where()),
            )
        self.defined[index] = defined

    def _lanes_outside(self, index: Index, width: int) -> Array | None:
        """Which lanes are out of bounds; None: none."""
        found: Array | None = None
        for part, extent in zip(index, self.data.shape, strict=True):
            if is_lanes(part):
                outside = part.view(np.uint64) >= extent
                if not outside.any():
                    continue
            elif 0 <= part < extent:
                continue
            else:
                outside = np.ones(width, bool)
            found = outside if found is None else found | outside
        return found

    def padded(self, index: Sequence[int]) -> bool:
        """Whether a subscript that is out of bounds still reads the buffer or its padding."""
        offset = 0
        for part, extent in zip(index, self.data.shape, strict=True):
            offset = offset * extent + part
        return self.padding > 0 and 0 <= offset < self.data.size + self.padding

    def outside(self, done: str, index: Index, where: Where) -> InternalError:
        shape = ", ".join(map(str, self.data.shape))
        why = [
            f"{self.name} has the extents [{shape}]" + (f" and {self.padding} more" if self.padding else "")
        ]
        return InternalError(
            f"{self.element(index)} is {done} out of bounds", pass_name=PASS, why=[*why, *_nonempty(where())]
        )

    def element(self, index: Index) -> str:
        """`T[3, 4]`."""
        return f"{self.name}[{', '.join(str(int(part)) for part in index)}]"


def _lane(index: Index, lane: Any) -> tuple[int, ...]:
    """The subscripts of one lane."""
    return tuple(int(part[lane]) if is_lanes(part) else int(part) for part in index)


def _nonempty(line: str) -> list[str]:
    return [line] if line else []


def scratch(name: str, dtype: DType, extents: Sequence[int], padding: int) -> Buffer:
    """A buffer of poison: NaN, or a number that is no likely subscript; no element is defined."""
    shape = tuple(max(extent, 0) for extent in extents)
    data = np.empty(shape, held(dtype))
    if dtype.is_float:
        data.fill(np.nan)
    else:
        data.view(f"u{data.itemsize}").fill(0xA5A5_A5A5_A5A5_A5A5 >> (64 - 8 * data.itemsize))
    return Buffer(name, dtype, data, np.zeros(shape, bool), padding=padding)

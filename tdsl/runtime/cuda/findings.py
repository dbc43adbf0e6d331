"""What the emulator recorded, as a `Hazards` value: numbers of threads become indices, addresses elements, places lines.

In: a session and the launches it ran. Out: `runtime/cuda/hazards.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tdsl.codegen.cuda.artifact import CudaLaunch
from tdsl.runtime.cuda.emulated_code import EmulatedLibrary
from tdsl.runtime.cuda.hazards import (
    BadAccess,
    DivergentBarrier,
    Finding,
    Hazards,
    Index,
    Memory,
    Race,
    ThreadPlace,
    Traffic,
)  # fmt: skip
from tdsl.runtime.cuda.lines import lines_of
from tdsl.runtime.cuda.session import DeviceArray, RawFinding, RawParty, RawTraffic, Session

Launches = Sequence[tuple[CudaLaunch, tuple[int, int, int]]]

_ACTIONS: dict[int, Literal["load", "store", "atomic", "waits", "ended"]] = {
    0: "load", 1: "store", 3: "atomic", 4: "ended", 5: "waits",
}  # fmt: skip
_RACE, _OUT_OF_BOUNDS, _MISALIGNED, _UNINITIALISED, _BARRIER, _LANES = range(6)
_BAD: dict[int, Literal["out_of_bounds", "misaligned", "uninitialised"]] = {
    _OUT_OF_BOUNDS: "out_of_bounds", _MISALIGNED: "misaligned", _UNINITIALISED: "uninitialised",
}  # fmt: skip
_GLOBAL, _SHARED = 0, 1


def hazards_of(kernel: str, library: EmulatedLibrary, session: Session, launches: Launches) -> Hazards:
    """The findings and traffic of a session."""
    found, traffic = session.findings(), session.traffic()
    places = [one.where for one in traffic] + [p.where for one in found for p in (one.first, one.second)]
    reading = _Reading(session, launches, lines_of(library.code, places) if places else {})
    return Hazards(
        kernel, tuple(reading.finding(one) for one in found), tuple(reading.traffic(one) for one in traffic)
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    session: Session
    launches: Launches
    lines: dict[int, str]

    def finding(self, raw: RawFinding) -> Finding:
        first, second = self._thread(raw.first), self._thread(raw.second)
        if raw.kind in (_BARRIER, _LANES):
            return DivergentBarrier("barrier" if raw.kind == _BARRIER else "warp", first, second, raw.count)
        memory = self._memory(raw.space)
        array, element = self._element(raw)
        if raw.kind == _RACE:
            return Race(array or "", memory or "global", element, first, second, raw.count)
        return BadAccess(_BAD[raw.kind], array, memory, element, raw.bytes, first, raw.count)

    def traffic(self, raw: RawTraffic) -> Traffic:
        memory: Memory = "global" if raw.space == _GLOBAL else "shared"
        name = (
            self._array(raw.name).name if raw.space == _GLOBAL else self.session.shared[raw.name].array.name
        )
        line = self.lines.get(raw.where)
        action = "store" if raw.store else "load"
        return Traffic(name, memory, action, raw.bytes, line, raw.requests, raw.moved, raw.ideal)

    def _memory(self, space: int) -> Memory | None:
        return {_GLOBAL: "global", _SHARED: "shared"}.get(space)  # pyright: ignore[reportReturnType]

    def _array(self, name: int) -> DeviceArray:
        return self.session.arrays[name]

    def _element(self, raw: RawFinding) -> tuple[str | None, Index]:
        offset = raw.offset - (1 << 64) if raw.offset >> 63 else raw.offset
        if raw.space == _GLOBAL:
            held = self._array(raw.name).array
            dense = held.flags.c_contiguous
            return self._array(raw.name).name, _index(offset // held.itemsize, held.shape if dense else ())
        if raw.space == _SHARED:
            array = self.session.shared[raw.name].array
            return array.name, _index(offset // array.element, array.extents)
        return None, ()

    def _thread(self, raw: RawParty) -> ThreadPlace:
        launch, grid = self.launches[raw.launch]
        line = self.lines.get(raw.where)
        if raw.file:
            line = f"{raw.file.decode(errors='replace').rpartition('/')[2]}:{raw.line}"
        block, thread = _coordinates(raw.block, grid), _coordinates(raw.thread, launch.block)
        return ThreadPlace(block, thread, _ACTIONS[raw.access], line)


def _coordinates(linear: int, extents: tuple[int, int, int]) -> Index:
    """Coordinates of a number: those of x run fastest."""
    x, y, _ = extents
    return (linear % x, linear // x % y, linear // (x * y))


def _index(flat: int, extents: tuple[int, ...]) -> Index:
    """The index of a row-major element; the flat one where it lies outside."""
    if not 0 <= flat < int(np.prod(extents, dtype=object)) or not extents:
        return (flat,)
    return tuple(int(one) for one in np.unravel_index(flat, extents))

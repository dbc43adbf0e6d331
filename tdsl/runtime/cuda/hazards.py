"""What an emulated run shows about a kernel: races, barriers, bounds, and how its accesses meet the memories.

In: made by `runtime/cuda/emulate.py` from what the emulator recorded. Out: a frozen value, for tests to assert on and
people to print. Counterparts: compute-sanitizer's memcheck, racecheck, initcheck, synccheck; Nsight Compute's sectors
a request and shared wavefronts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Memory = Literal["global", "shared"]
Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ThreadPlace:
    """One thread of a finding.

    Args:
        block, thread: (x, y, z), as blockIdx and threadIdx.
        action: "load", "store" or "atomic"; "waits" at a barrier, or "ended".
        line: of the schedule (or of the CUDA C where it names none), such as ``"matmul.py:14"``; None if not known.
    """

    block: Index
    thread: Index
    action: Literal["load", "store", "atomic", "waits", "ended"]
    line: str | None

    def __str__(self) -> str:
        """``block (0, 0, 0) thread (3, 0, 0) store, matmul.py:14``."""
        at = "" if self.line is None else f", {self.line}"
        return f"block {self.block} thread {self.thread} {self.action}{at}"


@dataclass(frozen=True, slots=True)
class Race:
    """Two accesses of one element with no order between them, at least one a plain write.

    Args:
        array: its name; memory: where it lies; element: its index (flat where the array is not row-major).
        first, second: the two threads, in the order of the emulation.
        count: how often between these two places.
    """

    array: str
    memory: Memory
    element: Index
    first: ThreadPlace
    second: ThreadPlace
    count: int

    def __str__(self) -> str:
        """One line."""
        return (
            f"race on {self.memory} {_element(self.array, self.element)}: {self.first}; {self.second}"
            f"{_times(self.count)}"
        )


@dataclass(frozen=True, slots=True)
class DivergentBarrier:
    """Threads that wait at a barrier, or lanes at a warp's exchange, that others do not reach.

    Args:
        kind: "barrier" (__syncthreads) or "warp" (__syncwarp, shuffles, votes).
        first: waits; second: waits elsewhere, or has ended.
    """

    kind: Literal["barrier", "warp"]
    first: ThreadPlace
    second: ThreadPlace
    count: int

    def __str__(self) -> str:
        """One line."""
        return f"divergent {self.kind}: {self.first}; {self.second}{_times(self.count)}"


@dataclass(frozen=True, slots=True)
class BadAccess:
    """An access that must not be.

    Args:
        kind: "out_of_bounds" (not executed; the thread stopped there), "misaligned" or "uninitialised".
        array: the nearest one, or None; element: its index, which lies outside for one out of bounds (then flat).
        bytes: of the access.
    """

    kind: Literal["out_of_bounds", "misaligned", "uninitialised"]
    array: str | None
    memory: Memory | None
    element: Index
    bytes: int
    thread: ThreadPlace
    count: int

    def __str__(self) -> str:
        """One line."""
        where = "no array" if self.array is None else f"{self.memory} {_element(self.array, self.element)}"
        return (
            f"{self.kind.replace('_', ' ')}: {self.bytes} bytes at {where}: {self.thread}{_times(self.count)}"
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """All accesses of one instruction to one array.

    Args:
        bytes: of one lane's access.
        requests: of warps; moved: sectors of 32 bytes (global) or wavefronts (shared) for them; ideal: the fewest.
    """

    array: str
    memory: Memory
    action: Literal["load", "store"]
    bytes: int
    line: str | None
    requests: int
    moved: int
    ideal: int

    def __str__(self) -> str:
        """One line of the table of `Hazards`."""
        unit = "sectors" if self.memory == "global" else "wavefronts"
        return (
            f"{self.array:12s} {self.memory} {self.action:5s} {8 * self.bytes:3d} bit  {self.requests:8d} requests "
            f"{self.moved:9d} {unit}, ideal {self.ideal} (x{self.moved / max(1, self.ideal):.2f})  {self.line or ''}"
        ).rstrip()


Finding = Race | DivergentBarrier | BadAccess


@dataclass(frozen=True, slots=True)
class Hazards:
    """What one emulated call showed; compare, print, assert.

    Args:
        kernel: its name.
        found: everything that is wrong, in order of appearance.
        traffic: accesses by array and line.

    Source: the rules of CUDA C++ Programming Guide; bank and sector counts as in emulator/traffic.cpp.
    """

    kernel: str
    found: tuple[Finding, ...]
    traffic: tuple[Traffic, ...]

    @property
    def races(self) -> list[Race]:
        """Races, in shared and in global memory; empty when fine."""
        return [one for one in self.found if isinstance(one, Race)]

    @property
    def divergent_barriers(self) -> list[DivergentBarrier]:
        """Barriers and exchanges that not all threads reach; empty when fine."""
        return [one for one in self.found if isinstance(one, DivergentBarrier)]

    @property
    def out_of_bounds(self) -> list[BadAccess]:
        """Accesses outside of every array, and stores to inputs; empty when fine."""
        return self._bad("out_of_bounds")

    @property
    def misaligned(self) -> list[BadAccess]:
        """Accesses at addresses that their size does not divide; empty when fine."""
        return self._bad("misaligned")

    @property
    def uninitialised(self) -> list[BadAccess]:
        """Reads of memory that nothing wrote; empty when fine."""
        return self._bad("uninitialised")

    @property
    def coalescing(self) -> Mapping[str, float]:
        """By array in global memory: ideal sectors / sectors; 1.0 is best."""
        return MappingProxyType(
            {name: ideal / moved for name, (moved, ideal) in self._sums("global").items()}
        )

    @property
    def bank_conflicts(self) -> Mapping[str, float]:
        """By array in shared memory: wavefronts / ideal; 1.0 is best."""
        return MappingProxyType(
            {name: moved / ideal for name, (moved, ideal) in self._sums("shared").items()}
        )

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.found)

    def __str__(self) -> str:
        """What is wrong, a line each, then a table of accesses."""
        head = f"{self.kernel}: " + (f"{len(self.found)} hazards" if self.found else "no hazards")
        return "\n".join([head, *(f"  {one}" for one in self.found), *(f"  {one}" for one in self.traffic)])

    def _bad(self, kind: str) -> list[BadAccess]:
        return [one for one in self.found if isinstance(one, BadAccess) and one.kind == kind]

    def _sums(self, memory: Memory) -> dict[str, tuple[int, int]]:
        sums: dict[str, tuple[int, int]] = {}
        for one in self.traffic:
            if one.memory == memory:
                moved, ideal = sums.get(one.array, (0, 0))
                sums[one.array] = (moved + one.moved, ideal + one.ideal)
        return sums


def _element(array: str, element: Index) -> str:
    return f"{array}[{', '.join(map(str, element))}]"


def _times(count: int) -> str:
    return "" if count == 1 else f" ({count} times)"

"""What a multiprocessor of each architecture holds, and how many blocks of a kernel fit; plain numbers in and out.

Source: CUDA C++ Programming Guide 13, "Compute Capabilities" (tables of technical specifications); the rule is that of
NVIDIA's cuda_occupancy.h.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one architecture.

    warps, blocks: resident at once on a multiprocessor; registers: of it, 32-bit; shared_bytes: of it;
    block_shared_bytes: of one block at most; reserved_bytes: kept by the system for each block.
    """

    warps: int
    blocks: int
    registers: int
    shared_bytes: int
    block_shared_bytes: int
    reserved_bytes: int


LIMITS: dict[int, Limits] = {
    75: Limits(32, 16, 65536, 65536, 65536, 0),
    80: Limits(64, 32, 65536, 167936, 166912, 1024),
    86: Limits(48, 16, 65536, 102400, 101376, 1024),
    87: Limits(48, 16, 65536, 167936, 166912, 1024),
    89: Limits(48, 24, 65536, 102400, 101376, 1024),
    90: Limits(64, 32, 65536, 233472, 232448, 1024),
    100: Limits(64, 32, 65536, 233472, 232448, 1024),
    103: Limits(64, 32, 65536, 233472, 232448, 1024),
    120: Limits(48, 24, 65536, 102400, 101376, 1024),
}

THREADS_OF_A_BLOCK = 1024
"""At most, on every architecture; along z at most 64."""

DEPTH_OF_A_BLOCK = 64

_WARP = 32
_REGISTER_UNIT = 256
_PARTITIONS = 4
_SHARED_UNIT = 128


def number_of(architecture: str) -> int:
    """``"sm_90a"`` -> 90."""
    return int("".join(sign for sign in architecture if sign.isdigit()))


def limits_of(architecture: str) -> Limits:
    """The limits of an architecture; those of the nearest older one where it is not in the table."""
    number = number_of(architecture)
    known = [one for one in LIMITS if one <= number]
    return LIMITS[max(known, default=75)]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Blocks and warps of a kernel that a multiprocessor holds at once, and what share of its warps that is."""

    blocks: int
    warps: int
    share: float
    limited_by: str


def occupancy(architecture: str, registers: int, shared_bytes: int, threads: int) -> Occupancy:
    """How much of a multiprocessor a kernel fills. registers: a thread; shared_bytes, threads: a block."""
    limits = limits_of(architecture)
    warps = -(-threads // _WARP)
    by_warps = limits.warps // warps
    a_warp = _up(max(registers, 1) * _WARP, _REGISTER_UNIT)
    by_registers = limits.registers // _PARTITIONS // a_warp * _PARTITIONS // warps
    kept = shared_bytes + limits.reserved_bytes
    by_shared = limits.shared_bytes // _up(kept, _SHARED_UNIT) if kept else limits.blocks
    found = {
        "warps": by_warps,
        "registers": by_registers,
        "shared memory": by_shared,
        "blocks": limits.blocks,
    }
    blocks = min(found.values())
    reason = next(name for name, count in found.items() if count == blocks)
    return Occupancy(blocks, blocks * warps, blocks * warps / limits.warps, reason)


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit

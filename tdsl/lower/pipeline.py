"""Lowering as a table of contents: a nest in, a verified Loop IR kernel out, one named pass after the other.

Each pass takes and gives a valid kernel. `watch` sees every pass's name and result (printing, timing, tests).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tdsl.expr.node import Node
from tdsl.expr.tensor import Stage
from tdsl.lower.build import Signature, build_loops
from tdsl.lower.ir import If, Kernel
from tdsl.lower.passes.separate_full_tiles import separate_full_tiles
from tdsl.lower.passes.separate_selects import separate_selects
from tdsl.lower.passes.simplify_loops import simplify_loops
from tdsl.lower.tiles import check_tiles
from tdsl.lower.verifier import Names, verify
from tdsl.schedule.nest import Nest, Storage

Pass = Callable[[Kernel], Kernel]
Watch = Callable[[str, Kernel], None]

CPU_PASSES: tuple[tuple[str, Pass], ...] = (
    ("simplify_loops", simplify_loops),
    ("separate_selects", separate_selects),
    ("separate_full_tiles", separate_full_tiles),
    ("simplify_loops", simplify_loops),
)
"""What runs after `build_loops`, in order: full tiles are separated on simplified conditions, then simplified again."""


@dataclass(frozen=True, slots=True)
class Version:
    """The nest and the stages of the calls that satisfy `condition`."""

    condition: Node
    nest: Nest
    stages: Mapping[str, Stage]


def lower(
    nest: Nest,
    stages: Mapping[str, Stage],
    inputs: Sequence[Storage],
    signature: Signature,
    watch: Watch | None = None,
    versions: Sequence[Version] = (),
) -> Kernel:
    """Loop IR for a CPU. versions: what runs instead where their conditions hold; at most one of them does.

    Errors: L114 a loop that was to become an instruction and has no whole tile.
    """
    kernel = build_loops(nest, stages, inputs, signature)
    for version in reversed(versions):
        special = build_loops(version.nest, version.stages, inputs, signature).body
        kernel = replace(kernel, body=If(version.condition, special, kernel.body))
    sound: Names = {}
    for name, one in (("build_loops", _same), *CPU_PASSES):
        kernel = verify(one(kernel), name, sound)
        if watch is not None:
            watch(name, kernel)
    return check_tiles(kernel)


GPU_PASSES: tuple[tuple[str, Pass], ...] = (("simplify_loops", simplify_loops),)
"""What runs after `build_loops` for a GPU."""


def lower_for_device(
    nest: Nest,
    stages: Mapping[str, Stage],
    inputs: Sequence[Storage],
    signature: Signature,
    watch: Watch | None = None,
) -> Kernel:
    """Loop IR for a GPU: one launch an item at root. Errors: L133 L134 loops that no launch can have."""
    kernel = build_loops(nest, stages, inputs, signature, on_device=True)
    sound: Names = {}
    for name, one in (("build_loops", _same), *GPU_PASSES):
        kernel = verify(one(kernel), name, sound)
        if watch is not None:
            watch(name, kernel)
    return kernel


def _same(kernel: Kernel) -> Kernel:
    return kernel

"""The primitives: one directive record a file, loaded when its name is first used; a program uses few of them.

In: the name of a record, or `PRIMITIVES`, the table by method that JSON and tests read. Out: the class, or all of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tdsl.schedule.directive import Directive
    from tdsl.schedule.primitives.align import Align as Align
    from tdsl.schedule.primitives.assume import Assume as Assume
    from tdsl.schedule.primitives.atomic import Atomic as Atomic
    from tdsl.schedule.primitives.bind import Bind as Bind
    from tdsl.schedule.primitives.cache_read import CacheRead as CacheRead
    from tdsl.schedule.primitives.cache_write import CacheWrite as CacheWrite
    from tdsl.schedule.primitives.clone import Clone as Clone
    from tdsl.schedule.primitives.compute_at import ComputeAt as ComputeAt
    from tdsl.schedule.primitives.compute_root import ComputeRoot as ComputeRoot
    from tdsl.schedule.primitives.compute_with import ComputeWith as ComputeWith
    from tdsl.schedule.primitives.cooperate import Cooperate as Cooperate
    from tdsl.schedule.primitives.double_buffer import DoubleBuffer as DoubleBuffer
    from tdsl.schedule.primitives.fold import Fold as Fold
    from tdsl.schedule.primitives.fuse import Fuse as Fuse
    from tdsl.schedule.primitives.hoist import Hoist as Hoist
    from tdsl.schedule.primitives.inline import Inline as Inline
    from tdsl.schedule.primitives.layout import Layout as Layout
    from tdsl.schedule.primitives.parallel import Parallel as Parallel
    from tdsl.schedule.primitives.peel import Peel as Peel
    from tdsl.schedule.primitives.prefetch import Prefetch as Prefetch
    from tdsl.schedule.primitives.promote import Promote as Promote
    from tdsl.schedule.primitives.reorder import Reorder as Reorder
    from tdsl.schedule.primitives.reverse import Reverse as Reverse
    from tdsl.schedule.primitives.rfactor import RFactor as RFactor
    from tdsl.schedule.primitives.scope import Scope as Scope
    from tdsl.schedule.primitives.separate import Separate as Separate
    from tdsl.schedule.primitives.shift import Shift as Shift
    from tdsl.schedule.primitives.skew import Skew as Skew
    from tdsl.schedule.primitives.specialize import Specialize as Specialize
    from tdsl.schedule.primitives.split import Split as Split
    from tdsl.schedule.primitives.store_at import StoreAt as StoreAt
    from tdsl.schedule.primitives.store_root import StoreRoot as StoreRoot
    from tdsl.schedule.primitives.stream import Stream as Stream
    from tdsl.schedule.primitives.swizzle import Swizzle as Swizzle
    from tdsl.schedule.primitives.tensorize import Tensorize as Tensorize
    from tdsl.schedule.primitives.tile import Tile as Tile
    from tdsl.schedule.primitives.unroll import Unroll as Unroll
    from tdsl.schedule.primitives.vectorize import Vectorize as Vectorize

    PRIMITIVES: dict[str, type[Directive]]
    """Every primitive by the name of its method."""

_MODULES = {
    "Split": "split",
    "Tile": "tile",
    "Fuse": "fuse",
    "Reorder": "reorder",
    "Skew": "skew",
    "Shift": "shift",
    "Reverse": "reverse",
    "Peel": "peel",
    "Separate": "separate",
    "Unroll": "unroll",
    "Vectorize": "vectorize",
    "Parallel": "parallel",
    "Inline": "inline",
    "ComputeRoot": "compute_root",
    "ComputeAt": "compute_at",
    "ComputeWith": "compute_with",
    "StoreRoot": "store_root",
    "StoreAt": "store_at",
    "Clone": "clone",
    "Hoist": "hoist",
    "CacheRead": "cache_read",
    "CacheWrite": "cache_write",
    "Promote": "promote",
    "Layout": "layout",
    "Scope": "scope",
    "Fold": "fold",
    "Align": "align",
    "Prefetch": "prefetch",
    "RFactor": "rfactor",
    "DoubleBuffer": "double_buffer",
    "Stream": "stream",
    "Tensorize": "tensorize",
    "Atomic": "atomic",
    "Assume": "assume",
    "Specialize": "specialize",
    "Bind": "bind",
    "Cooperate": "cooperate",
    "Swizzle": "swizzle",
}
"""The file of each record."""


def __getattr__(name: str) -> object:
    """A record or the table, loaded on first use."""
    if name == "PRIMITIVES":
        found: object = {kind.primitive: kind for kind in map(_loaded, _MODULES)}
    elif name in _MODULES:
        found = _loaded(name)
    else:
        raise AttributeError(f"no primitive {name}", name=name)
    globals()[name] = found
    return found


def _loaded(name: str) -> type[Directive]:
    kind: type[Directive] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return kind

"""The primitives: one directive record a file; the table by name is what JSON and `td.Schedule` are made from."""

from __future__ import annotations

from tdsl.schedule.directive import Directive
from tdsl.schedule.primitives.align import Align
from tdsl.schedule.primitives.assume import Assume
from tdsl.schedule.primitives.atomic import Atomic
from tdsl.schedule.primitives.bind import Bind
from tdsl.schedule.primitives.cache_read import CacheRead
from tdsl.schedule.primitives.cache_write import CacheWrite
from tdsl.schedule.primitives.clone import Clone
from tdsl.schedule.primitives.compute_at import ComputeAt
from tdsl.schedule.primitives.compute_root import ComputeRoot
from tdsl.schedule.primitives.compute_with import ComputeWith
from tdsl.schedule.primitives.cooperate import Cooperate
from tdsl.schedule.primitives.fold import Fold
from tdsl.schedule.primitives.fuse import Fuse
from tdsl.schedule.primitives.hoist import Hoist
from tdsl.schedule.primitives.inline import Inline
from tdsl.schedule.primitives.layout import Layout
from tdsl.schedule.primitives.parallel import Parallel
from tdsl.schedule.primitives.peel import Peel
from tdsl.schedule.primitives.prefetch import Prefetch
from tdsl.schedule.primitives.promote import Promote
from tdsl.schedule.primitives.reorder import Reorder
from tdsl.schedule.primitives.reverse import Reverse
from tdsl.schedule.primitives.rfactor import RFactor
from tdsl.schedule.primitives.scope import Scope
from tdsl.schedule.primitives.separate import Separate
from tdsl.schedule.primitives.shift import Shift
from tdsl.schedule.primitives.skew import Skew
from tdsl.schedule.primitives.specialize import Specialize
from tdsl.schedule.primitives.split import Split
from tdsl.schedule.primitives.store_at import StoreAt
from tdsl.schedule.primitives.store_root import StoreRoot
from tdsl.schedule.primitives.tile import Tile
from tdsl.schedule.primitives.unroll import Unroll
from tdsl.schedule.primitives.vectorize import Vectorize

PRIMITIVES: dict[str, type[Directive]] = {
    directive.primitive: directive
    for directive in (
        Split, Tile, Fuse, Reorder, Skew, Shift, Reverse, Peel, Separate, Unroll, Vectorize, Parallel, Inline,
        ComputeRoot, ComputeAt, ComputeWith, StoreRoot, StoreAt,
        Clone, Hoist, CacheRead, CacheWrite, Promote, Layout, Scope, Fold, Align, Prefetch, RFactor,
        Atomic, Assume, Specialize, Bind, Cooperate,
    )
}  # fmt: skip
"""Every primitive by the name of its method."""

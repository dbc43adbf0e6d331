"""Kernels of schedules that are called directly: one build for equal schedules, kept while it is recent.

In: a schedule. Out: its kernel, built through the write-once slot `slots.BUILD`, since nothing here may import what lies
above. Schedules are values, so a table by value is exact; it holds the 32 used last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol, cast

from tdsl.slots import BUILD

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule

KEPT = 32
"""Kernels kept; more are built again."""


class CallableKernel(Protocol):
    """What a build gives, as far as schedules use it."""

    def __call__(self, *args: object, **keywords: object) -> object:
        """Run it."""
        ...

    def time(self, *args: object, **keywords: object) -> object:
        """Time it."""
        ...


_kernels: OrderedDict[tuple[Schedule, object], CallableKernel] = OrderedDict()
_lock = threading.Lock()


def kernel_of(schedule: Schedule) -> CallableKernel:
    """The kernel of a schedule for its own target."""
    key = (schedule, schedule.target)
    with _lock:
        found = _kernels.get(key)
        if found is not None:
            _kernels.move_to_end(key)
            return found
    built = cast(CallableKernel, BUILD(schedule))
    with _lock:
        _kernels[key] = built
        while len(_kernels) > KEPT:
            _kernels.popitem(last=False)
    return built

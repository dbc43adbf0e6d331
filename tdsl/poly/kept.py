"""Relations of stages that a thread keeps from one question to the next, by what they depend on.

In: a key of plain values and what makes the relation. Out: the relation, made once, and whether it holds more than is
needed. isl objects belong to the context of their thread, and so does the table; it is bounded, and nothing in it is ever
wrong: a key holds all that matters.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from tdsl.poly import library as isl
from tdsl.poly.memo import Key

KEPT = 1024
"""Relations: those of some four hundred stages, a few megabytes."""


Made = tuple["isl.Map", bool]
"""(a relation of a stage, whether it is larger than what is needed)"""


class _Maps(threading.local):
    def __init__(self) -> None:
        self.table: OrderedDict[Key, Made] = OrderedDict()


_maps = _Maps()


def kept(key: Key, make: Callable[[], Made]) -> Made:
    """What was made for a key."""
    table = _maps.table
    found = table.pop(key, None)
    table[key] = found = make() if found is None else found
    if len(table) > KEPT:
        table.popitem(last=False)
    return found


def forget_maps() -> None:
    """Empties this thread's table (for measurements)."""
    _maps.table.clear()

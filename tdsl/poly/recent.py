"""The relations of whole arrangements that a thread made last: a schedule is printed and built, its loops are the same.

In: `model.Arranged`. Out: `Copies`, with what was found out about an equal one shortly before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from tdsl.poly.copies import Copies
from tdsl.poly.model import Arranged

RECENT = 8
"""Arrangements whose relations a thread keeps for the next nest of the same loops."""


class _Recent(threading.local):
    """isl objects belong to a thread, and so does this table."""

    def __init__(self) -> None:
        self.table: OrderedDict[Arranged, Copies] = OrderedDict()


_recent = _Recent()


def recent_copies(arranged: Arranged) -> Copies:
    """The relations of an arrangement, with what this thread found out about an equal one shortly before.

    A schedule is printed and built, or built again with other constants: its loops are the same.
    """
    table = _recent.table
    found = table.pop(arranged, None)
    table[arranged] = found = Copies(arranged) if found is None else found
    found.enforced.clear()
    if len(table) > RECENT:
        table.popitem(last=False)
    return found

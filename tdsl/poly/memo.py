"""Verdicts of parts of a schedule, remembered across schedules: plain values under structural keys, bounded, safe.

In: a key (nested tuples of names, nodes and frozen dataclasses; it holds everything the answer depends on). Out: the
answer given before. Schedules are values, so all variants of a program share the table and nothing is ever invalidated.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from tdsl.poly.answers import Verdict


class Key:
    """A hashable value with its hash computed once; signatures nest, and tuples hash anew every time."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: tuple[object, ...]) -> None:
        self.value = value
        self._hash = hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Key) and self._hash == other._hash and self.value == other.value


class Memo:
    """The answers used last, at most `limit` of them, each with what it cost in isl operations."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._table: OrderedDict[Key, tuple[Verdict, int]] = OrderedDict()

    def get(self, key: Key) -> tuple[Verdict, int] | None:
        """The answer, or None."""
        with self._lock:
            found = self._table.get(key)
            if found is not None:
                self._table.move_to_end(key)
            return found

    def put(self, key: Key, answer: Verdict, cost: int) -> None:
        """Remembers an answer; forgets the one unused for longest."""
        with self._lock:
            self._table[key] = answer, cost
            self._table.move_to_end(key)
            if len(self._table) > self._limit:
                self._table.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything (for measurements)."""
        with self._lock:
            self._table.clear()

    def __len__(self) -> int:
        return len(self._table)

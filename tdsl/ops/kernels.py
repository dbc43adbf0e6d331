"""The kernels of an operator: one build a key, however many threads ask for it at once. Keys in, kernels out."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable

import tdsl as td

KEPT = 256
"""Kernels an operator keeps; the one used longest ago goes first."""


class Kernels:
    """A table of kernels by key, with a lock a key while it is built."""

    def __init__(self) -> None:
        self._kernels: OrderedDict[Hashable, td.Kernel] = OrderedDict()
        self._fresh_locks()
        _tables.add(self)

    def _fresh_locks(self) -> None:
        self._lock = threading.Lock()
        self._building: dict[Hashable, threading.Lock] = {}

    def found(self, key: Hashable, build: Callable[[], td.Kernel]) -> td.Kernel:
        """The kernel of the key; built by the first thread that asks while the others wait."""
        kernel = self._kernels.get(key)
        if kernel is not None:
            return kernel
        with self._lock:
            turn = self._building.setdefault(key, threading.Lock())
        with turn:
            kernel = self._kernels.get(key)
            if kernel is None:
                kernel = build()
                with self._lock:
                    self._kernels[key] = kernel
                    while len(self._kernels) > KEPT:
                        self._kernels.popitem(last=False)
        with self._lock:
            self._building.pop(key, None)
        return kernel

    def clear(self) -> None:
        """Forgets all kernels."""
        with self._lock:
            self._kernels.clear()


_tables: weakref.WeakSet[Kernels] = weakref.WeakSet()


def _after_fork() -> None:
    """A lock that another thread held stays locked in a child: children get fresh ones."""
    for table in _tables:
        table._fresh_locks()  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

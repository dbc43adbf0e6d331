"""The lock around what is made once a process: nothing in, a reentrant lock out that a fork never leaves locked.

A forked child gets a new lock, since the thread that held the old one is not there. What the lock guards is published
by one append at the end, so the child sees it whole or not at all. Order: this lock first, then LLVM's, never the
reverse.
"""

from __future__ import annotations

import os
import threading

_locks = [threading.RLock()]


def process_lock() -> threading.RLock:
    """The lock, to hold with `with`."""
    return _locks[0]


def _renew() -> None:
    _locks[0] = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)

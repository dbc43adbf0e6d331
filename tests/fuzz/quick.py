"""What the fuzzer leaves out most of the time, since it costs more than what it finds: LLVM's optimisation, advice.

In: what is wanted. Out: contexts in which tdsl, and processes forked there, do less; what it writes and decides is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tdsl.codegen.machine as machine_code
from tdsl.schedule.advice import Advisor

QUICK_LEVEL = 0
"""Of LLVM's instruction selection: half of the time of the one that users get."""


@contextmanager
def codegen_level(level: int) -> Iterator[None]:
    """LLVM selects instructions at another level meanwhile: what tdsl writes is the same."""
    compiled = machine_code.compile_object
    machine_code.compile_object = lambda text, target, opt=level, **more: compiled(
        text, target, level, **more
    )
    try:
        yield
    finally:
        machine_code.compile_object = compiled


@contextmanager
def advice(given: bool) -> Iterator[None]:
    """Refusals come without what to try instead meanwhile, unless it is given: to find that takes longer than to refuse."""
    hints = Advisor.hints
    if not given:
        Advisor.hints = lambda self, allowed: ()
    try:
        yield
    finally:
        Advisor.hints = hints

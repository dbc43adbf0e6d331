"""Answers about a stage, kept as long as the stage lives: a function of a stage in, the same function with a memory out.

A table of fixed size would forget, in a program of more stages than it has places, every answer before it is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from tdsl.expr.tensor import Stage

_Answer = TypeVar("_Answer")


def per_stage(function: Callable[[Stage], _Answer]) -> Callable[[Stage], _Answer]:
    """The function, asked once a stage. Its answers must not hold the stage itself, which would then live for ever."""
    known: WeakKeyDictionary[Stage, tuple[_Answer]] = WeakKeyDictionary()

    def asked(stage: Stage) -> _Answer:
        found = known.get(stage)
        if found is None:
            found = known[stage] = (function(stage),)
        return found[0]

    asked.__doc__ = function.__doc__
    asked.__name__ = function.__name__
    return asked

"""Which of the user's lines made a stage or said something of it; a state in, locations out."""

from __future__ import annotations

from tdsl.location import Location
from tdsl.schedule.state import StageState, State

_MAKERS = ("cache_read", "cache_write", "rfactor", "clone", "hoist")


def made_at(state: State, entry: StageState) -> Location | None:
    """Where a stage was made: its declaration, or the step that added it."""
    for step in state.steps:
        made = getattr(step, "copy", None) or getattr(step, "name", None)
        if step.primitive in _MAKERS and made == entry.name:
            return step.where
    return entry.stage.where


def said_at(state: State, stage: str, *primitives: str) -> Location | None:
    """The last of some steps about a stage, else where the stage was made."""
    for step in reversed(state.steps):
        if step.primitive in primitives and stage in step.stages()[:1]:
            return step.where
    entry = state.find(stage)
    return None if entry is None else made_at(state, entry)


def lines_of(state: State) -> tuple[tuple[str, str, int], ...]:
    """(buffer, file, line) of every stage, files by their base names: what generated code says of its statements."""
    found: list[tuple[str, str, int]] = []
    for entry in state.live():
        where = made_at(state, entry)
        if where is None:
            continue
        file = where.filename.replace("\\", "/").rsplit("/", 1)[-1]
        if '"' not in file and "\n" not in file:
            found += [(name, file, where.line) for name in entry.stage.tensor_names]
    return tuple(found)

"""A few lines of the loops of one stage with a place marked, for error messages: a stage's state in, lines out.

Cheap on purpose (no extents, no regions): the whole nest is `schedule/nest.py`'s.
"""

from __future__ import annotations

from tdsl.errors import MARK
from tdsl.schedule.state import StageState

_HEADS = {"serial": "for", "parallel": "parallel", "unroll": "unroll", "vector": "vector"}
"""First word of a loop's line; of a bound loop, its place."""


def loop_lines(entry: StageState, mark: str | None = None, note: str = "") -> tuple[str, ...]:
    """The loops of a stage, one a line, outermost first and indented, the loop `mark` marked with ``<-`` and a note."""
    lines: list[str] = []
    for depth, loop in enumerate(entry.loops):
        pointed = f"   {MARK} {note}".rstrip() if loop.name == mark else ""
        lines.append(f"{'  ' * depth}{_HEADS.get(loop.kind, loop.kind)} {loop.name}{pointed}")
    lines.append(f"{'  ' * len(entry.loops)}{entry.name}[{', '.join(entry.dims)}] = …")
    return tuple(lines)

"""What can go wrong in a case, as values: an exception, a difference or the end of a process in, a `Failure` out."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

BEYOND = " beyond the tolerance"
"""Of the kind of a difference where a schedule may reassociate."""

OUTSIDE = "writes outside of its output"
"""What a kernel does that leaves its buffers."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong. kind: equal for failures of one cause, as far as can be told."""

    kind: str
    detail: str

    @property
    def cause(self) -> str:
        """What a smaller case must share.

        What differs beyond a tolerance differs in bits where nothing reassociates; a kernel that leaves its buffers is
        stopped by the interpreter, by the bytes around an output or by the system, as the case may be.
        """
        stopped = self.kind.startswith(("crash SIGABRT", "crash SIGBUS", "crash SIGSEGV"))
        if stopped or self.kind.endswith(OUTSIDE) or "interpret_buffer.py" in self.kind:
            return OUTSIDE
        return self.kind.replace(BEYOND, "")

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def failure_of(error: BaseException) -> Failure:
    """An exception as a failure; its place in tdsl is part of its kind."""
    detail = "".join(traceback.format_exception(error))
    if isinstance(error, Mismatch):
        return Failure(error.kind, error.detail)
    every = traceback.extract_tb(error.__traceback__)
    frames = [
        one for one in every if "tdsl" in (path := Path(one.filename)).parts and path.parent.name != "fuzzing"
    ]
    place = f" in {Path(frames[-1].filename).name} {frames[-1].name}" if frames else ""
    return Failure(f"{type(error).__name__}{place}", detail)


class Mismatch(AssertionError):
    """Two readings of one schedule differ. kind: which two, in a few words."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail

"""Write-once slots through which a lower layer reaches a higher one: filled by `tdsl/__init__.py`, used by methods.

In: a function of a higher layer, given as something that imports it. Out: that function, on first use. Import rules stay
what architecture.md says: nothing below `pipeline` names it.
"""

from __future__ import annotations

from collections.abc import Callable


class Slot:
    """One function of a higher layer, loaded on first use."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._load: Callable[[], Callable[..., object]] | None = None
        self._function: Callable[..., object] | None = None

    def fill(self, load: Callable[[], Callable[..., object]]) -> None:
        """Says how the function is found. A slot is filled once."""
        if self._load is None:
            self._load = load

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self._function is None:
            if self._load is None:
                raise RuntimeError(f"slot {self.name} is empty: import tdsl first")
            self._function = self._load()
        return self._function(*args, **kwargs)


BUILD = Slot("build")
"""`pipeline.build`: what `s(a, b)` and `s.time(a, b)` of a schedule use."""

MATMUL = Slot("matmul")
"""`ops.matmul`: what `A @ B` of whole tensors means."""

REPLAY = Slot("replay")
"""`report.replay`: what `error.witness.replay()` runs."""

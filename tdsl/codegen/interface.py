"""What the caller of a kernel must know beyond the ABI: shapes over sizes, facts to check, index ranges; plain values.

In: made by `pipeline.py` from a Loop IR kernel. Out: read by the runtime, which knows no expressions: an extent is
kept as the text of a Python integer expression over sizes and params, and as an affine form where it is one, so that
sizes can be solved from shapes (semantics C5). Travels with saved kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Literal, cast

FORMAT = 1
"""Version of these values on disk."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An integer or bool over sizes and params. terms: size -> factor where it is affine in sizes alone."""

    text: str
    terms: tuple[tuple[str, int], ...] | None = None
    constant: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Sizes that occur."""
        return tuple(name for name in _compiled(self.text).co_names if name not in _FUNCTIONS)

    def value(self, known: Mapping[str, int | float | bool]) -> int:
        """The value; every name must be known. `//` and `%` by zero give 0 (semantics D2)."""
        try:
            return cast(int, eval(_compiled(self.text), _FUNCTIONS, dict(known)))
        except ZeroDivisionError:
            return 0


def _where(cond: bool, then: int, otherwise: int) -> int:
    return then if cond else otherwise


_FUNCTIONS: dict[str, object] = {"__builtins__": {}, "min": min, "max": max, "abs": abs, "where": _where}


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    return compile(text, "<formula>", "eval")


@dataclass(frozen=True, slots=True)
class SizeInterface:
    """A size symbol and its facts."""

    name: str
    minimum: int = 0
    multiple_of: int = 1


@dataclass(frozen=True, slots=True)
class ArrayInterface:
    """An array argument. value_range: half-open, of an input used as an index (semantics B2)."""

    name: str
    dtype: str
    extents: tuple[Formula, ...]
    role: Literal["input", "output"]
    value_range: tuple[Formula, Formula] | None = None


@dataclass(frozen=True, slots=True)
class ScalarInterface:
    """A scalar argument."""

    name: str
    dtype: str
    value_range: tuple[Formula, Formula] | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """A kernel as its callers see it. facts: conditions checked at every call; flops, bytes: per call, as formulas."""

    name: str
    sizes: tuple[SizeInterface, ...]
    arguments: tuple[ArrayInterface | ScalarInterface, ...]
    facts: tuple[Formula, ...] = ()
    operations: Formula | None = None
    inplace: bool = False

    @property
    def inputs(self) -> tuple[ArrayInterface | ScalarInterface, ...]:
        """Arguments the caller passes by position."""
        return tuple(a for a in self.arguments if isinstance(a, ScalarInterface) or a.role == "input")

    @property
    def outputs(self) -> tuple[ArrayInterface, ...]:
        """Arrays the kernel fills."""
        return tuple(a for a in self.arguments if isinstance(a, ArrayInterface) and a.role == "output")

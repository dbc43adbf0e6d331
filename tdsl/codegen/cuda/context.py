"""Where the walk over the loops of one launch stands: lines written, names and ranges of variables, buffers.

In: what each part of the generator writes. Out: lines of CUDA C. Names are the schedule's, made C identifiers; a name
is used once in a function, so that no declaration hides another one.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from tdsl.codegen.cuda.ranges import NARROW, Interval, Ranges, inside
from tdsl.dtypes import DType
from tdsl.expr.node import Node

Memory = Literal["global", "shared", "private"]

_WORDS = (
    "alignas alignof and asm auto bool break case catch char class const constexpr continue default delete do double",
    "else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept",
    "not nullptr operator or private protected public register return short signed sizeof static struct switch",
    "template this throw true try typedef typename union unsigned using virtual void volatile while xor",
    "min max abs threadIdx blockIdx blockDim gridDim warpSize dim3 half",
)
RESERVED = frozenset(word for line in _WORDS for word in line.split(" "))
"""Words of C++ and CUDA that name nothing of ours."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer as the text has it.

    name: in C. strides: of each dim in elements, as nodes; None where it lies row-major. written: in this launch or
    another one.
    """

    name: str
    dtype: DType
    extents: tuple[Node, ...]
    memory: Memory
    strides: tuple[str, ...] | None = None
    single: bool = False
    """A variable of its own: one element of a thread."""


@dataclass
class Facts:
    """What a body may rely on, filled as code is generated.

    wide: sizes may need 64 bits. vectors: accesses of several elements may be made. multiples: sizes that must be
    divisible for the accesses made. used: functions of the prelude and expansions.
    """

    wide: bool
    vectors: bool
    largest: int
    multiples: dict[Node, int] = field(default_factory=dict[Node, int])
    used: set[str] = field(default_factory=set[str])
    functions: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Context:
    """One launch. names: of variables; ranges: of int64 variables; narrow: those that are `int` in C."""

    facts: Facts
    lines: list[str] = field(default_factory=list[str])
    depth: int = 1
    names: dict[str, str] = field(default_factory=dict[str, str])
    taken: set[str] = field(default_factory=set[str])
    ranges: Ranges = field(default_factory=Ranges)
    buffers: dict[str, Buffer] = field(default_factory=dict[str, Buffer])
    texts: dict[Node, str] = field(default_factory=dict[Node, str])
    """What stands for a node instead of its own text: lanes, values that were given names."""
    where: Mapping[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    touched: dict[str, None] = field(default_factory=dict[str, None])
    written: dict[str, None] = field(default_factory=dict[str, None])
    scalars: dict[str, None] = field(default_factory=dict[str, None])
    sizes: dict[str, None] = field(default_factory=dict[str, None])
    threads: tuple[int, int, int] = (1, 1, 1)
    """Threads of a block along x, y, z."""
    used: set[str] = field(default_factory=set[str])
    """int64 variables that occur in what was written."""

    def line(self, text: str) -> None:
        """Writes a line at the current depth."""
        self.lines.append("  " * self.depth + text)

    def say_line(self, buffer: str) -> None:
        """Says which line of the user's made what is written next."""
        found = self.where.get(buffer)
        if found is not None:
            self.lines.append(f'#line {found[1]} "{found[0]}"')

    @contextmanager
    def block(self, head: str) -> Generator[None]:
        """`head {` … `}` around what is written inside."""
        self.line(f"{head} {{" if head else "{")
        self.depth += 1
        before, taken = dict(self.texts), set(self.taken)
        try:
            yield
        finally:
            self.texts, self.taken = before, taken
            self.depth -= 1
            self.line("}")

    def fresh(self, wanted: str) -> str:
        """A C identifier that nothing else in the function has."""
        name = identifier(wanted)
        number = 1
        while name in self.taken or name in RESERVED:
            number += 1
            name = f"{identifier(wanted)}_{number}"
        self.taken.add(name)
        return name

    def declare(self, var: str, interval: Interval, divisor: int = 1) -> tuple[str, str]:
        """(C type, C name) of a new int64 variable."""
        name = self.fresh(var)
        self.names[var] = name
        self.ranges.variables[var] = interval
        self.ranges.divisors[var] = divisor
        return ("int" if inside(interval, NARROW) else "long long"), name

    def is_narrow(self, var: str) -> bool:
        """Whether a variable is an `int`."""
        return inside(self.ranges.variables.get(var, (1, 0)), NARROW) and var in self.ranges.variables

    def use(self, function: str) -> str:
        """Notes that a function of the prelude is called."""
        self.facts.used.add(function)
        return function

    def function(self) -> Context:
        """A context for a function of its own, with the same facts."""
        return replace(
            self, lines=[], depth=1, names={}, taken=set(), ranges=Ranges(), buffers={}, texts={}, touched={},
            written={}, scalars={}, sizes={}, used=set(),
        )  # fmt: skip


def identifier(name: str) -> str:
    """A name as C has it: ``acc.i`` is ``acc_i``."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return plain if not plain[:1].isdigit() else f"_{plain}"

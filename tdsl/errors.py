"""Every error that tdsl raises on purpose: a code, what went wrong, the user's line, why, the loops, what to try.

In: a code such as ``"S203"`` (its page is in `tdsl/error_pages/`), one sentence, and facts as lines of text.
Out: an exception that is also the fitting builtin, prints at most ten lines, and pickles with all it carries.

The first letter and digit of a code say whose it is: E1 expressions and declarations, E2 dtypes, E3 bounds,
S1 arguments of directives, S2 legality, S3 placement and storage, S4 schedule JSON and scripts, L1 lowering and
limits, L2 Loop IR text, G1 code generation and targets, C1 calls, T1 missing tools, I999 a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Literal, Protocol, cast

from tdsl.records import dataclass
from tdsl.slots import REPLAY

WIDEST_LINE = 400
"""Characters of a line beyond which it is cut: no reader wants more of a name."""

MAXIMUM_LINES = 10
"""House style: no error prints more lines than this; what is cut stays in the attributes."""

MARK = "<-"
"""The loop line that holds this is the place an excerpt is about; it is kept when the excerpt is cut."""

ISSUES = "https://github.com/tdsl/tdsl/issues"


class SourcePosition(Protocol):
    """Where in the user's program: `tdsl.location.Location` is one."""

    def lines(self) -> tuple[str, ...]:
        """``("file.py:14   source line", "             ^^^^")``, or fewer lines where the source is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Witness:
    """Two iterations of a schedule that collide, with the smallest sizes that show it (semantics P15).

    Fields:
        tensor: name of the tensor both iterations touch.
        element: its index, or None where the collision is not about one element.
        iterations: the two iterations, axis name -> value; for an overwritten value, reader and overwriter.
        sizes: the sizes of the example, name -> value.
        kind: the dependence: "flow" (write then read), "anti" (read then write), "output" (write then write).
        axis: the loop that the directive was about, or None.
        lost: the iteration whose write was overwritten too early, or None.
        case: the refused schedule that `replay` runs, or None; no part of what a witness is equal by.
    """

    tensor: str
    element: tuple[int, ...] | None
    iterations: tuple[dict[str, int], dict[str, int]]
    sizes: dict[str, int]
    kind: Literal["flow", "anti", "output"]
    axis: str | None = None
    lost: dict[str, int] | None = None
    case: object = field(default=None, compare=False, repr=False)

    def text(self) -> str:
        """One line: ``i=0 writes C[0, 0], i=1 reads it   (n=2)``."""
        first, second = ({"flow": ("writes", "reads"), "anti": ("reads", "writes")}).get(
            self.kind, ("writes", "writes")
        )
        element = "" if self.element is None else "[" + ", ".join(map(str, self.element)) + "]"
        before, after = (_assignments(iteration) for iteration in self.iterations)
        again = " it again" if self.kind == "output" else " it"
        sizes = f"   ({_assignments(self.sizes)})" if self.sizes else ""
        return f"{before} {first} {self.tensor}{element}, {after} {second}{again}{sizes}"

    def replay(self) -> Replay:
        """Runs the program at the smallest sizes twice, as declared and as the refused schedule would run it.

        Returns: what came out; `print(error.witness.replay())` shows an element that differs, or, where all values
            happen to coincide, the two accesses whose order changed.

        Errors: G113 a witness that was made by hand and belongs to no schedule.
        """
        return cast(Replay, REPLAY(self))


@dataclass(frozen=True, slots=True)
class Replay:
    """Both orders of a refused schedule, run at the smallest sizes that show why it was refused.

    Fields:
        sizes: every size and scalar argument, name -> value.
        inputs: every input array, name -> NumPy array.
        declared, scheduled: the two accesses in the order in which each runs them, one line each.
        element: an element that differs, such as ``"C[0, 1]"``; None where all values coincide or were not compared.
        expected, found: its value as declared and as scheduled, as text; None where `element` is.
        note: why values were not compared; "" where they were.
    """

    sizes: dict[str, object]
    inputs: dict[str, object]
    declared: tuple[str, ...]
    scheduled: tuple[str, ...]
    element: str | None = None
    expected: str | None = None
    found: str | None = None
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether some element has another value in the refused order."""
        return self.element is not None

    def text(self) -> str:
        """What was run and what came out, some eight lines."""
        lines = [f"replay at {_assignments(self.sizes)}" if self.sizes else "replay"]
        lines += ["as declared:", *(f"  {line}" for line in self.declared)]
        lines += ["as scheduled:", *(f"  {line}" for line in self.scheduled)]
        if self.element is not None:
            lines.append(f"{self.element}: {self.expected} as declared, {self.found} as scheduled")
        else:
            lines.append(
                self.note or "all values happen to coincide here; the order of the two accesses does not"
            )
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


class TdslError(Exception):
    """The root of every error of tdsl.

    Args:
        code: the code of its page in ``docs/errors.md``, such as ``"E104"``.
        what: one sentence, no full stop: what is wrong.
        where: the user's line.
        why: lines with the concrete names and values.
        loops: an excerpt of the loop nest, the place marked with ``<-``.
        hint: what to write instead, one entry an alternative, without "try:".
    """

    code: str
    what: str
    where: SourcePosition | None
    why: tuple[str, ...]
    loops: tuple[str, ...]
    hint: tuple[str, ...]

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
    ) -> None:
        super().__init__(code, what)
        self.code = code
        self.what = what
        self.where = where
        self.why = _lines(why)
        self.loops = _lines(loops)
        self.hint = _lines(hint)

    def __str__(self) -> str:
        return "\n".join(render(self))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


# expressions and declarations


class ExpressionError(TdslError):
    """What is declared cannot be computed."""


class ShapeError(ExpressionError, ValueError):
    """Ranks, extents or the number of indices do not fit."""


class DTypeError(ExpressionError, TypeError):
    """A dtype is unknown, or two do not meet without losing bits."""


class BoundsError(ExpressionError, IndexError):
    """A read that is not proved to stay inside its tensor, at its declaration.

    Args:
        access: the read as written, such as ``"V[i + 1]"``.
        index: the smallest index that escapes, or None where the proof is only missing.
        sizes: the sizes of that example, name -> value.
    """

    access: str | None
    index: tuple[int, ...] | None
    sizes: dict[str, int]

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
        access: str | None = None,
        index: tuple[int, ...] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(code, what, where=where, why=why, loops=loops, hint=hint)
        self.access = access
        self.index = index
        self.sizes = dict(sizes or {})


class DuplicateNameError(ExpressionError, ValueError):
    """Two different things of one name meet."""


class BoolError(ExpressionError, TypeError):
    """An expression was asked for its truth: `if`, `and`, `or`, `not`, a chained comparison."""


class AxisScopeError(ExpressionError, ValueError):
    """An axis stands where it has no loop: outside `over=`, or in another stage."""


class ArgumentError(TdslError, ValueError):
    """An argument of a declaration, a directive or a build has a value that cannot be meant."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument of a declaration, a directive or a build is of the wrong kind."""


class FormatError(TdslError, ValueError):
    """Text or JSON that is not what it should be: a schedule, Loop IR, a cache entry."""


# schedules


class ScheduleError(TdslError):
    """A directive that cannot be applied."""


class UnknownAxisError(ScheduleError, LookupError):
    """No axis (or dim) of that name in the stage as it now stands."""


class UnknownStageError(ScheduleError, LookupError):
    """No stage of that name in the schedule."""


class PlacementError(ScheduleError, ValueError):
    """A stage or its storage cannot stand at that place.

    Args:
        witness: where a reader stands outside (S301), the value that it would miss, as data; None for rules of form.
    """

    witness: Witness | None

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
        witness: Witness | None = None,
    ) -> None:
        super().__init__(code, what, where=where, why=why, loops=loops, hint=hint)
        self.witness = witness


class IllegalSchedule(ScheduleError, ValueError):
    """The directive would change what is computed; proved, not guessed.

    Args:
        witness: the two iterations that collide, as data.
        condition: a condition on sizes under which it would be legal; `s.assume(condition)` accepts it.
    """

    witness: Witness | None
    condition: object | None

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
        witness: Witness | None = None,
        condition: object | None = None,
    ) -> None:
        super().__init__(code, what, where=where, why=why, loops=loops, hint=hint)
        self.witness = witness
        self.condition = condition


class UnprovenSchedule(IllegalSchedule):
    """Whether the directive is legal is not decidable from the program.

    Args:
        access: the opaque access, as written.
        fact: the fact (`assume`, `range=`) that would decide it.
    """

    access: str | None
    fact: str | None

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
        witness: Witness | None = None,
        condition: object | None = None,
        access: str | None = None,
        fact: str | None = None,
    ) -> None:
        super().__init__(
            code, what, where=where, why=why, loops=loops, hint=hint, witness=witness, condition=condition
        )
        self.access = access
        self.fact = fact


# lowering, code generation, calls


class LoweringError(TdslError):
    """A schedule that is legal but cannot be turned into loops."""


class LimitError(LoweringError, ValueError):
    """A budget is exceeded: unrolled iterations, stack bytes, registers."""


class CodegenError(TdslError):
    """Loops that cannot be turned into machine code."""


class TargetError(CodegenError, ValueError):
    """A target that is unknown, or that this kernel or machine cannot serve."""


class CallError(TdslError):
    """A kernel was called with what it cannot take; nothing was written."""


class CallTypeError(CallError, TypeError):
    """Wrong kind or dtype, or an argument too many or too few."""


class CallValueError(CallError, ValueError):
    """Wrong rank, size, range, layout or overlap."""


class CallKeyError(CallError, KeyError):
    """A keyword or name that the kernel does not have."""


class CallMemoryError(CallError, MemoryError):
    """Memory could not be allocated; outputs may hold partial results."""


class MissingTool(TdslError, RuntimeError):
    """An optional tool or package is absent; the message names the extra to install.

    Args:
        extra: the extra of tdsl that brings it, such as ``"cuda"``, or None.
    """

    extra: str | None

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
        extra: str | None = None,
    ) -> None:
        install = () if extra is None else (f"pip install 'tdsl[{extra}]'",)
        super().__init__(code, what, where=where, why=why, loops=loops, hint=(*install, *_lines(hint)))
        self.extra = extra


class InternalError(TdslError, RuntimeError):
    """A bug of tdsl, never the user's: names the pass and says how to report it.

    Args:
        pass_name: the pass or function that noticed, such as ``"lower.hoist"``.
    """

    pass_name: str

    def __init__(
        self,
        what: str,
        *,
        pass_name: str,
        code: str = "I999",
        where: SourcePosition | None = None,
        why: Sequence[str] = (),
        loops: Sequence[str] = (),
        hint: Sequence[str] = (),
    ) -> None:
        noticed = f"noticed in {pass_name}; this is a bug of tdsl, not of your program"
        report = f"report it at {ISSUES} with this message and the program"
        super().__init__(
            code, what, where=where, why=(noticed, *_lines(why)), loops=loops, hint=(*_lines(hint), report)
        )
        self.pass_name = pass_name


# rendering


def near_names(given: str, known: Iterable[str], *, count: int = 3, cutoff: float = 0.6) -> list[str]:
    """The known names that look like a given one, nearest first: what a hint offers for a misspelt name.

    `cutoff` is how alike they must be, from 0 to 1 (difflib's ratio).
    """
    import difflib  # only when an error is made: it is a millisecond of `import tdsl`

    return difflib.get_close_matches(given, list(known), n=count, cutoff=cutoff)


def render(error: TdslError) -> tuple[str, ...]:
    """The message of an error as lines: what, the user's line and caret, why, loops, hints; at most ten."""
    head = [f"{error.code}: {error.what}".replace("\n", " ")]
    if error.where is not None:
        head += [f"  {line}" for line in error.where.lines()[:2]]
    why, loops, hint = _fit(error, MAXIMUM_LINES - len(head))
    head += [f"  {line}" for line in why]
    head += [f"      {line}" for line in loops]
    head += [f"  {'try:' if place == 0 else ' or:'} {line}" for place, line in enumerate(hint)]
    return tuple((line if len(line) <= WIDEST_LINE else f"{line[:WIDEST_LINE]}…").rstrip() for line in head)


def _fit(error: TdslError, room: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Cut why, loops and hints to `room` lines in all; each keeps two before any gets a third."""
    sections = (error.why, error.loops, error.hint)
    keep = [min(2, len(section)) for section in sections]
    for place in (0, 1, 2):
        keep[place] += min(len(sections[place]) - keep[place], room - sum(keep))
    return error.why[: keep[0]], _around_mark(error.loops, keep[1]), error.hint[: keep[2]]


def _around_mark(loops: tuple[str, ...], keep: int) -> tuple[str, ...]:
    """The `keep` lines that end with the marked one, or the first ones where none is marked."""
    marked = next((place for place, line in enumerate(loops) if MARK in line), 0)
    start = max(0, min(marked - keep + 1, len(loops) - keep))
    return loops[start : start + keep]


def _lines(text: Sequence[str]) -> tuple[str, ...]:
    """One entry a line, whatever the author gave: a string, strings with line breaks, a list."""
    entries = (text,) if isinstance(text, str) else text
    return tuple(line for entry in entries for line in str(entry).splitlines())


def _assignments(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "once"


def _rebuild(cls: type[TdslError], args: tuple[object, ...], state: Mapping[str, object]) -> TdslError:
    """Unpickle: the attributes as they were, without running a constructor."""
    # MemoryError has a __new__ of its own that refuses classes whose first base is another one.
    error = BaseException.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error

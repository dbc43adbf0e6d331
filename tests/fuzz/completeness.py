"""How complete and how sound legality is: random requests on small constant programs, each judged by enumeration, too.

In: a seed. Out: for every directive asked for, its stratum (primitive, kind of stage), whether it is legal, and whether
it was accepted. The truth lists all iterations in plain Python (tests/poly/oracle.py): every read sees its value, lanes
read before they write, parallel iterations touch no element together, terms of a reduction come in any order. What a
rule refuses by form (a code other than S201 to S210; lanes, threads and tiles over a reduction; P3) is not counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import tdsl as td
from tdsl.fuzzing.draw import applied
from tdsl.fuzzing.drawing import Drawing
from tdsl.poly.looptree import Misplaced
from tdsl.poly.model import Arranged
from tdsl.schedule import legality
from tdsl.schedule.legality import arranged_of
from tdsl.schedule.state import State
from tests.fuzz.as_made import AsMade, Memo
from tests.fuzz.request_aims import EVERY, draw_aimed_program
from tests.fuzz.request_draws import draw_request
from tests.fuzz.request_programs import draw_request_program
from tests.poly.enumeration import value
from tests.poly.oracle import Oracle, Unlisted
from tests.support.programs import declare

LEGALITY = ("S201", "S202", "S203", "S204", "S205", "S206", "S207", "S210")
REQUESTS = 16
"""Of one program."""
POINTS = 800
"""Iterations of all statements beyond which enumeration takes too long."""
AXES = 4
CANDIDATES = 600_000
"""Points that are tried for one statement, some seconds."""
KEPT = 5
"""Directives that a schedule keeps at most; then it starts again."""
KEPT_BEGUN = 2
"""The same beyond those that it began with, whose effect more directives would hide."""


@dataclass(frozen=True, slots=True)
class Request:
    """A directive asked of a schedule. verdict: "accepted" or the code of the refusal."""

    primitive: str
    kind: str
    legal: bool
    verdict: str
    text: str

    @property
    def right(self) -> bool:
        """Whether legality said what is true."""
        return self.legal == (self.verdict == "accepted")


def requests(seed: int) -> Iterator[Request]:
    """The requests of a seed."""
    dice = random.Random(seed)
    while True:
        program = draw_request_program(dice) if seed % EVERY else draw_aimed_program(dice, seed)
        try:
            names = declare(program.source)
            start = td.schedule(*(names[name] for name in program.outputs))
        except td.TdslError:
            continue
        if _countable(start.state):
            break
    drawing = Drawing(dice, (), factors=(2, 3), widths=(2, 2, 3, 4))
    schedule = start = begun(start, program.begin, names)
    for request in judged(start, program.asks, names):
        yield replace(request, text=f"{program.source}\n{request.text}")
    for _ in range(REQUESTS):
        primitive, step = draw_request(drawing, schedule)
        found = asked(schedule, primitive, step, names)
        if found is None:
            drawing.planned.clear()
            continue
        request, after = found
        yield Request(*request, f"{program.source}\n{_text(schedule, step)}")
        if after is None:
            drawing.planned.clear()
        else:
            more = len(after.steps) - len(start.steps)
            schedule = after if more <= (KEPT if not start.steps else KEPT_BEGUN) else start


def judged(schedule: td.Schedule, asks: Sequence[str], names: Mapping[str, object]) -> Iterator[Request]:
    """Directives asked of a schedule, each of it alone; those that are not counted are left out."""
    for step in asks:
        found = asked(schedule, step[1 : step.index("(")], step, names)
        if found is not None:
            yield Request(*found[0], _text(schedule, step))


def begun(schedule: td.Schedule, steps: Sequence[str], names: Mapping[str, object]) -> td.Schedule:
    """The schedule after those of the steps that are accepted."""
    for step in steps:
        try:
            schedule = applied(schedule, step, names)
        except td.TdslError:
            continue
    return schedule


def asked(
    schedule: td.Schedule, primitive: str, step: str, names: Mapping[str, object]
) -> tuple[tuple[str, str, bool, str], td.Schedule | None] | None:
    """(what `Request` holds, the schedule after it where it was accepted); None where it is not counted."""
    tried = _unjudged(schedule, step, names)
    if tried is None or len(tried.steps) == len(schedule.steps):
        return None
    arranged = arranged_of(tried.state)
    if any(each.promotes for each in arranged.arrangements) or _lanes_of_terms(arranged):
        return None
    updates = set(arranged.program.ordered)
    if any(each.atomic and each.stage in updates for each in arranged.arrangements):
        return None  # the truth has their changes in order
    if any(
        each.stage in updates and each.compute is not None and each.store not in (None, each.compute)
        for each in arranged.arrangements
    ):
        return None  # P3: an update is stored where it is computed
    leaders = {each.joined.stage for each in arranged.arrangements if each.joined is not None}
    if any(each.stage in leaders and each.compute is not None for each in arranged.arrangements):
        return None  # loops shared inside another stage: the enumeration knows only those at root
    verdict, after = "accepted", tried
    try:
        settled = legality.check(tried.steps[-1], tried.state, schedule.state)
        after = td.Schedule(tried.declared, tried.target, settled, tried.settings)
        arranged = arranged_of(settled)
    except td.IllegalSchedule as error:
        verdict, after = error.code, None
    try:
        legal = is_legal(arranged) or (after is not None and is_legal(arranged, AsMade))
    except Unlisted:
        return None
    except Misplaced:  # P2 and P3 say where a stage may stand at all
        return None if after is None else ((primitive, _kind(schedule.state, step), False, verdict), after)
    if legal and verdict == "S205":
        return None  # P2: whoever reads it stands inside, whether or not any of its iterations does read it
    return (primitive, _kind(schedule.state, step), legal, verdict), after


def is_legal(arranged: Arranged, of: type[Oracle] = Memo) -> bool:
    """The truth; with `AsMade` that of regions as they fall back."""
    oracle = of(arranged, {})
    if not oracle.right():
        return False
    return not any(
        oracle.collides(each.stage, loop.name)
        for each in arranged.arrangements
        for loop in each.loops
        if loop.kind == "parallel"
    )


def _unjudged(schedule: td.Schedule, step: str, names: Mapping[str, object]) -> td.Schedule | None:
    """The schedule after a step that nobody judged; None where its form is refused."""
    judge = legality.check
    legality.check = lambda step, state, before: state
    try:
        return applied(schedule, step, names)
    except td.TdslError:
        return None
    finally:
        legality.check = judge


def _lanes_of_terms(arranged: Arranged) -> bool:
    """Whether a reduction runs in lanes or threads over its own axis: P9 decides that by form."""
    program = arranged.program
    for each in arranged.arrangements:
        marked = {loop.name for loop in each.loops if loop.kind in ("parallel", "vector")}
        terms = {axis for one in program.statements if one.stage == each.stage for axis in one.reduction_axes}
        if marked and terms and _origins(each.relations, marked) & terms:
            return True
    return False


def _origins(relations: tuple[object, ...], loops: set[str]) -> set[str]:
    """Axes that loops derive from."""
    found = set(loops)
    for relation in reversed(relations):
        made = {getattr(relation, name) for name in ("outer", "inner", "into") if hasattr(relation, name)}
        parents = {relation.outer, relation.inner} if not hasattr(relation, "parent") else {relation.parent}
        made = made - parents if not hasattr(relation, "parent") else made
        if made & found:
            found |= parents | (
                {relation.by} if hasattr(relation, "by") and isinstance(relation.by, str) else set()
            )
    return found


def _countable(state: State) -> bool:
    """Whether enumeration is fast enough, and every subscript known."""
    program = arranged_of(state).program
    if any(
        index is None
        for one in program.statements
        for access in (*one.reads, *one.writes)
        for index in access.index
    ):
        return False
    if any(len(one.axes) > AXES for one in program.statements):
        return False
    if any(one.group or one.within for one in program.statements):
        return False  # several reductions in one stage: the enumeration knows one
    longest = max((value(extent, {}) for _, shape in program.shapes for extent in shape), default=0)
    if any((longest + 3) ** len(one.axes) > CANDIDATES for one in program.statements):
        return False  # it tries every point of a cube as long as the longest array
    oracle = Memo(arranged_of(state), {})
    return sum(map(len, oracle.instances.values())) <= POINTS and oracle.right()


def _kind(state: State, step: str) -> str:
    """Of the stage that a directive names first."""
    name = step.split('"')[1] if '"' in step else ""
    entry = state.find(name)
    if entry is None:
        return "pure"
    if entry.stage.base is not None:
        return "update"
    if entry.stage.own:
        return "recurrence"
    return "reduction" if entry.stage.reduce_axes else "pure"


def _text(schedule: td.Schedule, step: str) -> str:
    return f"s = {schedule.script()}\ns = s{step}"


def table(counts: Counter[tuple[str, str, bool, bool]]) -> list[str]:
    """Lines: of each stratum the legal requests and the share accepted, the illegal ones and the share refused.

    counts: (primitive, kind, legal, accepted) -> requests.
    """
    lines = [f"{'stratum':26}{'legal':>7}{'accepted':>10}{'illegal':>9}{'refused':>9}"]
    strata = sorted({key[:2] for key in counts})
    for primitive, kind in [*strata, ("total", "")]:
        chosen = strata if primitive == "total" else [(primitive, kind)]
        legal = sum(counts[*one, True, flag] for one in chosen for flag in (True, False))
        illegal = sum(counts[*one, False, flag] for one in chosen for flag in (True, False))
        taken = sum(counts[*one, True, True] for one in chosen)
        refused = sum(counts[*one, False, False] for one in chosen)
        lines.append(
            f"{primitive + ' ' + kind:26}{legal:>7}{_share(taken, legal):>10}{illegal:>9}{_share(refused, illegal):>9}"
        )
    return lines


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"

"""Is the schedule as it now stands legal? A state in; nothing, or the error with witness, loops and advice, out.

The whole schedule is asked at once, from exact dependences (`poly/verdict.py`); nothing is decided by syntax. Here are
only the translation of a state into what poly reads, and of its answer into words (semantics P15).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from tdsl.errors import IllegalSchedule, PlacementError, UnprovenSchedule, Witness
from tdsl.expr.build import compare
from tdsl.expr.handles import Expr
from tdsl.expr.node import Node
from tdsl.expr.rewrite import variables
from tdsl.expr.tensor import Param, Stage, Tensor
from tdsl.poly import answers
from tdsl.poly.lift import affine_parts
from tdsl.poly.model import Arranged, Arrangement, LoopMark, Place, Program, Statement
from tdsl.records import dataclass
from tdsl.schedule.across import crossing
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.placement import encloses, inputs_of, readers, stands
from tdsl.schedule.rewound import rewound
from tdsl.schedule.state import StageState, State
from tdsl.schedule.statements import shapes_of, sizes_named, statements_of

CODES: dict[answers.RefutedKind, str] = {
    "order": "S201", "missing": "S201", "race": "S202", "reduction": "S202", "promote": "S202", "clobber": "S203",
    "vector": "S204", "scope": "S205", "placement": "S205", "twice": "S206", "cycle": "S208",
}  # fmt: skip
"""Code of the error for each way a schedule can be wrong."""

UNPROVEN = "S210"


def program_of(state: State) -> Program:
    """The statements of all stages that have loops, with what is known of sizes."""
    return _program(tuple(entry.stage for entry in state.live()), state.assumptions, state.outputs)


@lru_cache(maxsize=64)
def _program(live: tuple[Stage, ...], assumptions: tuple[Node, ...], outputs: tuple[Tensor, ...]) -> Program:
    """One program for all states that differ in loops and storage only."""
    written = {tensor.name for stage in live for tensor in stage.tensors}
    shapes = dict(shape for stage in live for shape in shapes_of(stage))
    inputs: dict[str, None] = {}
    for stage in live:
        for tensor in inputs_of(stage):
            if tensor.name not in written:
                inputs[tensor.name] = None
                shapes[tensor.name] = tensor.extents
    facts = dict.fromkeys(fact for stage in live for fact in stage.facts)
    sizes, params = sizes_named(live), dict.fromkeys(param for stage in live for param in stage.params)
    statements = tuple(statement for stage in live for statement in statements_of(stage))
    program = Program(
        sizes=sizes,
        context=affine_parts((*facts, *assumptions, *_ranges(params, statements)), sizes, tuple(params)),
        statements=statements,
        shapes=tuple(shapes.items()),
        inputs=tuple(inputs),
        outputs=tuple(tensor.name for tensor in outputs),
        ordered=tuple(stage.name for stage in live if stage.base is not None),
    )
    if not program.ordered or not any(_has_products(statement) for statement in program.statements):
        return program
    from tdsl.poly.delinearise import views_of

    return replace(program, views=views_of(program))


def _ranges(params: Iterable[Param], statements: Iterable[Statement]) -> list[Node]:
    """The declared ranges of the scalar arguments that subscripts are made of."""
    accesses = [access for one in statements for access in (*one.reads, *one.writes)]
    nodes = [node for access in accesses for node in (*access.index, *access.guard) if node is not None]
    used = {var.name: var for var in variables(*nodes) if var.kind == "param"}
    return [
        bound
        for param in params
        if param.name in used and param.value_range is not None
        for bound in (
            compare("ge", used[param.name], param.value_range[0]),
            compare("lt", used[param.name], param.value_range[1]),
        )
    ]


def _has_products(statement: Statement) -> bool:
    return any(access.linearised for access in (*statement.reads, *statement.writes))


def arranged_of(state: State, folded: str | None = None) -> Arranged:
    """A state as the polyhedral layer reads it. folded: a stage that is to be folded."""
    ahead = rewound(state, folded)
    return Arranged(program_of(state), tuple(_arrangement(state, entry, ahead) for entry in state.live()))


def _arrangement(state: State, entry: StageState, ahead: frozenset[str]) -> Arrangement:
    return Arrangement(
        stage=entry.name,
        loops=tuple(LoopMark(loop.name, "parallel") if bound(loop) else loop for loop in entry.loops),
        relations=entry.relations,
        compute=entry.compute,
        store=entry.store,
        folds=tuple((entry.dims.index(dim), factor) for dim, factor in entry.folds),
        dims=entry.dims,
        layout=None if entry.layout is None else entry.layout.subscripts,
        promotes=tuple(promote.loop for promote in entry.promotes),
        joined=entry.joined,
        atomic=entry.atomic,
        across=crossing(state, entry),
        slide="rewind" if entry.name in ahead else "burst",
        region=entry.region,
    )


def bound(loop: LoopMark) -> bool:
    """Whether the iterations of a loop are places on a GPU."""
    return loop.kind not in ("serial", "parallel", "unroll", "vector")


def settled(
    state: State, *, explain: bool = True, suspect: answers.Refuted | None = None
) -> tuple[answers.Verdict, State]:
    """What poly says of a state, and the state whose stages make what they have to for that. suspect: asked first."""
    from tdsl.poly.settle import settle

    verdict, regions = settle(arranged_of(state), explain=explain, suspect=suspect)
    changed = [
        replace(entry, region=regions.get(entry.name, "usual"))
        for entry in state.stages
        if entry.region != regions.get(entry.name, "usual")
    ]
    return verdict, state.with_stages(*changed) if changed else state


def verdict_of(state: State) -> answers.Verdict:
    """What poly says of a state."""
    return settled(state)[0]


def is_legal(state: State, suspect: answers.Refuted | None = None) -> bool:
    """Whether poly proves a state; why it does not, nobody is told. suspect: what a state near it was refuted for."""
    return settled(state, explain=False, suspect=suspect)[0] is answers.PROVED


@dataclass(frozen=True, slots=True)
class Case:
    """A state that was refuted, and why: what a witness' `replay` runs."""

    state: State
    found: answers.Refuted


def check(step: Directive, state: State, before: State) -> State:
    """The state after a step, settled; raises where it is not proved legal. `before` is what the step was asked on.

    Errors: S201 a value is read before it is made, or never made; S202 a race; S203 an element overwritten too early;
        S204 dependent lanes; S205 a buffer that a reader cannot see; S206 terms added twice; S208 stages that need each
        other in one iteration; S210 not decidable.
    """
    found, state = settled(state)
    match found:
        case answers.Proved():
            return state
        case answers.Refuted():
            raise _Refusal(step, state, found, before).error()
        case answers.Unknown():
            raise _unproven(step, state, found, before)


def with_witness(refused: PlacementError, state: State, axis: str) -> PlacementError:
    """A refusal by form with the value that is missing where the state it refuses is judged all the same."""
    found = verdict_of(state)
    if isinstance(found, answers.Refuted) and found.witness is not None:
        refused.witness = witness_of(found.witness, axis, Case(state, found))
    return refused


def _unproven(step: Directive, state: State, found: answers.Unknown, before: State) -> UnprovenSchedule:
    from tdsl.schedule.advice import added_together

    return UnprovenSchedule(
        UNPROVEN,
        f"whether {step.primitive} of {step.stages()[0] if step.stages() else 'this'} is legal is not decidable",
        where=step.where,
        why=(f"{found.access} is opaque to the proof",),
        loops=_excerpt(step, state, None),
        hint=(*added_together(step, before), *((found.fact,) if found.fact else ())),
        access=found.access,
        fact=found.fact,
    )


class _Refusal:
    """The error of one refuted step."""

    def __init__(self, step: Directive, state: State, found: answers.Refuted, before: State) -> None:
        self.step = step
        self.state = state
        self.found = found
        self.before = before

    def error(self) -> IllegalSchedule:
        from tdsl.schedule.advice import Advisor, condition

        found = self.found
        allowed = condition(self.state, found)
        witness = (
            None
            if found.witness is None
            else witness_of(found.witness, self._axis(), Case(self.state, found))
        )
        unseen = found.kind in ("scope", "placement")
        why = [self._reason(), *(() if witness is None or unseen else (self._shown(witness),))]
        if unseen or found.kind == "missing":
            why += self._where_readers_stand()
        return IllegalSchedule(
            CODES[found.kind],
            self._what(),
            where=self.step.where,
            why=why,
            loops=_excerpt(self.step, self.state, found.place),
            hint=Advisor(self.step, self.before, self.state, found).hints(allowed),
            witness=witness,
            condition=None if allowed is None else Expr(allowed),
        )

    def _reason(self) -> str:
        """Why, in a sentence about names; for values that slide along a parallel loop, that they do (P3)."""
        entry = self.state.find(self.found.tensor)
        place = self.found.place
        if self.found.kind == "race" and entry is not None and place is not None and entry.store is not None:
            if encloses(self.state, Place(*place), entry.compute) and entry.store != entry.compute:
                return f"{entry.name} is kept outside {place[1]} and made inside it: iterations reuse what others made"
        return self.found.text

    def _shown(self, witness: Witness) -> str:
        """The two iterations in one line, as far as the plain form of a witness does not tell what they are."""
        found = self.found.witness
        assert found is not None
        first, second = found.iterations
        tensor = witness.tensor + (
            "" if witness.element is None else f"[{', '.join(map(str, witness.element))}]"
        )
        sizes = f"   ({_listed(witness.sizes.items())})" if witness.sizes else ""
        if self.found.kind == "clobber":
            return f"{_at(first)} reads {tensor}, whose place {_at(second)} has taken{sizes}"
        if first.stage == second.stage:
            return witness.text()
        verbs = {"flow": ("writes", "reads"), "anti": ("reads", "writes"), "output": ("writes", "writes")}[
            found.kind
        ]
        one, other = (self._when(iteration) for iteration in found.iterations)
        return f"{one}{_at(first)} {verbs[0]} {tensor}, {other}{_at(second)} {verbs[1]} it{sizes}"

    def _when(self, iteration: answers.Iteration) -> str:
        """In which iteration of the loop in question: ``in y=0 ``."""
        value = None if self.found.place is None else dict(iteration.loops).get(self.found.place)
        return "" if value is None or self.found.place is None else f"in {self.found.place[1]}={value} "

    def _axis(self) -> str | None:
        if self.found.place is not None:
            return self.found.place[1]
        axis = getattr(self.step, "axis", None)
        return axis if isinstance(axis, str) else None

    def _what(self) -> str:
        """One sentence: what would go wrong."""
        tensor = self.found.tensor
        loop = "" if self.found.place is None else f" {self.found.place[1]}"
        match self.found.kind:
            case "order":
                return f"{self.step.primitive} would read {tensor} before it is made"
            case "missing":
                return f"{self.step.primitive} would leave elements of {tensor} unmade that are read"
            case "race":
                return f"{self._together()}{loop} would race on {tensor}"
            case "reduction":
                return f"{self._together()}{loop} would add to one element of {tensor} at once"
            case "promote":
                return f"iterations in parallel would share a promoted tile of {tensor}"
            case "clobber":
                if self.step.primitive == "layout":
                    return f"layout would put two elements of {tensor} in one place"
                return f"{self.step.primitive} would overwrite {tensor} before its last read"
            case "vector":
                return f"the lanes of{loop} depend on each other through {tensor}"
            case "scope" | "placement":
                return f"{self.step.primitive} would put {tensor} where a reader cannot see it"
            case "cycle":
                return f"no order of the statements in the shared loop{loop} is right"
            case "twice":
                return f"{self.step.primitive} would add terms of {tensor} twice"

    def _together(self) -> str:
        """What runs at once in the loop in question: iterations, or threads or blocks of a GPU."""
        place = self.found.place
        host = None if place is None else self.state.find(place[0])
        kinds = {} if host is None else {loop.name: loop for loop in host.loops}
        loop = None if place is None else kinds.get(place[1])
        if loop is None or not bound(loop):
            return "iterations of the parallel loop"
        return f"{'blocks' if loop.kind.startswith('block') else 'threads'} along {loop.kind}, loop"

    def _where_readers_stand(self) -> list[str]:
        entry = self.state.find(self.found.tensor)
        if entry is None:
            return []
        lines = [f"{entry.name} is computed {stands(entry)}"]
        return lines + [
            f"reader {reader.name} is computed {stands(reader)}" for reader in readers(self.state, entry)
        ]


def _excerpt(step: Directive, state: State, place: tuple[str, str] | None) -> tuple[str, ...]:
    """The loops the step is about, the loop in question marked."""
    host = state.find(place[0]) if place is not None else None
    if host is not None and place is not None:
        return loop_lines(host, mark=place[1])
    named = step.stages()
    entry = state.find(named[-1]) if named else None
    if entry is None or entry.inlined:
        return ()
    axis = getattr(step, "axis", None)
    return loop_lines(entry, mark=axis if isinstance(axis, str) else None)


def witness_of(found: answers.Witness, axis: str | None, case: Case) -> Witness:
    """A witness as users see it: iterations as dicts of axes (loops too where axes alone do not tell)."""
    first, second = (dict(iteration.axes) for iteration in found.iterations)
    if first == second:
        first, second = (_with_loops(iteration) for iteration in found.iterations)
    return Witness(
        tensor=found.tensor,
        element=found.element,
        iterations=(first, second),
        sizes=dict(found.sizes),
        kind=found.kind,
        axis=axis,
        lost=None if found.lost is None else dict(found.lost.axes),
        case=case,
    )


def _with_loops(iteration: answers.Iteration) -> dict[str, int]:
    """Axes, and the loops around them; a loop of another stage by its full name, ``host.loop``."""
    loops = {
        loop if owner == iteration.stage else f"{owner}.{loop}": value
        for (owner, loop), value in iteration.loops
    }
    return {**loops, **dict(iteration.axes)}


def _at(iteration: answers.Iteration) -> str:
    """``C at i=0, j=1``."""
    return f"{iteration.stage} at {_listed(iteration.axes)}" if iteration.axes else iteration.stage


def _listed(values: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values)

"""May we? One rule on the whole schedule as it stands: the value flow of the declaration survives order and storage.

In: `model.Arranged`. Out: `Proved`, `Refuted` with the smallest witness, or `Unknown` with what is opaque; plain
values. Checks: placement, scope, order, coverage, clobber, twice (`edges.py`), parallel, vector, promote
(`carried.py`), each part asked once under a structural key and remembered across schedules (`memo.py`). Source:
feasibility study, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import field, replace

from tdsl.expr.printer import text as text_of
from tdsl.poly.affine import NonAffine
from tdsl.poly.answers import PROVED, Refuted, Unknown, Verdict, Witness
from tdsl.poly.carried import Carried, Group, obviously_apart
from tdsl.poly.copies import Copies
from tdsl.poly.edges import Edges, Touch, touches_of
from tdsl.poly.flow import forget_flows
from tdsl.poly.isl import Bill, TooLarge, budget
from tdsl.poly.kept import forget_maps
from tdsl.poly.least import extent, least_refuted
from tdsl.poly.looptree import Dim, Misplaced
from tdsl.poly.memo import Key, Memo
from tdsl.poly.model import Access, Arranged, LoopMark, Statement
from tdsl.poly.order import Order
from tdsl.poly.signature import Signatures
from tdsl.poly.storage import Storage
from tdsl.poly.structure import as_declared, by_construction, placement_fault, scope_fault, with_sinks
from tdsl.poly.views import declared_witness, seen_through
from tdsl.poly.violation import Violation, few_pieces
from tdsl.poly.witness import Explainer
from tdsl.records import dataclass

TOO_LARGE = "it is too large to decide"
"""What an answer says for which isl's budget did not reach."""

_memo = Memo()


def judge(arranged: Arranged, *, explain: bool = True) -> Verdict:
    """Whether the arrangement computes what the program declares.

    explain: off, a refutation may come without witness and condition, which cost more than the verdict.
    """
    return verdict_in(Judgement(arranged, explain=explain))


def verdict_in(judgement: Judgement) -> Verdict:
    """What a judgement of its whole arrangement comes to."""
    fault = placement_fault(judgement.copies.tree)
    if fault is not None:
        return judgement.shown(fault)
    answers = judgement.answers()
    try:
        for answer in answers:
            if isinstance(answer, Refuted) and judgement.explains():
                return least_refuted(answer, answers, judgement.arranged.program.sizes)
            if answer is not PROVED:
                return answer
    except TooLarge:
        return Unknown("the whole schedule", "it is too large: fewer loops or stages placed in one another")
    except NonAffine as fault:
        return Unknown(text_of(fault.term), "a layout that is affine in dims")
    except Misplaced as fault:
        return Unknown(fault.text, f"other loops or another place of {fault.stage}")
    return PROVED


def parallel_loops(arranged: Arranged, stage: str) -> tuple[str, ...]:
    """The loops of a stage, as they now stand, that could run in parallel in this arrangement."""
    judgement = Judgement(arranged, explain=False)
    found: list[str] = []
    for loop in judgement.copies.tree.arrangements[stage].loops:
        groups = judgement.groups(stage, (loop,), vector=False)
        if all(answer is PROVED for group in groups for answer in judgement.together(group)):
            found.append(loop.name)
    return tuple(found)


def forget() -> None:
    """Empties the tables of verdicts and relations (for measurements)."""
    _memo.clear()
    forget_flows()
    forget_maps()


@dataclass(slots=True)
class Judgement:
    """One question's relations, and the answers to its parts."""

    arranged: Arranged
    quick: bool = True
    """Off: ask isl even where the loop tree decides (for tests of those shortcuts)."""
    explain: bool = True
    spare: bool = False
    """Explain nothing where a stage makes more than is needed: another region may prove what this one does not."""
    suspect: Refuted | None = None
    """What was found about another arrangement of this kind: its edge is asked first."""
    copies: Copies = field(init=False)
    edges: Edges = field(init=False)
    carried: Carried = field(init=False)
    explainer: Explainer = field(init=False)
    signatures: Signatures = field(init=False)
    bill: Bill = field(init=False, default_factory=Bill)

    def __post_init__(self) -> None:
        self.arranged = seen_through(with_sinks(self.arranged))
        self.copies = Copies(self.arranged)
        self.edges = Edges(self.copies, Order(self.copies), Storage(self.copies))
        self.carried = Carried(self.edges)
        self.explainer = Explainer(self.copies)
        self.signatures = Signatures(self.copies.tree)
        self.copies.share(self.signatures)

    def answers(self) -> Iterator[Verdict]:
        """Answers to all parts, cheap and telling ones first."""
        tree = self.copies.tree
        pairs = sorted(self._pairs(), key=self._unsuspected)
        for tensor, reader, writer in pairs:
            fault = scope_fault(tree, tensor, reader, writer)
            if fault is not None:
                yield self.shown(fault)
        for tensor in self.arranged.program.ordered:
            if self._opaque(tensor) or self._commutes(tensor):
                pairs = [pair for pair in pairs if pair[0] != tensor]
                yield self._cell_each(tensor)
                yield from self._in_order(tensor)
        for tensor, reader, writer in pairs:
            for which in self.copies.flow.accesses(reader, tensor):
                yield from self._edge(tensor, reader, writer, which)
        for tensor, writers in tree.writers.items():
            yield from self._tensor(tensor, writers)
        for arrangement in self.arranged.arrangements:
            if arrangement.stage in tree.of_stage:
                yield from self._marks(arrangement.stage, arrangement.loops, arrangement.promotes)

    def _unsuspected(self, pair: tuple[str, Statement, Statement]) -> bool:
        tensor, reader, writer = pair
        found = self.suspect
        return found is None or (tensor, {reader.name, writer.name}) != (found.tensor, set(found.statements))

    def _pairs(self) -> Iterator[tuple[str, Statement, Statement]]:
        """(tensor, reader, writer) of every edge; the chain of a reduction's own terms is none."""
        tree = self.copies.tree
        for tensor, writers in tree.writers.items():
            readers = list(tree.readers.get(tensor, ()))
            updates = [writer for writer in writers if writer.role == "update" and writer not in readers]
            for reader in (*updates, *readers):
                for writer in writers:
                    if reader.role != "update" or writer is not reader:
                        yield tensor, reader, writer

    # parts

    def _edge(
        self, tensor: str, reader: Statement, writer: Statement, which: int | None
    ) -> Iterator[Verdict]:
        """Order and coverage, then whether the values last; what holds by construction is not asked."""
        aliased = self._aliased(tensor)
        if which is not None and self.quick and not aliased and as_declared(self.copies.tree, tensor, reader):
            return
        if not (self.quick and by_construction(self.copies.tree, tensor, reader, writer)):
            yield self._ask(
                ("flow", tensor, reader, writer),
                lambda: self.edges.check_flow(tensor, reader, writer, which),
                which,
            )
        if which is not None or aliased:
            yield self._ask(
                ("kept", tensor, reader, writer),
                lambda: self.edges.check_kept(tensor, reader, writer, which),
                which,
            )

    def _cell_each(self, tensor: str) -> Verdict:
        """Of a tensor whose values nobody follows, as changes go through data or come in any order: no cell for two."""
        key = Key(("cells", tensor, self.signatures.storage(tensor), self.signatures.facts()))
        known = _memo.get(key)
        if known is None:
            with budget():
                apart = not self.edges.storage.shares(tensor)
            fact = f"elements of {tensor} in cells of their own: a fold as long as the dim, or none"
            known = (PROVED if apart else Unknown(f"which element of {tensor} a cell holds", fact, tensor)), 0
            _memo.put(key, *known)
        return known[0]

    def _in_order(self, tensor: str) -> Iterator[Verdict]:
        """Of a tensor updated at subscripts that isl does not see: all that may touch one element stays in order."""
        touches = touches_of(self.copies.tree, tensor)
        for one, other in (
            (one, other) for one in touches for other in touches if one.writes or other.writes
        ):
            if self._commute(tensor, one, other):
                continue
            yield self._ask(
                ("sequence", tensor, one.statement, other.statement),
                lambda first=one, second=other: self.edges.check_sequence(tensor, first, second),
                (one.writes, other.writes),
            )

    def _commutes(self, tensor: str) -> bool:
        """Whether the stage that makes a tensor changes its elements at once."""
        tree = self.copies.tree
        return any(tree.arrangements[writer.stage].atomic for writer in tree.writers.get(tensor, ()))

    def _commute(self, tensor: str, one: Touch, other: Touch) -> bool:
        """Whether two touches are changes of one such stage: their order is nobody's."""
        same = one.statement is other.statement and one.statement.role in ("assign", "update")
        return same and self._commutes(tensor)

    def _across(self, group: Group, one: Touch, other: Touch) -> bool:
        """Whether two touches are terms of one sum that the group's threads combine together."""
        across = self.copies.tree.arrangements[group.stage].across
        mine = one.statement.stage == group.stage and one.statement.role == "update"
        return mine and one.statement is other.statement and set(group.names) <= set(across)

    def _opaque(self, tensor: str) -> bool:
        """Whether a tensor updated in place is touched at subscripts that isl does not see."""
        if tensor not in self.arranged.program.ordered:
            return False
        touches = touches_of(self.copies.tree, tensor)
        return any(self.copies.flow.opaque(touch.statement, tensor) is not None for touch in touches)

    def _aliased(self, tensor: str) -> bool:
        """Whether elements of a tensor may share cells; for a layout alone it is asked once for all schedules."""
        tree = self.copies.tree
        writer = tree.writers[tensor][0]
        arrangement = tree.arrangements[writer.stage]
        if tree.is_accumulator(tensor) or not (arrangement.folds or arrangement.layout):
            return False
        if arrangement.folds:
            return True
        key = Key(("injective", tensor, arrangement.layout, arrangement.dims, self.signatures.facts()))
        known = _memo.get(key)
        if known is None:
            with budget():
                injective = self.edges.storage.cell(tensor) is None
            known = (PROVED if injective else Unknown(tensor, "")), 0
            _memo.put(key, *known)
        return known[0] is not PROVED

    def _tensor(self, tensor: str, writers: list[Statement]) -> Iterator[Verdict]:
        """What concerns the writers of one tensor: terms once a buffer, running values, results that last."""
        tree, aliased = self.copies.tree, self._aliased(tensor)
        for writer in writers:
            if writer.role in ("init", "update") and tree.level(tensor) < len(tree.host(writer.stage)):
                yield self._ask(
                    ("once", tensor, writer, writer), lambda each=writer: self.edges.check_once(tensor, each)
                )
            if writer.role == "update" and aliased:
                yield self._ask(
                    ("running", tensor, writer, writer),
                    lambda each=writer: self.edges.check_running(tensor, each),
                )
            if aliased and tensor in self.arranged.program.outputs:
                yield self._ask(
                    ("survives", tensor, writer, writer),
                    lambda each=writer: self.edges.survives(tensor, each),
                )

    def _marks(self, stage: str, loops: tuple[LoopMark, ...], promotes: tuple[str, ...]) -> Iterator[Verdict]:
        for group in self._running_together(stage, loops):
            yield from self.together(group)
        for loop in loops:
            if loop.name in promotes and loop.kind in ("parallel", "vector"):
                for group in self.groups(stage, (loop,), vector=False):
                    yield from (_as_promote(answer) for answer in self.together(group))

    def marked_groups(self) -> Iterator[Group]:
        """The dims of all loops whose iterations run together."""
        for arrangement in self.arranged.arrangements:
            if arrangement.stage in self.copies.tree.of_stage:
                yield from self._running_together(arrangement.stage, arrangement.loops)

    def _running_together(self, stage: str, loops: tuple[LoopMark, ...]) -> Iterator[Group]:
        """The dims of parallel loops, and of adjacent lanes."""
        lanes: list[LoopMark] = []
        for loop in (*loops, LoopMark("")):
            if loop.kind == "vector":
                lanes.append(loop)
                continue
            if lanes:
                yield from self.groups(stage, tuple(lanes), vector=True)
                lanes = []
            if loop.kind == "parallel":
                yield from self.groups(stage, (loop,), vector=False)

    def groups(self, stage: str, loops: tuple[LoopMark, ...], *, vector: bool) -> list[Group]:
        """The dims of adjacent loops, in every nest of the stage that has them."""
        tree = self.copies.tree
        own = tree.own(stage)
        first, end = own.spans[loops[0].name][0], own.spans[loops[-1].name][1]
        names, leaves = tuple(loop.name for loop in loops), own.leaves[first:end]
        found: dict[tuple[Dim, ...], Group] = {}
        for statement in sorted(tree.of_stage[stage], key=lambda each: each.role != "update"):
            dims = tree.dims(statement.name)
            start = tree.entry(statement.name)
            places = [place for place in range(start, len(dims)) if dims[place][1] in leaves]
            if places:
                around = dims[: places[-1] + 1]
                found.setdefault(around, Group(stage, names, around, places[0], vector))
        return list(found.values())

    def together(self, group: Group) -> Iterator[Verdict]:
        """Whether the iterations of a group may run together."""
        roots = self.copies.tree.own(group.stage).roots
        for tensor, touches in self.carried.tensors(group):
            own = all(touch.statement.stage == group.stage for touch in touches)
            if self.quick and own and not self._aliased(tensor):
                accesses = [access for touch in touches for access in _accesses(touch.statement, tensor)]
                if obviously_apart(group, roots, accesses):
                    continue
            for one, other in self.carried.pairs(group, touches, tensor):
                if not group.vector and (
                    self._commute(tensor, one, other) or self._across(group, one, other)
                ):
                    continue
                yield self._ask(
                    ("together", tensor, one.statement, other.statement),
                    lambda each=tensor, first=one, second=other: self.carried.check(
                        group, each, first, second
                    ),
                    (group, one.writes, other.writes),
                )

    def shown(self, fault: Refuted | Unknown) -> Refuted | Unknown:
        """A stage that a reader cannot see, with the smallest value that would be missing there; a cycle, with the smallest
        value that is read before it is made where its stages stand in the order they were declared in.
        """
        if not self.explain or not isinstance(fault, Refuted):
            return fault
        if fault.kind == "cycle":
            return self._shown_in_order(fault)
        if fault.kind not in ("scope", "placement"):
            return fault
        tree = self.copies.tree
        found: list[Witness] = []
        for tensor, reader, writer in self._pairs():
            if fault.tensor not in (tensor, writer.stage) or reader.stage == writer.stage:
                continue
            if self.copies.flow.opaque(reader, tensor) is not None:
                continue
            try:
                if tree.inside(reader.name, tree.host(writer.stage)):
                    continue
                with budget():
                    want = self.copies.relation(reader.name)
                    want = want.apply_range(self.copies.flow.sources(reader, writer, tensor))
                    if want.is_empty():
                        continue
                    missing = Violation("missing", tensor, writer.name, reader.name, "flow", want, fault.text)
                    found += [witness for witness in (self._witness(missing),) if witness is not None]
            except (Misplaced, NonAffine, TooLarge):
                continue
        return replace(fault, witness=self._least(found)) if found else fault

    def _shown_in_order(self, fault: Refuted) -> Refuted:
        """A cycle with a witness: between its stages, as the body has them for want of a right order."""
        found: list[Witness] = []
        self.quick = False  # shortcuts trust that a body has an order
        try:
            for tensor, reader, writer in self._pairs():
                if reader.stage not in fault.statements or writer.stage not in fault.statements:
                    continue
                for which in self.copies.flow.accesses(reader, tensor):
                    for answer in self._edge(tensor, reader, writer, which):
                        if isinstance(answer, Refuted) and answer.witness is not None:
                            found.append(answer.witness)
        except (Misplaced, NonAffine, TooLarge):  # what is found is found
            pass
        if not found:
            return fault
        least = self._least(found)
        return replace(fault, tensor=least.tensor, witness=least)

    def _least(self, witnesses: list[Witness]) -> Witness:
        return min(witnesses, key=lambda witness: extent(witness, self.arranged.program.sizes))

    # asking

    def _ask(
        self,
        question: tuple[str, str, Statement, Statement],
        check: Callable[[], Violation | None],
        *more: object,
    ) -> Verdict:
        """The answer to one part, from the table or from isl, within the budget of one edge."""
        what, tensor, first, second = question
        key = Key((*self.signatures.together(what, tensor, first.name, second.name), *more))
        known = _memo.get(key)
        if known is None and not self.explains():
            known = _memo.get(Key(("unexplained", key)))
        if known is None:
            known = self._answered(tensor, first, second, check)
            _memo.put(key if self.explains() else Key(("unexplained", key)), *known)
        self.bill.add(known[1])
        return known[0]

    def explains(self) -> bool:
        """Whether refutations come with witness and condition."""
        return self.explain and not (self.spare and self.copies.loose)

    def _answered(
        self, tensor: str, first: Statement, second: Statement, check: Callable[[], Violation | None]
    ) -> tuple[Verdict, int]:
        spent = Bill()
        try:
            for statement in (first, second, *self.copies.tree.writers[tensor]):
                self.copies.prepare(statement)
                with budget():
                    self.copies.relation(statement.name)
            with budget(bill=spent):
                violation = check()
            answer = PROVED if violation is None else self._explained(violation, first, second)
        except NonAffine as fault:
            answer = Unknown(text_of(fault.term), "an index or condition that is affine in axes and sizes")
        except TooLarge:
            stages = f"{first.stage} and {second.stage}"
            return Unknown(f"{tensor} between {stages}", TOO_LARGE, tensor), spent.total
        return answer, spent.total

    def _witness(self, violation: Violation) -> Witness | None:
        """The smallest collision, its element in the subscripts of the declaration."""
        found = self.explainer.witness(violation)
        return None if found is None else declared_witness(found, self.arranged.program.views)

    def _explained(self, violation: Violation, first: Statement, second: Statement) -> Verdict:
        """A violation as data; of an access that isl sees only as a range it proves nothing."""
        names = tuple(dict.fromkeys((violation.first, violation.second)))
        for statement in (first, second):
            opaque = self.copies.flow.opaque(statement, violation.tensor)
            if opaque is not None:
                return Unknown(*opaque, violation.tensor, names)
        found = Refuted(violation.kind, violation.tensor, names, violation.text, place=violation.place)
        if not self.explains():
            return found
        with suppress(TooLarge), budget():
            violation = few_pieces(violation)
        with suppress(TooLarge), budget():
            found = replace(found, witness=self._witness(violation))
        with suppress(TooLarge), budget():
            found = replace(found, condition=self.explainer.condition(violation))
        return found


def _accesses(statement: Statement, tensor: str) -> list[Access]:
    return [access for access in (*statement.reads, *statement.writes) if access.tensor == tensor]


def _as_promote(answer: Verdict) -> Verdict:
    if not isinstance(answer, Refuted):
        return answer
    return Refuted(
        "promote",
        answer.tensor,
        answer.statements,
        answer.text,
        answer.witness,
        answer.condition,
        answer.place,
    )

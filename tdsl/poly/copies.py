"""The executed copies of every statement: which original instance runs in each iteration of the loops around it.

In: `model.Arranged`. Out (isl objects of one call): per statement the map { loops around it, own loops -> axes }, per
stage what each iteration of its host's loops needs, where relative splits start. A stage placed in a loop computes the
exact union of what the readers inside read there; with storage farther out each element once (`slide.py`). Source:
feasibility study, section 1; Halide's sliding window, made exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from functools import partial, reduce
from typing import Literal

from tdsl.expr.node import Node
from tdsl.poly import library as isl
from tdsl.poly.aligned import aligned, within
from tdsl.poly.flow import ValueFlow, recent_flow
from tdsl.poly.history import history
from tdsl.poly.isl import IN, OUT, Row, basic_map, budget, map_space, merged, set_space, without_divisions
from tdsl.poly.kept import kept
from tdsl.poly.looptree import Dim, LoopTree, Misplaced
from tdsl.poly.memo import Key
from tdsl.poly.model import Arranged, Fuse, Split, Statement
from tdsl.poly.polynomial import Monomial
from tdsl.poly.regions import closed, few
from tdsl.poly.rewound import Lead, lead, rewind
from tdsl.poly.signature import Signatures
from tdsl.poly.slide import affine_row, once
from tdsl.poly.unfold import Step, Unfolding, steps_of, with_outputs
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan that was made: its result, what it enters in `enforced`, and what it found there (kept for its identity)."""

    result: object
    through: dict[tuple[str, int], isl.Set]
    around: isl.Set | None


@dataclass(slots=True)
class Copies:
    """Relations of one arrangement, built when asked for and kept for this object's life."""

    arranged: Arranged
    tree: LoopTree = field(init=False)
    flow: ValueFlow = field(init=False)
    enforced: dict[tuple[str, int], isl.Set] = field(
        init=False, default_factory=dict[tuple[str, int], "isl.Set"]
    )
    """(statement, n): what its first n loops and their guards let through, as `scan` found it."""
    scans: dict[tuple[object, ...], Scanned] = field(
        init=False, default_factory=dict[tuple[object, ...], "Scanned"]
    )
    """What `scan` was asked before."""
    _relations: dict[str, isl.Map] = field(init=False, default_factory=dict[str, "isl.Map"])
    _needs: dict[str, isl.Map] = field(init=False, default_factory=dict[str, "isl.Map"])
    _bases: dict[tuple[str, int], isl.PwAff | None] = field(
        init=False, default_factory=dict[tuple[str, int], "isl.PwAff | None"]
    )

    _elements: dict[str, isl.Map] = field(init=False, default_factory=dict[str, "isl.Map"])
    _making: set[str] = field(init=False, default_factory=set[str])
    _prepared: set[str] = field(init=False, default_factory=set[str])
    loose: set[str] = field(init=False, default_factory=set[str])
    """The stages known to make more than is needed of them (`regions.py`)."""
    _signatures: Signatures | None = field(init=False, default=None)
    """Where answers about other arrangements may be used, by what they depend on."""

    def __post_init__(self) -> None:
        self.tree = LoopTree(self.arranged)
        self.flow = recent_flow(self.arranged.program)
        self.tree.joins.within = partial(within, self)

    def dims(self, statement: str) -> tuple[Dim, ...]:
        """The loops around a statement, outermost first, as (owner, leaf loop)."""
        return self.tree.dims(statement)

    def axes(self, statement: str) -> tuple[str, ...]:
        """The axes of a statement, in the order of the range of `relation`."""
        return self.tree.statements[statement].axes

    def params(self) -> tuple[Monomial, ...]:
        """The parameters of every space, in order."""
        return self.flow.params

    def level(self, tensor: str) -> int:
        """How many leading dims of its writers own a buffer of the tensor each."""
        return self.tree.level(tensor)

    def context(self) -> isl.Set:
        """What is known of the parameters."""
        return self.flow.context()

    def param_nodes(self) -> tuple[Node, ...]:
        """What each parameter stands for, in order."""
        return self.flow.param_nodes()

    def space(self, n_in: int, n_out: int) -> isl.Space:
        """A space of maps with this program's parameters."""
        return map_space(self.param_space(), n_in, n_out)

    def param_space(self) -> isl.Space:
        """The space of the parameters."""
        return self.flow.affine(self.arranged.program.statements[0]).param_space

    # what runs where

    def relation(self, statement: str) -> isl.Map:
        """{ dims -> axes } what every executed copy computes."""
        if statement not in self._relations:
            one = self.tree.statements[statement]
            self._relations[statement] = self._kept(
                statement, "stage", one.stage, lambda: self._relation(one)
            )
        return self._relations[statement]

    def share(self, signatures: Signatures) -> None:
        """Uses what this thread found out of equal stages in other arrangements, and leaves there what it finds out.

        Not for the loops of a nest, which also depend on what signatures leave out (places on a GPU).
        """
        self._signatures = None if self.tree.joins.of else signatures

    def _kept(
        self, name: str, what: Literal["stage", "need"], stage: str, make: Callable[[], isl.Map]
    ) -> isl.Map:
        """A relation of a stage, from the table of the thread where it is there."""
        if self._signatures is None:
            return make()
        depends = self._signatures.stage(stage) if what == "stage" else self._signatures.need(stage)
        key = Key((what, name, self.params(), self._signatures.facts(), depends))
        relation, more = kept(key, lambda: (make(), stage in self.loose))
        if more:
            self.loose.add(stage)
        return relation

    def prepare(self, statement: Statement) -> None:
        """Makes what the relation of a statement is made of, each part within a budget of its own.

        So an answer does not depend on what was kept of earlier ones.
        """
        stage = statement.stage
        if stage in self._prepared or (statement.role in ("source", "sink") and not self.tree.host(stage)):
            return
        self._prepared.add(stage)
        host = self.tree.host(stage)
        for reader in self._inside(stage, host) if host else ():
            self.prepare(reader)
            if self.tree.host(reader.stage) != host:
                with budget():
                    self.relation(reader.name)
        for each in self.tree.of_stage[stage]:
            with budget():
                self.flow.touch(each)
        with budget():
            self.need(stage)

    def need(self, stage: str) -> isl.Map:
        """{ host's dims -> data axes } the elements made in each iteration of the loops around a stage."""
        if stage not in self._needs:
            host = self.tree.host(stage)
            definer = self.tree.definer(stage)
            if not host:
                self._needs[stage] = isl.Map.from_range(self.flow.domain(definer))
            else:
                if stage in self._making:
                    text = f"what is made of {stage} depends on itself: split it after the others are placed"
                    raise Misplaced(stage, text, opaque=True)
                self._making.add(stage)
                try:
                    self._needs[stage] = self._placed(stage, definer, host)
                finally:
                    self._making.discard(stage)
        return self._needs[stage]

    def _placed(self, stage: str, definer: Statement, host: tuple[Dim, ...]) -> isl.Map:
        if stage in self.arranged.program.ordered:
            return merged(self.elements(stage).apply_range(self.flow.write(definer, stage).reverse()))
        return self._kept(stage, "need", stage, lambda: self._made(stage, self._needed(stage, definer, host)))

    def base(self, stage: str, axis: str) -> isl.PwAff | None:
        """{ host's dims -> least value the axis takes there }, where a relative split of it starts; None for 0.

        `axis` may be any loop that a relation of the stage consumes; of several of one name, the first.
        """
        for place, step in enumerate(self._steps(stage)):
            if isinstance(step.relation, Split) and step.relation.parent == axis:
                return self.split_base(stage, place)
        return self._least(stage, {axis: 1}) if axis in self.tree.axes(stage) else None

    def split_base(self, stage: str, place: int) -> isl.PwAff | None:
        """Where the split at `place` of the stage's relations starts; None for 0 (splits of split loops, too)."""
        step = self._steps(stage)[place]
        if not (isinstance(step.relation, Split) and step.relation.relative and (step.form or step.offset)):
            return None
        key = stage, place
        if key not in self._bases:
            self._bases[key] = self._start(stage, step)
        return self._bases[key]

    def _start(self, stage: str, step: Step) -> isl.PwAff | None:
        """The least value of a step's parent, shifts included."""
        least = self._least(stage, step.form) if step.form else None
        if not step.offset:
            return least
        space = set_space(self.param_space(), len(self.tree.host(stage)))
        offset = isl.Aff.zero_on_domain(isl.LocalSpace.from_space(space)).add_constant_val(
            isl.Val.int_from_si(space.get_ctx(), step.offset)
        )
        return isl.PwAff.from_aff(offset) if least is None else least.add(isl.PwAff.from_aff(offset))

    def _least(self, stage: str, form: dict[str, int]) -> isl.PwAff | None:
        """The least value of a combination of axes in each iteration of the host's loops; None for 0.

        Data axes are taken over the needed elements, which are there even where a reduction has no terms.
        """
        definer = self.tree.definer(stage)
        statement = next((each for each in self.tree.of_stage[stage] if set(form) <= set(each.axes)), definer)
        data = {axis: factor for axis, factor in form.items() if axis in definer.axes}
        if len(form) == 1 and not self.tree.host(stage) and self._starts_at_zero(statement, form):
            return None
        if len(data) == len(form):
            return self._minimum(self.need(stage), definer.axes, form)
        least = self._minimum(self.need_of(statement), statement.axes, form)
        if not data:
            return least
        elsewhere = self._minimum(self.need(stage), definer.axes, data)
        return least.union_add(elsewhere.subtract_domain(least.domain()))

    def _minimum(self, need: isl.Map, axes: tuple[str, ...], form: dict[str, int]) -> isl.PwAff:
        """{ host's dims -> least value of the combination over `need` }"""
        if len(form) == 1 and next(iter(form.values())) == 1:
            return need.dim_min(axes.index(next(iter(form))))
        columns = 1 + len(self.flow.params)
        row = [0] * (columns + len(axes) + 1)
        for axis, factor in form.items():
            row[columns + axes.index(axis)] = factor
        row[-1] = -1
        return need.apply_range(basic_map(self.space(len(axes), 1), [row], ())).dim_min(0)

    def need_of(self, statement: Statement) -> isl.Map:
        """{ host's dims -> axes } of one statement: of an update, all terms of the needed elements."""
        if statement.role == "source" and self.tree.host(statement.stage):
            (write,) = statement.writes
            return self.elements(statement.stage).apply_range(
                self.flow.write(statement, write.tensor).reverse()
            )
        if statement.role in ("source", "sink"):
            return isl.Map.from_range(self.flow.domain(statement))
        need = self.need(statement.stage)
        definer = self.tree.definer(statement.stage)
        if statement is definer:
            return need
        data = list(definer.axes)
        columns = 1 + len(self.flow.params)
        rows: list[list[int]] = []
        for place, axis in enumerate(data):
            row = [0] * (columns + len(data) + len(statement.axes))
            row[columns + place] = 1
            row[columns + len(data) + statement.axes.index(axis)] = -1
            rows.append(row)
        terms = basic_map(self.space(len(data), len(statement.axes)), rows, ())
        return need.apply_range(terms).intersect_range(self.flow.domain(statement))

    def _buffer_level(self, stage: str) -> int:
        tensors = [access.tensor for access in self.tree.definer(stage).writes]
        return max(self.tree.level(tensor) for tensor in tensors)

    def elements(self, stage: str) -> isl.Map:
        """{ host's dims -> element } of an update placed there, all changes of which are made there in order."""
        if stage not in self._elements:
            host, threads = self.tree.host(stage), self._threads(stage)
            parts = [
                self._at_host(reader, host, threads).apply_range(self.flow.read(reader, stage))
                for reader in self._inside(stage, host)
            ]
            if not parts:
                raise Misplaced(stage, f"no reader of {stage} is inside loop {host[-1][1]} of {host[-1][0]}")
            read = merged(self._of_block(stage, reduce(isl.Map.union, parts)))
            region, parts = self.tree.arrangements[stage].region, self.tree.of_stage[stage]
            made = history(self.flow, self.tree.definer(stage), parts, read, region)
            self._elements[stage] = self._noted(stage, made)
        return self._elements[stage]

    def _needed(self, stage: str, definer: Statement, host: tuple[Dim, ...]) -> isl.Map:
        """Everything the readers inside read there, for a recurrence closed under its own reads."""
        total: isl.Map | None = None
        for tensor in dict.fromkeys(access.tensor for access in definer.writes):
            back = self.flow.write(definer, tensor).reverse()
            for reader in self._inside(stage, host, tensor):
                part = self._at_host(reader, host, self._threads(stage))
                part = part.apply_range(self.flow.read(reader, tensor)).apply_range(back)
                total = part if total is None else total.union(part)
        if total is None:
            raise Misplaced(stage, f"no reader of {stage} is inside the loop {host[-1][1]} of {host[-1][0]}")
        needed = self._few(stage, merged(self._of_block(stage, total)), definer)
        return without_divisions(self._closed(needed, definer))

    def _inside(self, stage: str, host: tuple[Dim, ...], only: str | None = None) -> list[Statement]:
        """Who of other stages reads what a stage makes (or one tensor of it) inside the loops around it."""
        made = dict.fromkeys(access.tensor for access in self.tree.definer(stage).writes)
        return [
            reader
            for tensor in made
            if only in (None, tensor)
            for reader in self.tree.readers.get(tensor, ())
            if reader.stage != stage and self.tree.inside(reader.name, host)
        ]

    def _of_block(self, stage: str, needed: isl.Map) -> isl.Map:
        """Of a stage in storage that a block shares: what any of its threads needs, whichever thread asks (P11)."""
        for place in self._threads(stage):
            needed = needed.eliminate(IN, place, 1)
        return needed

    def _threads(self, stage: str) -> tuple[int, ...]:
        """Which dims of the host are threads, of a stage in storage that a block shares; none of any other."""
        if not self.tree.arrangements[stage].shared:
            return ()
        host = self.tree.host(stage)
        return tuple(place for place, dim in enumerate(host) if self.tree.bound_to_threads(dim))

    def _at_host(self, reader: Statement, host: tuple[Dim, ...], threads: Sequence[int] = ()) -> isl.Map:
        """{ dims of a host -> axes } what a reader inside computes in one iteration of them, of `threads` in any.

        Threads are forgotten before loops inside: tiles that threads interleave close up to a box only in that order.
        """
        if self.tree.host(reader.stage) == host:
            return self.need_of(reader)  # whatever its own loops are, they run over all of that
        relation = self.relation(reader.name)
        for place in threads:
            relation = relation.eliminate(IN, place, 1)
        return relation.project_out(IN, len(host), len(self.tree.dims(reader.name)) - len(host))

    def _few(self, stage: str, needed: isl.Map, definer: Statement) -> isl.Map:
        """The same, or, where it is in too many pieces, all that lies between them."""
        starts, region = partial(self._starts, stage, needed), self.tree.arrangements[stage].region
        return self._noted(stage, few(needed, starts, self.flow.domain(definer), region))

    def _noted(self, stage: str, made: tuple[isl.Map, bool]) -> isl.Map:
        """A region, noted where it is larger than what is needed."""
        if made[1]:
            self.loose.add(stage)
        return made[0]

    def _starts(self, stage: str, needed: isl.Map) -> int:
        """How many pieces the starts of the relative splits of data axes have, together."""
        axes = self.tree.definer(stage).axes
        found = 1
        for step in self._steps(stage):
            if isinstance(step.relation, Split) and step.relation.relative and step.form:
                for axis in step.form:
                    found *= needed.dim_min(axes.index(axis)).n_piece() if axis in axes else 1
        return found

    def _closed(self, needed: isl.Map, definer: Statement) -> isl.Map:
        """With all a recurrence needs of itself; more is safe: the domain bounds it."""
        step: isl.Map | None = None
        for statement, tensor in self.tree.own_reads(definer):
            part = self.flow.sources(statement, definer, tensor)
            part = part.project_out(IN, len(definer.axes), len(statement.axes) - len(definer.axes))
            step = part if step is None else step.union(part)
        if step is None:
            return needed
        region = self.tree.arrangements[definer.stage].region
        return self._noted(definer.stage, closed(needed, step, self.flow.domain(definer), region))

    def rewinds(self, stage: str) -> Lead | None:
        """How a stage advances that is made ahead of its readers; None for any other."""
        if not self._slides(stage) or self.tree.arrangements[stage].slide != "rewind":
            return None
        needed = self._needed(stage, self.tree.definer(stage), self.tree.host(stage))
        return lead(needed, self._buffer_level(stage))

    def row_axis(self, stage: str) -> int | None:
        """The data axis whose rows a stage that slides makes whole; None for any other."""
        if stage in self.arranged.program.ordered or not self._slides(stage):
            return None
        needed = self._needed(stage, self.tree.definer(stage), self.tree.host(stage))
        return self._slid(stage, needed)[0]

    def _made(self, stage: str, needed: isl.Map) -> isl.Map:
        """What is made in each iteration: all that is needed, or each element once where storage is farther out."""
        return self._slid(stage, needed)[1] if self._slides(stage) else needed

    def _slides(self, stage: str) -> bool:
        """Whether each element is made once for several iterations of the loops around: all of them are run."""
        apart = self.tree.host(stage)[self._buffer_level(stage) :]
        return bool(apart) and not any(map(self.tree.loose, apart))

    def _slid(self, stage: str, needed: isl.Map) -> tuple[int | None, isl.Map]:
        """(the axis whose rows are made whole, what is made in each iteration), each element once."""
        definer, level = self.tree.definer(stage), self._buffer_level(stage)
        if self.tree.arrangements[stage].slide == "rewind":
            if (found := lead(needed, level)) is not None:
                return None, rewind(needed, level, found)
        itself = self.tree.own_reads(definer)
        # What an element needs of its own stage may be there later than the first of its row.
        return once(needed, level, None if itself else self.flow.domain(definer))

    # loops to axes

    def _relation(self, statement: Statement) -> isl.Map:
        if statement.role in ("source", "sink"):
            domain = self.flow.domain(statement)
            whole = isl.Map.identity(domain.get_space().map_from_set()).intersect_domain(domain)
            around = self.tree.entry(statement.name)
            if not around:
                return whole
            need = self.need_of(statement).insert_dims(IN, around, len(statement.axes))
            return merged(whole.insert_dims(IN, 0, around).intersect(need))
        relation = self.free(statement)
        host = len(self.tree.host(statement.stage))
        need = self.need_of(statement)
        if host == 0:
            return merged(relation.intersect_range(need.range()))
        return merged(relation.intersect(need.insert_dims(IN, host, relation.dim(IN) - host)))

    def free(self, statement: Statement) -> isl.Map:
        """{ dims -> axes } what loops stand for, whatever they run over; with those shared with another stage."""
        own = self.tree.own(statement.stage).leaves
        absent = self.tree.joins.absent(statement.name)
        kept = self.tree.leaves(statement.name)
        leaves = tuple(leaf for leaf in own if leaf in absent or leaf in kept) if absent else kept
        relation = self._unfolded(statement, leaves)
        joint = self.tree.joins.joint(statement.name)
        if not joint:
            return relation
        host = len(self.tree.host(statement.stage))
        for place in range(len(leaves) - 1, -1, -1):
            if leaves[place] in absent:
                relation = relation.project_out(IN, host + place, 1)
        shared = aligned(self, statement).insert_dims(IN, host + len(joint), len(kept))
        return relation.insert_dims(IN, host, len(joint)).intersect(shared)

    def _unfolded(self, statement: Statement, leaves: tuple[str, ...]) -> isl.Map:
        """{ host's dims, own leaves -> axes } by the relations of the stage alone."""
        stage = statement.stage
        host = len(self.tree.host(stage))
        base_maps: list[isl.Map] = []

        def base(place: int) -> list[int] | None:
            found = self.split_base(stage, place)
            row = None if found is None else affine_row(found, host)
            if found is None or row is not None:
                return row
            base_maps.append(isl.Map.from_pw_aff(found))
            return [0] * (columns + len(leaves) + len(base_maps) - 1) + [1]

        columns = 1 + len(self.flow.params) + host
        unfolding = Unfolding(self._steps(stage), leaves, columns, base, self._outside(statement))
        rows = [unfolding.axis(axis) for axis in statement.axes]
        return self._solve(unfolding, rows, host, base_maps)

    def _solve(
        self, unfolding: Unfolding, rows: Sequence[Row], host: int, base_maps: Sequence[isl.Map]
    ) -> isl.Map:
        """{ dims -> axes } from the rows of the axes; bases that are no plain row are extra outputs, projected out."""
        axes, extra = len(rows), len(base_maps)
        n_in = host + len(unfolding.leaves)
        start = unfolding.columns + len(unfolding.leaves)
        equalities: list[list[int]] = []
        for place, row in enumerate(rows):
            equalities.append(with_outputs(row, start, axes, extra, place))
        inequalities = [with_outputs(row, start, axes, extra, None) for row in unfolding.inequalities]
        relation = basic_map(self.space(n_in, axes + extra), equalities, inequalities)
        for place, base in enumerate(base_maps):
            value = base.insert_dims(IN, host, len(unfolding.leaves))
            value = value.insert_dims(OUT, 0, axes + place).add_dims(OUT, extra - 1 - place)
            relation = relation.intersect(value)
        return relation.project_out(OUT, axes, extra) if extra else relation

    def _outside(self, statement: Statement) -> frozenset[str]:
        """Every name a part of a reduction axis has had that the statement stands outside of."""
        stage = statement.stage
        names = set(self.tree.reducing(stage)) - set(statement.axes)
        for step in self._steps(stage):
            relation = step.relation
            if isinstance(relation, Split) and relation.parent in names:
                names |= {relation.outer, relation.inner}
            elif not isinstance(relation, Split | Fuse) and relation.parent in names:
                names.add(relation.into)
        return frozenset(names)

    def _steps(self, stage: str) -> tuple[Step, ...]:
        return steps_of(self.tree.axes(stage), self.tree.arrangements[stage])

    def _starts_at_zero(self, statement: Statement, form: dict[str, int]) -> bool:
        """At root: data axes start at 0, and so does what the domain bounds from below by 0."""
        (axis, factor) = next(iter(form.items()))
        if factor != 1:
            return False
        if axis in self.tree.definer(statement.stage).axes:
            return True
        least = self.flow.domain(statement).dim_min_val(statement.axes.index(axis))
        return least.is_int() and least.to_python() == 0

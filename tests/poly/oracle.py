"""The truth by force: every copy is listed, sorted by time, and run on cells that hold the names of values.

Shares with the checker only the shape of the loop tree (dims, levels, text positions), which axis rewinds and which one's
rows are made whole; copies, sources, order, cells and conflicts are found by enumeration for given sizes, without isl.
"""

from __future__ import annotations

from itertools import product

from tdsl.poly.copies import Copies
from tdsl.poly.looptree import LoopTree
from tdsl.poly.model import Arranged, Fuse, Rename, Reverse, Shift, Skew, Split, Statement
from tests.poly.enumeration import (
    Unlisted,
    ahead,
    by_rows,
    element_of,
    in_turns,
    plain,
    product_of,
    reads_of_point,
    shifted,
    value,
)


class Oracle:
    def __init__(self, arranged: Arranged, sizes: dict[str, int]) -> None:
        self.arranged, self.sizes, self.tree = arranged, sizes, LoopTree(arranged)
        self.program = arranged.program
        self.shapes = {
            tensor: tuple(value(extent, sizes) for extent in shape) for tensor, shape in self.program.shapes
        }
        self.instances = {each.name: self._instances(each) for each in self.program.statements}
        self.terms: dict[tuple[str, tuple[int, ...]], set] = {}
        self.made_by: dict[tuple[str, tuple[int, ...]], Statement] = {}
        for statement in self.program.statements:
            for axes in self.instances[statement.name]:
                for tensor, element in self.touched(statement, axes, statement.writes):
                    if statement.role == "update":
                        self.terms.setdefault((tensor, element), set()).add(axes)
                    else:
                        self.made_by[tensor, element] = statement
        self.copies: dict[str, list[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
        self._leading: dict[str, dict[int, int]] = {}
        self.points: dict[str, dict[tuple[int, ...], set]] = {}
        stages = list(dict.fromkeys(each.stage for each in self.program.statements))
        for stage in reversed(stages):
            self._copy(stage)
        self.seen, self.last = self.reference()
        self.tree.joins.within = self.flows_within

    # instances and accesses

    def _instances(self, statement: Statement) -> list[tuple[int, ...]]:
        span = range(
            -1, 2 + max([0, *self.sizes.values(), *(n for shape in self.shapes.values() for n in shape)])
        )
        found = []
        for axes in product(span, repeat=len(statement.axes)):
            names = self.sizes | dict(zip(statement.axes, axes))
            if all(value(condition, names) for condition in statement.domain):
                found.append(axes)
        return found

    def touched(self, statement, axes, accesses):
        names = self.sizes | dict(zip(statement.axes, axes))
        for access in accesses:
            element = element_of(access)(names)
            if element is not None:
                yield access.tensor, element

    # copies

    def _copy(self, stage: str) -> None:
        statements = self.tree.of_stage[stage]
        host = self.tree.host(stage)
        definer = next((each for each in statements if each.role == "init"), self.tree.main(stage))
        definer = next((each for each in statements if each.role == "finish"), definer)
        wanted: dict[tuple[int, ...], set] = {}
        if not host:
            needed = {(): set(self.instances[definer.name])}
        elif stage in self.program.ordered:
            wanted = self._histories(stage, definer, host)
            needed = {
                context: {
                    axes
                    for axes in self.instances[definer.name]
                    if elements.intersection(self.touched(definer, axes, definer.writes))
                }
                for context, elements in wanted.items()
            }
        else:
            needed = self._needed(stage, definer, host)
        for statement in statements:
            self.copies[statement.name] = []
        main = self.tree.main(stage)
        data = [place for place, axis in enumerate(main.axes) if axis not in main.reduction_axes]
        for context, elements in sorted(needed.items()):
            mine = [
                axes for axes in self.instances[main.name] if tuple(axes[place] for place in data) in elements
            ]
            bases = self._bases(main, mine, rooted=not host, elements=elements)
            for statement in statements:
                if statement.role == "source" and wanted:
                    self.copies[statement.name] += [
                        (context + axes, axes)
                        for axes in self.instances[statement.name]
                        if wanted[context].intersection(self.touched(statement, axes, statement.writes))
                    ]
                    continue
                if statement.role in ("source", "sink"):
                    self.copies[statement.name] = [(axes, axes) for axes in self.instances[statement.name]]
                    continue
                leaves = self.tree.leaves(statement.name)
                chosen = (
                    mine
                    if statement is main
                    else [a for a in self.instances[statement.name] if a in elements]
                )
                shared = self.tree.joins.joint(statement.name)
                for axes in chosen:
                    loops = self._loops(statement, axes, bases)
                    joint = self._shared(statement, axes, shared) if shared else ()
                    self.copies[statement.name].append(
                        (context + joint + tuple(loops[leaf] for leaf in leaves), axes)
                    )

    def _shared(self, statement, axes, shared):
        """Values of the leader's loops that a joined statement stands in: those of the axes it is matched with."""
        stage, values = statement.stage, dict(zip(statement.axes, axes))
        leader = shared[0][0].split(".")[0]
        if any(owner.split(".")[0] != leader for owner, _ in shared):
            raise Unlisted(f"{stage} shares loops of several stages")
        while stage != leader:
            join, match = self.tree.joins.of[stage], self.tree.joins.match(stage)
            lags = dict(join.lags)
            values = {
                theirs: values[own] - lags.get(own, 0) for theirs, own in match.items() if own in values
            }
            stage = join.stage
        main = self.tree.main(leader)
        if leader not in self._leading:
            rooted = not self.tree.host(leader)
            self._leading[leader] = self._bases(main, self.instances[main.name], rooted)
        loops = self._loops(main, tuple(values.get(axis, 0) for axis in main.axes), self._leading[leader])
        return tuple(loops[leaf] for _, leaf in shared)

    def _histories(self, stage, definer, host):
        """Of an update inside another stage: the elements read there, and those that their changes read."""
        needed: dict[tuple[int, ...], set] = {}
        for reader in self.program.statements:
            reads = reader.stage != stage and any(access.tensor == stage for access in reader.reads)
            if reads and self.tree.inside(reader.name, host):
                for dims, axes in self.copies[reader.name]:
                    found = {key for key in self.touched(reader, axes, reader.reads) if key[0] == stage}
                    if found:
                        needed.setdefault(dims[: len(host)], set()).update(found)
        for elements in needed.values():
            while True:
                more = {
                    key
                    for axes in self.instances[definer.name]
                    if elements.intersection(self.touched(definer, axes, definer.writes))
                    for key in reads_of_point(self, stage, axes)
                    if key[0] == stage
                }
                if more <= elements:
                    break
                elements |= more
        return needed

    def _read_inside(self, stage, definer, host):
        """What readers inside read there, of a recurrence with all that it is made from."""
        tensors = {access.tensor for access in definer.writes}
        instances = self.instances[definer.name]
        back = {key: axes for axes in instances for key in self.touched(definer, axes, definer.writes)}
        needed: dict[tuple[int, ...], set] = {}
        for reader in self.program.statements:
            reads = reader.stage != stage and any(access.tensor in tensors for access in reader.reads)
            if not reads or not self.tree.inside(reader.name, host):
                continue
            for dims, axes in self.copies[reader.name]:
                for key in self.touched(reader, axes, reader.reads):
                    if key in back:
                        needed.setdefault(dims[: len(host)], set()).add(back[key])
        for elements in needed.values():
            work = list(elements)
            while work:
                axes = work.pop()
                for key in reads_of_point(self, stage, axes):
                    if key in back and back[key] not in elements:
                        elements.add(back[key])
                        work.append(back[key])
        return needed

    def _needed(self, stage, definer, host):
        needed = self._read_inside(stage, definer, host)
        level = max(self.tree.level(access.tensor) for access in definer.writes)
        copies = Copies(self.arranged)
        if (rewound := copies.rewinds(stage)) is not None:
            return ahead(needed, level, rewound, [product_of(each, self.sizes) for each in copies.params()])
        if (axis := copies.row_axis(stage)) is not None:
            return by_rows(needed, level, axis, set(self.instances[definer.name]))
        seen: dict[tuple[int, ...], set] = {}
        result = {}
        for context in sorted(needed):
            have = seen.setdefault(context[:level], set())
            result[context] = needed[context] - have if level < len(host) else needed[context]
            have |= needed[context]
        return result

    def _bases(self, main, mine, rooted, elements=()):
        """Relation number -> where its split starts, from the values its parent takes."""
        relations = self.tree.arrangements[main.stage].relations
        bases: dict[int, int] = {}
        for number, relation in enumerate(relations):
            if not isinstance(relation, Split) or not relation.relative:
                continue
            values, derived = [], False
            for axes in mine:
                live, derived = self._live(main, axes, bases, number)
                values.append(live.get(relation.parent))
            alone = plain(main, relations[:number], relation.parent)
            if alone is not None and alone not in main.reduction_axes and (rooted or elements):
                # Elements are there even where a sum has no terms; at root the axis counts from 0.
                least = 0 if rooted else min(one[main.axes.index(alone)] for one in elements)
                bases[number] = least + shifted(relations[:number], relation.parent)
                continue
            if not values or any(each is None or isinstance(each, tuple) for each in values):
                continue
            if derived:  # it starts at 0, but for what shifts added since
                bases[number] = shifted(relations[:number], relation.parent)
                continue
            bases[number] = min(values)
        return bases

    def _live(self, statement, axes, bases, stop):
        """Values of the loops before relation `stop`, and whether that relation's parent comes from a split."""
        live = dict(zip(statement.axes, axes))
        leaves = dict(live)
        derived: set[str] = set()
        relations = self.tree.arrangements[statement.stage].relations
        for number, relation in enumerate(relations[:stop]):
            if isinstance(relation, Fuse):
                parts = [live.pop(parent, None) for parent in (relation.outer, relation.inner)]
                live[relation.into] = tuple(parts)
                continue
            if relation.parent not in live:
                continue
            was = relation.parent in derived
            derived.discard(relation.parent)
            old = live.pop(relation.parent)
            match relation:
                case Split():
                    if isinstance(old, tuple):
                        live[relation.outer] = live[relation.inner] = old
                        continue
                    live[relation.outer], live[relation.inner] = divmod(
                        old - bases.get(number, 0), relation.factor
                    )
                    derived |= {relation.outer, relation.inner}
                case Skew():
                    by = live.get(relation.by, dict(zip(statement.axes, axes)).get(relation.by, 0))
                    live[relation.into] = old + relation.factor * by
                    was = was or relation.by in derived
                case Reverse():
                    live[relation.into] = -old
                case Rename():
                    live[relation.into] = old
                case Shift():
                    live[relation.into] = old + relation.by
            if was and not isinstance(relation, Split):
                derived.add(relation.into)
            leaves |= {name: each for name, each in live.items() if not isinstance(each, tuple)}
        parent = getattr(relations[stop], "parent", None) if stop < len(relations) else None
        self._leaves = leaves
        return live, parent in derived

    def _loops(self, statement, axes, bases):
        self._live(statement, axes, bases, len(self.tree.arrangements[statement.stage].relations))
        return self._leaves

    # running

    def cell(self, tensor, dims, element, name=""):
        """The place of an element for a statement: which loops its buffer belongs to, where in them, where in it."""
        writers = self.tree.writers.get(tensor)
        if not writers:
            return tensor, element
        arrangement = self.tree.arrangements[writers[0].stage]
        index = list(element)
        if not self.tree.is_accumulator(tensor):
            for place, factor in arrangement.folds:
                index[place] %= factor
            if arrangement.layout is not None:
                names = dict(zip(arrangement.dims, index))
                index = [value(node, names) for node in arrangement.layout]
        level = self.tree.level(tensor)
        around = self.tree.dims(name)[:level] if level else ()
        return tensor, around, dims[:level], tuple(index)

    def events(self):
        """(time, batch, statement, dims, axes) in order; lanes of one statement share a time."""
        found = []
        for statement in self.program.statements:
            lanes = self.lanes(statement)
            for dims, axes in self.copies[statement.name]:
                time = []
                for place, (coordinate, dim) in enumerate(zip(dims, self.tree.dims(statement.name))):
                    time.append(self.tree.position(statement.name, place))
                    time.append(0 if dim in lanes else coordinate)
                time.append(self.tree.position(statement.name, len(dims)))
                found.append((time, statement.name, dims, axes))
        return sorted(found)

    def lanes(self, statement):
        found = set()
        for stage in {owner.split(".")[0] for owner, _ in self.tree.dims(statement.name)}:
            own = self.tree.own(stage)
            for loop in self.tree.arrangements[stage].loops:
                if loop.kind == "vector":
                    start, end = own.spans[loop.name]
                    owners = (stage, f"{stage}.init", f"{stage}.finish")
                    found |= {(owner, leaf) for owner in owners for leaf in own.leaves[start:end]}
        return found

    def expected(self, key):
        if key in self.terms:
            return ("sum", *key, frozenset(self.terms[key]))
        made = self.made_by.get(key)
        if made is None:
            return None
        return ("sum", *key, frozenset()) if made.role == "init" else ("value", *key)

    def flows_within(self, body, writer, reader) -> bool:
        """Whether a value flows from one statement to another within one iteration of the loops around a body."""
        one, other, depth = self.tree.statements[writer], self.tree.statements[reader], len(body)
        made = {
            (dims[:depth], value) for dims, axes in self.copies[writer] for value in self._makes(one, axes)
        }
        return any(
            (dims[:depth], value) in made
            for dims, axes in self.copies[reader]
            for value in self._wants(other, axes)
        )

    def _makes(self, statement, axes):
        """Names of the values that one instance makes."""
        for tensor, element in self.touched(statement, axes, statement.writes):
            updated = tensor in self.program.ordered
            yield ("wrote", tensor, statement.name, axes) if updated else (tensor, element)

    def _wants(self, statement, axes):
        """Names of the values that one instance reads."""
        names = self.sizes | dict(zip(statement.axes, axes))
        for number, access in enumerate(statement.reads):
            if access.tensor in self.program.ordered:
                yield self.seen.get((statement.name, axes, number))
            elif (element := element_of(access)(names)) is not None:
                yield access.tensor, element

    def reference(self):
        """What every read of a tensor updated in place sees in the declared order, and what is there at the end."""
        memory, seen = {}, {}
        for group in in_turns(self.program, self.instances):
            for axes, statement in group:
                names = self.sizes | dict(zip(statement.axes, axes))
                for number, access in enumerate(statement.reads):
                    if access.tensor not in self.program.ordered:
                        continue
                    element = element_of(access)(names)
                    if element is not None:
                        seen[statement.name, axes, number] = memory.get((access.tensor, element))
                for tensor, element in self.touched(statement, axes, statement.writes):
                    if tensor in self.program.ordered:
                        memory[tensor, element] = ("wrote", tensor, statement.name, axes)
        return seen, memory

    def right(self) -> bool:
        """Whether every read sees the value the declaration says, and results are there at the end."""
        self.memory: dict = {}
        events = self.events()
        place = 0
        while place < len(events):
            end = place
            while end < len(events) and events[end][:2] == events[place][:2]:
                end += 1
            batch = events[place:end]
            if not self._run(self.tree.statements[batch[0][1]], [event[2:] for event in batch]):
                return False
            place = end
        for (tensor, element), name in self.last.items():
            if tensor in self.program.outputs and self.memory.get(self.cell(tensor, (), element)) != name:
                return False
        for tensor in self.program.outputs:
            if tensor in self.program.ordered:
                continue
            for key in {*self.terms, *self.made_by}:
                if key[0] == tensor and self.memory.get(self.cell(tensor, (), key[1])) != self.expected(key):
                    return False
        return True

    def _run(self, statement, batch):
        for dims, axes in batch:
            names = self.sizes | dict(zip(statement.axes, axes))
            for number, access in enumerate(statement.reads):
                if access.tensor not in self.program.ordered:
                    continue
                element = element_of(access)(names)
                if element is not None:
                    want = self.seen[statement.name, axes, number]
                    if self.memory.get(self.cell(access.tensor, dims, element, statement.name)) != want:
                        return False
            for tensor, element in self.touched(statement, axes, statement.reads):
                if tensor in self.program.ordered:
                    continue
                if statement.role == "update" and any(tensor == access.tensor for access in statement.writes):
                    continue
                want = self.expected((tensor, element))
                if (
                    want is not None
                    and self.memory.get(self.cell(tensor, dims, element, statement.name)) != want
                ):
                    return False
        written = set()
        for dims, axes in batch:
            for tensor, element in self.touched(statement, axes, statement.writes):
                cell = self.cell(tensor, dims, element, statement.name)
                if statement.role == "update":
                    old = self.memory.get(cell)
                    if old is None or old[:3] != ("sum", tensor, element) or axes in old[3]:
                        return False
                    self.memory[cell] = ("sum", tensor, element, old[3] | {axes})
                    continue
                if cell in written:
                    return False
                written.add(cell)
                if tensor in self.program.ordered:
                    self.memory[cell] = ("wrote", tensor, statement.name, axes)
                    continue
                empty = statement.role == "init"
                self.memory[cell] = (
                    ("sum", tensor, element, frozenset()) if empty else ("value", tensor, element)
                )
        return True

    # loops

    def collides(self, stage: str, loop: str) -> bool:
        """Whether two iterations of a loop touch one cell, one of them writing."""
        own, host = self.tree.own(stage), len(self.tree.host(stage))
        start, end = own.spans[loop]
        main = self.tree.dims(self.tree.main(stage).name)
        if stage in self.tree.joins.of:
            mine = own.leaves[start:end]
            places = [
                place
                for place, (owner, leaf) in enumerate(main)
                if owner.split(".")[0] == stage and leaf in mine
            ]
            return bool(places) and self._collides(main[: places[-1] + 1], places[0])
        if self._collides(main[: host + end], host + start):
            return True
        for statement in self.tree.of_stage[stage]:
            if statement.role in ("init", "finish") and start >= own.prefix:
                dims = self.tree.dims(statement.name)
                leaves = [leaf for leaf in own.leaves[start:end] if leaf not in own.reduces]
                places = [place for place, (_, leaf) in enumerate(dims) if leaf in leaves and place >= host]
                if places and self._collides(dims[: places[-1] + 1], places[0]):
                    return True
        return False

    def _collides(self, group, start):
        touched: dict = {}
        for statement in self.program.statements:
            if not self.tree.inside(statement.name, group):
                continue
            for dims, axes in self.copies[statement.name]:
                for writes, accesses in ((True, statement.writes), (False, statement.reads)):
                    for tensor, element in self.touched(statement, axes, accesses):
                        key = dims[:start], self.cell(tensor, dims, element, statement.name)
                        if tensor in self.tree.writers:
                            own = statement.name if self._changes_at_once(statement, tensor) else ""
                            touched.setdefault(key, set()).add((dims[start : len(group)], writes, own))
        return any(
            (writes or other_writes) and loops != others and not (own and own == other_own)
            for who in touched.values()
            for loops, writes, own in who
            for others, other_writes, other_own in who
        )

    def _changes_at_once(self, statement, tensor):
        """Whether the statement changes elements of a tensor of its own atomically, in any order."""
        mine = any(access.tensor == tensor for access in statement.writes)
        atomic = self.tree.arrangements[statement.stage].atomic
        return mine and atomic and statement.role in ("assign", "update")

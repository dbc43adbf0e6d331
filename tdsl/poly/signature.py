"""What an answer about a stage depends on, as a hashable value: its statements, loops, placement, and who needs it.

In: a `LoopTree`. Out: `Key`s. Two schedules in which a stage has the same key execute it the same way, whatever else
they do; marks (parallel, vector) are not part of it, but which lanes two statements share is part of `together`. Keys
hold interned nodes, so equal expressions are equal objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from tdsl.poly.lanes import shared_lanes
from tdsl.poly.looptree import LoopTree
from tdsl.poly.memo import Key
from tdsl.records import dataclass


@dataclass(slots=True)
class Signatures:
    """Keys of one arrangement, made when asked for."""

    tree: LoopTree
    _keys: dict[tuple[str, str], Key] = field(init=False, default_factory=dict[tuple[str, str], Key])
    _facts: Key | None = field(init=False, default=None)
    _open: list[tuple[str, str]] = field(init=False, default_factory=list[tuple[str, str]])
    _met: set[tuple[str, str]] = field(init=False, default_factory=set[tuple[str, str]])

    def facts(self) -> Key:
        """What is known of sizes, and the shapes."""
        if self._facts is None:
            program = self.tree.arranged.program
            self._facts = Key((program.sizes, program.context, program.shapes))
        return self._facts

    def stage(self, name: str) -> Key:
        """Everything the copies of a stage depend on."""
        return self._kept(name, "stage", self._stage)

    def need(self, name: str) -> Key:
        """What the elements that a stage makes depend on, whatever its own loops: its host and the readers inside."""
        return self._kept(name, "need", self._need)

    def _kept(self, name: str, what: str, make: Callable[[str], Key]) -> Key:
        """A key, made once. Stages that are computed together may depend on each other: then it names what it is part of."""
        mark = name, what
        if mark in self._open:
            self._met.add(mark)
            return Key(("above", *mark))
        if mark not in self._keys:
            met, self._met = self._met, set()
            self._open.append(mark)
            key = make(name)
            self._open.pop()
            self._met.discard(mark)
            if self._met:
                self._met |= met
                return key
            self._keys[mark] = key
            self._met = met
        return self._keys[mark]

    def _stage(self, name: str) -> Key:
        arrangement = self.tree.arrangements[name]
        loops = tuple(loop.name for loop in arrangement.loops)
        return Key((self.need(name), loops, arrangement.relations))

    def _need(self, name: str) -> Key:
        tree, arrangement = self.tree, self.tree.arrangements[name]
        around: tuple[object, ...] = ()
        host, join = tree.host(name), arrangement.joined
        if host or join is not None:
            readers = dict.fromkeys(
                reader.stage
                for tensor in self.written(name)
                for reader in tree.readers.get(tensor, ())
                if host and reader.stage != name and tree.inside(reader.name, host)
            )
            near = arrangement.compute.stage if arrangement.compute is not None else None
            around = (
                arrangement.compute,
                arrangement.store,
                arrangement.slide,
                arrangement.region,
                join,
                None if near is None else self.stage(near),
                None if join is None else self.stage(join.stage),
                tuple(
                    self.need(reader) if tree.host(reader) == host else self.stage(reader)
                    for reader in readers
                ),
            )
        return Key((tuple(tree.of_stage[name]), around))

    def written(self, name: str) -> list[str]:
        """The tensors a stage writes."""
        writes = (access.tensor for statement in self.tree.of_stage[name] for access in statement.writes)
        return list(dict.fromkeys(writes))

    def storage(self, tensor: str) -> tuple[object, ...]:
        """How a tensor is stored: level, folds, layout."""
        writers = self.tree.writers[tensor]
        arrangement = self.tree.arrangements[writers[0].stage]
        return self.tree.level(tensor), arrangement.folds, arrangement.layout, arrangement.dims

    def together(self, what: str, tensor: str, *statements: str) -> tuple[object, ...]:
        """What a question about a tensor and some statements depends on."""
        tree = self.tree
        stages = [tree.statements[name].stage for name in statements]
        writers = [each.stage for each in tree.writers[tensor]]
        pairs = [(one, other) for one in statements for other in statements]
        return (
            what,
            tensor,
            statements,
            self.facts(),
            self.storage(tensor),
            tuple(self.stage(stage) for stage in dict.fromkeys(stages + writers)),
            tuple((tree.common(*pair), tree.text_before(*pair), shared_lanes(tree, *pair)) for pair in pairs),
            self._sequence(tensor),
        )

    def _sequence(self, tensor: str) -> tuple[str, ...]:
        """Of a tensor updated in place, who touches it in which order: its value flow depends on that."""
        program = self.tree.arranged.program
        if tensor not in program.ordered:
            return ()
        touching = (*self.tree.writers[tensor], *self.tree.readers.get(tensor, ()))
        names = {each.name for each in touching}
        return tuple(each.name for each in program.statements if each.name in names)

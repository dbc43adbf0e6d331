"""The value flow of a declaration: which original instance made each value that an access reads.

In: `model.Program`. Out: per statement its domain and accesses as isl relations over its axes, per read the map
{ reader's axes -> writer's axes }. Single assignment needs no order: the element names its source (read ∘ write⁻¹), and
all reads of one tensor by one statement are merged into one relation first. Of a tensor updated in place every access
has a source of its own, found by `dataflow.py`. Source: Feautrier 1991, "Dataflow analysis
of array and scalar references"; Verdoolaege's isl.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import field

from tdsl.expr.build import ZERO, compare, mod, mul
from tdsl.expr.node import Node, axis_var, index_const, size_var
from tdsl.poly import library as isl
from tdsl.poly.affine import Affine, params_set
from tdsl.poly.dataflow import Sources, last_writes
from tdsl.poly.isl import map_space, merged
from tdsl.poly.model import Access, Program, Statement
from tdsl.poly.nodes import monomial_node
from tdsl.poly.polynomial import Monomial, parameters
from tdsl.poly.stated import Turn, turns_of
from tdsl.records import dataclass

RECENT = 8
"""Programs whose relations a thread keeps."""

Opaque = tuple[str, str]
"""(the access as written, the fact that would decide it)"""


@dataclass(slots=True)
class ValueFlow:
    """Relations of one program, built when asked for; isl objects stay inside one thread."""

    program: Program
    _affine: dict[str, Affine] = field(init=False, default_factory=dict[str, Affine])
    _domains: dict[str, isl.Set] = field(init=False, default_factory=dict[str, "isl.Set"])
    _reads: dict[tuple[str, str, int | None], isl.Map] = field(
        init=False, default_factory=dict[tuple[str, str, "int | None"], "isl.Map"]
    )
    _flows: dict[str, Sources] = field(init=False, default_factory=dict[str, Sources])
    _writes: dict[tuple[str, str], isl.Map] = field(
        init=False, default_factory=dict[tuple[str, str], "isl.Map"]
    )
    _params: tuple[Monomial, ...] | None = field(init=False, default=None)
    _context: isl.Set | None = field(init=False, default=None)

    @property
    def params(self) -> tuple[Monomial, ...]:
        """The parameters of every space of this program."""
        if self._params is None:
            self._params = program_parameters(self.program)
        return self._params

    def param_nodes(self) -> tuple[Node, ...]:
        """What each parameter stands for, in order."""
        return tuple(monomial_node(monomial) for monomial in self.params)

    def context(self) -> isl.Set:
        """What is known of sizes and params, as a set of parameters."""
        if self._context is None:
            self._context = params_set(self.params, _facts(self.program, self.params))
        return self._context

    def affine(self, statement: Statement) -> Affine:
        """Nodes over the statement's axes."""
        if statement.name not in self._affine:
            axes = tuple(axis_var(axis) for axis in statement.axes)
            self._affine[statement.name] = Affine(axes, self.params)
        return self._affine[statement.name]

    def domain(self, statement: Statement) -> isl.Set:
        """{ axes } the statement's instances."""
        if statement.name not in self._domains:
            found = self.affine(statement).conditions(statement.domain).intersect_params(self.context())
            self._domains[statement.name] = found
        return self._domains[statement.name]

    def touch(self, statement: Statement) -> None:
        """Makes the relations of a statement's accesses, which stay."""
        self.domain(statement)
        for access in statement.writes:
            self.write(statement, access.tensor)
        for tensor in dict.fromkeys(access.tensor for access in statement.reads):
            for which in self.accesses(statement, tensor):
                self.read(statement, tensor, which)

    def accesses(self, statement: Statement, tensor: str) -> tuple[int | None, ...]:
        """The reads of a tensor as they are asked for: all merged (None), or each where it is updated in place."""
        if tensor not in self.program.ordered:
            return (None,)
        return tuple(number for number, access in enumerate(statement.reads) if access.tensor == tensor)

    def read(self, statement: Statement, tensor: str, which: int | None = None) -> isl.Map:
        """{ axes -> element } of one read of a tensor, or of all merged; a superset where one is opaque."""
        key = statement.name, tensor, which
        if key not in self._reads:
            if which is not None:
                accesses = [statement.reads[which]]
            else:
                accesses = [access for access in statement.reads if access.tensor == tensor]
            if not accesses and statement.role == "update":  # the running value, read wherever it is written
                return self.write(statement, tensor)
            self._reads[key] = self._union(statement, accesses)
        return self._reads[key]

    def write(self, statement: Statement, tensor: str) -> isl.Map:
        """{ axes -> element } of the statement's writes of a tensor."""
        key = statement.name, tensor
        if key not in self._writes:
            accesses = [access for access in statement.writes if access.tensor == tensor]
            self._writes[key] = self._union(statement, accesses)
        return self._writes[key]

    def sources(self, reader: Statement, writer: Statement, tensor: str, which: int | None = None) -> isl.Map:
        """{ reader's axes -> writer's axes }: whose instances make the values read."""
        if which is None:
            return merged(self.read(reader, tensor).apply_range(self.write(writer, tensor).reverse()))
        found = self._dataflow(tensor).get((reader.name, which, writer.name))
        if found is not None:
            return found
        return isl.Map.empty(map_space(self.affine(reader).param_space, len(reader.axes), len(writer.axes)))

    def _dataflow(self, tensor: str) -> Sources:
        """The value flow of a tensor that is updated in place."""
        if tensor not in self._flows:
            writes: list[tuple[str, Turn, isl.Map]] = []
            reads: list[tuple[str, int, Turn, isl.Map]] = []
            turns = turns_of(self.program.statements, self.program.ordered)
            for statement in self.program.statements:
                turn = turns[statement.name]
                if any(access.tensor == tensor for access in statement.writes):
                    writes.append((statement.name, turn, self.write(statement, tensor)))
                for number, access in enumerate(statement.reads):
                    if access.tensor == tensor:
                        reads.append((statement.name, number, turn, self.read(statement, tensor, number)))
            self._flows[tensor] = last_writes(writes, reads)
        return self._flows[tensor]

    def _union(self, statement: Statement, accesses: list[Access]) -> isl.Map:
        domain = self.domain(statement)
        relations = [self._access(statement, access) for access in accesses]
        total = relations[0]
        for relation in relations[1:]:
            total = total.union(relation)
        return merged(total.intersect_domain(domain))

    def _access(self, statement: Statement, access: Access) -> isl.Map:
        affine = self.affine(statement)
        ranges = {place: (lower, upper) for place, lower, upper in access.opaque}
        known = [node for node in access.index if node is not None and affine.offender(node) is None]
        if len(known) == len(access.index):
            relation = affine.relation(known)
        else:
            relation = self._by_dimension(affine, access, ranges)
        guards = [node for node in access.guard if affine.offender(node) is None]
        return relation.intersect_domain(affine.conditions(guards)) if guards else relation

    def _by_dimension(self, affine: Affine, access: Access, ranges: dict[int, tuple[Node, Node]]) -> isl.Map:
        """An access some of whose subscripts are opaque: anything in the declared range, or in the tensor's extent."""
        shape = dict(self.program.shapes)[access.tensor]
        relation = affine.relation(())
        for place, node in enumerate(access.index):
            if node is not None and affine.offender(node) is None:
                part = affine.relation((node,))
            else:
                part = affine.between(*ranges.get(place, (ZERO, shape[place])))
            relation = relation.flat_range_product(part)
        return relation

    def opaque(self, statement: Statement, tensor: str) -> Opaque | None:
        """An access of a tensor that isl sees only as a range, and what would make it exact."""
        affine = self.affine(statement)
        accesses = [one for one in (*statement.reads, *statement.writes) if one.tensor == tensor]
        for access in sorted(
            accesses, key=lambda one: bool(one.linearised)
        ):  # those have parts but for others
            declared = {place for place, _, _ in access.opaque}
            for place, node in enumerate(access.index):
                if node is not None and affine.offender(node) is None:
                    continue
                text = access.opaque_text or f"{tensor}[…]"
                if place in declared:
                    return text, f"a narrower range= of the values that index {tensor}"
                return text, f"range= of the values that index {tensor}"
        return None

    def box(self, tensor: str) -> isl.Set:
        """{ element } of the declared shape."""
        shape = dict(self.program.shapes)[tensor]
        axes = tuple(axis_var(f"d{place}") for place in range(len(shape)))
        bounds = [compare("ge", axis, ZERO) for axis in axes]
        bounds += [compare("lt", axis, extent) for axis, extent in zip(axes, shape, strict=True)]
        return Affine(axes, self.params).conditions(bounds).intersect_params(self.context())


class _Recent(threading.local):
    """isl objects belong to a thread, and so does this table; a flow holds its program, so ids stay what they are."""

    def __init__(self) -> None:
        self.table: OrderedDict[int, ValueFlow] = OrderedDict()


_recent = _Recent()


def recent_flow(program: Program) -> ValueFlow:
    """The relations of a program, with what this thread found out about the same one shortly before.

    Schedules of one program differ in loops and storage, and each directive is a question of its own.
    """
    table = _recent.table
    found = table.pop(id(program), None)
    table[id(program)] = found = ValueFlow(program) if found is None else found
    if len(table) > RECENT:
        table.popitem(last=False)
    return found


def forget_flows() -> None:
    """Empties this thread's table (for measurements)."""
    _recent.table.clear()


def program_parameters(program: Program) -> tuple[Monomial, ...]:
    """The parameters of every isl space of a program."""
    nodes: list[Node] = [size_var(size.name) for size in program.sizes]
    nodes += [*program.context, *(extent for _, shape in program.shapes for extent in shape)]
    for statement in program.statements:
        nodes += statement.domain
        for access in (*statement.reads, *statement.writes):
            nodes += [node for node in access.index if node is not None]
            nodes += access.guard
            nodes += [node for _, lower, upper in access.opaque for node in (lower, upper)]
    return parameters(nodes)


def _facts(program: Program, params: tuple[Monomial, ...]) -> list[Node]:
    """The context, the facts of sizes, and what they say about products of sizes."""
    facts = list(program.context)
    sizes = {size.name: size for size in program.sizes}
    for monomial in params:
        if any(var.kind != "size" for var in monomial):
            continue
        if len(monomial) == 1:
            size = sizes.get(monomial[0].name)
            facts.append(compare("ge", monomial[0], index_const(size.minimum if size else 0)))
            if size is not None and size.multiple_of > 1:
                facts.append(compare("eq", mod(monomial[0], index_const(size.multiple_of)), ZERO))
            continue
        for place, var in enumerate(monomial):
            rest = monomial[:place] + monomial[place + 1 :]
            least = sizes[var.name].minimum if var.name in sizes else 0
            scaled = mul(monomial_node(rest), index_const(least)) if rest in params else ZERO
            facts.append(compare("ge", monomial_node(monomial), scaled))
    return facts

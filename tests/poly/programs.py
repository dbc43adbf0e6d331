"""Short writing for programs and arrangements: expressions as Python text, directives as functions on tuples.

Used by every test of poly; knows nothing of isl.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from tdsl.expr.build import (
    add,
    compare,
    floordiv,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    mod,
    mul,
    neg,
    select,
    sub,
)
from tdsl.expr.node import Node, axis_var, index_const, size_var
from tdsl.expr.tensor import Size
from tdsl.poly.model import (
    Access,
    Arranged,
    Arrangement,
    Fuse,
    LoopMark,
    Place,
    Program,
    Rename,
    Reverse,
    Skew,
    Split,
    Statement,
)

_BINARY = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.FloorDiv: floordiv, ast.Mod: mod}
_COMPARE = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
_CALLS = {"min": minimum, "max": maximum, "where": select}


def node(text: str, axes: tuple[str, ...] = ()) -> Node:
    """Python text as a node; names in `axes` are axes, other names sizes."""

    def build(tree: ast.expr) -> Node:
        match tree:
            case ast.Constant(value=value):
                return index_const(value)
            case ast.Name(id=name):
                return axis_var(name) if name in axes else size_var(name)
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](build(left), build(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return neg(build(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return logical_not(build(operand))
            case ast.BoolOp(op=ast.And(), values=values):
                return logical_and(*map(build, values))
            case ast.BoolOp(values=values):
                return logical_or(*map(build, values))
            case ast.Compare(left=left, ops=ops, comparators=rest):
                terms = [left, *rest]
                return logical_and(
                    *(
                        compare(_COMPARE[type(op)], build(a), build(b))
                        for a, op, b in zip(terms, ops, terms[1:])
                    )
                )
            case ast.Call(func=ast.Name(id=name), args=args):
                return _CALLS[name](*map(build, args))
        raise ValueError(ast.dump(tree))

    return build(ast.parse(text, mode="eval").body)


def access(tensor: str, index: str, axes: tuple[str, ...], guard: str = "") -> Access:
    parts = ast.parse(f"({index},)" if index else "()", mode="eval").body.elts
    nodes = tuple(node(ast.unparse(part), axes) for part in parts)
    return Access(tensor, nodes, (node(guard, axes),) if guard else ())


def stage(name, axes, domain, reads=(), over="", finish=None, exact=False):
    """Statements of a stage. reads: (tensor, index, guard?). over: reduction axes (last of `axes`); finish: reads of a
    finishing statement, which makes the accumulator separate.
    """
    axes, over = tuple(axes.split()), tuple(over.split())
    data = tuple(axis for axis in axes if axis not in over)
    conditions = (node(domain, axes),)
    got = tuple(access(tensor, index, axes, *guard) for tensor, index, *guard in reads)
    target = access(name, ", ".join(data), axes)
    if not over:
        return [Statement(name, name, "assign", axes, conditions, got, (target,))]
    accumulator = target if finish is None else access(f"{name}.accumulator", ", ".join(data), axes)
    base = tuple(part for part in _flat(conditions) if not _mentions(part, over))
    made = [
        Statement(f"{name}.init", name, "init", data, base, (), (accumulator,)),
        Statement(f"{name}.update", name, "update", axes, conditions, got, (accumulator,), over, exact),
    ]
    if finish is not None:
        more = tuple(access(tensor, index, data, *guard) for tensor, index, *guard in finish)
        made.append(Statement(f"{name}.finish", name, "finish", data, base, (accumulator, *more), (target,)))
    return made


def update(sizes, name, axes, domain, reads, index, shape, outputs=None, more=(), shapes=None, context=()):
    """A program that updates `name[index]` in place for every point of `domain` in order, then `more` stages."""
    axes = tuple(axes.split())
    dims = tuple(f"d{place}" for place in range(len(shape.split(","))))
    box = " and ".join(f"0 <= {dim} < {extent}" for dim, extent in zip(dims, shape.split(",")))
    whole = access(name, ", ".join(dims), dims)
    source = Statement(f"{name}.source", name, "source", dims, (node(box, dims),), (), (whole,))
    got = tuple(access(name, text, axes, *guard) for text, *guard in reads)
    body = Statement(name, name, "assign", axes, (node(domain, axes),), got, (access(name, index, axes),))
    declared = program(
        sizes,
        [source, body],
        *more,
        shapes={name: shape} | (shapes or {}),
        outputs=outputs or [name],
        context=context,
    )
    return Plan.of(replace(declared, ordered=(name,)))


def _flat(conditions):
    from tdsl.poly.affine import conjuncts

    return conjuncts(conditions)


def _mentions(condition, names):
    from tdsl.expr.rewrite import walk

    return any(getattr(part, "name", None) in names for part in walk(condition))


def program(sizes, *stages, shapes, outputs=(), context=(), inputs=()):
    """sizes: names, or (name, minimum). shapes: tensor -> text."""
    known = tuple(Size(each) if isinstance(each, str) else Size(*each) for each in sizes)
    shaped = []
    for tensor, text in shapes.items():
        parts = ast.parse(f"({text},)" if text else "()", mode="eval").body.elts
        shaped.append((tensor, tuple(node(ast.unparse(part)) for part in parts)))
    for statement in [each for group in stages for each in group]:
        for written in statement.writes:
            if written.tensor.endswith(".accumulator"):
                shaped.append((written.tensor, dict(shaped)[statement.stage]))
    statements = tuple(statement for group in stages for statement in group)
    return Program(
        known,
        tuple(map(node, context)),
        statements,
        tuple(dict.fromkeys(shaped)),
        tuple(inputs),
        tuple(outputs),
    )


@dataclass(frozen=True)
class Plan:
    """An arrangement under construction: every method gives a new one and checks nothing."""

    program: Program
    stages: dict[str, Arrangement] = field(default_factory=dict)

    @staticmethod
    def of(declared: Program) -> Plan:
        stages = {}
        for statement in declared.statements:
            if statement.role in ("init", "finish", "source", "sink"):
                continue
            dims = tuple(axis for axis in statement.axes if axis not in statement.reduction_axes)
            if declared.ordered:
                dims = tuple(f"d{place}" for place in range(len(statement.writes[0].index)))
            loops = tuple(LoopMark(axis) for axis in statement.axes)
            stages[statement.stage] = Arrangement(statement.stage, loops, (), dims=dims)
        return Plan(declared, stages)

    @property
    def arranged(self) -> Arranged:
        order = dict.fromkeys(statement.stage for statement in self.program.statements)
        return Arranged(self.program, tuple(self.stages[name] for name in order))

    def _with(self, name, **fields) -> Plan:
        return Plan(self.program, {**self.stages, name: replace(self.stages[name], **fields)})

    def _related(self, name, relation, old, new) -> Plan:
        loops, at = list(self.stages[name].loops), [loop.name for loop in self.stages[name].loops]
        start = at.index(old[0])
        loops[start : start + len(old)] = [LoopMark(each) for each in new]
        return self._with(name, loops=tuple(loops), relations=(*self.stages[name].relations, relation))

    def split(self, name, loop, factor, into=None, relative=True) -> Plan:
        outer, inner = into or (loop + "o", loop + "i")
        return self._related(name, Split(loop, outer, inner, factor, relative), [loop], [outer, inner])

    def tile(self, name, factors, into) -> Plan:
        plan, count = self, len(factors)
        for place, (loop, factor) in enumerate(factors.items()):
            plan = plan.split(name, loop, factor, (into[place], into[count + place]))
        return plan.reorder(name, *into)

    def fuse(self, name, outer, inner, into) -> Plan:
        return self._related(name, Fuse(outer, inner, into), [outer, inner], [into])

    def skew(self, name, loop, by, into, factor=1) -> Plan:
        return self._related(name, Skew(loop, by, factor, into), [loop], [into])

    def reverse(self, name, loop, into) -> Plan:
        return self._related(name, Reverse(loop, into), [loop], [into])

    def rename(self, name, loop, into) -> Plan:
        return self._related(name, Rename(loop, into), [loop], [into])

    def reorder(self, name, *order) -> Plan:
        loops = list(self.stages[name].loops)
        table = {loop.name: loop for loop in loops}
        places = sorted(place for place, loop in enumerate(loops) if loop.name in order)
        for place, loop in zip(places, order, strict=True):
            loops[place] = table[loop]
        return self._with(name, loops=tuple(loops))

    def mark(self, name, kind, *which) -> Plan:
        loops = self.stages[name].loops
        marked = tuple(replace(loop, kind=kind) if loop.name in which else loop for loop in loops)
        return self._with(name, loops=marked)

    def parallel(self, name, *which) -> Plan:
        return self.mark(name, "parallel", *which)

    def vector(self, name, *which) -> Plan:
        return self.mark(name, "vector", *which)

    def compute_at(self, name, host, loop) -> Plan:
        return self._with(name, compute=Place(host, loop))

    def store_at(self, name, host, loop) -> Plan:
        return self._with(name, store=Place(host, loop))

    def store_root(self, name) -> Plan:
        return self._with(name, store="root")

    def rewind(self, name) -> Plan:
        return self._with(name, slide="rewind")

    def fold(self, name, dim, factor) -> Plan:
        return self._with(name, folds=(*self.stages[name].folds, (dim, factor)))

    def layout(self, name, *subscripts) -> Plan:
        dims = self.stages[name].dims
        return self._with(name, layout=tuple(node(text, dims) for text in subscripts))

    def promote(self, name, *which) -> Plan:
        return self._with(name, promotes=which)

"""What the oracle computes with, by Python: the value of a node for given names, what is made ahead, sums of shifts."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from tdsl.expr.node import Binary, Compare, Const, Node, Select, Unary, Var
from tdsl.poly.model import Access, Fuse, Rename, Reverse, Shift, Skew, Split

_BINARY = {
    "add": "({} + {})",
    "sub": "({} - {})",
    "mul": "({} * {})",
    "floordiv": "floor({}, {})",
    "mod": "rest({}, {})",
    "min": "min({}, {})",
    "max": "max({}, {})",
    "and": "({} and {})",
    "or": "({} or {})",
}
_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_KNOWN = {
    "floor": lambda a, b: a // b if b else 0,
    "rest": lambda a, b: a % b if b else 0,
    "min": min,
    "max": max,
    "__builtins__": {},
}


def value(node: Node, names: dict[str, int]) -> int:
    return _compiled(node)(names)


@lru_cache(maxsize=20_000)
def _compiled(node: Node):
    """A node as a function of the values of names: each is asked for many points."""
    return eval(f"lambda names: {_source(node)}", dict(_KNOWN))  # the text is ours


@lru_cache(maxsize=20_000)
def element_of(access: Access):
    """The element that an access touches for values of names, None where its guard does not hold."""
    index = "".join(f"{_source(each)}, " for each in access.index)
    guard = " and ".join(_source(each) for each in access.guard) or "True"
    return eval(f"lambda names: ({index}) if {guard} else None", dict(_KNOWN))  # the text is ours


def _source(node: Node) -> str:
    match node:
        case Const():
            return f"({node.value!r})"
        case Var():
            return f"names[{node.name!r}]"
        case Unary(op="not"):
            return f"(not {_source(node.operand)})"
        case Unary():
            return f"(-{_source(node.operand)})"
        case Binary():
            return _BINARY[node.op].format(_source(node.lhs), _source(node.rhs))
        case Compare():
            return f"({_source(node.lhs)} {_COMPARE[node.op]} {_source(node.rhs)})"
        case Select():
            return f"({_source(node.then)} if {_source(node.cond)} else {_source(node.otherwise)})"
    raise AssertionError(node)


class Unlisted(Exception):  # noqa: N818
    """The enumeration does not know this form of a schedule."""


def product_of(monomial, sizes):
    """The value of a product of sizes."""
    return prod(sizes[var.name] for var in monomial)


def ahead(needed, level, how, params):
    """Every element in the iteration in which its index becomes the newest, perhaps before the first that needs any.

    how: the axis, and up to where elements are there, a row over the constant, `params` and the loops, a divisor, a sign.
    """
    buffers: dict[tuple[int, ...], set] = {}
    for context, elements in needed.items():
        buffers.setdefault(context[:level], set()).update(elements)
    result: dict[tuple[int, ...], set] = {}
    for outer, elements in buffers.items():
        start = sum(factor * each for factor, each in zip(how.row[:-1], (1, *params, *outer)))
        for element in elements:
            # the least t with start + step * t >= divisor * index
            when = -((start - how.sign * how.divisor * element[how.axis]) // how.row[-1])
            result.setdefault((*outer, when), set()).add(element)
    return result


def by_rows(needed, level, axis, every):
    """Whole rows, in the first iteration that needs any of them, as wide as what that iteration needs of all rows."""
    seen: dict[tuple[int, ...], set] = {}
    result = {}
    for context in sorted(needed):
        had = seen.setdefault(context[:level], set())
        fresh = {element[axis] for element in needed[context]} - had
        across = {(element[:axis], element[axis + 1 :]) for element in needed[context]}
        result[context] = {(*left, index, *right) for left, right in across for index in fresh} & every
        had |= fresh
    return result


def shifted(relations, name):
    """What shifts added to a loop that derives from a split, along its relations."""
    offsets: dict[str, int] = {}
    for relation in relations:
        if isinstance(relation, (Split, Fuse)):
            if isinstance(relation, Split):
                offsets.pop(relation.parent, None)
            continue
        offset = offsets.pop(relation.parent, 0)
        match relation:
            case Shift():
                offset += relation.by
            case Reverse():
                offset = -offset
            case Skew():
                offset += relation.factor * offsets.get(relation.by, 0)
        offsets[relation.into] = offset
    return offsets.get(name, 0)


def in_turns(program, instances):
    """Instances in the order of the declaration, in groups; of an update whose value reduces, point by point."""
    statements = list(program.statements)
    while statements:
        first = statements.pop(0)
        turns = [first]
        if first.role == "init" and first.stage in program.ordered:
            turns += [each for each in statements if each.stage == first.stage and each.role != "sink"]
            statements = [each for each in statements if each not in turns]
        points = len(turns[-1].axes)
        found = [
            (axes[:points], place, axes, each)
            for place, each in enumerate(turns)
            for axes in instances[each.name]
        ]
        yield [(axes, each) for _, _, axes, each in sorted(found, key=lambda one: one[:3])]


def reads_of_point(oracle, stage, point):
    """What all statements of a stage read at one point of its data axes, the terms of its reductions, too."""
    if stage not in oracle.points:
        found: dict[tuple[int, ...], set] = {}
        for statement in oracle.tree.of_stage[stage]:
            if statement.role in ("source", "sink"):
                continue
            for axes in oracle.instances[statement.name]:
                read = oracle.touched(statement, axes, statement.reads)
                found.setdefault(axes[: len(point)], set()).update(read)
        oracle.points[stage] = found
    return oracle.points[stage].get(point, set())


def plain(main, relations, name):
    """The axis that a loop is, by renames and shifts only."""
    live = {axis: axis for axis in main.axes}
    for relation in relations:
        if isinstance(relation, Rename | Shift):
            if relation.parent in live:  # a part of a split axis is none
                live[relation.into] = live.pop(relation.parent)
        elif isinstance(relation, Fuse):
            for parent in (relation.outer, relation.inner):
                live.pop(parent, None)
        else:
            live.pop(relation.parent, None)
    return live.get(name)

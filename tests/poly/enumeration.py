"""The value of a node for given names, by Python: what the oracle asks of conditions and subscripts."""

from __future__ import annotations

from tdsl.expr.node import Binary, Compare, Const, Node, Select, Unary, Var

_BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b if b else 0,
    "mod": lambda a, b: a % b if b else 0,
    "min": min,
    "max": max,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
}
_COMPARE = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def value(node: Node, names: dict[str, int]) -> int:
    match node:
        case Const():
            return node.value
        case Var():
            return names[node.name]
        case Unary(op="not"):
            return not value(node.operand, names)
        case Unary():
            return -value(node.operand, names)
        case Binary():
            return _BINARY[node.op](value(node.lhs, names), value(node.rhs, names))
        case Compare():
            return _COMPARE[node.op](value(node.lhs, names), value(node.rhs, names))
        case Select():
            return value(node.then if value(node.cond, names) else node.otherwise, names)
    raise AssertionError(node)


class Unlisted(Exception):  # noqa: N818
    """The enumeration does not know this form of a schedule."""


def ahead(needed, level, axis, step):
    """Every element in the iteration in which its index becomes the newest, perhaps before the first that needs any."""
    buffers: dict[tuple[int, ...], dict] = {}
    for context, elements in needed.items():
        if elements:
            buffers.setdefault(context[:level], {})[context[level]] = elements
    result: dict[tuple[int, ...], set] = {}
    for outer, by_iteration in buffers.items():
        start = min(by_iteration)
        newest = max(element[axis] for element in by_iteration[start])
        for elements in by_iteration.values():
            for element in elements:
                when = start - (newest - element[axis]) // step
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

"""The simplifier's rules for integers: sums in normal form, division by constants, min and max.

In: what is known of the variables, and one node with simple operands. Out: the node or an equal one, for every value
the variables can take. Rules about whole numbers first ask that nothing wraps (`Knowledge.representable`).
"""

from __future__ import annotations

from tdsl.dtypes import DType, max_value
from tdsl.expr import build
from tdsl.expr.knowledge import Knowledge
from tdsl.expr.linear import Form, constant_of, from_linear
from tdsl.expr.node import Binary, Const, Node, Var


def from_sum(known: Knowledge, form: Form, dtype: DType) -> Node:
    """The simple node of a form."""
    node = from_linear(form, dtype)
    return node if _lone_extreme(form) is None else simplify_sum(known, node)


def plain_sum(known: Knowledge, node: Node) -> Node | None:
    """The normal form of a sum of variables, found at once from the whole; None for other nodes.

    No range and no fact enters it, so that it is the same wherever the node stands.
    """
    if not isinstance(node, Binary) or node.op not in ("add", "sub", "mul") or not node.dtype.is_integer:
        return None
    found = known.normal.get(node)
    form = known.form(node)
    if not all(isinstance(term, Var) for term in form[0]):
        return None
    if found is None:
        found = known.normal[node] = from_linear(form, node.dtype)
    return found


def simplify_sum(known: Knowledge, node: Node) -> Node:
    """The normal form; a constant goes into the `min` or `max` that it is added to, if nothing wraps there.

    Rewrite::

        min(n - 1, 31) + 1    min(n, 32)
    """
    form = known.form(node)
    term = _lone_extreme(form)
    if term is not None:
        forms = [known.form(operand) for operand in term.children]
        moved: list[Form] = [(held, offset + form[1]) for held, offset in forms]
        whole = all(known.representable(part, node.dtype) for part in (*forms, *moved))
        # One level only: the constant would have to sink through all of a nest, or stop halfway.
        if whole and not any(_lone_extreme(part) for part in moved):
            lhs, rhs = (from_linear(part, node.dtype) for part in moved)
            return simplify_extreme(known, Binary(term.op, lhs, rhs))
    found = known.normal.get(node)
    if found is None:
        found = known.normal[node] = from_linear(form, node.dtype)
    return found


def _lone_extreme(form: Form) -> Binary | None:
    """The `min` or `max` that a sum consists of, but for a constant."""
    terms, constant = form
    if constant and len(terms) == 1:
        term, count = next(iter(terms.items()))
        if count == 1 and isinstance(term, Binary) and term.op in ("min", "max"):
            return term
    return None


# division by constants


def _divided(known: Knowledge, node: Binary) -> tuple[Form, Form, int, bool] | None:
    """`x` of `x // d` or `x % d` as `d * quotient + rest`, for a constant d > 0 and an x that does not wrap.

    Returns: quotient, rest, d, and whether `0 <= rest < d` for all values.
    """
    if not isinstance(node.rhs, Const) or int(node.rhs.value) <= 0 or not known.fits(node.lhs):
        return None
    divisor = int(node.rhs.value)
    terms, constant = known.form(node.lhs)
    quotient = {term: count // divisor for term, count in terms.items() if count % divisor == 0}
    rest = {term: count for term, count in terms.items() if count % divisor}
    offset = constant % divisor
    band = _band(known, (rest, offset), divisor)
    if band is not None:
        return (quotient, constant // divisor + band), (rest, offset - band * divisor), divisor, True
    return (quotient, constant // divisor), (rest, offset), divisor, False


def _band(known: Knowledge, rest: Form, divisor: int) -> int | None:
    """The q with `q * d <= rest < (q + 1) * d` for all values, where there is one."""
    low, high = 0, 0
    for term, count in rest[0].items():
        bounds = known.interval(term)
        low, high = low + count * bounds[count < 0], high + count * bounds[count > 0]
    low, high = low + rest[1], high + rest[1]
    if low // divisor == high // divisor:
        return low // divisor
    # Symbolic bounds may know more than the numbers: `i < n`.
    return 0 if known.within((rest[0], rest[1]), divisor) else None


def simplify_floordiv(known: Knowledge, node: Binary) -> Node:
    """`x // d`: what d divides comes out, a rest inside 0..d-1 vanishes, divisions in a row become one.

    Rewrite::

        (32*o + i) // 32    o             0 <= i < 32
        (n + 37) // 4       (n + 1) // 4 + 9
        (x // 4) // 8       x // 32
        x // n              0             0 <= x < n
    """
    divided = _divided(known, node)
    if divided is None:
        return _small(known, node, build.constant(0, node.dtype))
    quotient, rest, divisor, small = divided
    dtype = node.dtype
    if small:
        return from_sum(known, quotient, dtype)
    if not known.representable(rest, dtype):
        return node
    inner = from_sum(known, rest, dtype)
    multiple = next(
        (term for term, count in rest[0].items() if count * known.stride(term) % divisor == 0), None
    )
    if multiple is not None:
        others = {term: count for term, count in rest[0].items() if term is not multiple}
        if known.within((others, rest[1]), divisor):
            inner = from_sum(known, ({multiple: rest[0][multiple]}, 0), dtype)
    divided_node: Node = build.floordiv(inner, node.rhs)
    if (
        isinstance(inner, Binary)
        and inner.op == "floordiv"
        and isinstance(inner.rhs, Const)
        and int(inner.rhs.value) > 0
    ):
        product = int(inner.rhs.value) * divisor
        if product <= int(max_value(dtype)):
            divided_node = simplify_floordiv(
                known, Binary("floordiv", inner.lhs, build.constant(product, dtype))
            )
    if not quotient[0] and not quotient[1]:
        return divided_node
    return simplify_sum(
        known,
        build.add(
            from_sum(known, (quotient[0], 0), dtype), build.add(divided_node, constant_of(quotient[1], dtype))
        ),
    )


def simplify_mod(known: Knowledge, node: Binary) -> Node:
    """`x % d`: multiples of d vanish, a rest inside 0..d-1 is the result.

    Rewrite::

        (32*o + i) % 32     i             0 <= i < 32
        (n + 37) % 4        (n + 1) % 4
        (x % 12) % 4        x % 4
        x % n               x             0 <= x < n
    """
    divided = _divided(known, node)
    if divided is None:
        return _small(known, node, node.lhs)
    _, rest, divisor, small = divided
    dtype = node.dtype
    kept = {term: count for term, count in rest[0].items() if count * known.stride(term) % divisor}
    # Without the multiples of d that went, what is left may lie elsewhere.
    small = small if len(kept) == len(rest[0]) else known.within((kept, rest[1]), divisor)
    rest = (kept, rest[1])
    if small:
        return from_sum(known, rest, dtype)
    if not known.representable(rest, dtype):
        return node
    inner = from_sum(known, rest, dtype)
    if isinstance(inner, Binary) and inner.op == "mod" and isinstance(inner.rhs, Const):
        if int(inner.rhs.value) > 0 and int(inner.rhs.value) % divisor == 0:
            return simplify_mod(known, Binary("mod", inner.lhs, node.rhs))
    return build.mod(inner, node.rhs)


def _small(known: Knowledge, node: Binary, result: Node) -> Node:
    """`x // y` and `x % y` for 0 <= x < y, y not constant."""
    if known.interval(node.rhs)[1] > 0 and known.nonnegative(node.lhs):
        if known.prove(build.lt(node.lhs, node.rhs)):
            return result
    return node


def simplify_extreme(known: Knowledge, node: Binary) -> Node:
    """`min` and `max` of integers: the operand proved to win, and nested ones that cannot change the result."""
    low, high = (node.lhs, node.rhs) if node.op == "min" else (node.rhs, node.lhs)
    if known.at_most(low, high):
        return node.lhs
    if known.at_most(high, low):
        return node.rhs
    # min(x, min(x, y)) and min(x, max(x, y)): the inner one decides nothing.
    for outer, inner in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
        if isinstance(inner, Binary) and inner.op in ("min", "max") and outer in (inner.lhs, inner.rhs):
            return inner if inner.op == node.op else outer
    if isinstance(node.lhs, Const) and not isinstance(node.rhs, Const):
        return simplify_extreme(known, Binary(node.op, node.rhs, node.lhs))
    if isinstance(node.rhs, Const) and isinstance(node.lhs, Binary) and node.lhs.op == node.op:
        if isinstance(node.lhs.rhs, Const):
            merged = build.binary(node.op, node.lhs.rhs, node.rhs)
            return simplify_extreme(known, Binary(node.op, node.lhs.lhs, merged))
    return node

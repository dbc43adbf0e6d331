"""The only doors to isl: one context a thread, budgets in isl operations, spaces and basic relations built from rows.

In: names of parameters and integer rows `[constant, parameters…, dimensions…]`. Out: isl objects of this thread's own
context (never islpy's default one), with generated names. Building from rows costs a twentieth of parsing text.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from tdsl.poly import library as isl
from tdsl.records import dataclass

CST = isl.dim_type.cst
PARAM = isl.dim_type.param
IN = isl.dim_type.in_
OUT = isl.dim_type.out
SET = isl.dim_type.set
DIV = isl.dim_type.div

UNIT_BUDGET = 2_000_000
"""isl operations (allocations, in isl's own count) one relation or one edge may take: 0.2 to 0.4 s."""
CALL_BUDGET = 10_000_000
"""isl operations one judgement of a whole schedule may take, in the coarse count of `Bill`."""
_MARKS = (1_750_000, 1_000_000, 500_000, 250_000)

Row = Sequence[int]


class TooLarge(Exception):
    """A budget of isl operations is spent."""


class _Local(threading.local):
    def __init__(self) -> None:
        self.context: isl.Context | None = None
        self.open = False
        self.limit = 0
        self.params: dict[int, isl.Space] = {}


_local = _Local()


def context() -> isl.Context:
    """The isl context of this thread."""
    if _local.context is None:
        _local.context = isl.Context()
    return _local.context


@dataclass(slots=True)
class Bill:
    """What the budgets of one call came to, rounded down to the marks (small units cost nothing)."""

    total: int = 0

    def add(self, operations: int) -> None:
        self.total += operations
        if self.total > CALL_BUDGET:
            raise TooLarge(self.total)


@contextmanager
def budget(limit: int = UNIT_BUDGET, bill: Bill | None = None) -> Generator[None]:
    """Runs its block with at most `limit` isl operations; inside another budget the outer one rules.

    Errors: `TooLarge` when they are spent. isl objects made before stay usable.
    """
    if _local.open:
        yield
        return
    ctx = context()
    ctx.set_max_operations(limit)
    ctx.reset_operations()
    _local.open, _local.limit = True, limit
    try:
        yield
    except isl.Error as error:
        if _is_spent(error, ctx, limit):
            raise TooLarge(limit) from None
        raise
    finally:
        _local.open = False
        spent = _spent(ctx) if bill is not None else 0
        ctx.set_max_operations(0)
    if bill is not None and spent:
        bill.add(spent)


@contextmanager
def allowance(limit: int) -> Generator[None]:
    """Inside a budget: runs its block with at most so many of the operations that are left.

    Errors: `TooLarge` when they are spent; the budget goes on with what is left of it.
    """
    if not _local.open:
        with budget(limit):
            yield
        return
    ctx = context()
    most = min(operations(_local.limit) + limit, _local.limit)
    ctx.set_max_operations(most)
    try:
        yield
    except isl.Error as error:
        if _is_spent(error, ctx, most):
            raise TooLarge(limit) from None
        raise
    finally:
        ctx.set_max_operations(_local.limit)


def _is_spent(error: isl.Error, ctx: isl.Context, limit: int) -> bool:
    """Whether isl failed for want of operations. Where islpy makes an argument then, its message does not say so."""
    return "maximal number of operations" in str(error) or _passed(ctx, limit)


def _spent(ctx: isl.Context) -> int:
    """The largest mark the operations have passed: islpy has no counter, but a quota below it makes isl refuse."""
    for mark in reversed(_MARKS):
        if not _passed(ctx, mark):
            lower = [other for other in _MARKS if other < mark]
            return max(lower, default=0)
    return _MARKS[0]


def _passed(ctx: isl.Context, mark: int) -> bool:
    ctx.set_max_operations(mark)
    try:
        isl.Val.int_from_si(ctx, 0)
    except isl.Error:
        return True
    return False


def operations(limit: int = 1 << 24) -> int:
    """How many isl operations since the last budget began, by bisection (about 0.1 ms); for measurements only."""
    ctx = context()
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _passed(ctx, middle) else (low, middle - 1)
    ctx.set_max_operations(0)
    return low


# spaces


def param_space(count: int) -> isl.Space:
    """The space of `count` parameters p0, p1, …; every space is made from it, so nothing is ever aligned."""
    if count not in _local.params:
        space = isl.Space.params_alloc(context(), count)
        for position in range(count):
            space = space.set_dim_name(PARAM, position, f"p{position}")
        _local.params[count] = space
    return _local.params[count]


def set_space(params: isl.Space, ndim: int) -> isl.Space:
    """[p…] -> { [x0, …] }"""
    return params.set_from_params().add_dims(SET, ndim)


def map_space(params: isl.Space, n_in: int, n_out: int) -> isl.Space:
    """[p…] -> { [x0, …] -> [y0, …] }"""
    domain, image = set_space(params, n_in), set_space(params, n_out)
    return domain.map_from_domain_and_range(image)


# objects from rows


def basic_map(space: isl.Space, equalities: Sequence[Row], inequalities: Sequence[Row]) -> isl.Map:
    """The points of a map space where every row is = 0, or >= 0; columns: constant, parameters, inputs, outputs."""
    width = _width(equalities, inequalities) or 1 + space.dim(PARAM) + space.dim(IN) + space.dim(OUT)
    return isl.basic_map(space, equalities, inequalities, width)


def basic_set(space: isl.Space, equalities: Sequence[Row], inequalities: Sequence[Row]) -> isl.Set:
    """The points of a set space where every row is = 0, or >= 0; columns: constant, parameters, dimensions."""
    width = _width(equalities, inequalities) or 1 + space.dim(PARAM) + space.dim(SET)
    return isl.basic_set(space, equalities, inequalities, width)


def _width(*tables: Sequence[Row]) -> int:
    """How long the rows are; 0 where there are none."""
    return next((len(row) for rows in tables for row in rows), 0)


def pieces(value: isl.PwAff) -> list[tuple[isl.Set, isl.Aff]]:
    """The pieces of a piecewise affine value."""
    found: list[tuple[isl.Set, isl.Aff]] = []
    value.foreach_piece(lambda domain, aff: found.append((domain, aff)))
    return found


def merged(relation: isl.Map) -> isl.Map:
    """The same relation in as few pieces as isl finds cheaply."""
    return relation if relation.n_basic_map() <= 1 else relation.coalesce()


def without_divisions(relation: isl.Map) -> isl.Map:
    """The same relation in plain constraints where its divisions say nothing that those do not; few, too.

    Composing convex regions leaves such divisions behind, which double the constraints at every step.
    """
    if relation.n_basic_map() != 1 or relation.get_basic_maps()[0].dim(DIV) == 0:
        return relation
    plain = relation.remove_divs().remove_redundancies()
    return plain if plain.is_subset(relation) else relation


def forgotten(domain: isl.Set, places: Sequence[int]) -> isl.Set:
    """The set whatever the values of some dims are."""
    for place in places:
        domain = domain.eliminate(SET, place, 1)
    return domain.coalesce() if places else domain


def clear(domain: isl.Set) -> isl.Set:
    """The set without a name for its tuple."""
    return domain.reset_tuple_id() if domain.has_tuple_id() else domain


def clear_map(relation: isl.Map) -> isl.Map:
    """The relation without names for its tuples."""
    for side in (IN, OUT):
        relation = relation.reset_tuple_id(side) if relation.has_tuple_id(side) else relation
    return relation

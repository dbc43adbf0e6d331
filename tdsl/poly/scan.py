"""Loop bounds from copies: what every loop of a placed statement runs over, and the box every buffer needs.

In: `Copies` (the executed copies of each statement as relations). Out: plain nodes over loop variables (one `Var` a
copy dimension, named by `loop_var`) and sizes. Nothing here judges legality; everything is exact: the loops enumerate the
copies, with guards returned where a loop would run over more. Source: projection and gist of isl (Verdoolaege 2010);
isl's own AST generator takes tens of milliseconds and is no program representation (research: seeds, section 3.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import cast

from tdsl.expr.build import add, floordiv, logical_and, maximum, minimum, neg, select
from tdsl.expr.node import INT64, Binary, Node, Var, axis_var, index_const
from tdsl.poly import library as isl
from tdsl.poly.affine import Affine
from tdsl.poly.copies import Copies, Scanned
from tdsl.poly.early import early
from tdsl.poly.isl import DIV, IN, OUT, SET, TooLarge, budget, clear, clear_map, forgotten, pieces
from tdsl.poly.nodes import aff_node, pw_aff_node, set_node

Dims = frozenset[tuple[str, str]]
"""Loops by owner and leaf."""

PIECES = 4
"""Above this many pieces a bound is taken from the hull, with a guard (architecture.md 15)."""

BOUND_BUDGET = 200_000
"""isl operations the exact bounds of one loop may take, and one guard; beyond, bounds are taken from the pieces, and a
guard asks again what is known."""

BOX_BUDGET = 1_000_000
"""isl operations the exact box of a buffer may take; beyond, it is the whole array."""


def loop_var(owner: str, loop: str) -> Var:
    """The variable that stands for copy dimension (owner, loop) in answers of this module."""
    return Var(f"{owner}.{loop}", INT64, "axis")


@dataclass(frozen=True, slots=True)
class Bound:
    """lower <= loop < upper; a constant loop has `extent` set and runs over lower + (0 .. extent - 1)."""

    lower: Node
    upper: Node
    extent: int | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """Bounds of the dims from `fixed` on, and what still has to be asked at the innermost point (conjuncts)."""

    bounds: tuple[Bound, ...]
    guards: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A buffer's box: lower and extent a physical dimension, over the dims that own the buffer."""

    lower: tuple[Node, ...]
    extent: tuple[Node, ...]


def scan(
    copies: Copies,
    statement: str,
    constant: Dims = frozenset(),
    lead: str | None = None,
    fixed: int = 0,
    drop: Dims = frozenset(),
) -> Scan:
    """Bounds of every dimension of `statement` from position `fixed` on, those in `drop` projected out.

    lead: the statement whose loops are the enclosing `fixed` ones. constant: dims that must run over a constant extent
    (lanes, unrolled loops, loops that index registers); LookupError with the position when there is none.
    """
    around = copies.enforced.get((lead, fixed)) if lead is not None else None
    key = (statement, constant, lead, fixed, drop, id(around))
    known = copies.scans.get(key)
    if known is None:
        known = Scanned(*_scanned(copies, statement, constant, lead, fixed, drop), around)
        copies.scans[key] = known
    copies.enforced.update(known.through)
    return cast(Scan, known.result)


def _scanned(
    copies: Copies, statement: str, constant: Dims, lead: str | None, fixed: int, drop: Dims
) -> tuple[Scan, dict[tuple[str, int], isl.Set]]:
    """(the bounds, what the first loops and their guards let through)."""
    domain = clear(copies.relation(statement).domain())
    every = copies.dims(statement)
    for position in range(len(every) - 1, -1, -1):
        if every[position] in drop:
            domain = domain.project_out(SET, position, 1)
    domain = domain.compute_divs().coalesce()
    dims = tuple(dim for dim in every if dim not in drop)
    frame = Frame(tuple(loop_var(*dim) for dim in dims), copies.param_nodes())
    known = known_before(copies, lead, fixed)
    if copies.tree.arrangements[copies.tree.statements[statement].stage].shared:
        known = forgotten(
            known, [place for place in range(fixed) if copies.tree.bound_to_threads(dims[place])]
        )
    enforced = [known]
    bounds: list[Bound] = []
    ahead: list[int] = []
    for position in range(fixed, len(dims)):
        shadow = domain.project_out(SET, position + 1, len(dims) - position - 1)
        known = known.add_dims(SET, 1)
        apart = copies.tree.apart(dims, position)
        shadows = [forgotten(shadow, apart), *early(copies, dims[position])]
        ahead += [position] * (len(shadows) > 1)
        fixed_extent = dims[position] in constant
        bound, kept = frame.common_bound(shadows, forgotten(known, apart), position, fixed_extent)
        if len(shadows) > 1:
            bound, kept = frame.never_in_vain(bound, kept, shadows, known)
        bounds.append(bound)
        known = known.intersect(kept)
        enforced.append(known)
    rest = _rest(domain, known)
    # In a loop that starts early the guard of its own stage stands beside what is made ahead.
    through = {
        (statement, count): reached.intersect(_outer_part(rest, count - (count - 1 in ahead), count))
        for count, reached in enumerate(() if drop else enforced, fixed)
    }
    return Scan(tuple(bounds), frame.conditions(rest)), through


def buffer_box(copies: Copies, statement: str, level: int, subscripts: Sequence[Node]) -> Box:
    """The box of what `statement` writes in one iteration of its first `level` dims.

    subscripts: nodes over the statement's axes.
    """
    axes = tuple(axis_var(name) for name in copies.tree.statements[statement].axes)
    physical = clear_map(Affine(axes, copies.flow.params).relation(tuple(subscripts)))
    try:
        with budget(BOX_BUDGET):
            written = clear_map(copies.relation(statement))
            written = written.project_out(IN, level, written.dim(IN) - level).coalesce()
            return _box(copies, statement, level, written.apply_range(physical))
    except TooLarge:
        whole = clear(copies.flow.domain(copies.tree.statements[statement]))
        return _box(copies, statement, 0, isl.Map.from_range(whole).apply_range(physical))


def _box(copies: Copies, statement: str, level: int, relation: isl.Map) -> Box:
    frame = Frame(tuple(loop_var(*dim) for dim in copies.dims(statement)[:level]), copies.param_nodes())
    pairs = [frame.interval(relation, position) for position in range(relation.dim(OUT))]
    return Box(tuple(lower for lower, _ in pairs), tuple(extent for _, extent in pairs))


def base_node(copies: Copies, stage: str, step: int) -> Node:
    """Where the split that is the stage's relation number `step` starts, over the dims around the stage."""
    start = copies.split_base(stage, step)
    if start is None:
        return index_const(0)
    names = tuple(loop_var(*dim) for dim in copies.tree.host(stage))
    return pw_aff_node(start, names, copies.param_nodes())


def _rest(domain: isl.Set, known: isl.Set) -> isl.Set:
    """What of `domain` still has to be asked where `known` holds: one basic set wherever its hull is exact there."""
    try:
        with budget(BOUND_BUDGET):
            rest = domain.gist(known).coalesce()
            if rest.n_basic_set() <= 1:
                return rest
            hull = domain.simple_hull().to_set()
            return hull.gist(known).coalesce() if known.intersect(hull).is_subset(domain) else rest
    except TooLarge:
        return domain


def known_before(copies: Copies, lead: str | None, fixed: int) -> isl.Set:
    """What holds before the first loop scanned: the context, and what the enclosing loops and their guards ask.

    That may be more than the lead's own iterations: a guard that mentions a deeper loop has not been asked yet.
    """
    context = copies.context()
    if lead is None:
        return isl.Set.from_params(context)
    reached = copies.enforced.get((lead, fixed))
    if reached is None:
        domain = clear(copies.relation(lead).domain())
        reached = domain.project_out(SET, fixed, domain.dim(SET) - fixed)
    return reached.intersect_params(context)


def _outer_part(rest: isl.Set, count: int, dims: int) -> isl.Set:
    """The conjuncts of a guard, over `dims` dims, that mention the first `count` alone: they are asked before the others."""
    if rest.n_basic_set() == 1:
        rest = rest.drop_constraints_involving_dims(SET, count, rest.dim(SET) - count)
    else:
        rest = isl.Set.universe(rest.get_space())
    return rest.project_out(SET, dims, rest.dim(SET) - dims)


@dataclass(frozen=True, slots=True)
class Frame:
    """Names of the dims and parameters of one scan: turns isl's answers into nodes."""

    names: tuple[Node, ...]
    params: tuple[Node, ...]

    def bound(self, shadow: isl.Set, known: isl.Set, position: int, constant: bool) -> tuple[Bound, isl.Set]:
        """Bounds of the last dim of `shadow`, and the set they enforce."""
        if constant:
            return self._constant(shadow.intersect(known), position)
        rest = _rest(shadow, known).compute_divs()
        count = rest.n_basic_set()
        hulls = [rest.simple_hull()] if count == 1 or count > PIECES else []
        for hull in (*hulls, shadow.compute_divs().simple_hull()) if hulls else ():
            found = self._by_constraints(hull.remove_unknown_divs(), position)
            if found is not None:
                return found
        return self._by_pieces(shadow.intersect(known), known, position)

    def common_bound(
        self, shadows: Sequence[isl.Set], known: isl.Set, position: int, constant: bool
    ) -> tuple[Bound, isl.Set]:
        """Bounds of the last dim that several sets share: from the least lower bound to the greatest upper one."""
        every = reduce(lambda one, other: one.union(other), shadows).coalesce()
        if constant or len(shadows) == 1 or every.n_basic_set() == 1:
            return self.bound(every, known, position, constant)
        found: list[tuple[Bound, isl.Set]] = []
        for shadow in shadows:
            rest = _rest(shadow, known).compute_divs()
            basic = rest.simple_hull().remove_unknown_divs() if rest.n_basic_set() == 1 else None
            mine = None if basic is None else self._by_constraints(basic, position)
            if mine is None:
                return self.bound(every, known, position, constant)
            found.append(mine)
        lowers, uppers = dict.fromkeys(b.lower for b, _ in found), dict.fromkeys(b.upper for b, _ in found)
        sides = [[_side(kept, position, sign) for _, kept in found] for sign in (1, -1)]
        parts = (reduce(lambda one, other: one.union(other), side).coalesce() for side in sides)
        kept = reduce(lambda one, other: one.intersect(other), parts)
        return Bound(reduce(minimum, lowers), reduce(maximum, uppers)), kept

    def never_in_vain(
        self, bound: Bound, kept: isl.Set, shadows: Sequence[isl.Set], known: isl.Set
    ) -> tuple[Bound, isl.Set]:
        """Bounds of a loop that starts early, which does not run for sizes for which there is nothing to do.

        From 0 to n it would not run for n = 0 anyway; from -2 it would, and every body would ask.
        """
        some = reduce(lambda one, other: one.union(other), shadows).params().coalesce()
        unknown = isl.Set.from_params(some).gist(isl.Set.from_params(known.params()))
        asked = self.conditions(unknown)
        if bound.extent is not None or not asked:
            return bound, kept
        return Bound(
            bound.lower, select(logical_and(*asked), bound.upper, bound.lower)
        ), kept.intersect_params(some)

    def _by_constraints(self, basic: isl.BasicSet, position: int) -> tuple[Bound, isl.Set] | None:
        """Bounds from single constraints; None where a side is bounded by several together only."""
        kept = isl.BasicSet.universe(basic.get_space())
        lowers: list[Node] = []
        uppers: list[Node] = []
        for constraint in basic.get_constraints():
            if not _bounds(constraint, position):
                continue
            kept = kept.add_constraint(constraint)
            lowers += self._lower(constraint, position)
            uppers += self._upper(constraint, position)
        if not lowers or not uppers:
            return None
        lower, upper = reduce(maximum, lowers), reduce(minimum, uppers)
        return Bound(lower, add(upper, index_const(1))), kept.to_set()

    def _lower(self, constraint: isl.Constraint, position: int) -> list[Node]:
        """ceil(-rest / a) from a*x + rest >= 0, a > 0."""
        factor, rest = self._split(constraint, position)
        if factor < 0 and constraint.is_equality():
            factor, rest = -factor, neg(rest)
        if factor <= 0:
            return []
        return [neg(rest) if factor == 1 else neg(floordiv(rest, index_const(factor)))]

    def _upper(self, constraint: isl.Constraint, position: int) -> list[Node]:
        """floor(rest / a) from -a*x + rest >= 0, a > 0."""
        factor, rest = self._split(constraint, position)
        if factor > 0 and constraint.is_equality():
            factor, rest = -factor, neg(rest)
        if factor >= 0:
            return []
        return [floordiv(rest, index_const(-factor))]

    def _split(self, constraint: isl.Constraint, position: int) -> tuple[int, Node]:
        """(coefficient of the dim, the rest of the constraint as a node)."""
        factor = constraint.get_coefficient_val(SET, position).to_python()
        aff = constraint.get_aff().set_coefficient_val(IN, position, 0)
        return factor, aff_node(aff, self.names[: position + 1], self.params)

    def _by_pieces(self, shadow: isl.Set, known: isl.Set, position: int) -> tuple[Bound, isl.Set]:
        """The least and the greatest value; no iteration where there is none."""
        try:
            with budget(BOUND_BUDGET):
                least, greatest, some = _extremes(shadow, known, position)
                many = max(_parts(least), _parts(greatest), some.n_basic_set()) > PIECES
        except TooLarge:
            least, greatest, some, many = None, None, None, True
        found = self._around(shadow, position) if many else None
        if found is not None:
            return found, isl.Set.universe(shadow.get_space())
        if least is None or greatest is None or some is None:
            least, greatest, some = _extremes(shadow, known, position)
        lower = pw_aff_node(least, self.names[:position], self.params)
        upper = add(pw_aff_node(greatest, self.names[:position], self.params), index_const(1))
        kept = _between(shadow, position)
        if not some.involves_dims(SET, 0, position):
            # Of sizes alone: the loops inside ask for it anyway, or the guard does.
            nowhere = some.complement().add_dims(SET, 1)
            return Bound(lower, upper), kept.union(nowhere).coalesce()
        upper = select(set_node(some, self.names[:position], self.params), upper, lower)
        return Bound(lower, upper), kept

    def _around(self, shadow: isl.Set, position: int) -> Bound | None:
        """From the least lower bound of all pieces to the greatest upper one, whichever of them are there; the guard
        asks for the rest. Exact bounds in many pieces would be selects of selects.
        """
        bounds: list[Bound] = []
        for basic in shadow.compute_divs().coalesce().get_basic_sets():
            piece = basic.remove_unknown_divs()
            found = self._by_constraints(piece, position)
            found = found or self._by_constraints(
                piece.project_out(SET, 0, position).remove_unknown_divs(), 0
            )
            if found is None:
                return None
            bounds.append(found[0])
        lowers, uppers = dict.fromkeys(b.lower for b in bounds), dict.fromkeys(b.upper for b in bounds)
        return Bound(reduce(minimum, lowers), reduce(maximum, uppers))

    def _constant(self, shadow: isl.Set, position: int) -> tuple[Bound, isl.Set]:
        """The lower bound whose distance to the farthest value is least, and that distance."""
        candidates: list[tuple[int, isl.Aff]] = []
        space = isl.LocalSpace.from_space(shadow.get_space())
        value = isl.Aff.var_on_domain(space, SET, position)
        for low in _starts(shadow, position):
            farthest = _values(value.sub(low), shadow).dim_max_val(0)
            if farthest.is_int():
                candidates.append((farthest.to_python(), low))
        if not candidates:
            if shadow.is_empty():
                return Bound(index_const(0), index_const(0), 0), shadow
            raise LookupError(position)
        # Of equal ones, one that moves with no other loop: what it indexes then stays where it is.
        extent, low = min(candidates, key=lambda pair: (pair[0], pair[1].involves_dims(IN, 0, position)))
        node = aff_node(low, self.names[: position + 1], self.params)
        high = low.add_constant_val(isl.Val.int_from_si(shadow.get_ctx(), extent))
        kept = value.ge_set(low).intersect(value.le_set(high))
        return Bound(node, add(node, index_const(extent + 1)), extent + 1), kept

    def interval(self, relation: isl.Map, position: int) -> tuple[Node, Node]:
        """Lower end and extent of one component of the range of `relation`."""
        one = relation.project_out(OUT, position + 1, relation.dim(OUT) - position - 1)
        one = one.project_out(OUT, 0, position).coalesce()
        wrapped = clear(one.wrap()).flatten()
        owners = wrapped.dim(SET) - 1
        value = isl.Aff.var_on_domain(isl.LocalSpace.from_space(wrapped.get_space()), SET, owners)
        best: tuple[isl.Aff, Node] | None = None
        for constraint in wrapped.compute_divs().simple_hull().remove_unknown_divs().get_constraints():
            if not _bounds(constraint, owners) or not constraint.is_lower_bound(SET, owners):
                continue
            low = _ceiled(constraint, owners)
            extent = self._extent(_values(value.sub(low), wrapped))
            if extent is not None and (best is None or _better(extent, best[1])):
                best = low, extent
        if best is None:
            return (index_const(0), index_const(0)) if one.is_empty() else self._reach(one, position)
        return aff_node(best[0], self.names[:owners], self.params), best[1]

    def _reach(self, one: isl.Map, position: int) -> tuple[Node, Node]:
        """From the least value of each owner, where no single constraint gives it, as far as any owner's values go."""
        least = one.dim_min(0)
        values = one.sum(isl.Map.from_pw_aff(least).neg()).range()
        if not values.dim_has_upper_bound(SET, 0):
            raise LookupError(position)
        extent = add(pw_aff_node(values.dim_max(0), (), self.params), index_const(1))
        return pw_aff_node(least, self.names[: one.dim(IN)], self.params), extent

    def _extent(self, distances: isl.Set) -> Node | None:
        """The largest distance + 1: a constant where there is one, else over the parameters."""
        farthest = distances.dim_max_val(0)
        if farthest.is_int():
            return index_const(farthest.to_python() + 1)
        if not distances.dim_has_upper_bound(SET, 0):
            return None
        return add(pw_aff_node(distances.dim_max(0), (), self.params), index_const(1))

    def conditions(self, rest: isl.Set) -> tuple[Node, ...]:
        """A set as conjuncts over the names; nothing for the universe."""
        if rest.plain_is_universe() or rest.is_equal(isl.Set.universe(rest.get_space())):
            return ()
        return tuple(_conjuncts(set_node(rest, self.names, self.params)))


def _extremes(shadow: isl.Set, known: isl.Set, position: int) -> tuple[isl.PwAff, isl.PwAff, isl.Set]:
    """Least and greatest value of the last dim for each value of the earlier ones, and where there is any."""
    relation = _last_as_range(shadow)
    some = relation.domain().gist(known.project_out(SET, position, 1)).coalesce()
    return relation.dim_min(0).coalesce(), relation.dim_max(0).coalesce(), some


def _parts(value: isl.PwAff) -> int:
    """How many conjunctions tell the pieces of a value apart."""
    return sum(piece.n_basic_set() for piece, _ in pieces(value))


def _side(kept: isl.Set, position: int, sign: int) -> isl.Set:
    """Of bounds of the last dim, those from below (sign 1) or from above (-1)."""
    found = isl.Set.universe(kept.get_space())
    for basic in kept.get_basic_sets():
        for constraint in basic.get_constraints():
            factor = constraint.get_coefficient_val(SET, position).to_python()
            if constraint.is_equality() or factor * sign > 0:
                found = found.intersect(isl.Set.universe(kept.get_space()).add_constraint(constraint))
    return found


def _conjuncts(cond: Node) -> list[Node]:
    if isinstance(cond, Binary) and cond.op == "and":
        return _conjuncts(cond.lhs) + _conjuncts(cond.rhs)
    return [cond]


def _better(extent: Node, other: Node) -> bool:
    """Constants before symbols, smaller constants first."""
    mine, theirs = getattr(extent, "value", None), getattr(other, "value", None)
    return isinstance(mine, int) and (not isinstance(theirs, int) or mine < theirs)


def _bounds(constraint: isl.Constraint, position: int) -> bool:
    """Whether a constraint bounds the dim by an affine expression that does not mention it in a floor."""
    if not constraint.involves_dims(SET, position, 1):
        return False
    aff = constraint.get_aff()
    for index in range(aff.dim(DIV)):
        if not aff.get_coefficient_val(DIV, index).is_zero() and aff.get_div(index).involves_dims(
            IN, position, 1
        ):
            return False
    return not constraint.get_coefficient_val(SET, position).is_zero()


def _starts(shadow: isl.Set, position: int) -> list[isl.Aff]:
    """Lower bounds of the last dim by single constraints: first those that hold whatever the earlier dims are."""
    found: list[isl.Aff] = []
    for kept in (0, position) if position else (0,):
        part = shadow.project_out(SET, 0, position - kept).compute_divs().simple_hull().remove_unknown_divs()
        for constraint in part.get_constraints():
            if _bounds(constraint, kept) and constraint.is_lower_bound(SET, kept):
                found.append(_ceiled(constraint, kept).insert_dims(IN, 0, position - kept))
    return found


def _values(aff: isl.Aff, domain: isl.Set) -> isl.Set:
    """The values of an affine expression on a set, as a set of one dim.

    (`PwAff.max_val` refuses expressions whose floors the equalities of the set turned into fractions.)
    """
    return isl.Map.from_aff(aff).intersect_domain(domain).range()


def _ceiled(constraint: isl.Constraint, position: int) -> isl.Aff:
    """The lower bound a constraint gives, rounded up to an integer."""
    return constraint.get_bound(SET, position).ceil()


def _last_as_range(domain: isl.Set) -> isl.Map:
    """{ [a, …, x] } as { [a, …] -> [x] }."""
    relation = isl.Map.from_range(domain)
    return relation.move_dims(IN, 0, OUT, 0, domain.dim(SET) - 1)


def _between(shadow: isl.Set, position: int) -> isl.Set:
    """All points between the least and the greatest value of the last dim, for each value of the earlier ones."""
    space = shadow.get_space().map_from_set()
    same = isl.Map.universe(space)
    for index in range(position):
        same = same.equate(IN, index, OUT, index)
    upward = shadow.apply(same.order_le(IN, position, OUT, position))
    downward = shadow.apply(same.order_ge(IN, position, OUT, position))
    return upward.intersect(downward)

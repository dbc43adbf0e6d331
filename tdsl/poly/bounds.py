"""Every read of a declaration stays inside its tensor: proved for all sizes, or the smallest point where it does not.

In: the reads of a stage with their paths, its axes, domain and facts. Out: None, an `Escape` (sizes, iteration and
index of the smallest read that leaves its tensor) or `Unproven` (the term that isl cannot see through). Source:
Presburger emptiness and lexicographic minima (Verdoolaege, isl); interval bounds, as Halide uses, refuse guarded and
triangular reads that are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Literal

from tdsl.expr.build import ZERO, compare, floordiv, logical_and, logical_or, mod, mul
from tdsl.expr.node import INT64, Binary, Const, Node, Read, Var, axis_var, index_const, size_var
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Axis, Param, Size
from tdsl.poly import library as isl
from tdsl.poly.affine import Affine
from tdsl.poly.compare import is_below, is_not_below
from tdsl.poly.evaluate import value_at
from tdsl.poly.isl import SET, TooLarge, budget
from tdsl.poly.lift import Lifting, Opaque, Reason
from tdsl.poly.polynomial import Monomial, parameters
from tdsl.poly.reads import Path, Site, inside_axis
from tdsl.poly.smallest import Smallest, product_node, smallest_point
from tdsl.poly.tighten import Tightening


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a body is evaluated.

    axes: data axes, at every point of which it is. reduce_axes: those its reductions bind. domain: more conditions on
    the points. sizes, facts: what is known of sizes. params: the scalar arguments.
    """

    axes: tuple[Axis, ...]
    reduce_axes: tuple[Axis, ...] = ()
    domain: tuple[Node, ...] = ()
    sizes: tuple[Size, ...] = ()
    facts: tuple[Node, ...] = ()
    params: tuple[Param, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """The smallest point (sum of sizes, then sizes, then iteration) where a read leaves its tensor.

    dimension: the first one it leaves. index, shape: values there. data: elements of arrays with a declared range, and
    params, with the values they have in this example. below, above: whether it can leave that dimension at its start,
    at its end.
    """

    read: Read
    dimension: int
    index: tuple[int, ...]
    shape: tuple[int, ...]
    sizes: tuple[tuple[str, int], ...]
    iteration: tuple[tuple[str, int], ...]
    data: tuple[tuple[Node, int], ...]
    below: bool
    above: bool


@dataclass(frozen=True, slots=True)
class Unproven:
    """A read that is neither proved nor refuted, because of `term`.

    why: `range`: data whose range is not declared; `product`, `division`, `reduction`: not affine; `wraps`: arithmetic
    that may leave its dtype; `tower`: too many divisions; `large`: the proof exceeds its budget.
    """

    read: Read
    dimension: int
    term: Node
    why: Literal["range", "product", "division", "reduction", "wraps", "tower", "large"]


_REASON: dict[Reason, Literal["range", "product", "division", "reduction", "wraps", "tower"]] = {
    "data": "range",
    "range": "range",
    "quotient": "division",
    "product": "product",
    "division": "division",
    "reduction": "reduction",
    "wraps": "wraps",
    "defined": "product",
    "tower": "tower",
}


def check_reads(sites: Sequence[Site], scope: Scope) -> Escape | Unproven | None:
    """The first read, in order of the sites, that is not proved to stay inside its tensor; None where all are."""
    if not sites:
        return None
    try:
        with budget():
            return _first_failure(sites, scope)
    except TooLarge:
        return _one_by_one(sites, scope)


def _one_by_one(sites: Sequence[Site], scope: Scope) -> Escape | Unproven | None:
    """As `check_reads` with a budget for each read, so that the one that is too hard is named."""
    for site in sites:
        try:
            with budget():
                failure = _first_failure((site,), scope)
        except TooLarge:
            return Unproven(site.read, 0, site.read, "large")
        if failure is not None:
            return failure
    return None


def _first_failure(sites: Sequence[Site], scope: Scope) -> Escape | Unproven | None:
    """With products of axes and sizes as what they are; where that decides nothing, with each as any value.

    As any value, one that may wrap around is decided by a condition about that very value: `where(x < n, V[x], 0)`.
    """
    proof = _Proof(sites, scope)
    failure = proof.first_failure()
    if not isinstance(failure, Unproven) or not proof.lifting.products:
        return failure
    coarse = _Proof(sites, scope, exact=False).first_failure()
    return None if coarse is None else failure


class _Proof:
    """The sets of one check, in one space: sizes (and products of them) are parameters, axes and opaque values dims."""

    def __init__(self, sites: Sequence[Site], scope: Scope, *, exact: bool = True) -> None:
        self.sites = sites
        self.scope = scope
        self.lifting = Lifting((*scope.axes, *scope.reduce_axes), scope.sizes, scope.params, exact=exact)
        lift = self.lifting.lift
        self.index = {site.read: tuple(lift(index) for index in site.read.index) for site in sites}
        self.paths = {path: tuple(lift(node) for node in path) for site in sites for path in site.paths}
        self.base = tuple(lift(node) for node in base_conditions(scope, _extents(sites)))
        self.opaque = tuple(self.lifting.opaque.values())
        self.ranges = tuple(condition for opaque in self.opaque for condition in opaque.range())
        self.ranges += tuple(self.lifting.products.ties())

    @cached_property
    def _mentioned(self) -> tuple[Node, ...]:
        nodes = [*self.base, *self.ranges, *self.lifting.wide.values()]
        nodes += [node for path in self.paths.values() for node in path]
        nodes += [node for index in self.index.values() for node in index]
        nodes += [extent for site in self.sites for extent in site.read.tensor.extents]
        return (*nodes, *self._counts) if self.lifting.products else tuple(nodes)

    @cached_property
    def affine(self) -> Affine:
        more = self.lifting.products.multiples(parameters(self._mentioned))
        return space_of(self.scope, self.opaque, (*self._mentioned, *more))

    @cached_property
    def everywhere(self) -> isl.Set:
        """The points at which the body is evaluated, whatever its conditions say."""
        known = () if self.lifting.products else products_known(parameters(self._mentioned))
        return self.affine.conditions((*self.base, *self.ranges, *known))

    def _empty(self, points: isl.Set) -> bool:
        """Whether no point is real, as far as is seen: first without what is known of products in cases."""
        if self._tightening.empty(points):
            return True
        if not self.lifting.products:
            return False
        known = self.affine.conditions(products_known(parameters(self._mentioned)))
        return self._tightening.empty(points.intersect(known))

    @cached_property
    def _counts(self) -> tuple[Node, ...]:
        """How many elements the arrays have that exist where the body is evaluated: below 2^63 (semantics B5)."""
        shapes = [site.read.tensor.extents for site in self.sites]
        shapes.append(tuple(axis.upper for axis in self.scope.axes))
        return tuple(dict.fromkeys(reduce(mul, shape) for shape in shapes if len(shape) > 1))

    @cached_property
    def _tightening(self) -> Tightening:
        return Tightening(self.lifting.products, self.affine.params, self.affine.dims)

    def _holds(self, points: isl.Set, inside: isl.Set) -> bool:
        """Whether all points lie inside."""
        if not self.lifting.products and points.is_subset(inside):
            return True
        return self._empty(points.subtract(inside))

    def first_failure(self) -> Escape | Unproven | None:
        wide = self._wide_failure()
        if wide is not None:
            return wide
        reached = {
            path: self.everywhere.intersect(self.affine.conditions(nodes))
            for path, nodes in self.paths.items()
        }
        suspects = [path for path, points in reached.items() if not self._all_inside(path, points)]
        for site in self.sites:
            failure = self._failure(site, {path: reached[path] for path in site.paths if path in suspects})
            if failure is not None:
                return failure
        return None

    def _all_inside(self, path: Path, points: isl.Set) -> bool:
        inside: dict[Node, None] = {}
        for site in self.sites:
            if path in site.paths:
                for index, extent in zip(self.index[site.read], site.read.tensor.extents, strict=True):
                    inside.update(dict.fromkeys((is_not_below(index, ZERO), is_below(index, extent))))
        return self._holds(points, self.affine.conditions(inside))

    def _failure(self, site: Site, reached: Mapping[Path, isl.Set]) -> Escape | Unproven | None:
        found: list[Smallest] = []
        for path, points in reached.items():
            sides = self._escaping(site.read, points)
            bad = reduce(isl.Set.union, sides)
            if self._empty(bad):
                continue
            opaque = self._doubtful(site.read, bad)
            certain = self._certain(site.read, path, sides) if opaque is not None else None
            if certain is not None:
                bad, opaque = certain, None
            if opaque is not None:
                return Unproven(
                    site.read, self._dimension(site.read, bad), opaque.node, _REASON[opaque.reason]
                )
            smallest = smallest_point(bad, self.affine, self.scope.sizes, self._definitions)
            if smallest is None:
                return Unproven(
                    site.read, self._dimension(site.read, bad), self._blamed(site.read), "product"
                )
            found.append(smallest)
        if not found:
            return None
        return self._escape(site.read, min(found, key=lambda one: one.order), tuple(reached.values()))

    @cached_property
    def _definitions(self) -> tuple[tuple[Var, Node], ...]:
        return tuple(self.lifting.products.definitions())

    @cached_property
    def _determined(self) -> frozenset[Var]:
        """The opaque values that axes and sizes determine, as those do that stand for products."""
        defined = [opaque.var for opaque in self.opaque if opaque.reason == "defined"]
        return frozenset((*defined, *(var for var, _ in self._definitions)))

    def _blamed(self, read: Read) -> Node:
        """The product that a proof does not see through: the read's own, else a product of sizes."""
        inside = {part for index in self.index[read] for part in walk(index)}
        own = (
            opaque.node for opaque in self.opaque if opaque.var in inside and opaque.var in self._determined
        )
        products = (product_node(monomial) for monomial in self.affine.params if len(monomial) > 1)
        return next(iter((*own, *products)))

    def _escaping(self, read: Read, points: isl.Set) -> list[isl.Set]:
        """For each dimension the points where the read lies before it, and those where it lies behind it."""
        sides: list[isl.Set] = []
        for index, extent in zip(self.index[read], read.tensor.extents, strict=True):
            sides.append(points.intersect(self.affine.condition(compare("lt", index, ZERO))))
            sides.append(points.intersect(self.affine.condition(compare("ge", index, extent))))
        return sides

    def _certain(self, read: Read, path: Path, sides: Sequence[isl.Set]) -> isl.Set | None:
        """The points where the read escapes along a dimension that no doubtful value has to do with."""
        doubtful = {opaque.var for opaque in self.opaque if opaque.reason != "data"} - self._determined

        def depends(*nodes: Node) -> bool:
            return any(part in doubtful for part in walk(*nodes))

        if depends(*self.paths[path]):
            return None
        plain = [side for place, side in enumerate(sides) if not depends(self.index[read][place // 2])]
        bad = reduce(isl.Set.union, plain, isl.Set.empty(self.affine.space))
        return None if bad.is_empty() else bad

    def _dimension(self, read: Read, points: isl.Set) -> int:
        """The first dimension that the read leaves at some of the points."""
        return next(
            place // 2 for place, side in enumerate(self._escaping(read, points)) if not side.is_empty()
        )

    def _doubtful(self, read: Read, bad: isl.Set) -> Opaque | None:
        """An opaque value that the escape depends on and that may not take the value it would need."""
        inside = {part for index in self.index[read] for part in walk(index)}
        start = len(self.scope.axes) + len(self.scope.reduce_axes)
        doubtful = [
            opaque
            for place, opaque in enumerate(self.opaque, start)
            if opaque.reason != "data"
            and opaque.var not in self._determined
            and bad.involves_dims(SET, place, 1)
        ]
        return next(
            (opaque for opaque in doubtful if opaque.var in inside), doubtful[0] if doubtful else None
        )

    def _escape(self, read: Read, smallest: Smallest, reached: Sequence[isl.Set]) -> Escape:
        at = smallest.at
        index = tuple(value_at(node, at) for node in self.index[read])
        shape = tuple(value_at(node, at) for node in read.tensor.extents)
        outside = [not 0 <= value < extent for value, extent in zip(index, shape, strict=True)]
        dimension = outside.index(True)
        sides = [self._escaping(read, points)[2 * dimension : 2 * dimension + 2] for points in reached]
        data = [
            (opaque.node, at[opaque.var])
            for opaque in self.opaque
            if opaque.var in smallest.involved and opaque.reason == "data" and not opaque.node.dtype.is_bool
        ]
        return Escape(
            read=read,
            dimension=dimension,
            index=index,
            shape=shape,
            sizes=tuple((var.name, value) for var, value in at.items() if var.kind == "size"),
            iteration=tuple((axis.name, at[axis_var(axis.name)]) for axis in self._loops(smallest.involved)),
            data=tuple(data),
            below=not all(self._empty(below) for below, _ in sides),
            above=not all(self._empty(above) for _, above in sides),
        )

    def _loops(self, involved: Container[Var]) -> Iterable[Axis]:
        """Data axes, and the reduction axes that matter."""
        yield from self.scope.axes
        yield from (axis for axis in self.scope.reduce_axes if axis_var(axis.name) in involved)

    def _wide_failure(self) -> Unproven | None:
        """int64 arithmetic that ranges alone do not keep from wrapping is proved not to, where a read depends on it.

        Where anything is evaluated, no extent of the arrays involved reaches 2^63 (semantics B5, checked at the call).
        """
        if not self.lifting.wide:
            return None
        extents = [axis.upper for axis in self.scope.axes]
        extents += [extent for site in self.sites for extent in site.read.tensor.extents]
        extents += self._counts if self.lifting.products else ()
        points = self.everywhere.intersect(self.affine.conditions(_fits(extent)[1] for extent in extents))
        asked: set[tuple[Node, Path]] = set()
        for site in self.sites:
            for node, path in self._wide_parts(site):
                if (node, path) in asked:
                    continue
                asked.add((node, path))
                there = points.intersect(self.affine.conditions(map(self.lifting.lift, path)))
                if not self._holds(there, self.affine.conditions(_fits(self.lifting.wide[node]))):
                    return Unproven(site.read, 0, node, "wraps")
        return None

    def _wide_parts(self, site: Site) -> Iterable[tuple[Node, Path]]:
        """The arithmetic that must not wrap for a read to be judged rightly, with the conditions where it is done.

        A sum of products may wrap inside if its value does not: that is the same modulo 2^64, and proved to be in range.
        """
        inner = [part for index in site.read.index for part in walk(*_below_sums(index))]
        for path in site.paths:
            yield from ((part, path) for part in inner if part in self.lifting.wide)
            for place, condition in enumerate(path):
                yield from ((part, path[:place]) for part in walk(condition) if part in self.lifting.wide)


def _below_sums(index: Node) -> list[Node]:
    """The largest parts of a subscript that are no sums, differences or products."""
    found: list[Node] = []
    stack = [index]
    while stack:
        node = stack.pop()
        if isinstance(node, Binary) and node.op in ("add", "sub", "mul") and node.dtype is INT64:
            stack += node.children
        else:
            found.append(node)
    return found


def products_known(monomials: Sequence[Monomial]) -> list[Node]:
    """What is known of products of sizes: 0, or as large as each product of some of their factors."""
    known: list[Node] = []
    for monomial in monomials:
        if len(monomial) == 1:
            continue
        product = product_node(monomial)
        parts = [
            compare("ge", product, product_node(other))
            for other in monomials
            if len(other) < len(monomial) and not Counter(other) - Counter(monomial)
        ]
        known.append(compare("ge", product, ZERO))
        known.append(logical_or(compare("eq", product, ZERO), logical_and(*parts)))
    return known


def _fits(node: Node) -> tuple[Node, Node]:
    """That a value fits in int64, said of its upper half so that no constant leaves int64."""
    half = floordiv(node, index_const(1 << 32))
    return compare("ge", half, index_const(-(1 << 31))), compare("lt", half, index_const(1 << 31))


def base_conditions(scope: Scope, extents: Iterable[Node] = ()) -> list[Node]:
    """Conditions that hold wherever the body is evaluated: axes, domain, and the facts checked at every call.

    extents: of the arrays involved; none of them is negative (B5).
    """
    base = [condition for axis in scope.axes for condition in inside_axis(axis)]
    base += [*scope.domain, *scope.facts]
    for size in scope.sizes:
        var = size_var(size.name)
        base.append(compare("ge", var, index_const(size.minimum)))
        if size.multiple_of > 1:
            base.append(compare("eq", mod(var, index_const(size.multiple_of)), ZERO))
    return base + [compare("ge", extent, ZERO) for extent in extents if not isinstance(extent, Const | Var)]


def _extents(sites: Sequence[Site]) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(extent for site in sites for extent in site.read.tensor.extents))


def space_of(scope: Scope, opaque: Iterable[Opaque], nodes: Iterable[Node]) -> Affine:
    """The space of a proof: axes and opaque values are dims; sizes and products of them that occur are parameters."""
    axes = [axis_var(axis.name) for axis in (*scope.axes, *scope.reduce_axes)]
    return Affine((*axes, *(one.var for one in opaque)), _by_mention(scope.sizes, nodes))


def _by_mention(sizes: Sequence[Size], nodes: Iterable[Node]) -> tuple[Monomial, ...]:
    """The parameters of the space: sizes in order of mention (so the first ones are minimised first), then the rest."""
    place = {size.name: number for number, size in enumerate(sizes)}
    return tuple(
        sorted(
            parameters(nodes), key=lambda one: (len(one), [place.get(var.name, len(place)) for var in one])
        )
    )

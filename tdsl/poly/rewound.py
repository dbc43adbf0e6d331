"""Rewound sliding: each element in the iteration in which its index becomes the newest, the loop starting early for it.

In: { host's dims -> elements needed there } and how many leading dims own a buffer. Out: the `Lead`, which says up to which
index elements are there after each iteration, and { host's dims -> elements made there }, iterations before the host's
first included. So folds stay as small along a chain as for a single stage. Source: Halide's sliding window, which starts
loops early; feasibility study, 1.
"""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.isl import CST, DIV, IN, OUT, PARAM, basic_map, merged, pieces
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Lead:
    """After iteration t the elements are there up to the index `row(t) // divisor` along `axis`.

    row: `[constant, parameters…, host's dims…]`; the coefficient of the last dim, at least 1, is how far `divisor`
    iterations advance. sign: -1 where indices fall from iteration to iteration; what is said of an index then holds of the
    index times -1.
    """

    axis: int
    row: tuple[int, ...]
    divisor: int
    sign: int

    def before(self) -> tuple[int, ...]:
        """The row of one iteration earlier."""
        return (self.row[0] - self.row[-1], *self.row[1:])


def lead(needed: isl.Map, level: int) -> Lead | None:
    """How elements advance, along the first axis on which they do; None where one loop alone does not tell.

    Of the pieces of the newest needed index, the one that is nowhere less than it, and nowhere more by other than a constant:
    no element comes late, and few come early (those beyond a border that the newest index is clamped to are not needed).
    """
    if needed.dim(IN) != level + 1:
        return None
    for axis in range(needed.dim(OUT)):
        for newest, sign in ((needed.dim_max(axis), 1), (needed.dim_min(axis).neg(), -1)):
            found: list[tuple[int, Lead]] = []
            for _, aff in pieces(newest):
                row = _row(aff, level + 1)
                early = None if row is None else _early(aff, newest)
                if row is not None and early is not None:
                    found.append((early, Lead(axis, *row, sign)))
            if found:
                return min(found, key=lambda pair: pair[0])[1]
    return None


def _row(aff: isl.Aff, dims: int) -> tuple[tuple[int, ...], int] | None:
    """(row, divisor) of an affine value with at most one floor, that advances; None for others."""
    divisor, floors = 1, [value for value in isl.coefficients(aff, DIV) if value[0]]
    columns = _columns(aff, dims)
    if any(below != 1 for _, below in columns):
        return None
    row = [above for above, _ in columns]
    if floors:
        inner = [aff.get_div(place) for place, value in enumerate(isl.coefficients(aff, DIV)) if value[0]]
        if floors != [(1, 1)] or any(value[0] for value in isl.coefficients(inner[0], DIV)):
            return None
        parts = _columns(inner[0], dims)
        divisor = max(below for _, below in parts)
        if any(divisor % below for _, below in parts):
            return None
        pairs = zip(row, parts, strict=True)
        row = [divisor * whole + above * (divisor // below) for whole, (above, below) in pairs]
    return (tuple(row), divisor) if row[-1] >= 1 else None


def _columns(aff: isl.Aff, dims: int) -> list[tuple[int, int]]:
    """Constant and coefficients of parameters and dims, as fractions."""
    return isl.coefficients(aff, CST) + isl.coefficients(aff, PARAM) + isl.coefficients(aff, IN)[:dims]


def _early(aff: isl.Aff, newest: isl.PwAff) -> int | None:
    """By how much a value exceeds another at most; None where it is ever less, or no constant bounds it."""
    ahead = isl.Map.from_aff(aff).sum(isl.Map.from_pw_aff(newest).neg()).range()
    least, most = ahead.dim_min_val(0), ahead.dim_max_val(0)
    if not (least.is_int() and most.is_int()) or least.to_python() < 0:
        return None
    return most.to_python()


def rewind(needed: isl.Map, level: int, how: Lead) -> isl.Map:
    """Everything needed in a buffer, cut into windows lead(t - 1) < index <= lead(t), of falling indices times -1.

    Iterations before the host's first occur; no element is made later than its first use, since the lead grows.
    """
    rank = needed.dim(OUT)
    outputs = [how.sign * how.divisor * int(place == how.axis) for place in range(rank)]
    upper = [*how.row, *(-each for each in outputs)]
    lower = [*(-each for each in how.before()), *outputs]
    lower[0] -= 1
    windows = basic_map(needed.get_space(), (), [upper, lower])
    every = needed.project_out(IN, level, 1).insert_dims(IN, level, 1)
    return merged(every.intersect(windows))

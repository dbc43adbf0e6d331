"""What a reducer of the user's own is made from: the step and the identity as expressions over two tuples of values.

In: a name and a `Combination`. Out: the one `Reducer` of that name and those expressions, so that programs that say the
same are the same (semantics P16) and reducers pickle.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakValueDictionary

from tdsl.dtypes import DType
from tdsl.expr.node import Node, Var
from tdsl.expr.rewrite import substitute
from tdsl.expr.tensor import Reducer
from tdsl.records import dataclass

_own: WeakValueDictionary[tuple[str, Combination], Reducer] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Combination:
    """`results` over the variables `left` and `right` (one a component each) and the constants `starts`."""

    left: tuple[Var, ...]
    right: tuple[Var, ...]
    results: tuple[Node, ...]
    starts: tuple[Node, ...]

    @property
    def dtypes(self) -> tuple[DType, ...]:
        return tuple(var.dtype for var in self.left)

    def combine(self, a: tuple[Node, ...], b: tuple[Node, ...]) -> tuple[Node, ...]:
        """The results at two tuples of values."""
        table: dict[Node, Node] = dict(zip((*self.left, *self.right), (*a, *b), strict=True))
        return tuple(substitute(result, table) for result in self.results)

    def identity(self, dtypes: tuple[DType, ...]) -> tuple[Node, ...]:
        """The values that change nothing; a combination is made for one tuple of dtypes."""
        assert dtypes == self.dtypes
        return self.starts


def operands(dtypes: tuple[DType, ...]) -> tuple[tuple[Var, ...], tuple[Var, ...]]:
    """The variables of a combination: `left.a0`, `left.a1`, …; no user's name has a dot."""
    left = tuple(Var(f"left.a{place}", dtype, "local") for place, dtype in enumerate(dtypes))
    right = tuple(Var(f"right.a{place}", dtype, "local") for place, dtype in enumerate(dtypes))
    return left, right


def own_reducer(name: str, combination: Combination) -> Reducer:
    """The reducer of that name and combination."""
    key = (name, combination)
    made = Reducer(name, combination.combine, combination.identity, False, combination)
    return _own.setdefault(key, made)


def with_results(reducer: Reducer, results: tuple[Node, ...]) -> Reducer:
    """A reducer of the user's own with other expressions for its step."""
    assert reducer.combination is not None
    if results == reducer.combination.results:
        return reducer
    return own_reducer(reducer.name, replace(reducer.combination, results=results))

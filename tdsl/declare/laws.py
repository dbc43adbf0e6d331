"""The laws of a reducer of the user's own, tried on samples: identity, commutativity, associativity (semantics E6).

In: a combination and the terms it is used with. Out: None, or the law that fails and the values that show it. Samples
are states that a reduction can reach: terms, with values where they are not constant, and two terms combined. Floats
are compared with half of their digits, and what comes out infinite or NaN is not compared: the laws are about numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tdsl.dtypes import DType
from tdsl.expr.build import constant
from tdsl.expr.combination import Combination
from tdsl.expr.functions.definition import definition
from tdsl.expr.node import Call, Const, Node, Var
from tdsl.expr.printer import bare_constant
from tdsl.expr.rewrite import walk

if TYPE_CHECKING:
    from tdsl.expr.scalar_ops import Array

State = tuple[Const, ...]
Pair = tuple[State, State]

_FLOATS = (1.5, -2.0, 1.5, 0.25, 3.0, -0.5)
_INTEGERS = (3, -2, 3, 1, 7, 4)
_PLACES = (4, 1, 2, 9, 0, 3)
"""For axes, which are never negative and differ from term to term."""

_PAIRS = ((0, 1), (0, 2), (1, 3), (4, 3))
_TRIPLES = ((0, 1, 2), (1, 3, 0), (2, 0, 3))


@dataclass(frozen=True, slots=True)
class BrokenLaw:
    """`what` continues a sentence about the reducer; `why` has the values, `hint` what to look for."""

    what: str
    why: tuple[str, ...]
    hint: tuple[str, ...]


def broken_law(combination: Combination, terms: Sequence[Node]) -> BrokenLaw | None:
    """The first law that does not hold at the samples."""
    return _broken(combination, tuple(_state(terms, place) for place in range(4)))


@lru_cache(maxsize=64)
def _broken(combination: Combination, terms: tuple[State, ...]) -> BrokenLaw | None:
    start = tuple(value for value in combination.starts if isinstance(value, Const))
    simple = (start, *terms)
    known = _combined(combination, [(a, b) for a in simple for b in simple])
    states = [*terms, known[terms[0], terms[1]]]
    triples = [tuple(states[place] for place in places) for places in _TRIPLES]
    last = states[-1]
    further = [(start, last), (last, start), (last, terms[3]), (terms[3], last)]
    further += [(known[a, b], c) for a, b, c in triples] + [(a, known[b, c]) for a, b, c in triples]
    known |= _combined(combination, further)
    return (
        _identity(known, start, states)
        or _commutative(known, [(states[a], states[b]) for a, b in _PAIRS])
        or _associative(known, triples)
    )


def _state(terms: Sequence[Node], place: int) -> State:
    return tuple(_sample(term, place, component) for component, term in enumerate(terms))


def _sample(term: Node, place: int, component: int) -> Const:
    """The value of a component in a sample; those of different components differ, and the first one repeats."""
    dtype = term.dtype
    if isinstance(term, Const):
        return term
    at = place if component == 0 else (place + 2 * component + 1) % len(_FLOATS)
    if dtype.is_bool:
        return constant(at % 2 == 0, dtype)
    if dtype.is_float:
        return constant(_FLOATS[at], dtype)
    if isinstance(term, Var) and term.kind == "axis":
        return constant(_PLACES[at], dtype)
    return constant(abs(_INTEGERS[at]) if dtype.kind == "uint" else _INTEGERS[at], dtype)


def _combined(combination: Combination, pairs: Iterable[Pair]) -> dict[Pair, State]:
    """What the step gives for each pair, all at once."""
    import numpy as np

    from tdsl.expr.narrow_floats import held

    wanted = list(dict.fromkeys(pairs))
    variables = (*combination.left, *combination.right)
    at = {
        var: np.asarray([(*a, *b)[place].value for a, b in wanted], dtype=held(var.dtype))
        for place, var in enumerate(variables)
    }
    columns = [np.broadcast_to(values, len(wanted)).tolist() for values in _values(combination.results, at)]
    return {
        pair: tuple(constant(value, dtype) for value, dtype in zip(row, combination.dtypes, strict=True))
        for pair, row in zip(wanted, zip(*columns, strict=True), strict=True)
    }


def _values(nodes: Sequence[Node], at: Mapping[Var, Array]) -> list[Array]:
    """The values of expressions without reads at many points; fused products round twice, which is near enough."""
    from tdsl.expr.scalar_ops import compute

    done: dict[Node, Array] = {**at}
    for part in walk(*nodes):
        if part in done:
            continue
        operands = [done[child] for child in part.children]
        if isinstance(part, Call):
            made = definition(part.name, part.args[0].dtype)
            (done[part],) = _values((made.body,), dict(zip(made.parameters, operands, strict=True)))
        else:
            done[part] = compute(part, operands, has_fma=False)
    return [done[node] for node in nodes]


def _identity(known: Mapping[Pair, State], start: State, states: Sequence[State]) -> BrokenLaw | None:
    for state in states:
        for pair in ((start, state), (state, start)):
            if not _agree(known[pair], state):
                return BrokenLaw(
                    f"does not have the identity {shown(start)}",
                    (f"combined with {shown(state)} it gives {shown(known[pair])}",),
                    (
                        "what changes nothing: td.min_value(dtype) for a maximum, 0 for a sum, 1 for a product",
                    ),
                )
    return None


def _commutative(known: Mapping[Pair, State], pairs: Sequence[Pair]) -> BrokenLaw | None:
    for a, b in pairs:
        one, other = known[a, b], known[b, a]
        if not _agree(one, other):
            ties = len(a) > 1 and a[0] is b[0]
            return BrokenLaw(
                "is not commutative",
                (f"{shown(a)} with {shown(b)} gives {shown(one)}, the other way round {shown(other)}",),
                ("where the first values are equal, let the others decide",) if ties else (),
            )
    return None


def _associative(known: Mapping[Pair, State], triples: Sequence[tuple[State, ...]]) -> BrokenLaw | None:
    for a, b, c in triples:
        one, other = known[known[a, b], c], known[a, known[b, c]]
        if not _agree(one, other):
            return BrokenLaw(
                "is not associative",
                (
                    f"a = {shown(a)}, b = {shown(b)}, c = {shown(c)}:",
                    f"(a with b) with c gives {shown(one)}, a with (b with c) gives {shown(other)}",
                ),
                ("a reduction takes its terms in any order",),
            )
    return None


def _agree(one: State, other: State) -> bool:
    return all(_close(a, b, a.of) for a, b in zip(one, other, strict=True))


def _close(a: Const, b: Const, dtype: DType) -> bool:
    x, y = a.value, b.value
    if not dtype.is_float:
        return x == y
    if not abs(x - y) < float("inf"):
        return True
    return abs(x - y) <= 2.0 ** -(dtype.fraction_bits // 2) * (1 + max(abs(x), abs(y)))


def shown(state: State) -> str:
    """A state as Python writes it: a number, or a tuple."""
    parts = [bare_constant(value).strip("'") for value in state]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

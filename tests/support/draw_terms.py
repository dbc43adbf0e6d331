"""Random expressions: reads with stencils, strides, reversals and guards, arithmetic of every dtype, conditions.

In: dice, the tensors that can be read, the axes in scope. Out: `Term`s whose reads are in bounds at the sizes tried;
what is not in bounds as drawn gets a guard or a clamp, as a user would write it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType

import numpy as np

from tests.support.terms import FLOATS, SIGNED, Term, constant, read

SIZES_TRIED = ((0, 0), (1, 1), (1, 2), (2, 1), (3, 5), (4, 0), (0, 3), (6, 2), (7, 7), (13, 21), (40, 17))
"""Values of the first and second size at which reads are tried."""


@dataclass(frozen=True, slots=True)
class Dim:
    """An extent: ``scale * size + margin``; a constant where size is ""."""

    size: str
    scale: int
    margin: int

    def text(self) -> str:
        if not self.size:
            return str(self.margin)
        base = self.size if self.scale == 1 else f"{self.scale} * {self.size}"
        return base if self.margin == 0 else f"{base} {'+' if self.margin > 0 else '-'} {abs(self.margin)}"


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What a reader must know of a tensor.

    indexes: of an index tensor, the dim its values lie in. flat: its rows lie one after another in an array of one dim.
    """

    name: str
    dtype: str
    dims: tuple[Dim, ...]
    indexes: Dim | None = None
    flat: bool = False

    def shape(self) -> tuple[str, ...]:
        """Extents of its array, as text."""
        texts = tuple(dim.text() for dim in self.dims)
        return (" * ".join(map(factor, texts)),) if self.flat else texts

    def subscript(self, index: Sequence[str]) -> str:
        """The element at an index for each dim, as its array has it: `i * m + j` of rows of m."""
        if not self.flat:
            return ", ".join(index)
        text = index[0]
        for dim, part in zip(self.dims[1:], index[1:]):
            text = f"{factor(text)} * {factor(dim.text())} + {part}"
        return text


def factor(text: str) -> str:
    """A text as a factor of a product."""
    return text if re.fullmatch(r"\w+|[\w.]+\([^()]*\)|\w+\[[^\[\]]*\]", text) else f"({text})"


@dataclass(slots=True)
class Axes:
    """Axes in scope, outermost first, with bounds as text."""

    bounds: dict[str, tuple[str, str]]
    near: dict[str, Dim]
    """The extent that an axis walks, for picking it where such an extent is indexed."""
    condition: str = ""
    """Holds at every point, as NumPy text."""


@dataclass(slots=True)
class Scope:
    """What an expression may be made of."""

    dice: random.Random
    tensors: Sequence[TensorInfo]
    axes: Axes
    sizes: Sequence[tuple[str, int, int]]
    """(name, minimum, multiple)."""
    params: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = True


def tried(sizes: Sequence[tuple[str, int, int]]) -> list[dict[str, int]]:
    """The sizes at which everything drawn must be right."""
    result: list[dict[str, int]] = []
    for values in SIZES_TRIED:
        drawn = {name: max(value, least) for (name, least, _), value in zip(sizes, values)}
        result.append({name: -(-drawn[name] // multiple) * multiple for name, _, multiple in sizes})
    return result if sizes else [{}]


def holds(condition: str, axes: Axes, sizes: Sequence[tuple[str, int, int]]) -> bool:
    """Whether a condition in NumPy text holds at all points for the sizes tried."""
    return all(_holds_at(condition, axes, values) for values in tried(sizes))


def _holds_at(condition: str, axes: Axes, values: dict[str, int]) -> bool:
    env, inside = _points(tuple(axes.bounds.items()), axes.condition, tuple(values.items()))
    return bool(np.all(~inside | eval(_code(condition), dict(env))))


@lru_cache(maxsize=512)
def _points(
    bounds: tuple[tuple[str, tuple[str, str]], ...], condition: str, values: tuple[tuple[str, int], ...]
) -> tuple[dict[str, object], np.ndarray]:
    """(the values of names at every point of a box, which points are inside): many conditions are asked of the same."""
    env: dict[str, object] = {
        **dict(values),
        "minimum": np.minimum,
        "maximum": np.maximum,
        "__builtins__": {},
    }
    rank, inside = len(bounds), np.ones((1,) * max(1, len(bounds)), bool)
    for place, (name, (lower, upper)) in enumerate(bounds):
        low, high = eval(_code(lower), env), eval(_code(upper), env)  # the text is ours
        start, stop = int(np.min(low, initial=0)), int(np.max(high, initial=0))
        shape = [1] * rank
        shape[place] = max(0, stop - start)
        env[name] = np.arange(start, max(start, stop)).reshape(shape)
        inside = inside & (env[name] >= low) & (env[name] < high)
    if condition:
        inside = inside & eval(_code(condition), env)
    return env, inside


@lru_cache(maxsize=4096)
def _code(text: str) -> CodeType:
    return compile(text, "<drawn>", "eval")


# ---------------------------------------------------------------- indices
def draw_read(scope: Scope, tensor: TensorInfo, dtype: str) -> Term:
    """A read of a tensor, guarded where it must be, cast where it must be."""
    dice = scope.dice
    index, conditions = [], []
    for dim in tensor.dims:
        text = draw_gather(scope, dim) or draw_index(scope, dim)
        if text[-1] == "]":
            index.append(text)
            continue
        wanted = f"(({text}) >= 0) & (({text}) < {dim.text()})"
        if not holds(wanted, scope.axes, scope.sizes):
            if dice.random() < 0.3 and holds(f"{dim.text()} >= 1", Axes({}, {}), scope.sizes):
                text = f"td.clamp({text}, 0, {dim.text()} - 1)"
            else:
                for part in (f"{text} >= 0", f"{text} < {dim.text()}"):
                    numpy_part = f"({part.replace(' >= ', ') >= (').replace(' < ', ') < (')})"
                    if not holds(numpy_part, scope.axes, scope.sizes):
                        conditions.append(part)
        index.append(text)
    term = read(tensor.name, tensor.dtype, tensor.subscript(index))
    if conditions:
        term = _guarded(scope, conditions, term, constant(tensor.dtype, _number(dice, tensor.dtype)))
    return converted(term, dtype)


def _guarded(scope: Scope, conditions: Sequence[str], term: Term, other: Term) -> Term:
    text = conditions[0] if len(conditions) == 1 else f"td.all({', '.join(conditions)})"
    form = "td.where(%s, {0}, {1})" % text.replace("{", "{{").replace("}", "}}")  # noqa: UP031
    return Term(form, term.dtype, (term, other), form, kept=True)


def draw_gather(scope: Scope, dim: Dim) -> str:
    """Now and then an element of an index tensor whose values lie inside the dim; "" otherwise."""
    dice = scope.dice
    fitting = [tensor for tensor in scope.tensors if tensor.indexes == dim]
    if not fitting or dice.random() > 0.25:
        return ""
    chosen = dice.choice(fitting)
    inner = [draw_index(scope, each) for each in chosen.dims]
    inside = [f"(({text}) >= 0) & (({text}) < {each.text()})" for text, each in zip(inner, chosen.dims)]
    if not all(holds(condition, scope.axes, scope.sizes) for condition in inside):
        return ""
    return f"{chosen.name}[{', '.join(inner)}]"


def draw_index(scope: Scope, dim: Dim) -> str:
    """An index into a dim: mostly an axis that walks a like extent, shifted, scaled, reversed, halved or summed."""
    dice = scope.dice
    names = list(scope.axes.bounds)
    fitting = [name for name in names if name in scope.axes.near and scope.axes.near[name].size == dim.size]
    if not names or dice.random() < 0.06:
        return dice.choice(["0", "0", f"{dim.text()} - 1", "1"])
    axis = dice.choice(fitting if fitting and dice.random() < 0.9 else names)
    near = scope.axes.near.get(axis)
    slack = 2 if near is None or near.size != dim.size else max(0, dim.margin - near.margin)
    style = dice.random()
    if (
        near is not None
        and dim.size
        and near.size == dim.size
        and dim.scale == 2 * near.scale
        and style < 0.8
    ):
        return f"2 * {axis}{_plus(dice.choice([0, 0, 1]))}"
    if style < 0.34:
        return axis
    if style < 0.60:
        return f"{axis}{_plus(dice.randint(0, min(3, slack)) if slack else dice.choice([0, 1, -1]))}"
    if style < 0.70:
        return f"{dim.text()} - 1 - {axis}"
    if style < 0.76:
        return f"{dice.choice([2, 3])} * {axis}{_plus(dice.choice([0, 0, 1, -1]))}"
    if style < 0.82:
        return f"({axis}{_plus(dice.choice([0, 0, 1]))}) // {dice.choice([2, 3])}"
    if style < 0.86:
        return f"{axis} % {dice.choice([2, 3, 4])}"
    other = dice.choice(names)
    return (
        f"{axis} + {other}{_plus(dice.choice([0, 0, -1]))}"
        if dice.random() < 0.7
        else f"{axis} - {other} + 1"
    )


def _plus(count: int) -> str:
    return "" if count == 0 else f" {'+' if count > 0 else '-'} {abs(count)}"


# ---------------------------------------------------------------- values
def converted(term: Term, dtype: str) -> Term:
    """The term as another dtype."""
    if term.dtype == dtype:
        return term
    if dtype == "bool":
        return Term("({0} > {1})", dtype, (term, constant(term.dtype, 0)), 'td.cast(1, "float64")')
    grows = dtype in FLOATS and term.dtype not in FLOATS
    return Term('td.cast({0}, "%s")' % dtype, dtype, (term,), "{0}" if grows else "", grows)  # noqa: UP031


def _number(dice: random.Random, dtype: str) -> float | int | bool:
    if dtype == "bool":
        return dice.random() < 0.5
    if dtype in FLOATS:
        return dice.choice([0.0, 1.0, 2.0, -1.0, 3.0, 1.0, 2.0, 1.0, -0.0, dice.choice([0.5, -2.5, 0.1])])
    return dice.choice([0, 1, 2, 3, 5] + ([-1, -3] if dtype in SIGNED else [7, 200]))


def draw_leaf(scope: Scope, dtype: str) -> Term:
    """A read, a number, an axis, or a param."""
    dice = scope.dice
    chance = dice.random()
    if scope.tensors and chance < 0.8:
        same = [tensor for tensor in scope.tensors if tensor.dtype == dtype]
        # The latest tensors are preferred, so that chains are long.
        pool = same if same and dice.random() < 0.85 else list(scope.tensors)
        place = min(len(pool) - 1, int(len(pool) * dice.random() ** 0.5))
        return draw_read(scope, pool[place], dtype)
    if chance < 0.88 and scope.axes.bounds and dtype != "bool":
        name = dice.choice(list(scope.axes.bounds))
        return Term(f'td.cast({name}, "{dtype}")', dtype, (), 'td.cast(1000, "float64")')
    params = [name for name, kind in scope.params.items() if kind == dtype]
    if params and chance < 0.94:
        return Term(dice.choice(params), dtype, (), 'td.cast(8, "float64")')
    return constant(dtype, _number(dice, dtype))


def draw_term(scope: Scope, dtype: str, depth: int) -> Term:
    """An expression of a dtype."""
    dice = scope.dice
    if depth <= 0 or dice.random() < 0.12:
        return draw_leaf(scope, dtype)
    if dtype == "bool":
        return _draw_condition(scope, depth)

    def part() -> Term:
        return draw_term(scope, dtype, depth - 1)

    forms = list(_COMMON)
    if dtype in FLOATS:
        forms += _FLOAT
    else:
        forms += _INTEGER
        if dtype in SIGNED:
            forms += _SIGNED_ONLY
    form, bound, exact, weight = dice.choices(forms, [entry[3] for entry in forms])[0]
    if "{c}" in form:
        form = form.replace("{c}", str(dice.choice([2, 3, 4, 7])))
    if form == "where":
        return Term("td.where({0}, {1}, {2})", dtype, (_draw_condition(scope, depth - 1), part(), part()),
                    "td.maximum({1}, {2})")  # fmt: skip
    count = max(place for place in range(3) if f"{{{place}}}" in form) + 1
    return Term(form, dtype, tuple(part() for _ in range(count)), bound, exact)


_Form = tuple[str, str, bool, int]
_COMMON: list[_Form] = [
    ("({0} + {1})", "({0} + {1})", True, 10),
    ("({0} - {1})", "({0} + {1})", True, 6),
    ("{0} * {1}", "{0} * {1}", True, 7),
    ("({0} * {1} + {2})", "({0} * {1} + {2})", True, 3),
    ("({0} - {1} * {2})", "({0} + {1} * {2})", True, 2),
    ("td.minimum({0}, {1})", "td.maximum({0}, {1})", True, 2),
    ("td.maximum({0}, {1})", "td.maximum({0}, {1})", True, 2),
    ("td.clamp({0}, 1, 5)", "td.maximum({0}, 5.0)", True, 1),
    ("where", "", True, 4),
]
_FLOAT: list[_Form] = [
    ("({0} / {1})", "", False, 2),
    ("td.sqrt(td.abs({0}))", "", False, 1),
    ("td.abs({0})", "{0}", True, 1),
    ("(-{0})", "{0}", True, 2),
    ("td.floor({0})", "({0} + 1.0)", True, 1),
    ("td.round({0})", "({0} + 1.0)", True, 1),
    ("td.fma({0}, {1}, {2})", "({0} * {1} + {2})", True, 1),
    ("({0} * {1} + {2} * {0})", "({0} * {1} + {2} * {0})", True, 1),
]
_INTEGER: list[_Form] = [
    ("({0} // {c})", "({0} + 1.0)", True, 3),
    ("({0} % {c})", 'td.cast(8, "float64")', True, 3),
    ("({0} // {1})", "({0} + 1.0)", True, 1),
    ("({0} % {1})", "{1}", True, 1),
]
_SIGNED_ONLY: list[_Form] = [("(-{0})", "{0}", True, 2), ("td.abs({0})", "{0}", True, 1)]


def _draw_condition(scope: Scope, depth: int) -> Term:
    """A bool: of values, of axes, or combined."""
    dice = scope.dice
    one = 'td.cast(1, "float64")'
    style = dice.random()
    compare = dice.choice(["<", "<=", ">", ">=", "==", "!="])
    if style < 0.35 and scope.axes.bounds:
        axis = dice.choice(list(scope.axes.bounds))
        other = dice.choice([*scope.axes.bounds, "1", "2", *(name for name, _, _ in scope.sizes)])
        text = dice.choice(
            [
                f"{axis} {compare} {other}",
                f"{axis} % 2 == {dice.choice([0, 1])}",
                f"{axis} + 1 {compare} {other}",
            ]
        )
        return Term(f"({text})", "bool", (), one)
    if style < 0.8 or depth <= 0:
        kinds = [tensor.dtype for tensor in scope.tensors if tensor.dtype != "bool"] or ["int32"]
        dtype = dice.choice(kinds)
        parts = (draw_leaf(scope, dtype), draw_term(scope, dtype, min(1, depth - 1)))
        return Term(f"({{0}} {compare} {{1}})", "bool", parts, one)
    parts = (_draw_condition(scope, depth - 1), _draw_condition(scope, depth - 1))
    form = dice.choice(["td.all({0}, {1})", "td.any({0}, {1})"])
    if dice.random() < 0.2:
        return Term("td.logical_not({0})", "bool", parts[:1], one)
    return Term(form, "bool", parts, one)

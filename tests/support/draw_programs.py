"""Random programs: chains of elementwise stages, stencils, pads, reductions, recurrences, updates, several values at once.

Some hold arrays whose rows lie in one dim (draw_flat.py), some a sum of products of narrow integers (draw_narrow.py).

In: dice. Out: a `Program` of one to five stages, at most three of them in rank 3. Declaring it may still be refused
(a bounds proof that is out of reach); the caller draws again and counts.
"""

from __future__ import annotations

import random

from tests.support.draw_flat import flattened
from tests.support.draw_narrow import narrow_stage
from tests.support.draw_ordered import own_sum, recurrence_value, update_stage
from tests.support.draw_terms import Axes, Dim, Scope, TensorInfo, converted, draw_read, draw_term, holds
from tests.support.programs import InputDecl, Program, SizeDecl, StageDecl
from tests.support.terms import COMPANION, FLOATS, Term, constant

DTYPES = ("float32",) * 6 + ("float64", "int32", "int32", "int64", "uint8", "uint16", "int8", "bool")
AXES = ("i", "j", "l")
FLAT = 0.1
"""How often a program has arrays whose rows lie in one dim."""
NARROW = 0.26
"""How often it has a sum of products of narrow integers."""


def draw_program(dice: random.Random) -> Program:
    """A program; most of it in one dtype."""
    return _Drawing(dice).program()


def draw_small_program(dice: random.Random) -> Program:
    """A program of constant sizes between 2 and 9, of few and low loops: all its iterations can be listed."""
    drawing = _Drawing(dice, symbolic=False)
    drawing.base = [
        Dim("", 1, dice.choice([2, 3, 4, 4, 5, 6, 7, 8, 9])) for _ in range(dice.choice([1, 1, 2, 2]))
    ]
    drawing.margin = dice.choice([0, 1, 2])
    drawing.ordered = 0.25
    drawing.flat = drawing.flat and len(drawing.base) == 2
    return drawing.program(dice.choice([1, 2, 2, 3, 3]), gathers=0.0)


def draw_symbolic_program(dice: random.Random) -> Program:
    """A program of one or two sizes and few stages: what it does at small sizes can be listed."""
    drawing = _Drawing(dice)
    drawing.sizes = [
        SizeDecl(name, dice.choice([0, 0, 0, 1, 2]), dice.choice([1, 1, 1, 1, 2]))
        for name in ("n", "m")[: dice.choice([1, 1, 2])]
    ]
    drawing.base = [
        Dim(dice.choice(drawing.sizes).name, 1, 0)
        if dice.random() < 0.8
        else Dim("", 1, dice.choice([2, 3, 4]))
        for _ in range(dice.choice([1, 1, 2, 2]))
    ]
    drawing.margin = dice.choice([0, 1, 2])
    drawing.ordered = 0.3
    drawing.flat = drawing.narrow = False
    return drawing.program(dice.choice([1, 2, 2, 3]), gathers=0.0)


class _Drawing:
    """A program under construction."""

    def __init__(self, dice: random.Random, symbolic: bool = True) -> None:
        self.dice = dice
        self.main = dice.choice([name for name in DTYPES if name != "bool"])
        self.flat = dice.random() < FLAT
        self.ordered = (
            0.25 if self.flat else 0.12
        )  # how often a stage is a recurrence, and how often an update
        self.narrow = dice.random() < NARROW
        symbolic = symbolic and dice.random() < 0.6
        self.sizes = [
            SizeDecl(name, dice.choice([0, 0, 0, 1, 2]), dice.choice([1, 1, 1, 1, 4]))
            for name in ("n", "m")[: dice.choice([1, 1, 2])]
        ] if symbolic else []  # fmt: skip
        self.margin = dice.choice([0, 1, 2, 2, 3, 4])
        self.base = [self._base_dim() for _ in range(2 if self.flat else dice.choice([1, 1, 2, 2, 2, 3]))]
        self.inputs: list[InputDecl] = []
        self.stages: list[StageDecl] = []
        self.tensors: list[TensorInfo] = []

    def _base_dim(self) -> Dim:
        if self.sizes and self.dice.random() < 0.8:
            return Dim(self.dice.choice(self.sizes).name, 1, 0)
        return Dim("", 1, self.dice.choice([1, 2, 3, 4, 5, 7, 8, 9]))

    def _facts(self) -> list[tuple[str, int, int]]:
        return [(size.name, size.minimum, size.multiple_of) for size in self.sizes]

    def _dtype(self) -> str:
        return self.main if self.dice.random() < 0.85 else self.dice.choice(DTYPES)

    # ------------------------------------------------------------ whole programs
    def program(self, count: int = 0, gathers: float = 0.15) -> Program:
        for number in range(self.dice.choice([1, 2, 2, 3])):
            self._input(f"{'ABD'[number]}")
        if self.dice.random() < 0.2:
            self.inputs.append(InputDecl("alpha", self.main, None))
        if self.dice.random() < (3 * gathers if self.flat else gathers):
            self._index("idx")
        count = count or self.dice.choice([1, 3, 3, 3, 4, 4, 4, 5, 5])
        for number in range(count):
            self._stage(f"s{number}", last=number == count - 1)
        outputs = list(self.stages[-1].names)
        for stage in self.stages[:-1]:
            if self.dice.random() < 0.06:
                outputs.insert(0, stage.names[0])
        return Program(tuple(self.sizes), tuple(self.inputs), tuple(self.stages), tuple(outputs)).trimmed()

    def _input(self, name: str) -> None:
        rank = max(0, min(3, len(self.base) + self.dice.choice([-1, 0, 0, 0, 0, 1])))
        dims: list[Dim] = []
        for place in range(rank):
            dim = (
                self.base[place]
                if place < len(self.base) and self.dice.random() < 0.8
                else self.dice.choice(self.base)
            )
            scale = dim.scale * (2 if self.dice.random() < 0.12 and dim.size else 1)
            dims.append(Dim(dim.size, scale, dim.margin + self.dice.choice([0, self.margin, self.margin])))
        dtype = self._dtype()
        info = TensorInfo(name, dtype, tuple(dims), flat=self._is_flat(tuple(dims)))
        self.inputs.append(InputDecl(name, dtype, info.shape()))
        self.tensors.append(info)

    def _is_flat(self, dims: tuple[Dim, ...]) -> bool:
        return self.flat and len(dims) == 2 and self.dice.random() < 0.5

    def _index(self, name: str) -> None:
        """An input whose values are used as indices."""
        dims, rows = (self.dice.choice(self.base),), [one for one in self.tensors if one.flat]
        inside = self.dice.choice(rows or self.tensors or [TensorInfo("", "", ())])
        if inside.dims:
            dim = self.dice.choice(inside.dims[:1] if inside.flat else inside.dims)
            dtype = self.dice.choice(["int32", "int64", "uint8"])
            self.inputs.append(InputDecl(name, dtype, (dims[0].text(),), ("0", dim.text())))
            self.tensors.append(TensorInfo(name, dtype, dims, dim))

    # ------------------------------------------------------------ stages
    def _stage(self, name: str, last: bool) -> None:
        if self.narrow and self.dice.random() < (0.75 if last else 0.2):
            self.narrow = False
            self._narrow(name)
            return
        if self.dice.random() < 0.5 and not last and self.margin:
            self.margin -= self.dice.choice([0, 1, min(2, self.margin)])
        if self.tensors and self.dice.random() < 0.12 and not last and self._pad(name):
            return
        style = self.dice.random()
        if style < self.ordered:
            self._recurrence(name, last)
        elif style < 2 * self.ordered and self._update(name):
            return
        elif style < 0.28 + 2 * self.ordered:
            self._reduction(name, last)
        else:
            self._plain(name, last)

    def _shape(self, last: bool) -> tuple[Dim, ...]:
        dims = list(self.base)
        if self.dice.random() < 0.15:
            self.dice.shuffle(dims)
        if self.dice.random() < 0.2 and len(dims) > 1:
            dims.pop(self.dice.randrange(len(dims)))
        if self.dice.random() < 0.04:
            dims = []
        margin = 0 if last and self.dice.random() < 0.7 else self.margin
        return tuple(
            Dim(dim.size, dim.scale, dim.margin + self.dice.choice([0, margin, margin])) for dim in dims
        )

    def _scope(self, dims: tuple[Dim, ...]) -> Scope:
        axes = Axes({}, {})
        for axis, dim in zip(AXES, dims):
            axes.bounds[axis] = ("0", dim.text())
            axes.near[axis] = dim
        params = {one.name: one.dtype for one in self.inputs if one.shape is None}
        return Scope(self.dice, self.tensors, axes, self._facts(), params)

    def _add(self, stage: StageDecl, dims: tuple[Dim, ...], flat: bool = False) -> None:
        self.stages.append(stage)
        for name, dtype in zip(stage.names, stage.dtypes):
            self.tensors.append(TensorInfo(name, dtype, dims, flat=flat))

    def _plain(self, name: str, last: bool) -> None:
        dims, dtype = self._shape(last), self._dtype()
        scope = self._scope(dims)
        names = (name,) if self.dice.random() < 0.93 else (name, name + "b")
        where, fill = "", ""
        if dims and self.dice.random() < 0.08:
            axis, other = self.dice.choice(AXES[: len(dims)]), self.dice.choice(AXES[: len(dims)])
            where = self.dice.choice([f"{axis} >= 1", f"{axis} <= {other}", f"{axis} + 1 < {dims[0].text()}"])
            scope.axes.condition = where.replace(" >= ", " >= ")
            fill = self.dice.choice(["", "1"])
        depth = self.dice.choice([1, 2, 2, 3])
        body = tuple(draw_term(scope, dtype, depth) for _ in names)
        shape = tuple(dim.text() for dim in dims)
        stage = StageDecl(names, (dtype,) * len(names), shape, AXES[: len(dims)], (), body, where, fill)
        flat = self._is_flat(dims)
        self._add(flattened(stage, dims) if flat else stage, dims, flat)

    def _recurrence(self, name: str, last: bool) -> None:
        dims, dtype = self._shape(last)[:2] or (Dim("", 1, 5),), self._dtype()
        names = (name,) if self.dice.random() < 0.8 else (name, name + "b")
        scope = self._scope(dims)
        body = tuple(recurrence_value(scope, names, dims, dtype, place) for place in range(len(names)))
        shape, lines = tuple(dim.text() for dim in dims), tuple[str, ...]()
        if dtype != "bool" and self.dice.random() < 0.25:
            line, first = own_sum(scope, name, dtype, dims, body[0])
            lines, body = (line,), (first, *body[1:])
        stage = StageDecl(
            names, (dtype,) * len(names), shape, AXES[: len(dims)], lines, body, verb="recurrence"
        )
        self._add(stage, dims)

    def _update(self, name: str) -> bool:
        bases = [
            one
            for one in self.tensors
            if one.dims and len(one.dims) < 3 and one.dtype != "bool" and one.indexes is None
        ]
        if not bases:
            return False
        rows = [one for one in bases if one.flat]
        base = self.dice.choice(rows if rows and self.dice.random() < 0.7 else bases)
        stage = update_stage(self._scope(()), name, base)
        self._add(stage, base.dims, base.flat)
        return True

    def _reduction(self, name: str, last: bool) -> None:
        dims, dtype = self._shape(last), self._dtype()
        if len(dims) > 2 and self.dice.random() < 0.7:
            dims = dims[:2]
        scope = self._scope(dims)
        lines: list[str] = []
        value = self._reduce(scope, dims, dtype, lines, first=0)
        if self.dice.random() < 0.15:
            second = self._reduce(scope, dims, value.dtype, lines, first=2)
            value = Term("({0} + {1})", value.dtype, (value, second), "({0} + {1})")
        if self.dice.random() < 0.4 and value.dtype != "bool":
            other = draw_term(scope, value.dtype, 1)
            form, bound = self.dice.choice([("({0} + {1})", "({0} + {1})"), ("{0} * {1}", "{0} * {1}"),
                                            ("td.maximum({0}, {1})", "td.maximum({0}, {1})"),
                                            ("({1} - {0})", "({0} + {1})")])  # fmt: skip
            value = Term(form, value.dtype, (value, other), bound)
        shape = tuple(dim.text() for dim in dims)
        self._add(StageDecl((name,), (value.dtype,), shape, AXES[: len(dims)], tuple(lines), (value,)), dims)

    def _narrow(self, name: str) -> None:
        """A sum of products of narrow integers."""
        stage, operands, dims = narrow_stage(self._scope(()), name, self.base)
        self.inputs += operands
        self._add(stage, dims)

    def _reduce(self, scope: Scope, dims: tuple[Dim, ...], dtype: str, lines: list[str], first: int) -> Term:
        inner = Scope(
            self.dice,
            self.tensors,
            Axes(dict(scope.axes.bounds), dict(scope.axes.near)),
            scope.sizes,
            scope.params,
        )
        over: list[str] = []
        for place in range(self.dice.choice([1, 1, 1, 2])):
            axis = f"k{first + place}"
            lower, upper = self._bounds(dims, axis, inner)
            argument = upper if lower == "0" else f"({lower}, {upper})"
            lines.append(f'{axis} = td.reduce_axis("{axis}", {argument})')
            inner.axes.bounds[axis] = (lower, upper)
            over.append(axis)
        if dtype == "bool":
            verb, bound, operand = (
                self.dice.choice(["any", "all"]),
                'td.cast(1, "float64")',
                draw_term(inner, "bool", 1),
            )
        else:
            verb = self.dice.choice(["sum"] * 5 + ["max", "min", "max", "prod"])
            operand = self._operand(inner, dtype, verb)
            bound = {"sum": "td.sum({0}, over=%s)", "prod": "td.prod(td.maximum({0}, 1.0), over=%s)"}.get(
                verb, "td.maximum(td.max({0}, over=%s), 0.0)"
            )
        names = over[0] if len(over) == 1 else f"({', '.join(over)})"
        if "%s" in bound:
            bound %= names
        return Term(f"td.{verb}({{0}}, over={names})", dtype, (operand,), bound)

    def _operand(self, scope: Scope, dtype: str, verb: str) -> Term:
        if verb == "sum" and self.dice.random() < 0.6 and self.tensors:
            # A product of two reads, as in a matrix product or a convolution.
            left, right = (draw_read(scope, self.dice.choice(self.tensors), dtype) for _ in range(2))
            return Term("{0} * {1}", dtype, (left, right), "{0} * {1}")
        return draw_term(scope, dtype, self.dice.choice([0, 1, 1, 2]))

    def _bounds(self, dims: tuple[Dim, ...], axis: str, scope: Scope) -> tuple[str, str]:
        dice = self.dice
        style = dice.random()
        if style < 0.40:
            return "0", str(dice.choice([1, 2, 3, 3, 4, 5, 8]))
        if style < 0.85:
            source = dice.choice(dice.choice(self.tensors).dims or (Dim("", 1, 3),))
            scope.axes.near[axis] = source
            return ("0", source.text()) if dice.random() < 0.8 else ("1", source.text())
        if dims:
            outer = dice.choice(AXES[: len(dims)])
            scope.axes.near[axis] = dims[AXES.index(outer)]
            return dice.choice([("0", f"{outer} + 1"), ("0", outer), (outer, dims[AXES.index(outer)].text())])
        return "0", "3"

    def _pad(self, name: str) -> bool:
        source = self.dice.choice(self.tensors)
        if not source.dims or source.flat:
            return False
        width = self.dice.choice([1, 2, (0, 1), (2, 0)])
        mode = self.dice.choice(["constant", "edge"])
        if mode == "edge" and not holds(
            " & ".join(f"({dim.text()} >= 1)" for dim in source.dims), Axes({}, {}), self._facts()
        ):
            mode = "constant"
        before, after = (width, width) if isinstance(width, int) else width
        dims = tuple(Dim(dim.size, dim.scale, dim.margin + before + after) for dim in source.dims)
        filling, most = "", "0.0"
        if mode == "constant" and self.dice.random() < 0.4:
            filling, most = f", constant_values={'True' if source.dtype == 'bool' else '1'}", "1.0"
        call = f'td.pad({source.name}, {width}, mode="{mode}"{filling}, name="{name}")'
        companion = f'td.pad({source.name}{COMPANION}, {width}, mode="{mode}"' + (
            f', constant_values={most}, name="{name}{COMPANION}")'
            if mode == "constant"
            else f', name="{name}{COMPANION}")'
        )
        shape = tuple(dim.text() for dim in dims)
        self._add(
            StageDecl(
                (name,), (source.dtype,), shape, call=call, companion=companion, sources=(source.name,)
            ),
            dims,
        )
        return True


__all__ = ["FLOATS", "constant", "converted", "draw_program"]

"""Thirty planted bugs of lowering and legality, each a patch of a pass or of a function of poly; the product has no switch.

In: pytest's monkeypatch. Out: tdsl with one mistake that a tired engineer could make, and the name of the subject on which
`td.fuzz` has to find it. What happens to Loop IR is planted behind the last pass, as if that pass had done it.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count

import pytest

import tdsl as td
from tdsl.expr import build
from tdsl.expr.node import Binary, Compare, Const, Load, Node, Var, index_const
from tdsl.expr.rewrite import rewrite, variables, walk
from tdsl.fuzzing.report import FuzzReport
from tdsl.lower import pipeline
from tdsl.lower.build import _Lowering
from tdsl.lower.ir import Allocate, Block, For, If, Let, Statement, Store
from tdsl.lower.passes import named_tails, separate_full_tiles
from tdsl.lower.rewrite_statement import rebuild
from tdsl.poly import labels, verdict
from tdsl.poly.edges import Edges
from tdsl.poly.model import Reverse, Shift, Skew, Split
from tdsl.poly.scan import Scan
from tdsl.schedule import derive, nest_build
from tdsl.schedule.nest_build import NestBuilder
from tdsl.schedule.nest_storage import StoragePlanner
from tests.fuzz.quick import QUICK_LEVEL, advice, codegen_level

Patch = pytest.MonkeyPatch
ONE = index_const(1)


# ---------------------------------------------------------------- what they are found on
def stencil() -> td.Tensor:
    """Two blurs, the first one needed three times by the second; whole numbers, so that every bit counts."""
    n, m = td.size("n"), td.size("m")
    a = td.placeholder("a", (n + 2, m + 2), "int32")
    p = td.compute("p", (n + 2, m), lambda i, j: a[i, j] + 2 * a[i, j + 1] + a[i, j + 2])
    return td.compute("c", (n, m), lambda y, x: p[y, x] - p[y + 2, x] + 3 * p[y + 1, x])


def matmul() -> td.Tensor:
    """A matrix product with something added."""
    m, n, d = td.size("m"), td.size("n"), td.size("d")
    a, b = td.placeholder("a", (m, d)), td.placeholder("b", (d, n))
    k = td.reduce_axis("k", d)
    return td.compute("c", (m, n), lambda i, j: td.sum(a[i, k] * b[k, j], over=k) + 1)


def product() -> td.Tensor:
    """A matrix product and nothing else: its tiles may be promoted inside loops over blocks of the sum."""
    m, n, d = td.size("m"), td.size("n"), td.size("d")
    a, b = td.placeholder("a", (m, d)), td.placeholder("b", (d, n))
    k = td.reduce_axis("k", d)
    return td.compute("c", (m, n), lambda i, j: td.sum(a[i, k] * b[k, j], over=k))


def wavefront() -> td.Tensor:
    """A recurrence over two axes."""
    n, m = td.size("n"), td.size("m")
    a = td.placeholder("a", (n, m), "int32")

    def value(h: td.Tensor, i: td.Expr, j: td.Expr) -> td.Expr:
        left = td.where(j >= 1, h[i, j - 1], 0)
        return a[i, j] + left * 2 + td.where(td.all(i >= 1, j + 1 < m), h[i - 1, j + 1], 1)

    return td.recurrence("h", (n, m), value)


def triangle() -> td.Tensor:
    """A domain that is no rectangle."""
    n = td.size("n")
    a = td.placeholder("a", (n, n), "int32")
    return td.compute("c", (n, n), lambda i, j: a[i, j] * 3 + i, where=lambda i, j: j <= i, fill=7)


def update() -> td.Tensor:
    """An update whose base is wanted afterwards, too."""
    n = td.size("n")
    a = td.placeholder("a", (n,), "int32")
    b = td.compute("b", (n,), lambda i: a[i] + 1)
    x = td.axis("x", (1, n))
    u = td.update("u", b, over=x, at=x, value=lambda u: u[x - 1] * 3 + a[x])
    return td.compute("c", (n,), lambda i: u[i] - b[i])


SUBJECTS: Mapping[str, Callable[[], td.Tensor]] = {
    one.__name__: one for one in (stencil, matmul, product, wavefront, triangle, update)
}


@dataclass(frozen=True)
class Planted:
    """One bug: what it is, where it is looked for, how it is planted."""

    name: str
    subject: str
    plant: Callable[[Patch], None]


# ---------------------------------------------------------------- behind the last pass
def after_lowering(change: Callable[[Statement], Statement]) -> Callable[[Patch], None]:
    """Loop IR as if the last pass had changed every statement, inner ones first."""

    def everywhere(statement: Statement) -> Statement:
        return change(rebuild(statement, everywhere))

    def plant(patch: Patch) -> None:
        passes = pipeline.CPU_PASSES
        name, last = passes[-1]
        broken = (
            *passes[:-1],
            (name, lambda kernel: replace(made := last(kernel), body=everywhere(made.body))),
        )
        patch.setattr(pipeline, "CPU_PASSES", broken)

    return plant


def loops(kind: str, change: Callable[[For], Statement], least: int = 2) -> Callable[[Patch], None]:
    """Loops of a kind; of those with constant bounds, ones that run at least so often."""

    def changed(statement: Statement) -> Statement:
        if not isinstance(statement, For) or statement.kind != kind:
            return statement
        count = build.sub(statement.upper, statement.lower)
        return statement if isinstance(count, Const) and count.value < least else change(statement)

    return after_lowering(changed)


def shorter(loop: For) -> For:
    return replace(loop, upper=build.sub(loop.upper, ONE))


def later(loop: For) -> For:
    return replace(loop, lower=build.add(loop.lower, ONE))


def expressions(change: Callable[[Node], Node], where: type = Store) -> Callable[[Patch], None]:
    """Every expression of statements of a type, with `change` applied to each of its nodes."""

    def changed(statement: Statement) -> Statement:
        if not isinstance(statement, where):
            return statement
        return rebuild(statement, lambda inner: inner, lambda node: rewrite(node, change))

    return after_lowering(changed)


def first_side(op: str) -> Callable[[Node], Node]:
    """`min(a, b)` of integers taken for `a`, where a loop variable is in it."""

    def change(node: Node) -> Node:
        moving = (
            isinstance(node, Binary) and node.op == op and any(v.kind == "local" for v in variables(node))
        )
        return node.lhs if moving and node.dtype.is_integer else node

    return change


def bounds(change: Callable[[Node], Node]) -> Callable[[Patch], None]:
    def changed(loop: For) -> For:
        return replace(loop, lower=rewrite(loop.lower, change), upper=rewrite(loop.upper, change))

    return loops("serial", changed)


def guards(change: Callable[[If], Statement]) -> Callable[[Patch], None]:
    """Conditions over loop variables."""

    def changed(statement: Statement) -> Statement:
        mine = isinstance(statement, If) and any(v.kind == "local" for v in variables(statement.cond))
        return change(statement) if mine else statement

    return after_lowering(changed)


def off_by_one(node: Node) -> Node:
    if isinstance(node, Compare) and node.op in ("le", "lt"):
        return build.compare(node.op, build.add(node.lhs, build.cast(ONE, node.lhs.dtype)), node.rhs)
    if isinstance(node, Compare) and node.op in ("ge", "gt"):
        return build.compare(node.op, build.sub(node.lhs, build.cast(ONE, node.lhs.dtype)), node.rhs)
    return node


def tighter_mod(node: Node) -> Node:
    small = (
        isinstance(node, Binary) and node.op == "mod" and isinstance(node.rhs, Const) and node.rhs.value > 2
    )
    return build.mod(node.lhs, index_const(node.rhs.value - 1)) if small else node


def no_start(statement: Statement) -> Statement:
    """A constant stored where a sum will be."""
    if isinstance(statement, Store) and isinstance(statement.value, Const) and statement.value.value == 0:
        return replace(statement, value=build.constant(1, statement.value.dtype))
    return statement


def swapped(statement: Statement) -> Statement:
    if isinstance(statement, Block) and len(statement.statements) > 1:
        first, second, *rest = statement.statements
        if isinstance(first, For) and isinstance(second, For):
            return replace(statement, statements=(second, first, *rest))
    return statement


def let_later(statement: Statement) -> Statement:
    moved = isinstance(statement, Let) and statement.value.dtype.is_integer
    return replace(statement, value=build.add(statement.value, ONE)) if moved else statement


def one_side(statement: Statement) -> Statement:
    """The first of two versions of a tile for both."""
    whole = isinstance(statement, If) and statement.otherwise is not None
    return replace(statement, otherwise=None) if whole else statement


def own_lane(statement: Statement) -> Statement:
    """Lanes that all do what the first one does."""
    if isinstance(statement, For) and statement.kind == "vector":
        return replace(
            statement, body=_with(statement.body, Var(statement.var, ONE.dtype, "local"), statement.lower)
        )
    return statement


def _with(statement: Statement, name: Node, value: Node) -> Statement:
    if isinstance(statement, Store) and any(isinstance(node, Load) for node in walk(statement.value)):
        loads = {
            node: replace(node, index=tuple(rewrite(part, lambda one: value if one is name else one) for part in node.index))
            for node in walk(statement.value) if isinstance(node, Load)
        }  # fmt: skip
        return replace(statement, value=rewrite(statement.value, lambda node: loads.get(node, node)))
    return rebuild(statement, lambda inner: _with(inner, name, value))


def smaller_buffers(statement: Statement) -> Statement:
    """Two rows of a buffer in one place."""
    if isinstance(statement, Allocate) and statement.scope == "heap" and len(statement.extents) > 1:
        return _first_row(statement, statement.buffer)
    return statement


def _first_row(statement: Statement, buffer: str) -> Statement:
    def changed(node: Node) -> Node:
        mine = isinstance(node, Load) and node.buffer == buffer
        return replace(node, index=(_half(node.index[0]), *node.index[1:])) if mine else node

    made = rebuild(statement, lambda inner: _first_row(inner, buffer), lambda node: rewrite(node, changed))
    if isinstance(made, Store) and made.buffer == buffer:
        return replace(made, index=(_half(made.index[0]), *made.index[1:]))
    return made


def _half(node: Node) -> Node:
    return build.mul(build.floordiv(node, index_const(2)), index_const(2))


# ---------------------------------------------------------------- in the passes, the nest, poly
def replaced(owner: object, name: str, change: Callable[..., object]) -> Callable[[Patch], None]:
    """`change(original, *arguments)` in place of a function or method."""

    def plant(patch: Patch) -> None:
        original = getattr(owner, name)

        def broken(*arguments: object, **named: object) -> object:
            return change(original, *arguments, **named)

        patch.setattr(owner, name, broken)

    return plant


def relations(kind: type, change: Callable[[object], object]) -> Callable[[Patch], None]:
    """Axes found from their loops by a wrong formula."""

    def recovered(original: Callable[..., object], given: tuple[object, ...], *rest: object) -> object:
        return original(tuple(change(one) if isinstance(one, kind) else one for one in given), *rest)

    return replaced(nest_build, "recover", recovered)


def _late_end(original: Callable[..., object], *arguments: object) -> object:
    """Full tiles end one later than they do."""
    found = original(*arguments)
    if found is None or found[1] is None:
        return found
    return found[0], build.add(found[1], ONE)


def _early_shift(original: Callable[..., object], full: object, var: str, factor: int, start: Node) -> object:
    return original(full, var, factor, build.maximum(build.sub(start, ONE), index_const(0)))


def _no_guards(original: Callable[..., object], *arguments: object, **named: object) -> object:
    found = original(*arguments, **named)
    return Scan(found.bounds, ())


def _less_fold(original: Callable[..., object], self: object, state: object) -> object:
    folds = tuple((dim, max(1, factor - 1)) for dim, factor in state.folds)
    return original(self, replace(state, folds=folds))


def _layout_of_another(original: Callable[..., object], self: object, state: object) -> object:
    """Remainders of a layout by one less."""
    return tuple(rewrite(node, tighter_mod) for node in original(self, state))


def _overwrites(original: Callable[..., object], self: object, state: object) -> object:
    """An update overwrites its base, whoever reads that later."""
    base = state.stage.base
    made = None if base is None else self.builder.state.find(base.name)
    plain = made is not None and not (
        made.compute or made.folds or made.layout or state.folds or state.layout
    )
    return original(self, state) or (
        plain and made.scope == state.scope == "heap" and id(base) not in self.outputs
    )


def _mirrored(original: Callable[..., object], *arguments: object) -> object:
    """A stage inlined with two subscripts exchanged."""
    step, reader, entry = arguments
    if len(entry.stage.axes) != 2:
        return original(*arguments)
    axes = tuple(reversed(entry.stage.axes))
    stage = replace(entry.stage, axes=axes)
    return original(step, reader, replace(entry, stage=stage))


def _exact(original: Callable[..., object], copies: object, stage: str) -> object:
    return replace(original(copies, stage), reassociates=())


def _nothing(original: Callable[..., object], *arguments: object, **named: object) -> object:
    return None


def _never(original: Callable[..., object], *arguments: object, **named: object) -> object:
    return iter(())


def _fresh_tile(original: Callable[..., Statement], self: object, stage: object, item: object) -> Statement:
    """A promoted tile starts empty in every block."""
    made = original(self, stage, item)
    return _zeroed(made)


def _zeroed(statement: Statement) -> Statement:
    if isinstance(statement, Store):
        return replace(statement, value=build.constant(0, statement.value.dtype))
    return rebuild(statement, _zeroed)


def _without_finish(
    original: Callable[..., Statement], self: object, stage: object, item: object, body: object
) -> Statement:
    """What stands around a reduction is left out where a cast or sum is the whole of it."""
    return original(self, stage, item, [one.lhs if isinstance(one, Binary) else one for one in body])


PLANTED: tuple[Planted, ...] = (
    Planted("unrolled loops lose their last copy", "stencil", loops("unroll", shorter)),
    Planted("vectors of four and more lose a lane", "stencil", loops("vector", shorter, 4)),
    Planted("lanes read what the first one reads", "stencil", after_lowering(own_lane)),
    Planted("parallel loops start late", "stencil", loops("parallel", later)),
    Planted(
        "loops over blocks end early",
        "matmul",
        loops(
            "serial",
            lambda one: (
                shorter(one)
                if any(isinstance(node, Binary) and node.op == "floordiv" for node in walk(one.upper))
                else one
            ),
        ),
    ),
    Planted("the end of a loop forgets min", "stencil", bounds(first_side("min"))),
    Planted("the start of a loop forgets max", "wavefront", bounds(first_side("max"))),
    Planted(
        "guards hold one iteration less",
        "matmul",
        guards(lambda one: replace(one, cond=rewrite(one.cond, off_by_one))),
    ),
    Planted("guards of a domain are dropped", "triangle", replaced(NestBuilder, "scanned", _no_guards)),
    Planted("partial tiles are left out", "stencil", after_lowering(one_side)),
    Planted("sums start at one", "matmul", after_lowering(no_start)),
    Planted("two nests change places", "stencil", after_lowering(swapped)),
    Planted("lets are one too large", "stencil", after_lowering(let_later)),
    Planted("two rows of a buffer in one", "stencil", after_lowering(smaller_buffers)),
    Planted("remainders by one less", "stencil", expressions(tighter_mod)),
    Planted("full tiles end one too late", "matmul", replaced(separate_full_tiles, "_solve", _late_end)),
    Planted(
        "overlapping tiles lie one too low", "stencil", replaced(separate_full_tiles, "shifted", _early_shift)
    ),
    Planted(
        "peeled remainders end early",
        "stencil",
        replaced(named_tails, "minimum", lambda original, a, b: build.sub(original(a, b), ONE)),
    ),
    Planted(
        "skewed axes are found with the wrong sign",
        "wavefront",
        relations(Skew, lambda one: replace(one, factor=-one.factor)),
    ),
    Planted(
        "reversed axes are not turned back",
        "triangle",
        relations(Reverse, lambda one: Shift(one.parent, one.into, 0)),
    ),
    Planted("shifted axes are not moved back", "stencil", relations(Shift, lambda one: replace(one, by=0))),
    Planted(
        "split axes forget where a region starts",
        "stencil",
        relations(Split, lambda one: replace(one, relative=False)),
    ),
    Planted("folds are one cell short", "stencil", replaced(StoragePlanner, "subscripts", _less_fold)),
    Planted(
        "updates overwrite a base that is wanted", "update", replaced(StoragePlanner, "in_place", _overwrites)
    ),
    Planted("inlined reads are mirrored", "stencil", replaced(derive, "inlined_into", _mirrored)),
    Planted("promoted tiles start empty", "product", replaced(_Lowering, "tile_load", _fresh_tile)),
    Planted(
        "reductions lose what stands around them", "matmul", replaced(_Lowering, "assign", _without_finish)
    ),
    Planted("legality forgets the order", "wavefront", replaced(Edges, "_late", _nothing)),
    Planted("legality forgets what is overwritten", "stencil", replaced(Edges, "_clobbered", _nothing)),
    Planted(
        "legality forgets lanes and threads", "wavefront", replaced(verdict.Judgement, "together", _never)
    ),
    Planted("reassociation is not noticed", "matmul", replaced(labels, "_label", _exact)),
)
"""The bugs."""


def search(planted: Planted, seconds: float = 60.0, most: int = 3) -> FuzzReport:
    """`td.fuzz` on tdsl with a bug in it, seed after seed, until it is found and at most so many directives are left.

    seconds: of processor time, the last seed's included once it has begun.
    """
    patch, start = pytest.MonkeyPatch(), processor_seconds()
    verdict.forget()
    try:
        planted.plant(patch)
        with contextlib.redirect_stdout(io.StringIO()), codegen_level(QUICK_LEVEL), advice(given=False):
            for seed in count(1):
                report = td.fuzz(
                    SUBJECTS[planted.subject](), seconds=600, seed=seed, schedules=60, first=True
                )
                small = any(len(found.steps) <= most for found in report.failures)
                if small or processor_seconds() - start > seconds:
                    return report
    finally:
        patch.undo()
        verdict.forget()
    raise AssertionError("seeds have no end")


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])

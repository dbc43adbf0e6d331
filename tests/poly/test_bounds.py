"""The bounds prover against enumeration: what it accepts never escapes, what it refuses escapes at its witness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import hypothesis.strategies as st
import pytest
from hypothesis import event, given, settings

import tdsl as td
from tdsl.dtypes import wrap
from tdsl.expr.node import Binary, Cast, Compare, Const, Node, Read, Reduce, Select, Unary, Var
from tdsl.expr.tensor import Axis, Tensor
from tdsl.poly.bounds import Escape, Scope, Unproven, check_reads
from tdsl.poly.reads import read_sites

LARGEST = 5
"""Sizes are enumerated up to this."""

BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "min": min,
    "max": max,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
}
COMPARE = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


@dataclass
class Machine:
    """Runs a body point by point as its words say, knowing nothing of the prover; notes every read that escapes."""

    axes: dict[str, Axis]
    env: dict[str, int]
    data: dict[Node, int] = field(default_factory=dict)
    """What reads give, by node; else `everywhere`."""
    everywhere: int = 0
    escapes: list[tuple[Tensor, tuple[int, ...]]] = field(default_factory=list)

    def value(self, node: Node) -> int:
        match node:
            case Const():
                return int(node.value)
            case Var():
                return self.env[node.name]
            case Unary(op="not"):
                return 1 - self.value(node.operand)
            case Unary(op="neg"):
                return wrap(-self.value(node.operand), node.dtype)
            case Binary() if node.dtype.is_bool:
                return BINARY[node.op](self.value(node.lhs), self.value(node.rhs))
            case Binary():
                return wrap(BINARY[node.op](self.value(node.lhs), self.value(node.rhs)), node.dtype)
            case Compare():
                return int(COMPARE[node.op](self.value(node.lhs), self.value(node.rhs)))
            case Select():
                return self.value(node.then if self.value(node.cond) else node.otherwise)
            case Cast():
                return wrap(self.value(node.operand), node.dtype)
            case Reduce():
                for _ in self.loop([self.axes[name] for name in node.axes]):
                    self.value(node.operands[0])
                return 0
            case Read():
                return self.read(node)
            case _:
                raise TypeError(node)

    def read(self, node: Read) -> int:
        index = tuple(self.value(part) for part in node.index)
        shape = tuple(self.value(part) for part in node.tensor.extents)
        if not all(0 <= one < extent for one, extent in zip(index, shape)):
            self.escapes.append((node.tensor, index))
        return self.data.get(node, self.everywhere)

    def loop(self, axes: list[Axis]) -> Iterator[None]:
        if not axes:
            yield
            return
        for value in range(self.value(axes[0].lower), self.value(axes[0].upper)):
            self.env[axes[0].name] = value
            yield from self.loop(axes[1:])
        self.env.pop(axes[0].name, None)


def escapes_at(
    scope: Scope, body: Node, sizes: dict[str, int]
) -> list[tuple[dict[str, int], tuple[int, ...]]]:
    """(iteration, index) of every read that escapes at these sizes, in order of the iteration."""
    found = []
    machine = Machine({axis.name: axis for axis in (*scope.axes, *scope.reduce_axes)}, dict(sizes))
    for _ in machine.loop(list(scope.axes)):
        machine.escapes.clear()
        if all(machine.value(node) for node in scope.domain):
            machine.value(body)
        found += [({a.name: machine.env[a.name] for a in scope.axes}, index) for _, index in machine.escapes]
    return found


def possible_sizes(scope: Scope, body: Node) -> list[dict[str, int]]:
    """Small sizes that satisfy the facts, smallest sum first, then in order."""
    names = [size.name for size in scope.sizes]
    found = []
    for values in product(range(LARGEST + 1), repeat=len(names)):
        at = dict(zip(names, values))
        machine = Machine({}, dict(at))
        extents = [
            extent for site in read_sites((body,), scope.reduce_axes) for extent in site.read.tensor.extents
        ]
        if (
            all(at[s.name] >= s.minimum and at[s.name] % s.multiple_of == 0 for s in scope.sizes)
            and all(machine.value(fact) for fact in scope.facts)
            and all(machine.value(extent) >= 0 for extent in extents)
        ):
            found.append(at)
    return sorted(found, key=lambda at: (sum(at.values()), tuple(at.values())))


# random programs

CONSTANTS = st.integers(-3, 4)
FACTORS = st.sampled_from([-2, -1, 1, 2, 3])


@st.composite
def affine(draw: st.DrawFn, leaves: tuple[td.Expr, ...], depth: int = 2) -> td.Expr:
    """An integer expression over the leaves, with floors, remainders, minima and selects."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        leaf = draw(st.sampled_from(leaves))
        return leaf * draw(FACTORS) + draw(CONSTANTS) if draw(st.booleans()) else leaf
    left = draw(affine(leaves, depth - 1))
    kind = draw(st.sampled_from(["+", "-", "//", "%", "min", "max", "where", "shift"]))
    match kind:
        case "//":
            return left // draw(st.sampled_from([2, 3, -2]))
        case "%":
            return left % draw(st.sampled_from([2, 3, -3]))
        case "shift":
            return left + draw(CONSTANTS)
    right = draw(affine(leaves, depth - 1))
    match kind:
        case "+":
            return left + right
        case "-":
            return left - right
        case "min":
            return td.minimum(left, right)
        case "max":
            return td.maximum(left, right)
        case _:
            return td.where(draw(condition(leaves, depth - 1)), left, right)


@st.composite
def condition(draw: st.DrawFn, leaves: tuple[td.Expr, ...], depth: int = 1) -> td.Expr:
    left, right = draw(affine(leaves, depth)), draw(affine(leaves, depth))
    op = draw(st.sampled_from(["<", "<=", ">=", ">", "==", "!="]))
    made = {
        "<": left < right,
        "<=": left <= right,
        ">=": left >= right,
        ">": left > right,
        "==": left == right,
    }.get(op, left != right)
    if not isinstance(made, td.Expr) or depth == 0:
        return made
    match draw(st.integers(0, 5)):
        case 0:
            return td.all(made, draw(condition(leaves, 0)))
        case 1:
            return td.any(made, draw(condition(leaves, 0)))
        case 2:
            return td.logical_not(made)
        case _:
            return made


@st.composite
def value(
    draw: st.DrawFn, tensors: tuple[Tensor, ...], leaves: tuple[td.Expr, ...], depth: int = 2
) -> td.Expr:
    """An expression with reads, guarded or clamped now and then."""
    tensor = draw(st.sampled_from(tensors))
    subscripts = []
    for extent in tensor.shape:
        index = draw(affine(leaves, draw(st.integers(0, 2))))
        match draw(st.integers(0, 4)):
            case 0 | 1:
                index = td.clamp(index, 0, extent - 1)
            case 2 if depth:
                return td.where(
                    td.all(index >= 0, index < extent, draw(condition(leaves))),
                    tensor[(*subscripts, index, *[0] * (tensor.ndim - len(subscripts) - 1))],
                    draw(value(tensors, leaves, depth - 1)) if draw(st.booleans()) else 0,
                )
        subscripts.append(index)
    read = tensor[tuple(subscripts)]
    if depth and draw(st.integers(0, 3)) == 0:
        return td.where(draw(condition(leaves)), read, draw(value(tensors, leaves, depth - 1)))
    return read


@st.composite
def programs(draw: st.DrawFn) -> tuple[Scope, td.Expr]:
    n = td.size("n", min=draw(st.integers(0, 2)), multiple_of=draw(st.sampled_from([1, 1, 2])))
    m = td.size("m", min=draw(st.integers(0, 1)))
    sizes: tuple[td.Expr, ...] = (n, m)
    extents = st.one_of(
        st.sampled_from(sizes),
        st.integers(1, 4),
        st.builds(lambda s, c: s + c, st.sampled_from(sizes), CONSTANTS),
    )
    tensors = tuple(
        td.placeholder(name, tuple(draw(st.lists(extents.filter(ok), min_size=1, max_size=2))), "int64")
        for name in ("A", "B")
    )
    axes = [axis_over(name, draw(extents.filter(ok))) for name in ("i", "j")[: draw(st.integers(1, 2))]]
    leaves = (*axes, *sizes)
    lower = draw(st.sampled_from([0, 1, axes[0]]))
    k = td.reduce_axis("k", (lower, draw(st.sampled_from([n, m, axes[0], axes[0] + 1, 3]))))
    domain = draw(condition(tuple(leaves))) if draw(st.integers(0, 2)) == 0 else None
    body = draw(value(tensors, leaves))
    if draw(st.booleans()):
        body = body + td.sum(draw(value(tensors, (*leaves, k), 1)), over=k)
    scope = Scope(
        axes=tuple(axis.origin.axis for axis in axes),
        reduce_axes=(k.origin.axis,),
        domain=() if domain is None else (domain.node,),
        sizes=(n.size, m.size),
        facts=((n <= m).node,) if draw(st.integers(0, 3)) == 0 else (),
    )
    return scope, body


def ok(extent: object) -> bool:
    return not isinstance(extent, int) or extent >= 0


def axis_over(name: str, extent: object) -> td.Expr:
    return td.axis(name, extent)


@settings(max_examples=settings.default.max_examples * 3)
@given(programs())
def test_agrees_with_enumeration(program: tuple[Scope, td.Expr]) -> None:
    scope, body = program
    verdict = check_reads(read_sites((body.node,), scope.reduce_axes), scope)
    assert not isinstance(verdict, Unproven), verdict
    event("proved" if verdict is None else "escapes")
    if verdict is None:
        for sizes in possible_sizes(scope, body.node):
            assert not escapes_at(scope, body.node, sizes), sizes
        return
    check_witness(verdict, scope, body.node)


def check_witness(escape: Escape, scope: Scope, body: Node) -> None:
    """The read named escapes at the witness, and at no smaller sizes."""
    sizes = {size.name: 0 for size in scope.sizes} | dict(escape.sizes)
    sizes = sizes | {s.name: least(s) for s in scope.sizes if s.name not in dict(escape.sizes)}
    iteration = {axis.name: dict(escape.iteration)[axis.name] for axis in scope.axes}
    assert (iteration, escape.index) in escapes_of(escape.read, scope, body, sizes)
    if set(dict(escape.sizes)) != {size.name for size in scope.sizes}:
        return
    for smaller in possible_sizes(scope, body):
        if (sum(smaller.values()), tuple(smaller.values())) >= (sum(sizes.values()), tuple(sizes.values())):
            break
        assert not escapes_of(escape.read, scope, body, smaller), smaller
    first = min(tuple(one.values()) for one, _ in escapes_of(escape.read, scope, body, sizes))
    assert tuple(iteration.values()) == first


def escapes_of(
    read: Read, scope: Scope, body: Node, sizes: dict[str, int], data: dict[Node, int] | None = None
) -> list[tuple[dict[str, int], tuple[int, ...]]]:
    """(iteration, index) of one read's escapes: what the others would do is not asked."""
    found = []
    machine = OneRead(
        {axis.name: axis for axis in (*scope.axes, *scope.reduce_axes)}, dict(sizes), data or {}
    )
    machine.watched = read
    for _ in machine.loop(list(scope.axes)):
        machine.escapes.clear()
        if all(machine.value(node) for node in scope.domain):
            machine.value(body)
        found += [({a.name: machine.env[a.name] for a in scope.axes}, index) for _, index in machine.escapes]
    return found


class OneRead(Machine):
    watched: Read

    def read(self, node: Read) -> int:
        return super().read(node) if node is self.watched else self.data.get(node, self.everywhere)


def least(size: object) -> int:
    return -(-size.minimum // size.multiple_of) * size.multiple_of


# indices from data


@st.composite
def gathers(draw: st.DrawFn) -> tuple[Scope, td.Expr, td.Expr]:
    """A read whose subscripts use an element of an array with a declared range, in its own narrow dtype or widened."""
    n = td.size("n", min=1)
    low = draw(st.integers(-2, 1))
    high = draw(st.one_of(st.integers(low + 1, 5), st.just(n)))
    dtype = draw(st.sampled_from(["int64", "int32", "int8", "uint8"]))
    low = max(low, 0) if dtype == "uint8" or not isinstance(high, int) else low
    high = max(high, low + 1) if isinstance(high, int) else high
    idx = td.placeholder("idx", (n,), dtype, range=(low, high))
    A = td.placeholder("A", (draw(st.one_of(st.just(n), st.integers(1, 5))),), "int64")
    i = td.axis("i", n)
    element = idx[i] if draw(st.booleans()) else idx[n - 1 - i]
    if dtype == "uint8":
        narrow = draw(st.sampled_from([element, element + 3, element - 1, element * 2, element // 2]))
    else:
        narrow = draw(affine((element,), 1)) if draw(st.booleans()) else element
    index = draw(affine((td.cast(narrow, "int64"), i, n), 1))
    if draw(st.integers(0, 2)) == 0:
        index = td.clamp(index, 0, A.shape[0] - 1)
    body = A[index]
    if draw(st.booleans()):
        body = td.where(draw(condition((td.cast(narrow, "int64"), i, n))), body, 0)
    return Scope(axes=(i.origin.axis,), sizes=(n.size,)), body, element


@given(gathers())
def test_data_dependent_indices_agree_with_enumeration(program: tuple[Scope, td.Expr, td.Expr]) -> None:
    scope, body, element = program
    verdict = check_reads(read_sites((body.node,), ()), scope)
    if isinstance(verdict, Unproven):
        assert verdict.why == "wraps"  # a narrow sum that may leave its dtype; nothing else is opaque here
        return
    event("proved" if verdict is None else "escapes")
    bounds = element.node.tensor.value_range
    if verdict is not None:
        assert verdict.read is body.node or verdict.read in (
            body.node.children if isinstance(body.node, Select) else ()
        )
        found = escapes_of(verdict.read, scope, body.node, dict(verdict.sizes), dict(verdict.data))
        assert (dict(verdict.iteration), verdict.index) in found
        return
    for size in range(1, LARGEST + 1):
        low, high = (Machine({}, {"n": size}).value(bound) for bound in bounds)
        for value in range(low, high):
            machine = Machine({axis.name: axis for axis in scope.axes}, {"n": size}, everywhere=value)
            for _ in machine.loop(list(scope.axes)):
                machine.value(body.node)
            assert not machine.escapes, (size, value)


def test_a_proof_over_its_budget_names_the_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """isl's own counter ends the proof; the read is refused, not believed."""
    from tdsl.poly import bounds
    from tdsl.poly.isl import budget

    monkeypatch.setattr(bounds, "budget", lambda: budget(400))
    n = td.size("n")
    V = td.placeholder("V", (n,))
    with pytest.raises(
        td.BoundsError, match="the proof takes more than its budget of isl operations"
    ) as caught:
        td.compute("B", (n,), lambda i: td.where(i % 7 + i // 5 < n % 3, V[i // 2 + i % 2], V[i]))
    assert caught.value.code == "E303" and caught.value.access == "V[i // 2 + i % 2]"
    monkeypatch.undo()
    td.compute("B", (n,), lambda i: td.where(i % 7 + i // 5 < n % 3, V[i // 2], V[i]))

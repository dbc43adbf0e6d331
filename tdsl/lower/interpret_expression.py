"""Expressions of Loop IR as closures: compiled once a kernel, called at every iteration.

In: a node, the names and buffers in scope. Out: a `Code`, whose `run()` gives the value now: a Python int or bool or a
NumPy float where it is the same for all lanes, an array with one value a lane otherwise. The semantics are
`expr/scalar_ops.py`'s; single values take shortcuts of the same meaning (`interpret_scalar.py`). A branch of a `Select`
that no lane takes is not evaluated; lanes that do not take it read nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tdsl.dtypes import DType, wrap
from tdsl.expr.functions.definition import expand_calls
from tdsl.expr.linear import Form, linear
from tdsl.expr.narrow_floats import held
from tdsl.expr.node import Binary, Compare, Const, Load, Node, Select, Unary, Var
from tdsl.expr.rewrite import walk
from tdsl.expr.scalar_ops import compute
from tdsl.lower.interpret_buffer import Buffer, is_lanes
from tdsl.lower.interpret_scalar import affine, plain, scalar_code

Array = npt.NDArray[Any]
Run = Callable[[], Any]

DEEPEST = 100
"""Closures that call one another, counted in nodes; deeper expressions are cut and evaluated in pieces."""


@dataclass(slots=True)
class Machine:
    """What changes while a kernel runs.

    values: of sizes, params and locals. width, mask: of the vector loop being run (0: none), mask None means all lanes.
    taint: whether (for lanes: where) the current expression has read undefined elements. stamp: number of the
    evaluation, so that shared parts are evaluated once in each.
    """

    has_fma: bool = True
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    undefined: dict[str, Any] = field(default_factory=dict[str, Any])
    width: int = 0
    mask: Array | None = None
    whole: Array | None = None
    taint: Any = False
    stamp: int = 0

    @property
    def active(self) -> Any:
        """The lanes that run: a mask, or True for all."""
        return True if self.mask is None else self.mask

    def where(self, names: tuple[str, ...]) -> str:
        """The iteration, for messages: `at i=3, j=0`."""
        shown = [f"{name}={self.values[name]}" for name in names if isinstance(self.values[name], int)]
        return f"at {', '.join(shown)}" if shown else ""


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression. lanes: one value a lane. taints: it may read undefined elements."""

    run: Run
    lanes: bool = False
    taints: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What is in scope: locals that differ from lane to lane, locals that may be undefined, buffers, loops."""

    buffers: Mapping[str, Buffer]
    lanes: frozenset[str] = frozenset()
    undefined: frozenset[str] = frozenset()
    loops: tuple[str, ...] = ()


def compile_expression(root: Node, names: Names, machine: Machine) -> Code:
    """The closure of one whole expression. Each call is a fresh evaluation: `machine.taint` is its own."""
    compiler = _Compiler(root, names, machine)
    code = compiler.code[compiler.root]
    pieces = tuple(compiler.pieces)
    if not (code.taints or compiler.shares):
        return code
    run = code.run

    def evaluate() -> Any:
        machine.stamp += 1
        machine.taint = False
        machine.whole = machine.mask
        for piece in pieces:
            piece()
        return run()

    return Code(evaluate, code.lanes, code.taints)


class _Compiler:
    """One expression: its nodes compiled children first, each once."""

    def __init__(self, root: Node, names: Names, machine: Machine) -> None:
        root = self.root = expand_calls(root)
        self.names = names
        self.machine = machine
        self.code: dict[Node, Code] = {}
        self.pieces: list[Run] = []
        self.shares = False
        self.forms: dict[Node, Form] = {}
        self.pure: dict[Node, bool] = {}
        nodes = list(walk(root))
        uses = Counter(child for node in nodes for child in node.children)
        height: dict[Node, int] = {}
        pure = self.pure
        always = _always(root)
        for node in nodes:
            height[node] = 1 + max((height[child] for child in node.children), default=0)
            code = self.compile(node)
            # What reads nothing may be evaluated for lanes that do not need it.
            pure[node] = not (isinstance(node, Load) or code.taints) and all(
                pure[one] for one in node.children
            )
            if node.children and (uses[node] > 1 or height[node] > DEEPEST):
                self.shares = True
                code = Code(self.shared(code.run, pure[node]), code.lanes, code.taints)
                if height[node] > DEEPEST and (pure[node] or node in always):
                    self.pieces.append(code.run)
                    height[node] = 1
            self.code[node] = code

    def shared(self, run: Run, pure: bool) -> Run:
        """Evaluated once an evaluation; again where it was evaluated for other lanes."""
        machine = self.machine
        stamp = -1
        value: Any = None
        mask: Array | None = None

        def once() -> Any:
            nonlocal stamp, value, mask
            if stamp != machine.stamp or not (pure or mask is machine.mask or mask is machine.whole):
                value = run()
                stamp, mask = machine.stamp, machine.mask
            return value

        return once

    def compile(self, node: Node) -> Code:
        match node:
            case Const():
                value = plain(node.value, node.of)
                return Code(lambda: value)
            case Var():
                return self.variable(node)
            case Load():
                return self.load(node)
            case Select():
                return self.select(node)
            case _:
                return self.operation(node)

    def variable(self, node: Var) -> Code:
        values, name = self.machine.values, node.name
        lanes = name in self.names.lanes
        if name not in self.names.undefined:
            return Code(lambda: values[name], lanes)
        machine = self.machine

        def tainted() -> Any:
            machine.taint = machine.taint | (machine.undefined[name] & machine.active)
            return values[name]

        return Code(tainted, lanes, True)

    # ------------------------------------------------------------ memory
    def load(self, node: Load) -> Code:
        buffer = self.names.buffers[node.buffer]
        index = [self.code[part] for part in node.index]
        runs = [one.run for one in index]
        machine, loops = self.machine, self.names.loops
        taints = buffer.may_be_undefined or any(one.taints for one in index)

        def where() -> str:
            return machine.where(loops)

        def load_one() -> Any:
            value, defined = buffer.load(tuple([run() for run in runs]), where)
            if not defined:
                machine.taint = machine.taint | machine.active
            return value

        def load_lanes() -> Any:
            subscripts = tuple([run() for run in runs])
            value, undefined = buffer.load_lanes(subscripts, machine.mask, where)
            if undefined is not None:
                machine.taint = machine.taint | undefined
            return value

        lanes = any(one.lanes for one in index)
        return Code(load_lanes if lanes else load_one, lanes, taints)

    # ------------------------------------------------------------ choices
    def select(self, node: Select) -> Code:
        cond, then, otherwise = (self.code[child] for child in node.children)
        taints = cond.taints or then.taints or otherwise.taints
        lanes = cond.lanes or then.lanes or otherwise.lanes
        if cond.lanes:
            return Code(self.choice(node), True, taints)
        test, first, second = cond.run, then.run, otherwise.run
        if not lanes:
            return Code(lambda: first() if test() else second(), False, taints)
        spread = self.spread(node.dtype)
        return Code(lambda: spread(first() if test() else second()), True, taints)

    def choice(self, node: Select) -> Run:
        """A select that lanes decide for themselves."""
        cond, then, otherwise = (self.code[child].run for child in node.children)
        machine, spread = self.machine, self.spread(node.dtype)
        kind = held(node.dtype)

        def branch(run: Run, takes: Array) -> Array:
            if not takes.any():
                return np.zeros((), kind)
            outer = machine.mask
            machine.mask = takes
            try:
                return spread(run())
            finally:
                machine.mask = outer

        def choose() -> Array:
            test: Array = cond()
            chosen = branch(then, test & machine.active)
            return np.where(test, chosen, branch(otherwise, ~test & machine.active))

        return choose

    def spread(self, dtype: DType) -> Callable[[Any], Array]:
        """A function that makes one value a lane of a single value."""
        machine, kind = self.machine, held(dtype)

        def spread(value: Any) -> Array:
            return value if is_lanes(value) else np.full(machine.width, value, kind)

        return spread

    # ------------------------------------------------------------ arithmetic
    def operation(self, node: Node) -> Code:
        children = [self.code[child] for child in node.children]
        if (
            isinstance(node, Binary | Unary)
            and node.dtype.is_integer
            and node.op in ("add", "sub", "mul", "neg")
        ):
            return self.sum(node)
        return self.plain_operation(node, children)

    def plain_operation(self, node: Node, children: list[Code]) -> Code:
        taints = any(one.taints for one in children)
        if not any(one.lanes for one in children):
            return Code(scalar_code(node, [one.run for one in children], self.machine.has_fma), False, taints)
        return Code(self.lanes_code(node, children), True, taints)

    def sum(self, node: Binary | Unary) -> Code:
        """Integer sums as a whole: single values first, then the lanes."""
        terms, constant = linear(node, self.forms)
        if node in terms or self.loses_reads(node, terms):
            return self.plain_operation(node, [self.code[child] for child in node.children])
        parts = [(self.term(term), count) for term, count in terms.items()]
        taints = any(code.taints for code, _ in parts)
        single = [(code.run, count) for code, count in parts if not code.lanes]
        moving = [(code.run, count) for code, count in parts if code.lanes]
        base = affine(single, constant, node.dtype)
        if not moving:
            return Code(base, False, taints)
        kind = held(node.dtype).type
        factors = [(run, wrap(count, node.dtype)) for run, count in moving]

        def total() -> Any:
            value: Any = kind(base())
            for run, count in factors:
                value = value + (run() if count == 1 else run() * count)
            return value

        return Code(total, True, taints)

    def loses_reads(self, node: Node, terms: Mapping[Node, int]) -> bool:
        """Whether the normal form leaves out what must be read for its checks, as in `T[i] - T[i]`."""
        return any(
            term not in terms and not self.pure.get(term, False)
            for child in node.children
            for term in linear(child, self.forms)[0]
        )

    def term(self, term: Node) -> Code:
        """A term of a sum; one that the normal form made anew is compiled here."""
        if term not in self.code:
            for part in walk(term, skip=self.code):
                self.code[part] = self.compile(part)
        return self.code[term]

    def lanes_code(self, node: Node, children: list[Code]) -> Run:
        runs = [one.run for one in children]
        machine = self.machine
        direct = _DIRECT.get(node.op) if isinstance(node, Binary | Compare) else None
        operand = node.children[0].dtype
        if direct is not None and (operand.bits != 16 or isinstance(node, Compare)):
            if operand.is_float or isinstance(node, Compare):
                first, second = runs
                return lambda: direct(first(), second())
        kinds = [held(child.dtype) for child in node.children]

        def general() -> Any:
            operands = [np.asarray(run(), kind) for run, kind in zip(runs, kinds, strict=True)]
            return compute(node, operands, has_fma=machine.has_fma)

        return general


_DIRECT: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip


def _always(root: Node) -> set[Node]:
    """The nodes that are evaluated whatever the selects decide."""
    found: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(node.children[:1] if isinstance(node, Select) else node.children)
    return found

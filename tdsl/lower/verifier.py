"""Invariants of Loop IR, one table: what every pass may rely on and must leave true.

In: a Kernel. Out: the kernel, or an `InternalError` naming the pass and the statement: a violation is a bug of tdsl.
Checked: names are bound before use and not bound twice in one scope chain; dtypes of operands, subscripts, bounds,
conditions and stored values; ranks; inputs are not written; vector and unrolled loops; extents, scopes and what indexes
registers; arguments are over sizes. Counterpart: tinygrad's spec, MLIR's verifiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tdsl.dtypes import DType
from tdsl.errors import InternalError
from tdsl.expr.node import (
    BOOL,
    INT64,
    Const,
    Load,
    Node,
    Read,
    Reduce,
    Var,
)
from tdsl.expr.printer import text
from tdsl.expr.rewrite import variables, walk
from tdsl.expr.typecheck import violation
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Let,
    Prefetch,
    ScalarArgument,
    Statement,
    Store,
)
from tdsl.lower.printer import heading
from tdsl.lower.rewrite_statement import expressions

STACK_BYTES = 64 * 1024
"""Largest stack buffer (semantics P11)."""

TAILS = (None, "guard", "mask", "peel", "shift", "pad")
"""How a user may want a partial tile treated (language.md, tails)."""


@dataclass(frozen=True, slots=True)
class _Buffer:
    dtype: DType
    ndim: int
    writable: bool
    register: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    """Names in scope. unrolled: locals whose values are constants once lanes and unrolled loops are expanded."""

    names: Mapping[str, Var]
    buffers: Mapping[str, _Buffer]
    unrolled: frozenset[str] = frozenset()
    vector: bool = False
    block: bool = False
    thread: bool = False

    def bound(self, var: Var, *, unrolled: bool, vector: bool = False) -> _Scope:
        inside = self.unrolled | {var.name} if unrolled else self.unrolled
        names = {**self.names, var.name: var}
        return replace(self, names=names, unrolled=inside, vector=self.vector or vector)


Names = dict[Node, tuple[Node, ...]]
"""What a scope is asked about an expression that is well typed: its variables and accesses, children first."""


def verify(kernel: Kernel, after: str, sound: Names | None = None) -> Kernel:
    """The kernel itself, if it holds. Errors: I999.

    Args:
        after: the pass that made it, for the message.
        sound: expressions that an earlier call found well typed, and what they name; new ones are added.
    """
    _Verifier(after, {} if sound is None else sound).kernel(kernel)
    return kernel


class _Verifier:
    def __init__(self, after: str, sound: Names) -> None:
        self.after = after
        self.sound = sound
        self.place: Statement | ArrayArgument | ScalarArgument | Node | None = None

    def fail(self, what: str) -> InternalError:
        place = self.place
        shown = (
            [] if place is None else [f"assume {text(place)}" if isinstance(place, Node) else heading(place)]
        )
        return InternalError(what, pass_name=self.after, why=[f"in: {line}" for line in shown])

    # ------------------------------------------------------------ the whole
    def kernel(self, kernel: Kernel) -> None:
        names: dict[str, Var] = {}
        buffers: dict[str, _Buffer] = {}
        for name in kernel.sizes:
            self.fresh(name, names)
            names[name] = Var(name, INT64, "size")
        sizes = _Scope(dict(names), {})
        for argument in kernel.arguments:
            self.place = argument
            if isinstance(argument, ScalarArgument):
                self.fresh(argument.name, names)
                names[argument.name] = Var(argument.name, argument.dtype, "param")
            else:
                self.argument(argument, sizes, buffers)
        scope = _Scope(names, buffers)
        for fact in kernel.assumptions:
            self.place = fact
            self.expression(fact, replace(scope, buffers={}))
            self.typed(fact, BOOL, "an assumption")
        self.statement(kernel.body, scope)

    def argument(self, argument: ArrayArgument, sizes: _Scope, buffers: dict[str, _Buffer]) -> None:
        if argument.name in buffers:
            raise self.fail(f"two arguments are named {argument.name}")
        for node in (*argument.extents, *(argument.value_range or ())):
            self.expression(node, sizes)
            self.typed(node, INT64, "an extent or range")
        if argument.value_range is not None and not argument.dtype.is_integer:
            raise self.fail(f"{argument.name} of {argument.dtype} has a range of values")
        buffers[argument.name] = _Buffer(argument.dtype, len(argument.extents), argument.role == "output")

    # ------------------------------------------------------------ statements
    def statement(self, statement: Statement, scope: _Scope) -> None:
        if not isinstance(statement, Block):
            self.place = statement
        for expression in expressions(statement):
            self.expression(expression, scope)
        match statement:
            case Block(statements):
                for one in statements:
                    self.statement(one, scope)
            case Store():
                self.store(statement, scope)
            case Prefetch(name, index):
                buffer = scope.buffers.get(name)
                if buffer is None or buffer.register or scope.vector:
                    raise self.fail(f"{name} is no memory to prefetch here")
                self.access(name, index, buffer, scope)
            case If():
                self.branch(statement, scope)
            case For():
                self.loop(statement, scope)
            case Let(name, value):
                self.fresh(name, scope.names)
                constant = all(v.kind == "local" and v.name in scope.unrolled for v in variables(value))
                unrolled = constant and not any(isinstance(node, Load) for node in walk(value))
                inner = scope.bound(Var(name, value.dtype, "local"), unrolled=unrolled)
                self.statement(statement.body, inner)
            case Allocate():
                self.allocation(statement, scope)
            case Barrier():
                if not scope.thread or scope.vector:
                    raise self.fail("a barrier stands outside of the threads of a block")

    def branch(self, branch: If, scope: _Scope) -> None:
        self.typed(branch.cond, BOOL, "a condition")
        if branch.tail not in TAILS:
            raise self.fail(f"there is no tail {branch.tail}")
        self.statement(branch.then, scope)
        if branch.otherwise is not None:
            self.statement(branch.otherwise, scope)

    def loop(self, loop: For, scope: _Scope) -> None:
        self.fresh(loop.var, scope.names)
        self.typed(loop.lower, INT64, "a loop bound")
        self.typed(loop.upper, INT64, "a loop bound")
        fixed = loop.kind in ("unroll", "vector")
        if fixed and not (isinstance(loop.lower, Const) and isinstance(loop.upper, Const)):
            raise self.fail(f"{loop.kind} loop {loop.var} has no constant bounds")
        if scope.vector and loop.kind != "unroll":
            raise self.fail(f"{loop.kind} loop {loop.var} stands inside lanes")
        if "." in loop.kind:
            scope = self.place_on_device(loop, scope)
        var = Var(loop.var, INT64, "local")
        self.statement(loop.body, scope.bound(var, unrolled=fixed, vector=loop.kind == "vector"))

    def place_on_device(self, loop: For, scope: _Scope) -> _Scope:
        """Blocks over sizes, then threads with constant bounds, all from 0."""
        if not isinstance(loop.lower, Const) or loop.lower.value != 0:
            raise self.fail(f"{loop.kind} loop {loop.var} does not start at 0")
        if loop.kind.startswith("thread"):
            if not isinstance(loop.upper, Const):
                raise self.fail(f"{loop.kind} loop {loop.var} has no constant bounds")
            return replace(scope, thread=True)
        if scope.thread or any(var.kind == "local" for var in variables(loop.upper)):
            raise self.fail(f"{loop.kind} loop {loop.var} stands inside threads, or depends on a loop")
        return replace(scope, block=True)

    def allocation(self, allocate: Allocate, scope: _Scope) -> None:
        name = allocate.buffer
        if scope.vector:
            raise self.fail(f"{name} is allocated inside lanes")
        if name in scope.buffers:
            raise self.fail(f"{name} is allocated twice")
        for extent in allocate.extents:
            self.typed(extent, INT64, "an extent")
        extents = [int(extent.value) for extent in allocate.extents if isinstance(extent, Const)]
        if any(extent < 0 for extent in extents):
            raise self.fail(f"{name} has a negative extent")
        if allocate.scope != "heap" and len(extents) != len(allocate.extents):
            raise self.fail(f"{name} in scope {allocate.scope} has no constant extents")
        if allocate.scope in ("stack", "local"):
            self.stack(allocate, extents)
        if allocate.scope == "shared" and (scope.thread or not scope.block):
            raise self.fail(f"{name} in scope shared stands outside of blocks, or inside of threads")
        if allocate.padding < 0 or (allocate.padding and allocate.scope == "register"):
            raise self.fail(f"{name} in scope {allocate.scope} has a padding of {allocate.padding}")
        buffer = _Buffer(allocate.dtype, len(allocate.extents), True, allocate.scope == "register")
        self.statement(allocate.body, replace(scope, buffers={**scope.buffers, name: buffer}))

    def stack(self, allocate: Allocate, extents: list[int]) -> None:
        count = 1
        for extent in extents:
            count *= extent
        size = (count + allocate.padding) * allocate.dtype.bytes
        if size > STACK_BYTES:
            raise self.fail(f"{allocate.buffer} needs {size} bytes of stack, more than {STACK_BYTES}")

    def store(self, store: Store, scope: _Scope) -> None:
        buffer = scope.buffers.get(store.buffer)
        if buffer is None:
            raise self.fail(f"{store.buffer} is not there to be written")
        if not buffer.writable:
            raise self.fail(f"{store.buffer} is an input and is written")
        if store.atomic and (buffer.register or scope.vector):
            raise self.fail(f"{store.buffer} is changed at once by lanes or in registers")
        if store.stream and (buffer.register or store.atomic):
            raise self.fail(f"{store.buffer} is streamed, and is changed at once or in registers")
        if store.lanes is not None and (not buffer.register or not scope.thread or scope.vector):
            raise self.fail(f"{store.buffer} takes what another lane has outside of threads, or in memory")
        self.access(store.buffer, store.index, buffer, scope)
        self.typed(store.value, buffer.dtype, f"what {store.buffer} takes")

    def access(self, name: str, index: tuple[Node, ...], buffer: _Buffer, scope: _Scope) -> None:
        """Rank and dtype of subscripts; of registers also that they become constants."""
        if buffer.ndim != len(index):
            raise self.fail(f"{name} has {buffer.ndim} dimensions and {len(index)} subscripts")
        for part in index:
            self.typed(part, INT64, f"a subscript of {name}")
            if not buffer.register:
                continue
            moving = [v.name for v in variables(part) if v.kind != "local" or v.name not in scope.unrolled]
            if moving or any(isinstance(node, Load) for node in walk(part)):
                what = moving[0] if moving else "memory"
                raise self.fail(f"{name} in registers is indexed by {what}, which is no constant")

    # ------------------------------------------------------------ expressions
    def expression(self, root: Node, scope: _Scope) -> None:
        for node in self.names(root):
            match node:
                case Var():
                    if scope.names.get(node.name) is not node:
                        raise self.fail(f"{node.kind} {node.name} of {node.of} is not bound")
                case Load():
                    buffer = scope.buffers.get(node.buffer)
                    if buffer is None:
                        raise self.fail(f"{node.buffer} is not there to be read")
                    self.access(node.buffer, node.index, buffer, scope)
                    if buffer.dtype is not node.of:
                        raise self.fail(f"{node.buffer} of {buffer.dtype} is read as {node.of}")
                case Read() | Reduce():
                    raise self.fail(f"{text(node)} belongs above Loop IR")
                case _:
                    pass

    def names(self, root: Node) -> tuple[Node, ...]:
        """The variables, accesses and reductions in an expression, once it is found to be well typed."""
        found = self.sound.get(root)
        if found is None:
            problem = violation(root)
            if problem is not None:
                raise self.fail(problem)
            found = tuple(node for node in walk(root) if isinstance(node, Var | Load | Read | Reduce))
            self.sound[root] = found
        return found

    def typed(self, node: Node, dtype: DType, what: str) -> None:
        if node.dtype is not dtype:
            raise self.fail(f"{what} is {node.dtype}, not {dtype}: {text(node)}")

    def fresh(self, name: str, names: Mapping[str, Var]) -> None:
        if name in names:
            raise self.fail(f"{name} is bound twice")

"""The interpreter of Loop IR: what a kernel computes, with every access checked; generated code is compared with it.

In: a kernel, the caller's arrays, sizes and params. Out: the output arrays, filled in place. Parallel loops run as
plain ones (in a shuffled order, if asked), lanes in lockstep statement by statement, an `If` under them as a mask.
Scratch starts as poison; a value that depends on poison may be stored to scratch but not to an output, and decides no
condition, bound or subscript of a store. What goes wrong is an `InternalError` naming buffer, element and iteration.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from tdsl.errors import InternalError
from tdsl.expr.narrow_floats import is_array_of, kept
from tdsl.expr.node import Const, Node
from tdsl.expr.printer import text
from tdsl.lower.interpret_buffer import PASS, Array, Buffer, is_lanes, scratch
from tdsl.lower.interpret_expression import Code, Machine, Names, compile_expression
from tdsl.lower.interpret_scalar import plain
from tdsl.lower.interpret_threads import Offers, Resumable, run_block, thread_loops, waits
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Lanes,
    Let,
    Prefetch,
    ScalarArgument,
    Statement,
    Store,
)

Step = Callable[[], None]
Inside = Callable[[Statement, Names], Step]
"""Compiles what stands in the body of a statement."""


def interpret(
    kernel: Kernel,
    arrays: Mapping[str, npt.NDArray[Any]],
    sizes: Mapping[str, int] | None = None,
    params: Mapping[str, object] | None = None,
    *,
    shuffle: int | None = None,
    has_fma: bool = True,
    partial: bool = False,
) -> None:
    """Runs a kernel on the caller's arrays.

    Args:
        kernel: any kernel that the verifier accepts.
        arrays: every array argument by name, of its dtype and extents, any strides; outputs are written. bfloat16
            and fp8 are float32 arrays that hold their values, or arrays of ml_dtypes.
        sizes: every size of the kernel, in elements.
        params: every scalar argument.
        shuffle: a seed; the iterations of parallel loops then run in an order drawn from it.
        has_fma: False evaluates contracted products as a target without the instruction does (semantics D5).
        partial: True lets outputs keep what they hold where nothing is stored, and be read; else they start
            undefined and every element must be written.
    """
    machine = Machine(has_fma=has_fma)
    _bind_scalars(kernel, machine, sizes or {}, params or {})
    names = Names(_bind_arrays(kernel, arrays, machine, partial=partial))
    with np.errstate(all="ignore"):
        for fact in kernel.assumptions:
            if not compile_expression(fact, names, machine).run():
                raise InternalError(f"the assumption {text(fact)} does not hold", pass_name=PASS)
        _Compiler(machine, shuffle).statement(kernel.body, names)()
    for name, buffer in names.buffers.items():
        if buffer.output and buffer.data is not arrays[name]:
            arrays[name][...] = buffer.data
        if buffer.output and buffer.defined is not None and not buffer.defined.all():
            first = tuple(np.argwhere(~buffer.defined)[0])
            raise InternalError(
                f"{buffer.element(first)} is never written", pass_name=PASS, why=[f"{name} is an output"]
            )


# ------------------------------------------------------------ arguments
def _bind_scalars(
    kernel: Kernel, machine: Machine, sizes: Mapping[str, int], params: Mapping[str, object]
) -> None:
    for name in kernel.sizes:
        if name not in sizes:
            raise InternalError(f"the size {name} is not given", pass_name=PASS)
        machine.values[name] = int(sizes[name])
    for argument in kernel.arguments:
        if isinstance(argument, ScalarArgument):
            if argument.name not in params:
                raise InternalError(f"the param {argument.name} is not given", pass_name=PASS)
            machine.values[argument.name] = plain(params[argument.name], argument.dtype)


def _bind_arrays(
    kernel: Kernel, arrays: Mapping[str, npt.NDArray[Any]], machine: Machine, *, partial: bool
) -> dict[str, Buffer]:
    buffers: dict[str, Buffer] = {}
    for argument in kernel.arguments:
        if not isinstance(argument, ArrayArgument):
            continue
        array = arrays.get(argument.name)
        if array is None:
            raise InternalError(f"the array {argument.name} is not given", pass_name=PASS)
        shape = tuple(_value(extent, machine) for extent in argument.extents)
        if array.shape != shape or not is_array_of(array, argument.dtype):
            raise InternalError(
                f"{argument.name} is {array.dtype}{list(array.shape)}, not {argument.dtype}{list(shape)}",
                pass_name=PASS,
            )
        output = argument.role == "output"
        defined = np.zeros(shape, bool) if output and not partial else None
        buffers[argument.name] = Buffer(
            argument.name, argument.dtype, kept(array, argument.dtype), defined, output
        )
        if argument.value_range is not None:
            low, high = (_value(bound, machine) for bound in argument.value_range)
            if array.size and not (low <= int(array.min()) and int(array.max()) < high):
                raise InternalError(f"{argument.name} holds values outside {low} .. {high}", pass_name=PASS)
    return buffers


def _value(node: Node, machine: Machine) -> int:
    return int(compile_expression(node, Names({}), machine).run())


# ------------------------------------------------------------ statements
class _Compiler:
    """Statements as closures over the machine."""

    def __init__(self, machine: Machine, shuffle: int | None) -> None:
        self.machine = machine
        self.random = None if shuffle is None else random.Random(shuffle)
        self.private: list[Buffer] = []
        """Buffers allocated inside the threads of the block being compiled."""
        self.offers = Offers()

    def statement(self, statement: Statement, names: Names) -> Step:
        match statement:
            case Store():
                return self.store(statement, names)
            case Prefetch():
                return lambda: None
            case For(kind="vector"):
                return self.lanes(statement, names)
            case For(kind="thread.x" | "thread.y" | "thread.z"):
                return self.threads(statement, names)
            case For():
                return self.loop(statement, names)
            case If():
                return self.branch(statement, names)
            case Let():
                return self.let(statement, names)
            case Allocate():
                return self.allocation(statement, names)
            case Block(statements):
                steps = [self.statement(one, names) for one in statements]
                return lambda: _each(steps)
            case Barrier():
                raise InternalError("a barrier outside of threads", pass_name=PASS)

    def expression(self, node: Node, names: Names) -> Code:
        return compile_expression(node, names, self.machine)

    def definite(self, node: Node, names: Names, what: str) -> Code:
        """An expression that something hangs on, so that it may not depend on poison."""
        code = self.expression(node, names)
        if not code.taints:
            return code
        machine, run, loops = self.machine, code.run, names.loops

        def checked() -> Any:
            value = run()
            if np.any(machine.taint):
                raise InternalError(
                    f"{what} {text(node)} depends on uninitialised memory",
                    pass_name=PASS,
                    why=[machine.where(loops)],
                )
            return value

        return replace(code, run=checked)

    # ------------------------------------------------------------ loops
    def loop(self, loop: For, names: Names) -> Step:
        lower = self.definite(loop.lower, names, "the bound").run
        upper = self.definite(loop.upper, names, "the bound").run
        body = self.statement(loop.body, replace(names, loops=(*names.loops, loop.var)))
        values, name = self.machine.values, loop.var
        shuffled = self.random if loop.kind in ("parallel", "block.x", "block.y", "block.z") else None

        def run() -> None:
            order: Sequence[int] = range(lower(), upper())
            if shuffled is not None:
                order = shuffled.sample(order, len(order))
            for values[name] in order:
                body()

        return run

    def lanes(self, loop: For, names: Names) -> Step:
        lower, upper = self.expression(loop.lower, names).run, self.expression(loop.upper, names).run
        inner = replace(names, lanes=names.lanes | {loop.var})
        body = self.statement(loop.body, inner)
        machine, name = self.machine, loop.var

        def run() -> None:
            lane = np.arange(lower(), upper(), dtype=np.int64)
            if lane.size == 0:
                return
            machine.values[name], machine.width = lane, lane.size
            body()
            machine.width = 0

        return run

    # ------------------------------------------------------------ threads
    def threads(self, loop: For, names: Names) -> Step:
        """The threads of a block, which meet at barriers."""
        loops, body = thread_loops(loop)
        places = {one.var: _extent(one) for one in loops}
        outside, self.private = self.private, []
        inner = replace(names, loops=(*names.loops, *places))
        resumable, private = self.resumable(body, inner), self.private
        self.private = outside
        return lambda: run_block(self.machine, places, private, resumable, self.offers, self.random)

    def resumable(self, statement: Statement, names: Names) -> Resumable:
        """A statement as a generator that stops at its barriers."""
        if isinstance(statement, Barrier):
            return lambda: iter((None,))
        if isinstance(statement, Store) and statement.lanes is not None:
            return self.exchange(statement, statement.lanes, names)
        if not waits(statement):
            return _at_once(self.statement(statement, names))
        if isinstance(statement, Block):
            parts = [self.resumable(one, names) for one in statement.statements]
            return lambda: chain.from_iterable(part() for part in parts)
        if isinstance(statement, For):
            return self.iterations(statement, names)
        started: list[Iterator[None]] = []

        def inside(one: Statement, inner: Names) -> Step:
            body = self.resumable(one, inner)
            return lambda: started.append(body())

        outside = self.around(statement, names, inside)

        def once() -> Iterator[None]:
            outside()
            while started:
                yield from started.pop()

        return once

    def exchange(self, store: Store, lanes: Lanes, names: Names) -> Resumable:
        """What another thread has: held out by all, then taken."""
        buffer, machine, loops, offers = names.buffers[store.buffer], self.machine, names.loops, self.offers
        index = [self.definite(part, names, "the subscript").run for part in store.index]
        code = self.expression(store.value, names)

        def run() -> Iterator[None]:
            value = code.run()
            offers.hold_out((value, bool(code.taints and machine.taint)))
            yield
            taken, undefined = offers.take(lanes)
            buffer.store(
                tuple([part() for part in index]), taken, not undefined, lambda: machine.where(loops)
            )

        return run

    def around(self, statement: Statement, names: Names, inside: Inside) -> Step:
        """A statement around barriers whose body is started and left to be resumed."""
        match statement:
            case Let():
                return self.let(statement, names, inside)
            case Allocate():
                return self.allocation(statement, names, inside)
            case If():
                return self.branch(statement, names, inside)
            case _:
                raise InternalError("a barrier inside lanes or a store", pass_name=PASS)

    def iterations(self, loop: For, names: Names) -> Resumable:
        """A loop around barriers."""
        lower = self.definite(loop.lower, names, "the bound").run
        upper = self.definite(loop.upper, names, "the bound").run
        body = self.resumable(loop.body, replace(names, loops=(*names.loops, loop.var)))
        values, name = self.machine.values, loop.var

        def run() -> Iterator[None]:
            for value in range(lower(), upper()):
                values[name] = value
                yield from body()

        return run

    # ------------------------------------------------------------ conditions
    def branch(self, branch: If, names: Names, inside: Inside | None = None) -> Step:
        inside = inside or self.statement
        cond = self.definite(branch.cond, names, "the condition")
        then = inside(branch.then, names)
        other = None if branch.otherwise is None else inside(branch.otherwise, names)
        if cond.lanes:
            return self.masked(cond.run, then, other)
        test = cond.run

        def run() -> None:
            if test():
                then()
            elif other is not None:
                other()

        return run

    def masked(self, test: Callable[[], Array], then: Step, other: Step | None) -> Step:
        machine = self.machine

        def under(mask: Array, step: Step) -> None:
            outer = machine.mask
            machine.mask = mask if outer is None else mask & outer
            if machine.mask.any():
                step()
            machine.mask = outer

        def run() -> None:
            holds = test()
            under(holds, then)
            if other is not None:
                under(~holds, other)

        return run

    # ------------------------------------------------------------ names and memory
    def let(self, let: Let, names: Names, inside: Inside | None = None) -> Step:
        code = self.expression(let.value, names)
        loops = names.loops if code.lanes or code.taints else (*names.loops, let.var)
        inner = replace(
            names,
            lanes=names.lanes | {let.var} if code.lanes else names.lanes,
            undefined=names.undefined | {let.var} if code.taints else names.undefined,
            loops=loops,
        )
        body = (inside or self.statement)(let.body, inner)
        machine, name, value, taints = self.machine, let.var, code.run, code.taints

        def run() -> None:
            machine.values[name] = value()
            if taints:
                machine.undefined[name] = machine.taint
            body()

        return run

    def allocation(self, allocate: Allocate, names: Names, inside: Inside | None = None) -> Step:
        extents = [self.definite(extent, names, "the extent").run for extent in allocate.extents]
        name, dtype, padding = allocate.buffer, allocate.dtype, allocate.padding
        buffer = scratch(name, dtype, [0] * len(extents), padding)
        self.private.append(buffer)
        body = (inside or self.statement)(
            allocate.body, replace(names, buffers={**names.buffers, name: buffer})
        )

        def run() -> None:
            fresh = scratch(name, dtype, [extent() for extent in extents], padding)
            buffer.data, buffer.defined = fresh.data, fresh.defined
            body()

        return run

    def store(self, store: Store, names: Names) -> Step:
        buffer = names.buffers[store.buffer]
        index = [self.definite(part, names, "the subscript") for part in store.index]
        code = self.expression(store.value, names)
        machine, loops, value, taints = self.machine, names.loops, code.run, code.taints
        subscripts = [one.run for one in index]

        def where() -> str:
            return machine.where(loops)

        def store_one() -> None:
            place = tuple([run() for run in subscripts])
            new = value()
            buffer.store(place, new, not (taints and machine.taint), where)

        def store_lanes() -> None:
            place = tuple([run() for run in subscripts])
            new = value()
            undefined = _undefined_lanes(machine) if taints else None
            buffer.store_lanes(place, new, undefined, machine.mask, where)

        return store_lanes if code.lanes or any(one.lanes for one in index) else store_one


def _undefined_lanes(machine: Machine) -> Array | None:
    """Where the value just evaluated is undefined; None: nowhere."""
    if is_lanes(machine.taint):
        return machine.taint
    return np.ones(machine.width, bool) if machine.taint else None


def _at_once(step: Step) -> Resumable:
    """A statement without barriers as a generator."""

    def run() -> Iterator[None]:
        step()
        return
        yield

    return run


def _extent(loop: For) -> int:
    assert isinstance(loop.upper, Const)
    return int(loop.upper.value)


def _each(steps: Sequence[Step]) -> None:
    for step in steps:
        step()

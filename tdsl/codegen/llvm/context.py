"""Where the walk over the loops stands: the function being written, what names mean, lanes, mask, memory versions.

In: values (values.py). Out: text of operands in the width that is asked for. A `Context` belongs to one function; what
is outlined gets a copy of its own (parallel.py). What nodes have come to is remembered under the bindings, the mask and
the memory it depends on, until the scope that holds its code closes (`mark` and `release`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tdsl.codegen.llvm.buffers import Buffer
from tdsl.codegen.llvm.capabilities import Capabilities
from tdsl.codegen.llvm.function import Function, Module
from tdsl.codegen.llvm.operations import Operations, splat_value
from tdsl.codegen.llvm.reads import Reads
from tdsl.codegen.llvm.types import element_type, literal, number, splat, vector_constant
from tdsl.codegen.llvm.values import Clamped, Constant, Linear, Scalar, Value, Vector, offsets, wrapped
from tdsl.dtypes import DType, as_dtype
from tdsl.expr.node import Node

if TYPE_CHECKING:
    from tdsl.codegen.llvm.blocked import BlockedLoop

INT64 = as_dtype("int64")
BOOL = as_dtype("bool")

LARGEST_SIZE = 1 << 48
"""No array has more elements: 47 to 56 bits address memory on x86-64 and AArch64. Callers refuse larger sizes."""

LARGEST_INDEX = 1 << 62
"""Sums that surely stay below it do not wrap, nor do differences of two of them."""

Key = Node | tuple[object, ...]
"""A node, with what its value depends on: bindings of its variables, and for reads the mask and versions of memory."""


class Memo:
    """What nodes have come to. Entries whose code lies in a scope that closes are taken back, newest first."""

    __slots__ = ("log", "values")

    def __init__(self) -> None:
        self.values: dict[Key, Value] = {}
        self.log: list[Key] = []

    def put(self, key: Key, value: Value) -> None:
        """Remember a value."""
        self.values[key] = value
        self.log.append(key)

    def release(self, mark: int) -> None:
        """Forget what was remembered after the log had this length."""
        log, values = self.log, self.values
        for key in log[mark:]:
            values.pop(key, None)
        del log[mark:]


class Context:
    """The state of the walk inside one function."""

    def __init__(self, function: Function, machine: Capabilities) -> None:
        self.f = function
        self.module: Module = function.module
        self.capabilities = machine
        self.reads = Reads()
        self.variables: dict[str, Value] = {}
        self.sizes: dict[str, Value] = {}
        self.params: dict[str, Value] = {}
        self.buffers: dict[str, Buffer] = {}
        self.lanes = 0
        self.mask: str | None = None
        self.memo = Memo()
        self.here: dict[Node, Value] = {}
        self.constants: dict[Node, Value] = {}
        self.overrides: dict[Node, Value] = {}
        self._operations: dict[int, Operations] = {}
        self._bindings: dict[str, int] = {}
        self._seen: dict[tuple[str, Value], int] = {}
        self.versions: dict[str, int] = {}
        self.loop_stores: dict[int, dict[str, None]] = {}
        self.environment = ""
        self.failure: str | None = None
        self.blocks: list[tuple[str, str, str]] = []
        """Heap blocks held: what gives each back, the arena, the block."""
        self.leaving: dict[tuple[tuple[str, str, str], ...], str] = {}
        """Blocks held -> the label that gives them back and leaves the function."""
        self.can_fail = False
        self.certain = ""  # the variable of a loop that is known to run
        self.stack_bytes = 0
        self.small_stack_bytes = 0
        self.streams = False  # whether the function stores past the caches
        self.block: BlockedLoop | None = None

    def operations(self, lanes: int) -> Operations:
        """Operations of a width, in this function."""
        found = self._operations.get(lanes)
        if found is None:
            found = self._operations[lanes] = Operations(self.f, self.capabilities, lanes)
        return found

    # what nodes have come to

    def mark(self) -> int:
        """A point to come back to with `release`; taken where a scope opens."""
        return len(self.memo.log)

    def release(self, mark: int) -> None:
        """Forget what was learnt since the mark, where its scope closes."""
        self.memo.release(mark)

    def bind(self, var: str, value: Value) -> None:
        """Give a variable a value; binding the same one again brings back what was known of it."""
        self.variables[var] = value
        self._bindings[var] = self._seen.setdefault((var, value), len(self._seen))

    def key(self, node: Node) -> Key:
        """What the value of a node is remembered under."""
        names, buffers = self.reads.known.get(node) or self.reads.signature(node)
        if buffers:
            return (node, self.mask, *map(self._bindings.get, names), *map(self.versions.get, buffers))
        return (node, *map(self._bindings.get, names)) if names else node

    def changed(self, buffers: Sequence[str]) -> None:
        """Say that buffers were, or may have been, written: what was read of them no longer holds."""
        for buffer in buffers:
            self.versions[buffer] = self.module.number()

    # text of values

    def text(self, value: Value, lanes: int) -> str:
        """The operand that stands for a value: a scalar for 0 lanes, else a vector."""
        if not lanes:
            return self.scalar(value)
        match value:
            case Constant(bits, dtype):
                return splat(literal(bits, dtype), element_type(dtype), lanes)
            case Scalar(text, dtype):
                return splat_value(self.f, element_type(dtype), lanes, text)
            case Vector(text, _):
                return text
            case Linear():
                return self._linear_vector(value, lanes)
            case Clamped():
                return self._clamped_vector(value, lanes)

    def scalar(self, value: Value) -> str:
        """The operand of a value that is the same in all lanes."""
        match value:
            case Constant(bits, dtype):
                return literal(bits, dtype)
            case Scalar(text, _):
                return text
            case Linear(constant, terms, ()):
                return self.sum(constant, terms)
            case _:
                raise AssertionError(f"{value} differs from lane to lane")

    def sum(self, constant: int, terms: Sequence[tuple[str, int]]) -> str:
        """The constant + the sum of the terms; parts that are known further out are added there."""
        if not terms:
            return str(constant)
        if not constant and len(terms) == 1 and terms[0][1] == 1:
            return terms[0][0]
        f = self.f
        total: str | None = None
        for name, factor in sorted(terms, key=lambda term: f.level(term[0])):
            if total is not None and factor == -1:
                total = f.pure("i64", "sub i64 %s, %s", total, name)
                continue
            part = name if factor == 1 else f.pure("i64", "mul i64 %s, %s", name, str(factor))
            total = part if total is None else f.pure("i64", "add i64 %s, %s", total, part)
        assert total is not None
        if constant:
            total = f.pure("i64", "add i64 %s, %s", total, str(constant))
        return total

    def _linear_vector(self, value: Linear, lanes: int) -> str:
        steps = offsets(value, lanes)
        if not value.terms:
            return vector_constant([wrapped(value.constant + step) for step in steps], "i64")
        base = splat_value(self.f, "i64", lanes, self.sum(value.constant, value.terms))
        if not value.lanes:
            return base
        return self.operations(lanes).binary("add", "i64", base, vector_constant(steps, "i64"))

    def _clamped_vector(self, value: Clamped, lanes: int) -> str:
        o = self.operations(lanes)
        text = self._linear_vector(value.ramp, lanes)
        if value.low is not None:
            text = o.intrinsic("llvm.smax", "i64", text, self.text(value.low, lanes))
        if value.high is not None:
            text = o.intrinsic("llvm.smin", "i64", text, self.text(value.high, lanes))
        return text

    def result(self, dtype: DType, lanes: int, text: str) -> Value:
        """The value of an operation's result."""
        if lanes:
            return Vector(text, dtype)
        if dtype is INT64:
            return Linear(0, ((text, 1),)) if text[0] == "%" else Linear(int(text))
        return Scalar(text, dtype)

    # facts about indices

    def span(self, value: Linear) -> tuple[int, int] | None:
        """Bounds of all lanes of a sum of sizes, loop variables and the like; None where it might wrap."""
        spans = self.module.spans
        low = high = value.constant
        for name, factor in value.terms:
            span = spans.get(name)
            if span is None:
                return None
            at, to = (factor * span[0], factor * span[1])
            low, high = (low + at, high + to) if factor > 0 else (low + to, high + at)
        if value.lanes:
            low, high = low + min(value.lanes), high + max(value.lanes)
        return (low, high) if low > -LARGEST_INDEX and high < LARGEST_INDEX else None

    def is_index(self, value: Linear) -> bool:
        """Whether a sum surely does not wrap."""
        return self.span(value) is not None

    def note_span(self, name: str, span: tuple[int, int] | None) -> None:
        """Record the bounds of a name, if they are known."""
        if span is not None and name[0] == "%":
            self.module.spans.setdefault(name, span)

    # masks

    def any_lane(self, mask: str) -> str:
        """Whether a mask has an active lane."""
        bits = f"i{self.lanes}"
        packed = self.f.pure(bits, f"bitcast <{self.lanes} x i1> %s to {bits}", mask)
        return self.f.pure("i1", f"icmp ne {bits} %s, {number(0, self.lanes, 0)}", packed)

    def within_mask(self, flag: str) -> str:
        """The mask of the lanes that are active and where a flag (a vector) holds."""
        return flag if self.mask is None else self.operations(self.lanes).binary("and", "i1", self.mask, flag)

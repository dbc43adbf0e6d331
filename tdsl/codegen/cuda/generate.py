"""Loop IR of a GPU -> `CudaArtifact`: both bodies as CUDA C with their launches; what `f.source("cuda")` shows.

The contiguous body computes indices in 32 bits and moves up to 16 bytes at once where the loops say vector; what that
relies on is asked at the call. The general body takes strides, in 64 bits. Launches are named after what they write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce as fold_left

from tdsl.codegen.cuda.artifact import BodyKind, CudaArtifact, CudaBody, CudaLaunch, DeviceBuffer
from tdsl.codegen.cuda.context import Context, Facts, identifier
from tdsl.codegen.cuda.launches import Argument, function
from tdsl.codegen.cuda.prelude import prelude
from tdsl.codegen.formula import Formula
from tdsl.errors import InternalError
from tdsl.expr.build import compare, mod, mul
from tdsl.expr.node import Binary, Compare, Const, Node, index_const
from tdsl.expr.printer import text
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

LARGEST_NARROW = 1 << 30
"""Elements of an array, and sizes, of which 32-bit arithmetic is sure: twice as much still fits."""

LARGEST = 1 << 47
"""Sizes that a call accepts (codegen/interface.py)."""


def generate(kernel: Kernel, architecture: str, inplace: Sequence[tuple[str, str]] = ()) -> CudaArtifact:
    """CUDA C of a kernel. inplace: (input, output) pairs that may be one array."""
    build = _Build(kernel, tuple(inplace))
    bodies = tuple(build.body(kind, architecture) for kind in ("contiguous", "general"))
    buffers = tuple(
        DeviceBuffer(one.buffer, one.dtype.name, tuple(Formula(text(extent)) for extent in one.extents))
        for one in build.intermediates
    )
    return CudaArtifact(kernel.name, architecture, bodies, buffers)


@dataclass(slots=True)
class _Build:
    kernel: Kernel
    inplace: tuple[tuple[str, str], ...]

    @property
    def intermediates(self) -> list[Allocate]:
        """Arrays between launches."""
        return [one for one in _outside(self.kernel.body) if isinstance(one, Allocate)]

    @property
    def launches(self) -> list[For]:
        return [one for one in _outside(self.kernel.body) if isinstance(one, For)]

    def arguments(self) -> list[Argument]:
        """Every array a launch can take."""
        paired = {name for pair in self.inplace for name in pair}
        found = [
            Argument(one.name, one.dtype, one.extents, one.role == "input", one.name not in paired, False)
            for one in self.kernel.arguments
            if isinstance(one, ArrayArgument)
        ]
        made = [Argument(one.buffer, one.dtype, one.extents, True, True, True) for one in self.intermediates]
        return [*found, *made]

    def body(self, kind: BodyKind, architecture: str) -> CudaBody:
        """One version of everything."""
        arguments = self.arguments()
        counts = [fold_left(mul, one.extents, index_const(1)) for one in arguments]
        too_large = any(isinstance(one, Const) and int(one.value) > LARGEST_NARROW for one in counts)
        facts = Facts(kind == "general" or too_large, kind == "contiguous", LARGEST_NARROW)
        limit = LARGEST if facts.wide else LARGEST_NARROW
        texts: list[str] = []
        launches: list[CudaLaunch] = []
        symbols = _symbols(self.kernel.name, self.launches)
        sizes = dict.fromkeys(self.kernel.sizes, "int64" if facts.wide else "int32")
        scalars = [one for one in self.kernel.arguments if isinstance(one, ScalarArgument)]
        for loop, symbol in zip(self.launches, symbols, strict=True):
            ctx = Context(facts, where={name: (file, line) for name, file, line in self.kernel.lines})
            for size in self.kernel.sizes:
                ctx.ranges.variables[size] = (0, limit)
            for name, factor in self._multiples():
                ctx.ranges.divisors[name] = factor
            made = function(ctx, loop, symbol, arguments, scalars, sizes, kind == "general")
            texts.append(made.text)
            launches.append(made.launch)
        head = f"// {self.kernel.name} for {architecture}, by tdsl: {_SAYS[kind]}\n"
        parts = [prelude(facts.used), *facts.functions.values(), *texts]
        source = "\n".join([head, *(part for part in parts if part)])
        return CudaBody(kind, source, tuple(launches), tuple(dict.fromkeys(self._conditions(facts, counts))))

    def _multiples(self) -> Iterator[tuple[str, int]]:
        """Sizes that are known to be divisible: of facts like `n % 8 == 0`."""
        for fact in self.kernel.assumptions:
            match fact:
                case Compare("eq", Binary("mod", lhs, Const() as factor), Const() as zero):
                    name = getattr(lhs, "name", None)
                    if not zero.value and isinstance(name, str) and int(factor.value) > 0:
                        yield name, int(factor.value)
                case _:
                    pass

    def _conditions(self, facts: Facts, counts: Sequence[Node]) -> Iterator[Formula]:
        """What the caller must see to before this body runs."""
        if facts.vectors:
            for node, factor in facts.multiples.items():
                yield Formula(text(compare("eq", mod(node, index_const(factor)), index_const(0))))
        if not facts.wide:
            limit = index_const(LARGEST_NARROW)
            asked = [compare("le", count, limit) for count in counts if not isinstance(count, Const)]
            for cond in dict.fromkeys(asked):
                if not isinstance(cond, Const):
                    yield Formula(text(cond))
            yield from (Formula(f"{size} <= {LARGEST_NARROW}") for size in self.kernel.sizes)


_SAYS: dict[BodyKind, str] = {
    "contiguous": "row-major arrays that begin at multiples of 16 bytes",
    "general": "arrays of any strides",
}


def _outside(body: Statement) -> Iterator[For | Allocate]:
    """Launches in order, and the arrays around them."""
    match body:
        case Block(statements):
            for one in statements:
                yield from _outside(one)
        case Allocate(scope="heap"):
            yield body
            yield from _outside(body.body)
        case For():
            yield body
        case _:
            raise InternalError(f"{type(body).__name__} outside of launches", pass_name="codegen.cuda")


def _statements(body: Statement) -> Iterator[Statement]:
    """A statement and all inside it, in text order."""
    yield body
    match body:
        case Block(statements):
            for one in statements:
                yield from _statements(one)
        case For() | Let() | Allocate():
            yield from _statements(body.body)
        case If(_, then, otherwise):
            yield from _statements(then)
            if otherwise is not None:
                yield from _statements(otherwise)
        case Store() | Barrier() | Prefetch():
            return


def _symbols(name: str, launches: Sequence[For]) -> list[str]:
    """A name a launch: of what it writes; numbered where two write the same."""
    found: list[str] = []
    for loop in launches:
        inside = list(_statements(loop))
        inner = {one.buffer for one in inside if isinstance(one, Allocate)}
        written = [one.buffer for one in inside if isinstance(one, Store) and one.buffer not in inner]
        wanted = identifier(f"{written[-1] if written else name}_kernel")
        symbol, number = wanted, 1
        while symbol in found:
            number += 1
            symbol = f"{wanted}_{number}"
        found.append(symbol)
    return found

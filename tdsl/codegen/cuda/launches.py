"""One launch as one function: the block and thread loops of Loop IR in, the text of a kernel and how to launch it out.

Static shared memory stands at the top of the function; where a kernel needs more than 48 KiB, all of it is carved out
of the dynamic one, which the launch asks for (CUDA C++ Programming Guide, "Compute Capabilities", table 21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tdsl.codegen.cuda.artifact import CudaLaunch, Parameter
from tdsl.codegen.cuda.context import Buffer, Context
from tdsl.codegen.cuda.statements import write
from tdsl.codegen.cuda.types import c_type
from tdsl.codegen.formula import Formula
from tdsl.dtypes import DType
from tdsl.errors import InternalError
from tdsl.expr.node import Const, Node, index_const
from tdsl.expr.printer import text
from tdsl.lower.ir import Allocate, For, ScalarArgument, Statement

STATIC_SHARED_BYTES = 48 * 1024
"""Bytes of shared memory a kernel may declare."""

ALIGNMENT = 16
"""Of every shared buffer: the widest access."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An array that kernels can be passed. constant: nothing writes it; alone: no other argument may be the same array."""

    name: str
    dtype: DType
    extents: tuple[Node, ...]
    constant: bool
    alone: bool
    intermediate: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A kernel's text and launch."""

    text: str
    launch: CudaLaunch


@dataclass(frozen=True, slots=True)
class _Shape:
    grid: Mapping[str, For]
    shared: tuple[Allocate, ...]
    threads: Mapping[str, For]
    body: Statement


def _shape(statement: Statement) -> _Shape:
    """The parts of a launch."""
    grid: dict[str, For] = {}
    shared: list[Allocate] = []
    threads: dict[str, For] = {}
    while isinstance(statement, For | Allocate):
        if isinstance(statement, For) and statement.kind.startswith("block") and not threads:
            grid[statement.kind] = statement
        elif isinstance(statement, Allocate) and statement.scope == "shared" and not threads:
            shared.append(statement)
        elif isinstance(statement, For) and statement.kind.startswith("thread"):
            threads[statement.kind] = statement
        else:
            break
        statement = statement.body
    if not grid or not threads:
        raise InternalError("a launch without blocks or threads", pass_name="codegen.cuda")
    return _Shape(grid, tuple(shared), threads, statement)


def shared_bytes(statement: Statement) -> int:
    """Bytes of shared memory of a launch."""
    return sum(_up(_bytes(one)) for one in _shape(statement).shared)


def threads_of(statement: Statement) -> tuple[int, int, int]:
    """Threads of a block in x, y, z."""
    found = _shape(statement).threads
    x, y, z = (_extent(found.get(kind)) for kind in ("thread.x", "thread.y", "thread.z"))
    return x, y, z


def _extent(loop: For | None) -> int:
    if loop is None:
        return 1
    assert isinstance(loop.upper, Const)
    return int(loop.upper.value)


def function(
    ctx: Context,
    statement: Statement,
    symbol: str,
    arguments: Sequence[Argument],
    scalars: Sequence[ScalarArgument],
    sizes: Mapping[str, str],
    strided: bool,
) -> Function:
    """The kernel of one launch. ctx: fresh; sizes: dtype of each size parameter."""
    shape = _shape(statement)
    for name in ("tdsl_shared", symbol):
        ctx.fresh(name)
    for size in sizes:
        ctx.names[size] = ctx.fresh(size)
    for scalar in scalars:
        ctx.names[scalar.name] = ctx.fresh(scalar.name)
    strides: dict[str, tuple[str, ...]] = {}
    for one in arguments:
        name = ctx.fresh(one.name)
        if strided and not one.intermediate:
            strides[one.name] = tuple(ctx.fresh(f"{name}_stride_{dim}") for dim in range(len(one.extents)))
        ctx.buffers[one.name] = Buffer(name, one.dtype, one.extents, "global", strides.get(one.name))
    ctx.threads = threads_of(statement)
    dynamic = _shared(ctx, shape)
    places = _places(ctx, shape)
    start = len(ctx.lines)
    write(ctx, shape.body)
    ctx.lines[start:start] = [line for var, line in places if var in ctx.used]
    grid = tuple(_grid(shape.grid, kind) for kind in ("block.x", "block.y", "block.z"))
    used = [one for one in arguments if one.name in ctx.touched or one.name in ctx.written]
    parameters, texts = _parameters(ctx, used, scalars, sizes, strides)
    block = threads_of(statement)
    count = block[0] * block[1] * block[2]
    head = f'extern "C" __global__ void __launch_bounds__({count})\n{symbol}({", ".join(texts)})'
    body = "\n".join(ctx.lines)
    launch = CudaLaunch(
        symbol, (grid[0], grid[1], grid[2]), block, dynamic, tuple(parameters),
        tuple(name for name in ctx.touched), tuple(name for name in ctx.written),
    )  # fmt: skip
    return Function(f"{head}\n{{\n{body}\n}}\n", launch)


def _grid(grid: Mapping[str, For], kind: str) -> Formula:
    return Formula(text(grid[kind].upper if kind in grid else index_const(1)))


def _parameters(
    ctx: Context,
    used: Sequence[Argument],
    scalars: Sequence[ScalarArgument],
    sizes: Mapping[str, str],
    strides: Mapping[str, tuple[str, ...]],
) -> tuple[list[Parameter], list[str]]:
    """What the kernel takes, as values and as C."""
    parameters: list[Parameter] = []
    texts: list[str] = []
    for one in used:
        parameters.append(Parameter("array", one.name, one.dtype.name))
        constant = "const " if one.constant and one.name not in ctx.written else ""
        restrict = " __restrict__" if one.alone else ""
        texts.append(f"{constant}{c_type(one.dtype)}*{restrict} {ctx.buffers[one.name].name}")
    for one in used:
        for dim, name in enumerate(strides.get(one.name, ())):
            parameters.append(Parameter("stride", one.name, "int64", dim))
            texts.append(f"const long long {name}")
    for size, dtype in sizes.items():
        if size in ctx.sizes:
            parameters.append(Parameter("size", size, dtype))
            texts.append(f"const {'int' if dtype == 'int32' else 'long long'} {ctx.names[size]}")
    for scalar in scalars:
        if scalar.name in ctx.scalars:
            parameters.append(Parameter("scalar", scalar.name, scalar.dtype.name))
            texts.append(f"const {c_type(scalar.dtype)} {ctx.names[scalar.name]}")
    return parameters, texts


def _bytes(allocate: Allocate) -> int:
    count = 1
    for extent in allocate.extents:
        assert isinstance(extent, Const)
        count *= int(extent.value)
    return max(count, 1) * allocate.dtype.bytes


def _up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _shared(ctx: Context, shape: _Shape) -> int:
    """Declares shared buffers; the bytes of dynamic memory they need."""
    total = sum(_up(_bytes(one)) for one in shape.shared)
    dynamic = total > STATIC_SHARED_BYTES
    if dynamic:
        ctx.line("extern __shared__ __align__(16) unsigned char tdsl_shared[];")
    offset = 0
    for one in shape.shared:
        name = ctx.fresh(one.buffer)
        ctx.buffers[one.buffer] = Buffer(name, one.dtype, one.extents, "shared")
        kind = c_type(one.dtype)
        if dynamic:
            ctx.line(f"{kind}* const {name} = ({kind}*)(tdsl_shared + {offset});")
        else:
            ctx.line(f"__shared__ __align__(16) {kind} {name}[{_bytes(one) // one.dtype.bytes}];")
        offset += _up(_bytes(one))
    return offset if dynamic else 0


def _places(ctx: Context, shape: _Shape) -> list[tuple[str, str]]:
    """(variable, line that declares it) of where a thread stands."""
    found: list[tuple[str, str]] = []
    for kind in ("block.z", "block.y", "block.x", "thread.z", "thread.y", "thread.x"):
        loop = shape.grid.get(kind) or shape.threads.get(kind)
        if loop is None:
            continue
        builtin, dimension = ("blockIdx" if kind.startswith("block") else "threadIdx"), kind[-1]
        high = ctx.ranges.interval(loop.upper)[1]
        limit = (1 << 31) - 1 if dimension == "x" and builtin == "blockIdx" else 65535
        _, name = ctx.declare(loop.var, (0, max(min(high - 1, limit), 0)))
        found.append((loop.var, f"  const int {name} = {builtin}.{dimension};"))
    return found

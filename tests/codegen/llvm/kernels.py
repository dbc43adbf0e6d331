"""Hand-written Loop IR kernels and a way to run them: what the tests of this folder build on."""

import ctypes
import mmap
import re
from functools import lru_cache

import numpy as np

from tdsl.codegen.llvm.arguments import kernel_abi
from tdsl.codegen.llvm.entry import emit, symbol
from tdsl.codegen.machine import compile_object
from tdsl.dtypes import DTYPES, as_dtype
from tdsl.expr import build, constants
from tdsl.expr.narrow_floats import decoded, is_held
from tdsl.expr.node import INT64, Const, Load, Var, index_const
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import Allocate, ArrayArgument, For, If, Kernel, Let, ScalarArgument, Store
from tdsl.lower.ir import block as ir_block
from tdsl.lower.verifier import verify
from tdsl.runtime.environment import process_environment
from tdsl.runtime.jit import LoadedCode
from tdsl.target import Target

LEVELS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")


@lru_cache(maxsize=1)
def runnable_targets():
    """The host, and the x86-64 levels that it can run."""
    host = Target().resolved()
    levels = [Target(f"cpu:{level}") for level in LEVELS] if host.architecture == "x86_64" else []
    return tuple(level for level in levels if level.feature_set <= host.feature_set) + (Target(),)


def usual_targets():
    """The ends of what this machine runs: plain x86-64, where there is no FMA and no mask, and the host."""
    return (runnable_targets()[0], Target())


def size(name):
    return Var(name, INT64, "size")


def local(name):
    return Var(name, INT64, "local")


def param(name, dtype):
    return Var(name, as_dtype(dtype), "param")


def number(value):
    return index_const(value) if isinstance(value, int) else value


def load(buffer, dtype, *index):
    return Load(buffer, as_dtype(dtype), tuple(number(part) for part in index))


def store(buffer, index, value):
    return Store(buffer, tuple(number(part) for part in index), value)


def loop(var, lower, upper, body, kind="serial"):
    return For(var, number(lower), number(upper), kind, body)


def block(*statements):
    return ir_block(statements)


def allocate(buffer, dtype, extents, body, scope="heap", padding=0):
    return Allocate(buffer, as_dtype(dtype), tuple(number(e) for e in extents), scope, body, padding)


def let(var, value, body):
    return Let(var, value, body)


def when(cond, then, otherwise=None):
    return If(cond, then, otherwise)


def array(name, dtype, extents, role="input"):
    return ArrayArgument(name, as_dtype(dtype), tuple(number(extent) for extent in extents), role)


def scalar(name, dtype):
    return ScalarArgument(name, as_dtype(dtype))


def kernel(name, sizes, arguments, body, assumptions=()):
    return Kernel(name, tuple(sizes), tuple(arguments), body, tuple(assumptions))


def plus(*nodes):
    total = number(nodes[0])
    for node in nodes[1:]:
        total = build.add(total, number(node))
    return total


def times(a, b):
    return build.mul(number(a), number(b))


def memory(name):
    """The NumPy dtype of arrays in memory: of what NumPy has not, unsigned patterns."""
    dtype = DTYPES[name]
    return np.dtype(f"u{dtype.bytes}" if is_held(dtype) else name)


class Run:
    """A compiled kernel; called with sizes by name and arrays in order, it returns the status."""

    def __init__(self, made, target=None, body="contiguous"):
        self.target = target or Target()
        self.kernel, self.body = made, body
        self.text = emit(made, self.target, body)
        self.abi = kernel_abi(made)
        entry = symbol(made, body)
        self.code = LoadedCode(compile_object(self.text, self.target), (entry,))
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        self.function = prototype(self.code.address(entry))

    def prepare(self, arrays, **sizes):
        """The three pointers of a call, and what keeps them alive."""
        values = [np.ascontiguousarray(a) if not isinstance(a, np.ndarray) else a for a in arrays]
        data = (ctypes.c_void_p * max(len(values), 1))(*(value.ctypes.data for value in values))
        numbers = [sizes[name] for name in self.abi.sizes]
        for argument, value in zip(self.abi.arguments, values, strict=True):
            if argument.kind == "array":
                assert value.dtype == memory(argument.dtype) and value.ndim == argument.ndim, argument
                numbers += value.strides
        integers = (ctypes.c_int64 * max(len(numbers), 1))(*numbers)
        environment = process_environment()
        keep = (values, data, integers, environment)
        return (ctypes.addressof(data), ctypes.addressof(integers), environment.address), keep

    def __call__(self, *arrays, **sizes):
        pointers, keep = self.prepare(arrays, **sizes)
        status = self.function(*pointers)
        del keep
        return status


@lru_cache(maxsize=32)
def compiled(made, target, body):
    """A kernel compiled once, however often a test runs it."""
    return Run(made, target, body)


def placed(value, layout):
    """A copy of an array in other memory: "plain", "rows" (odd row strides, odd address) or "odd" (backwards, odd)."""
    if layout == "plain":
        return value.copy()
    step = value.itemsize if layout == "rows" or not value.ndim else -(2 * value.itemsize + 1)
    strides, extent = [], abs(step)
    for size_ in reversed(value.shape):
        strides.insert(0, step if not strides else extent + 3)
        extent = abs(strides[0]) * max(size_, 1)
    memory = bytearray(extent + 64)
    first = 1 + sum(
        -stride * max(n - 1, 0) for stride, n in zip(strides, value.shape, strict=True) if stride < 0
    )
    view = np.ndarray(value.shape, value.dtype, memory, first, strides)
    view[...] = value
    return view


def agree(made, arrays, sizes=None, params=None, targets=None, bodies=("contiguous", "general")):
    """Compile a kernel for each target and body and compare its outputs with the interpreter's, bit for bit.

    arrays: inputs by name; outputs start as 77 (bools as true). The general body also runs on arrays with odd strides
    and addresses. Returns the interpreter's outputs and the last text.
    """
    verify(made, "test")
    sizes, params = sizes or {}, params or {}
    given = [a for a in made.arguments if isinstance(a, ArrayArgument)]
    shapes = {a.name: tuple(evaluated(extent, sizes) for extent in a.extents) for a in given}
    start = {a.name: np.full(shapes[a.name], 77, a.dtype.name) for a in given if a.role == "output"}
    text = ""
    for target in targets or usual_targets():
        want = {name: value.copy() for name, value in start.items()}
        interpret(made, {**arrays, **want}, sizes, params, has_fma=target.has_fma, partial=True)
        for body in bodies:
            run = compiled(made, target, body)
            for layout in ("plain",) if body == "contiguous" else ("plain", "rows", "odd"):
                here = {**arrays, **{name: np.array(value) for name, value in params.items()}, **start}
                here = {a.name: np.asarray(here[a.name], a.dtype.name) for a in made.arguments}
                if layout != "plain":
                    here.update({a.name: placed(here[a.name], layout) for a in given})
                else:
                    here.update({name: value.copy() for name, value in start.items()})
                assert run(*(here[a.name] for a in made.arguments), **sizes) == 0
                for name in want:
                    assert same(np.array(here[name]), want[name]), (
                        f"{name}: {target.spelling}, {body}, {layout}"
                    )
            text = run.text
    return want, text


def evaluated(node, sizes):
    """The value of an extent."""
    if isinstance(node, Const):
        return node.value
    if isinstance(node, Var):
        return sizes[node.name]
    a, b = (evaluated(child, sizes) for child in node.children)
    return constants.binary(node.op, a, b, node.dtype)


def same(a, b, name=None):
    """Bit for bit, except that one NaN is as good as another; `name`: the dtype whose patterns unsigned arrays hold."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    if name is not None and is_held(DTYPES[name]):
        a, b = (decoded(x, DTYPES[name]) for x in (a, b))
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    bits = f"u{a.dtype.itemsize}"
    return bool(np.all((a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b))))


def count(pattern, text):
    return len(re.findall(pattern, text))


# data and shapes of loops


def rows(lanes, body, name="x", extent=None):
    """`for x in n // lanes` of full vectors, then one masked vector. body(index) -> statement."""
    extent = size("n") if extent is None else extent
    whole, lane = build.floordiv(extent, number(lanes)), local(f"{name}l")
    last = plus(times(whole, lanes), lane)
    return block(
        loop(
            name, 0, whole, loop(f"{name}l", 0, lanes, body(plus(times(local(name), lanes), lane)), "vector")
        ),
        loop(f"{name}l", 0, lanes, when(build.lt(last, extent), body(last)), "vector"),
    )


def clamp(index, extent):
    return build.minimum(build.maximum(index, build.ZERO), build.sub(extent, build.ONE))


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def array_at_end_of_page(n):
    """float32 elements that end where readable memory ends."""
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    whole = np.frombuffer(pages, np.uint8)
    address = whole.ctypes.data
    protect = ctypes.CDLL(None).mprotect
    assert protect(ctypes.c_void_p(address + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    return whole[mmap.PAGESIZE - 4 * n : mmap.PAGESIZE].view(np.float32)


def clamped(dtype, lanes, bounds=clamp):
    """A row whose neighbours are read along indices clamped to it."""
    extent = size("n")

    def body(x):
        left, right = (load("A", dtype, bounds(plus(x, step), extent)) for step in (-1, 2))
        return store("B", (x,), build.add(left, right))

    return kernel(
        "edges",
        ["n"],
        [array("A", dtype, (extent,)), array("B", dtype, (extent,), "output")],
        rows(lanes, body),
        [build.ge(extent, build.ONE)],
    )

"""One array argument in the entry: an object in, its address, extents, strides and contiguity out, as IR values.

NumPy's own arrays are read in place; those of the one other type that the context knows go through DLPack's functions
into a record of the same fields. Anything else goes to the slow path.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tdsl.codegen.entry.code import Code
from tdsl.codegen.entry.layout import (
    ARRAY_DATA,
    ARRAY_DESCR,
    ARRAY_DIMS,
    ARRAY_FLAGS,
    ARRAY_NDIM,
    ARRAY_STRIDES,
    FLAG_ALIGNED,
    FLAG_CONTIGUOUS,
    FLAG_WRITEABLE,
    OBJECT_TYPE,
    RECORD_BYTES,
    RECORD_CONTIGUOUS,
    RECORD_DATA,
    RECORD_DIMS,
    RECORD_STRIDES,
    ContextLayout,
)  # fmt: skip
from tdsl.codegen.interface import ArrayInterface
from tdsl.dtypes import as_dtype

# DLPack's codes of what is stored. Source: dlpack.h 1.2, DLDataTypeCode.
DLPACK_CODES: dict[str, int] = {
    "bool": 6, "bfloat16": 4, "float8_e4m3fn": 10, "float8_e5m2": 12,
}  # fmt: skip


def dlpack_word(dtype: str) -> int:
    """Code, bits and lanes of a dtype as one little-endian 32-bit word."""
    kind = 2 if dtype.startswith("float") else 1 if dtype.startswith("uint") else 0
    return DLPACK_CODES.get(dtype, kind) | 8 * as_dtype(dtype).bytes << 8 | 1 << 16


@dataclass(slots=True)
class Array:
    """An array as IR values.

    Args:
        contiguous: i1, row-major and element-aligned; native: i1, whether it is NumPy's.
        dims, strides: pointers to int64; extents: values, loaded.
    """

    interface: ArrayInterface
    data: str
    dims: str
    strides: str
    contiguous: str
    native: str
    extents: list[str] = field(default_factory=list[str])
    steps: list[str] = field(default_factory=list[str])

    @property
    def ndim(self) -> int:
        return len(self.interface.extents)

    @property
    def itemsize(self) -> int:
        return as_dtype(self.interface.dtype).bytes


def read_array(code: Code, context: ContextLayout, interface: ArrayInterface, handle: str) -> Array:
    """The argument in the object `handle`; checks type, dtype, rank, and for outputs that it can be written."""
    ndim = len(interface.extents)
    record = f"%record.{code.number()}"
    _reserve(code, record, ndim)
    kind = code.load("ptr", handle, OBJECT_TYPE)
    native = code.op(f"icmp eq ptr {kind}, {code.load('ptr', '%context', context.offset('ndarray'))}")
    _, other = code.branch(native, "numpy", likely=True)
    mine = _numpy(code, context, interface, handle)
    number = code.number()
    first = code.jump(f"array{number}")
    code.label(other)
    word, size = dlpack_word(interface.dtype), as_dtype(interface.dtype).bytes
    read = code.load("ptr", "%context", context.offset("read_foreign"))
    require_function(code, read)
    given = f"ptr {handle}, ptr %context, i32 {ndim}, i32 {word}, i64 {size}, ptr {record}"
    code.require(code.op(f"call i1 {read}({given})"))
    code.settle()
    fields = [code.load("ptr", record, at) for at in (RECORD_DATA, RECORD_DIMS, RECORD_STRIDES)]
    plain = code.op(f"trunc i64 {code.load('i64', record, RECORD_CONTIGUOUS)} to i1")
    second = code.jump(f"array{number}")
    code.label(f"array{number}")
    data, dims, strides = (
        code.phi("ptr", (a, first), (b, second)) for a, b in zip(mine[:3], fields, strict=True)
    )
    contiguous = code.phi("i1", (mine[3], first), (plain, second))
    result = Array(interface, data, dims, strides, contiguous, native)
    result.extents = [code.load("i64", result.dims, 8 * dim) for dim in range(ndim)]
    return result


def require_function(code: Code, function: str) -> None:
    """A shared function is there; the first call that is handed over brings it."""
    code.require(code.op(f"icmp ne ptr {function}, null"))
    code.settle()


def _reserve(code: Code, record: str, ndim: int) -> None:
    """Stack memory, in the first block of the function."""
    code.lines.insert(1, f"  {record} = alloca [{RECORD_BYTES + 16 * ndim} x i8], align 8")


def _numpy(
    code: Code, context: ContextLayout, interface: ArrayInterface, handle: str
) -> tuple[str, str, str, str]:
    descr = code.load("ptr", handle, ARRAY_DESCR)
    wanted = code.load("ptr", "%context", context.offset(f"descr {interface.dtype}"))
    code.require(code.op(f"icmp eq ptr {descr}, {wanted}"))
    code.require(code.op(f"icmp eq i32 {code.load('i32', handle, ARRAY_NDIM)}, {len(interface.extents)}"))
    flags = code.load("i32", handle, ARRAY_FLAGS)
    if interface.role == "output":
        code.require(code.op(f"icmp ne i32 {code.op(f'and i32 {flags}, {FLAG_WRITEABLE}')}, 0"))
    code.settle()
    both = FLAG_CONTIGUOUS | FLAG_ALIGNED
    contiguous = code.op(f"icmp eq i32 {code.op(f'and i32 {flags}, {both}')}, {both}")
    data, dims, strides = (code.load("ptr", handle, at) for at in (ARRAY_DATA, ARRAY_DIMS, ARRAY_STRIDES))
    return data, dims, strides, contiguous


def load_steps(code: Code, array: Array) -> None:
    """Byte strides as values."""
    array.steps = [code.load("i64", array.strides, 8 * dim) for dim in range(array.ndim)]


def count(code: Code, extents: list[str], unit: int) -> str:
    """`unit` times the product of extents, modulo 2^64 (0 wherever one extent is)."""
    product = str(unit)
    for extent in extents:
        product = extent if product == "1" else code.op(f"mul i64 {product}, {extent}")
    return product

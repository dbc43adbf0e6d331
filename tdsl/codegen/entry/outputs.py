"""Outputs in the entry: `out=` read and compared, or new arrays of the first argument's library; who overlaps whom.

In: the inputs and sizes. Out: one array a result, and the object that the call returns. New arrays are made last, after
everything else was accepted, so that the slow path never finds half a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.codegen.entry.arrays import Array, count, dlpack_word, require_function
from tdsl.codegen.entry.code import Code
from tdsl.codegen.entry.formulas import Whole, integer
from tdsl.codegen.entry.layout import OBJECT_TYPE, RECORD_BYTES, TUPLE_ITEMS, TUPLE_SIZE, ContextLayout
from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.dtypes import as_dtype


def shapes_of(code: Code, interface: Interface, known: Mapping[str, Whole]) -> list[list[str]]:
    """Extents of the outputs; requires that none is negative."""
    shapes: list[list[str]] = []
    for output in interface.outputs:
        extents = [integer(code, formula, known) for formula in output.extents]
        for extent in extents:
            if extent.low < 0:
                code.require(code.op(f"icmp sge i64 {extent.text}, 0"))
        shapes.append([extent.text for extent in extents])
    return shapes


def given_objects(code: Code, context: ContextLayout, interface: Interface, handle: str) -> list[str]:
    """The objects in `out=`: itself, or the entries of a tuple where there are several outputs."""
    number = len(interface.outputs)
    if number == 1:
        return [handle]
    kind = code.load("ptr", handle, OBJECT_TYPE)
    code.require(code.op(f"icmp eq ptr {kind}, {code.load('ptr', '%context', context.offset('tuple'))}"))
    code.settle()
    code.require(code.op(f"icmp eq i64 {code.load('i64', handle, TUPLE_SIZE)}, {number}"))
    code.settle()
    return [code.load("ptr", handle, TUPLE_ITEMS + 8 * place) for place in range(number)]


def require_shapes(code: Code, arrays: Sequence[Array], shapes: Sequence[Sequence[str]]) -> None:
    """Arrays given as `out=` have the shapes that are computed."""
    for array, shape in zip(arrays, shapes, strict=True):
        for extent, wanted in zip(array.extents, shape, strict=True):
            code.require(code.op(f"icmp eq i64 {extent}, {wanted}"))


# ---------------------------------------------------------------- overlap
def require_apart(
    code: Code,
    context: ContextLayout,
    interface: Interface,
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    plain: str,
) -> None:
    """No output shares memory with an input or another output, but for the pairs that the build allows.

    plain: i1, all arrays are contiguous; then their bytes follow from their extents, else they are measured.
    """
    spans = _spans(code, context, [*inputs, *outputs], outputs, plain)
    for position, output in enumerate(outputs):
        mine = spans[len(inputs) + position]
        for array, other in zip(inputs, spans, strict=False):
            apart = _apart(code, mine, other)
            if (array.interface.name, output.interface.name) in interface.inplace:
                apart = code.op(f"or i1 {apart}, {_same(code, array, output)}")
            code.require(apart)
        for other in spans[len(inputs) : len(inputs) + position]:
            code.require(_apart(code, mine, other))


def _spans(
    code: Code, context: ContextLayout, arrays: Sequence[Array], outputs: Sequence[Array], plain: str
) -> list[tuple[str, str]]:
    """First byte and end of each array."""
    _, strided = code.branch(plain, "plain", likely=True)
    starts = [code.op(f"ptrtoint ptr {array.data} to i64") for array in arrays]
    ends = [
        code.op(f"add i64 {start}, {count(code, array.extents, array.itemsize)}")
        for start, array in zip(starts, arrays, strict=True)
    ]
    number = code.number()
    first = code.jump(f"spans{number}")
    code.label(strided)
    bounds, spread = (code.load("ptr", "%context", context.offset(slot)) for slot in ("bounds", "spread"))
    require_function(code, bounds)
    measured = [_measured(code, bounds, array) for array in arrays]
    for array in outputs:
        arguments = f"i64 {array.ndim}, ptr {array.dims}, ptr {array.strides}, i64 {array.itemsize}"
        code.require(code.op(f"call i1 {spread}({arguments})"))
    code.settle()
    second = code.jump(f"spans{number}")
    code.label(f"spans{number}")
    return [
        (code.phi("i64", (start, first), (low, second)), code.phi("i64", (end, first), (high, second)))
        for start, end, (low, high) in zip(starts, ends, measured, strict=True)
    ]


def _measured(code: Code, bounds: str, array: Array) -> tuple[str, str]:
    pair = f"%span.{code.number()}"
    code.lines.insert(1, f"  {pair} = alloca [2 x i64], align 8")
    code.do(
        f"call void {bounds}(ptr {array.data}, i64 {array.ndim}, ptr {array.dims}, ptr {array.strides}, "
        f"i64 {array.itemsize}, ptr {pair})"
    )
    return code.load("i64", pair), code.load("i64", pair, 8)


def _apart(code: Code, one: tuple[str, str], other: tuple[str, str]) -> str:
    before = code.op(f"icmp ule i64 {one[1]}, {other[0]}")
    after = code.op(f"icmp ule i64 {other[1]}, {one[0]}")
    return code.op(f"or i1 {before}, {after}")


def _same(code: Code, one: Array, other: Array) -> str:
    """One array twice: the same start and strides (extents are equal: the build allows no other pair)."""
    same = code.op(f"icmp eq ptr {one.data}, {other.data}")
    for dim in range(one.ndim):
        strides = [code.load("i64", array.strides, 8 * dim) for array in (one, other)]
        same = code.op(f"and i1 {same}, {code.op(f'icmp eq i64 {strides[0]}, {strides[1]}')}")
    return same


# ---------------------------------------------------------------- new arrays
def new_outputs(
    code: Code,
    context: ContextLayout,
    interface: Interface,
    first: Array | None,
    shapes: Sequence[Sequence[str]],
) -> tuple[list[Array], list[str]]:
    """New arrays of the library that the first array argument comes from, and their objects.

    Where one cannot be made those made so far go, and the slow path says why.
    """
    arrays: list[Array] = []
    objects: list[str] = []
    for output, shape in zip(interface.outputs, shapes, strict=True):
        array, made = _new_output(code, context, output, first, shape)
        number = code.number()
        code.do(
            f"br i1 {code.op(f'icmp ne ptr {made}, null')}, label %made{number}, label %none{number}, !prof !0"
        )
        code.label(f"none{number}")
        for earlier in objects:
            code.do(f"call void @Py_DecRef(ptr {earlier})")
        code.do("call void @PyErr_Clear()")
        code.do(f"br label %{code.slow_label}")
        code.label(f"made{number}")
        array.data = code.op(f"load ptr, ptr {array.data}, align 8")
        arrays.append(array)
        objects.append(made)
    return arrays, objects


def _new_output(
    code: Code, context: ContextLayout, output: ArrayInterface, first: Array | None, shape: Sequence[str]
) -> tuple[Array, str]:
    """An array whose `data` is still a pointer to its address, and its object (null where there is none)."""
    ndim, itemsize = len(shape), as_dtype(output.dtype).bytes
    number = code.number()
    dims, strides, record = f"%dims.{number}", f"%strides.{number}", f"%new.{number}"
    code.lines.insert(1, f"  {dims} = alloca [{max(1, ndim)} x i64], align 8")
    code.lines.insert(1, f"  {strides} = alloca [{max(1, ndim)} x i64], align 8")
    code.lines.insert(1, f"  {record} = alloca [{RECORD_BYTES + 16 * ndim} x i8], align 8")
    step = str(itemsize)
    for dim in reversed(range(ndim)):
        code.store("i64", shape[dim], dims, 8 * dim)
        code.store("i64", step, strides, 8 * dim)
        step = code.op(f"mul i64 {step}, {shape[dim]}")
    native = "true" if first is None else first.native
    _, other = code.branch(native, "new", likely=True)
    mine = _new_numpy(code, context, output, ndim, dims)
    place = code.at(mine, 16)
    one = code.jump(f"new{number}")
    code.label(other)
    word = dlpack_word(output.dtype)
    make = code.load("ptr", "%context", context.offset("new_foreign"))
    theirs = code.op(
        f"call ptr {make}(ptr %context, i32 {ndim}, ptr {dims}, i32 {word}, i64 {itemsize}, ptr {record})"
    )
    two = code.jump(f"new{number}")
    code.label(f"new{number}")
    made = code.phi("ptr", (mine, one), (theirs, two))
    data_at = code.phi("ptr", (place, one), (record, two))
    return Array(output, data_at, dims, strides, "true", native), made


def _new_numpy(code: Code, context: ContextLayout, output: ArrayInterface, ndim: int, dims: str) -> str:
    """PyArray_NewFromDescr(type, descr (taken), ndim, dims, null, null, 0, null)."""
    descr = code.load("ptr", "%context", context.offset(f"descr {output.dtype}"))
    kind = code.load("ptr", "%context", context.offset("ndarray"))
    make = code.load("ptr", "%context", context.offset("new_array"))
    code.do(f"call void @Py_IncRef(ptr {descr})")
    return code.op(
        f"call ptr {make}(ptr {kind}, ptr {descr}, i32 {ndim}, ptr {dims}, ptr null, ptr null, i32 0, ptr null)"
    )

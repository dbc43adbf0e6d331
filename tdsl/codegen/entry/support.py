"""Functions that entries call off their straight path: arrays of other libraries, bounds of strided arrays, ranges.

In: nothing. Out: one module of LLVM IR for the process; entries find its functions through their context. None keeps
anything or raises: a Python error that a library set is cleared, and the slow path asks that library again.
"""

from __future__ import annotations

from tdsl.codegen.entry.foreign import foreign_text
from tdsl.codegen.entry.layout import RANGED, TUPLE_ITEMS

_DECLARATIONS = """\
declare void @PyErr_Clear()
declare ptr @PyObject_GetAttr(ptr, ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyObject_VectorcallMethod(ptr, ptr, i64, ptr)
declare ptr @PyCapsule_GetPointer(ptr, ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""

# The bytes that a strided array spans: [pair[0], pair[1]); nothing where it has no elements.
_BOUNDS = """
define void @tdsl_bounds(ptr %data, i64 %ndim, ptr %dims, ptr %strides, i64 %itemsize, ptr %pair) nounwind {
entry:
  %start = ptrtoint ptr %data to i64
  br label %dim
dim:
  %at = phi i64 [ 0, %entry ], [ %at.next, %next ]
  %low = phi i64 [ %start, %entry ], [ %low.next, %next ]
  %high = phi i64 [ %start, %entry ], [ %high.next, %next ]
  %more = icmp slt i64 %at, %ndim
  br i1 %more, label %one, label %done
one:
  %extent.at = getelementptr i64, ptr %dims, i64 %at
  %extent = load i64, ptr %extent.at, align 8
  %none = icmp eq i64 %extent, 0
  br i1 %none, label %empty, label %next
next:
  %stride.at = getelementptr i64, ptr %strides, i64 %at
  %stride = load i64, ptr %stride.at, align 8
  %steps = sub i64 %extent, 1
  %reach = mul i64 %steps, %stride
  %negative = icmp slt i64 %reach, 0
  %down = select i1 %negative, i64 %reach, i64 0
  %up = select i1 %negative, i64 0, i64 %reach
  %low.next = add i64 %low, %down
  %high.next = add i64 %high, %up
  %at.next = add i64 %at, 1
  br label %dim
done:
  %end = add i64 %high, %itemsize
  br label %store
empty:
  br label %store
store:
  %first = phi i64 [ %low, %done ], [ %start, %empty ]
  %last = phi i64 [ %end, %done ], [ %start, %empty ]
  store i64 %first, ptr %pair, align 8
  %second = getelementptr i8, ptr %pair, i64 8
  store i64 %last, ptr %second, align 8
  ret void
}

; Whether each dimension steps over all inner ones together, so that no two elements share a byte.
define i1 @tdsl_spread(i64 %ndim, ptr %dims, ptr %strides, i64 %itemsize) nounwind {
entry:
  br label %dim
dim:
  %left = phi i64 [ %ndim, %entry ], [ %at, %next ]
  %reach = phi i64 [ %itemsize, %entry ], [ %reach.next, %next ]
  %more = icmp sgt i64 %left, 0
  br i1 %more, label %one, label %yes
one:
  %at = sub i64 %left, 1
  %extent.at = getelementptr i64, ptr %dims, i64 %at
  %extent = load i64, ptr %extent.at, align 8
  %several = icmp sgt i64 %extent, 1
  br i1 %several, label %check, label %next
check:
  %stride.at = getelementptr i64, ptr %strides, i64 %at
  %stride = load i64, ptr %stride.at, align 8
  %negated = sub i64 0, %stride
  %negative = icmp slt i64 %stride, 0
  %size = select i1 %negative, i64 %negated, i64 %stride
  %over = icmp sge i64 %size, %reach
  %steps = sub i64 %extent, 1
  %far = mul i64 %steps, %size
  %reached = add i64 %reach, %far
  br i1 %over, label %next, label %no
next:
  %reach.next = phi i64 [ %reach, %one ], [ %reached, %check ]
  br label %dim
yes:
  ret i1 true
no:
  ret i1 false
}
"""


def _range_text(dtype: str) -> str:
    """`i1 (ptr data, i64 count, i64 low, i64 high)`; high - low fits int64, values are compared as int64.

    uint64 values of 2^63 and more become negative and so lie outside: bounds are below 2^63.
    """
    bits = int(dtype.removeprefix("uint").removeprefix("int"))
    widen = "" if bits == 64 else "zext" if dtype.startswith("u") else "sext"
    return f"""
define i1 @tdsl_within_{dtype}(ptr %data, i64 %count, i64 %low, i64 %high) nounwind {{
entry:
  %span = sub i64 %high, %low
  %some = icmp sgt i64 %high, %low
  br i1 %some, label %eights, label %empty
empty:
  %none = icmp eq i64 %count, 0
  ret i1 %none
eights:
  %whole = and i64 %count, -8
  %low.one = insertelement <8 x i64> poison, i64 %low, i64 0
  %low.all = shufflevector <8 x i64> %low.one, <8 x i64> poison, <8 x i32> zeroinitializer
  %span.one = insertelement <8 x i64> poison, i64 %span, i64 0
  %span.all = shufflevector <8 x i64> %span.one, <8 x i64> poison, <8 x i32> zeroinitializer
  br label %look
look:
  %i = phi i64 [ 0, %eights ], [ %i.next, %step ]
  %bad = phi <8 x i1> [ zeroinitializer, %eights ], [ %bad.next, %step ]
  %more = icmp slt i64 %i, %whole
  br i1 %more, label %step, label %rest
step:
  %at = getelementptr i{bits}, ptr %data, i64 %i
  %eight = load <8 x i{bits}>, ptr %at, align {bits // 8}
{_widened(widen, bits, "eight", "<8 x i64>", f"<8 x i{bits}>")}
  %from.low = sub <8 x i64> %eight.wide, %low.all
  %outside = icmp uge <8 x i64> %from.low, %span.all
  %bad.next = or <8 x i1> %bad, %outside
  %i.next = add i64 %i, 8
  br label %look
rest:
  %byte = bitcast <8 x i1> %bad to i8
  %clean = icmp eq i8 %byte, 0
  br i1 %clean, label %singles, label %no
singles:
  %j = phi i64 [ %i, %rest ], [ %j.next, %single ]
  %one.more = icmp slt i64 %j, %count
  br i1 %one.more, label %single, label %yes
single:
  %one.at = getelementptr i{bits}, ptr %data, i64 %j
  %one = load i{bits}, ptr %one.at, align {bits // 8}
{_widened(widen, bits, "one", "i64", f"i{bits}")}
  %one.from.low = sub i64 %one.wide, %low
  %inside = icmp ult i64 %one.from.low, %span
  %j.next = add i64 %j, 1
  br i1 %inside, label %singles, label %no
yes:
  ret i1 true
no:
  ret i1 false
}}
"""


def _widened(widen: str, bits: int, name: str, wide: str, narrow: str) -> str:
    if not widen:
        return f"  %{name}.wide = add {wide} %{name}, {'zeroinitializer' if wide[0] == '<' else '0'}"
    return f"  %{name}.wide = {widen} {narrow} %{name} to {wide}"


_FIND = f"""
; Where a tuple of names holds `name`, by address; -1 where it does not.
define i64 @tdsl_find(ptr %names, i64 %count, ptr %name) nounwind {{
entry:
  br label %look
look:
  %at = phi i64 [ 0, %entry ], [ %next, %other ]
  %more = icmp slt i64 %at, %count
  br i1 %more, label %one, label %none
one:
  %items = getelementptr i8, ptr %names, i64 {TUPLE_ITEMS}
  %place = getelementptr ptr, ptr %items, i64 %at
  %found = load ptr, ptr %place, align 8
  %same = icmp eq ptr %found, %name
  %next = add i64 %at, 1
  br i1 %same, label %done, label %other
other:
  br label %look
done:
  ret i64 %at
none:
  ret i64 -1
}}
"""


def support_text() -> str:
    """The module."""
    return "".join((_DECLARATIONS, foreign_text(), _BOUNDS, _FIND, *map(_range_text, RANGED)))

"""Functions for arrays of other libraries: nothing in; LLVM IR that reads them into records, and makes new ones, out.

Part of the module of support.py, which declares what they call. A record is what the entry knows of an array (layout.py).
"""

from __future__ import annotations

from tdsl.codegen.entry.layout import (
    OBJECT_TYPE,
    RECORD_BYTES,
    RECORD_CONTIGUOUS,
    RECORD_DIMS,
    RECORD_PLAIN,
    RECORD_STRIDES,
    RECORD_TENSOR,
    RECORD_USUAL,
    ContextLayout,
)  # fmt: skip

# %record + 32 holds a DLTensor: is it an array on the CPU of %word (dtype code, bits, lanes) and %ndim dimensions?
# Then data, dims, byte strides and whether it is contiguous and aligned stand in the record.
_TENSOR = f"""
define internal i1 @tdsl_tensor(ptr %record, i32 %ndim, i32 %word, i64 %itemsize) nounwind {{
entry:
  %tensor = getelementptr i8, ptr %record, i64 {RECORD_TENSOR}
  %device.at = getelementptr i8, ptr %tensor, i64 8
  %device = load i32, ptr %device.at, align 8
  %on.cpu = icmp eq i32 %device, 1
  %ndim.at = getelementptr i8, ptr %tensor, i64 16
  %rank = load i32, ptr %ndim.at, align 8
  %same.rank = icmp eq i32 %rank, %ndim
  %word.at = getelementptr i8, ptr %tensor, i64 20
  %found = load i32, ptr %word.at, align 4
  %same.word = icmp eq i32 %found, %word
  %two = and i1 %on.cpu, %same.rank
  %good = and i1 %two, %same.word
  br i1 %good, label %take, label %no
take:
  %start = load ptr, ptr %tensor, align 8
  %offset.at = getelementptr i8, ptr %tensor, i64 40
  %offset = load i64, ptr %offset.at, align 8
  %data = getelementptr i8, ptr %start, i64 %offset
  store ptr %data, ptr %record, align 8
  %dims.from = getelementptr i8, ptr %tensor, i64 24
  %dims = load ptr, ptr %dims.from, align 8
  %dims.to = getelementptr i8, ptr %record, i64 {RECORD_DIMS}
  %last = sext i32 %ndim to i64
  %strides.from = getelementptr i8, ptr %tensor, i64 32
  %given = load ptr, ptr %strides.from, align 8
  %compact = icmp eq ptr %given, null
  %strides = getelementptr i8, ptr %record, i64 {RECORD_BYTES}
  %strides.to = getelementptr i8, ptr %record, i64 {RECORD_STRIDES}
  store ptr %strides, ptr %strides.to, align 8
  store ptr %dims, ptr %dims.to, align 8
  %address = ptrtoint ptr %data to i64
  %low = sub i64 %itemsize, 1
  %rest = and i64 %address, %low
  %aligned = icmp eq i64 %rest, 0
  br label %dim
dim:
  %left = phi i64 [ %last, %take ], [ %at, %next ]
  %dense = phi i1 [ true, %take ], [ %dense.now, %next ]
  %empty = phi i1 [ false, %take ], [ %empty.now, %next ]
  %step = phi i64 [ 1, %take ], [ %step.now, %next ]
  %more = icmp sgt i64 %left, 0
  br i1 %more, label %one, label %done
one:
  %at = sub i64 %left, 1
  %extent.at = getelementptr i64, ptr %dims, i64 %at
  %extent = load i64, ptr %extent.at, align 8
  br i1 %compact, label %next, label %read
read:
  %stride.at = getelementptr i64, ptr %given, i64 %at
  %stride.read = load i64, ptr %stride.at, align 8
  br label %next
next:
  %stride = phi i64 [ %step, %one ], [ %stride.read, %read ]
  %bytes = mul i64 %stride, %itemsize
  %bytes.at = getelementptr i64, ptr %strides, i64 %at
  store i64 %bytes, ptr %bytes.at, align 8
  %expected = icmp eq i64 %stride, %step
  %single = icmp eq i64 %extent, 1
  %fits = or i1 %expected, %single
  %dense.now = and i1 %dense, %fits
  %none = icmp eq i64 %extent, 0
  %empty.now = or i1 %empty, %none
  %step.now = mul i64 %step, %extent
  br label %dim
done:
  %row.major = or i1 %dense, %empty
  %plain = and i1 %row.major, %aligned
  %plain.bit = select i1 %plain, i64 {RECORD_PLAIN}, i64 0
  %several = icmp ugt i64 %step, 1
  %usual = and i1 %row.major, %several
  %usual.bit = select i1 %usual, i64 {RECORD_USUAL}, i64 0
  %both = or i64 %plain.bit, %usual.bit
  %plain.to = getelementptr i8, ptr %record, i64 {RECORD_CONTIGUOUS}
  store i64 %both, ptr %plain.to, align 8
  ret i1 true
no:
  ret i1 false
}}
"""


def foreign_text() -> str:
    """Arrays of the one foreign type that the context knows: read, and made for results."""
    context = ContextLayout()
    kind, view, allocate, wrap, guard, getter, closure, export, negated = (
        context.offset(f"foreign_{name}")
        for name in ("type", "view", "allocate", "wrap", "guard", "getter", "closure", "export", "negated")
    )
    false = context.offset("false")
    return f"""{_TENSOR}
@capsule.name = private constant [9 x i8] c"dltensor\\00"

; By the library's `to_dlpack`, where it has no C functions for us; the array keeps its memory when the capsule goes.
define internal i1 @tdsl_exported(ptr %object, ptr %context, i32 %ndim, i32 %word, i64 %itemsize, ptr %record) nounwind {{
entry:
  %argument = alloca ptr, align 8
  store ptr %object, ptr %argument, align 8
  %export.at = getelementptr i8, ptr %context, i64 {export}
  %export = load ptr, ptr %export.at, align 8
  %none = icmp eq ptr %export, null
  br i1 %none, label %no, label %ask
ask:
  %capsule = call ptr @PyObject_Vectorcall(ptr %export, ptr %argument, i64 1, ptr null)
  %refused = icmp eq ptr %capsule, null
  br i1 %refused, label %no, label %open
open:
  %managed = call ptr @PyCapsule_GetPointer(ptr %capsule, ptr @capsule.name)
  %strange = icmp eq ptr %managed, null
  br i1 %strange, label %drop, label %take
take:
  %tensor = getelementptr i8, ptr %record, i64 {RECORD_TENSOR}
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %tensor, ptr align 8 %managed, i64 48, i1 false)
  %fits = call i1 @tdsl_tensor(ptr %record, i32 %ndim, i32 %word, i64 %itemsize)
  br i1 %fits, label %keep, label %drop
keep:
  %dims.at = getelementptr i8, ptr %record, i64 {RECORD_DIMS}
  %dims = load ptr, ptr %dims.at, align 8
  %strides = getelementptr i8, ptr %record, i64 {RECORD_BYTES}
  %count = sext i32 %ndim to i64
  %kept = getelementptr i64, ptr %strides, i64 %count
  %bytes = mul i64 %count, 8
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %kept, ptr align 8 %dims, i64 %bytes, i1 false)
  store ptr %kept, ptr %dims.at, align 8
  br label %drop
drop:
  %good = phi i1 [ false, %open ], [ false, %take ], [ true, %keep ]
  call void @Py_DecRef(ptr %capsule)
  ret i1 %good
no:
  ret i1 false
}}

; Whether the values may be read as they stand.
define internal i1 @tdsl_signed(ptr %object, ptr %context) nounwind {{
entry:
  %argument = alloca ptr, align 8
  store ptr %object, ptr %argument, align 8
  %name.at = getelementptr i8, ptr %context, i64 {negated}
  %name = load ptr, ptr %name.at, align 8
  %never = icmp eq ptr %name, null
  br i1 %never, label %yes, label %ask
ask:
  %value = call ptr @PyObject_VectorcallMethod(ptr %name, ptr %argument, i64 1, ptr null)
  %failed = icmp eq ptr %value, null
  br i1 %failed, label %no, label %judge
judge:
  call void @Py_DecRef(ptr %value)
  %false.at = getelementptr i8, ptr %context, i64 {false}
  %false = load ptr, ptr %false.at, align 8
  %plain = icmp eq ptr %value, %false
  ret i1 %plain
yes:
  ret i1 true
no:
  ret i1 false
}}
define i1 @tdsl_read_foreign(ptr %object, ptr %context, i32 %ndim, i32 %word, i64 %itemsize, ptr %record) nounwind {{
entry:
  %type.at = getelementptr i8, ptr %object, i64 {OBJECT_TYPE}
  %type = load ptr, ptr %type.at, align 8
  %wanted.at = getelementptr i8, ptr %context, i64 {kind}
  %wanted = load ptr, ptr %wanted.at, align 8
  %same = icmp eq ptr %type, %wanted
  br i1 %same, label %guard, label %no
guard:
  %getter.at = getelementptr i8, ptr %context, i64 {getter}
  %getter = load ptr, ptr %getter.at, align 8
  %by.name = icmp eq ptr %getter, null
  br i1 %by.name, label %named, label %direct
direct:
  %closure.at = getelementptr i8, ptr %context, i64 {closure}
  %closure = load ptr, ptr %closure.at, align 8
  %got = call ptr %getter(ptr %object, ptr %closure)
  br label %known
named:
  %name.at = getelementptr i8, ptr %context, i64 {guard}
  %name = load ptr, ptr %name.at, align 8
  %free = icmp eq ptr %name, null
  br i1 %free, label %ask, label %look
look:
  %looked = call ptr @PyObject_GetAttr(ptr %object, ptr %name)
  br label %known
known:
  %value = phi ptr [ %got, %direct ], [ %looked, %look ]
  %absent = icmp eq ptr %value, null
  br i1 %absent, label %clear, label %judge
judge:
  call void @Py_DecRef(ptr %value)
  %false.at = getelementptr i8, ptr %context, i64 {false}
  %false = load ptr, ptr %false.at, align 8
  %off = icmp eq ptr %value, %false
  br i1 %off, label %ask, label %no
ask:
  %view.at = getelementptr i8, ptr %context, i64 {view}
  %view = load ptr, ptr %view.at, align 8
  %tensor = getelementptr i8, ptr %record, i64 {RECORD_TENSOR}
  %older = icmp eq ptr %view, null
  br i1 %older, label %export, label %read
read:
  %failed = call i32 %view(ptr %object, ptr %tensor)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %check, label %clear
check:
  %read.good = call i1 @tdsl_tensor(ptr %record, i32 %ndim, i32 %word, i64 %itemsize)
  br label %sign
export:
  %exported = call i1 @tdsl_exported(ptr %object, ptr %context, i32 %ndim, i32 %word, i64 %itemsize, ptr %record)
  br label %sign
sign:
  %good = phi i1 [ %read.good, %check ], [ %exported, %export ]
  br i1 %good, label %shape, label %clear
shape:
  ; Values are stored with their sign changed in parts of complex arrays: none is row-major with several elements.
  %bits.at = getelementptr i8, ptr %record, i64 {RECORD_CONTIGUOUS}
  %bits = load i64, ptr %bits.at, align 8
  %usual.bit = and i64 %bits, {RECORD_USUAL}
  %usual = icmp ne i64 %usual.bit, 0
  br i1 %usual, label %yes, label %signed
signed:
  %right = call i1 @tdsl_signed(ptr %object, ptr %context)
  br i1 %right, label %yes, label %clear
yes:
  ret i1 true
clear:
  call void @PyErr_Clear()
  br label %no
no:
  ret i1 false
}}

define internal void @tdsl_ignore(ptr %context, ptr %kind, ptr %message) nounwind {{
  ret void
}}

define ptr @tdsl_new_foreign(ptr %context, i32 %ndim, ptr %dims, i32 %word, i64 %itemsize, ptr %record) nounwind {{
entry:
  %out = alloca ptr, align 8
  store ptr null, ptr %out, align 8
  %tensor = getelementptr i8, ptr %record, i64 {RECORD_TENSOR}
  store ptr null, ptr %tensor, align 8
  %device = getelementptr i8, ptr %tensor, i64 8
  store i64 1, ptr %device, align 8
  %ndim.at = getelementptr i8, ptr %tensor, i64 16
  store i32 %ndim, ptr %ndim.at, align 8
  %word.at = getelementptr i8, ptr %tensor, i64 20
  store i32 %word, ptr %word.at, align 4
  %dims.at = getelementptr i8, ptr %tensor, i64 24
  store ptr %dims, ptr %dims.at, align 8
  %strides.at = getelementptr i8, ptr %tensor, i64 32
  store ptr null, ptr %strides.at, align 8
  %offset.at = getelementptr i8, ptr %tensor, i64 40
  store i64 0, ptr %offset.at, align 8
  %allocate.at = getelementptr i8, ptr %context, i64 {allocate}
  %allocate = load ptr, ptr %allocate.at, align 8
  %cannot = icmp eq ptr %allocate, null
  br i1 %cannot, label %none, label %make
make:
  %failed = call i32 %allocate(ptr %tensor, ptr %out, ptr null, ptr @tdsl_ignore)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %made, label %clear
made:
  %managed = load ptr, ptr %out, align 8
  %inner = getelementptr i8, ptr %managed, i64 32
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %tensor, ptr align 8 %inner, i64 48, i1 false)
  %good = call i1 @tdsl_tensor(ptr %record, i32 %ndim, i32 %word, i64 %itemsize)
  %plain.at = getelementptr i8, ptr %record, i64 {RECORD_CONTIGUOUS}
  %plain.bits = load i64, ptr %plain.at, align 8
  %plain = and i64 %plain.bits, {RECORD_PLAIN}
  store ptr null, ptr %out, align 8
  %wrap.at = getelementptr i8, ptr %context, i64 {wrap}
  %wrap = load ptr, ptr %wrap.at, align 8
  %refused = call i32 %wrap(ptr %managed, ptr %out)
  %taken = icmp eq i32 %refused, 0
  br i1 %taken, label %wrapped, label %clear
wrapped:
  %object = load ptr, ptr %out, align 8
  %is.plain = icmp ne i64 %plain, 0
  %usable = and i1 %good, %is.plain
  br i1 %usable, label %done, label %drop
done:
  ret ptr %object
drop:
  call void @Py_DecRef(ptr %object)
  ret ptr null
clear:
  call void @PyErr_Clear()
  br label %none
none:
  ret ptr null
}}
"""

"""The entry of one kernel: an Interface in, the LLVM IR of a function that CPython calls out.

    PyObject *tdsl_entry(PyObject *kernel, PyObject *const *args, size_t nargsf, PyObject *kwnames)

is a vectorcall function (PEP 590). It accepts a call, runs a body and returns the result, or it hands the whole call
over to the kernel's slow path; it never raises itself, so all messages are made in Python (runtime/prepare.py).
Checks, as semantics C1-C8 say: number and kinds of arguments, dtypes, ranks, sizes solved and compared, facts, ranges
of indices, writeability, overlap. It bakes no address in: types, functions and bodies are found through the context
that the kernel object points to, so the object code can be kept on disk and serves every kernel of this interface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.codegen.entry.arrays import Array, count, load_steps, read_array, require_function
from tdsl.codegen.entry.code import METADATA, Code
from tdsl.codegen.entry.formulas import OVERFLOW_DECLARATIONS, NoCode, Whole, integer
from tdsl.codegen.entry.keywords import read_keywords
from tdsl.codegen.entry.layout import ENTRY, ContextLayout, context_of
from tdsl.codegen.entry.outputs import given_objects, new_outputs, require_apart, require_shapes, shapes_of
from tdsl.codegen.entry.scalars import ScalarValue, read_scalar
from tdsl.codegen.entry.sizes import check_facts, solve
from tdsl.codegen.interface import ArrayInterface, Interface

_DECLARATIONS = """\
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare void @PyErr_Clear()
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyLong_FromLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
"""

RELEASE_WORK = 1 << 16
"""Bytes of arguments plus operations above which the interpreter's lock is released: some 10 µs.

Releasing costs 20 ns alone, but a busy thread may then keep the lock for a whole switch interval of 5 ms.
"""


def emit_entry(interface: Interface, context_offset: int) -> str | None:
    """The entry of a kernel; None where a formula or dtype has no code, and every call takes the slow path.

    Args:
        context_offset: bytes from the start of a kernel object to the pointer to its context.
    """
    try:
        function = _Entry(interface, context_of(interface)).text(context_offset)
    except NoCode:
        return None
    return "".join((_DECLARATIONS, OVERFLOW_DECLARATIONS, function, METADATA))


class _Entry:
    """Writes the function from top to bottom."""

    def __init__(self, interface: Interface, context: ContextLayout) -> None:
        self.interface = interface
        self.context = context
        self.code = Code()

    def text(self, context_offset: int) -> str:
        code = self.code
        code.label("entry")
        place = code.at("%kernel", context_offset)
        code.do(f"%context = load ptr, ptr {place}, align 8")
        inputs = self.interface.inputs
        given = code.op("and i64 %nargsf, 9223372036854775807")
        code.require(code.op(f"icmp eq i64 {given}, {len(inputs)}"))
        code.settle()
        keywords = read_keywords(code, self.context, self.interface, len(inputs))
        values = [self._read(place) for place in range(len(inputs))]
        arrays = [value for value in values if isinstance(value, Array)]
        known = self._sizes(arrays, values, keywords.sizes)
        shapes = shapes_of(code, self.interface, known)
        code.settle()
        for array in arrays:
            self._check_declared(array, known)
        outputs, body, result, is_new = self._outputs(keywords.out, arrays, shapes)
        status = self._run(values, outputs, known, body)
        self._finish(status, result, is_new)
        signature = f"define ptr @{ENTRY}(ptr %kernel, ptr %args, i64 %nargsf, ptr %kwnames) nounwind {{\n"
        return "\n" + signature + "\n".join(code.lines) + "\n}\n"

    # ------------------------------------------------------------ inputs
    def _read(self, place: int) -> Array | ScalarValue:
        argument = self.interface.inputs[place]
        handle = self.code.load("ptr", "%args", 8 * place)
        if isinstance(argument, ArrayInterface):
            return read_array(self.code, self.context, argument, handle)
        return read_scalar(self.code, self.context, argument, handle)

    def _sizes(
        self, arrays: Sequence[Array], values: Sequence[Array | ScalarValue], given: Mapping[str, Whole]
    ) -> dict[str, Whole]:
        known = solve(self.code, self.interface, arrays, given)
        params = {
            argument.name: value.whole
            for argument, value in zip(self.interface.inputs, values, strict=True)
            if isinstance(value, ScalarValue) and value.whole is not None
        }
        check_facts(self.code, self.interface, {**params, **known})
        self.code.settle()
        return known

    def _check_declared(self, array: Array, known: Mapping[str, Whole]) -> None:
        """Alignment, strides and the range of values, as far as a placeholder declares them."""
        code, interface = self.code, array.interface
        if interface.align is not None:
            address = code.op(f"ptrtoint ptr {array.data} to i64")
            code.require(code.op(f"icmp eq i64 {code.op(f'and i64 {address}, {interface.align - 1}')}, 0"))
        for dim, declared in enumerate(interface.strides or ()):
            if declared is not None:
                step = code.load("i64", array.strides, 8 * dim)
                code.require(code.op(f"icmp eq i64 {step}, {declared * array.itemsize}"))
        if interface.value_range is not None:
            code.require(array.contiguous)
            code.settle()
            low, high = (integer(code, formula, known).text for formula in interface.value_range)
            code.settle()
            number = count(code, array.extents, 1)
            within = code.load("ptr", "%context", self.context.offset(f"within {interface.dtype}"))
            require_function(code, within)
            given = f"ptr {array.data}, i64 {number}, i64 {low}, i64 {high}"
            code.require(code.op(f"call i1 {within}({given})"))
        code.settle()

    # ------------------------------------------------------------ outputs
    def _outputs(
        self, out: str, inputs: Sequence[Array], shapes: Sequence[Sequence[str]]
    ) -> tuple[list[Array], str, str, str]:
        """(outputs, body, result, whether they are new): given or made."""
        code = self.code
        plain = ""
        for array in inputs:
            plain = code.both(plain, array.contiguous)
        plain = plain or "true"
        absent = code.op(f"icmp eq ptr {out}, null")
        _, other = code.branch(absent, "make")
        made, made_body, made_result = self._made(inputs, shapes, plain)
        number = code.number()
        one = code.jump(f"run{number}")
        code.label(other)
        given, given_body = self._given(out, inputs, shapes, plain)
        two = code.jump(f"run{number}")
        code.label(f"run{number}")
        outputs = [self._either(a, b, one, two) for a, b in zip(made, given, strict=True)]
        body = code.phi("ptr", (made_body, one), (given_body, two))
        result = code.phi("ptr", (made_result, one), (out, two))
        return outputs, body, result, absent

    def _either(self, first: Array, second: Array, one: str, two: str) -> Array:
        code = self.code
        data = code.phi("ptr", (first.data, one), (second.data, two))
        strides = code.phi("ptr", (first.strides, one), (second.strides, two))
        return Array(first.interface, data, first.dims, strides, "", "")

    def _made(
        self, inputs: Sequence[Array], shapes: Sequence[Sequence[str]], plain: str
    ) -> tuple[list[Array], str, str]:
        code = self.code
        body = self._body(plain)
        first = inputs[0] if inputs else None
        arrays, objects = new_outputs(code, self.context, self.interface, first, shapes)
        if len(objects) == 1:
            return arrays, body, objects[0]
        result = code.op(f"call ptr @PyTuple_New(i64 {len(objects)})")
        number = code.number()
        code.do(
            f"br i1 {code.op(f'icmp ne ptr {result}, null')}, label %pack{number}, label %none{number}, !prof !0"
        )
        code.label(f"none{number}")
        for made in objects:
            code.do(f"call void @Py_DecRef(ptr {made})")
        code.do("call void @PyErr_Clear()")
        code.do(f"br label %{code.slow_label}")
        code.label(f"pack{number}")
        for place, made in enumerate(objects):
            code.op(f"call i32 @PyTuple_SetItem(ptr {result}, i64 {place}, ptr {made})")
        return arrays, body, result

    def _given(
        self, out: str, inputs: Sequence[Array], shapes: Sequence[Sequence[str]], plain: str
    ) -> tuple[list[Array], str]:
        code = self.code
        objects = given_objects(code, self.context, self.interface, out)
        arrays = [
            read_array(code, self.context, argument, handle)
            for argument, handle in zip(self.interface.outputs, objects, strict=True)
        ]
        require_shapes(code, arrays, shapes)
        code.settle()
        for array in arrays:
            plain = code.op(f"and i1 {plain}, {array.contiguous}")
        require_apart(code, self.context, self.interface, inputs, arrays, plain)
        code.settle()
        return arrays, self._body(plain)

    def _body(self, plain: str) -> str:
        """The body for arrays that are all contiguous or not; one that is not loaded yet is the slow path's affair."""
        code = self.code
        contiguous = code.load("ptr", "%context", self.context.offset("contiguous"))
        general = code.load("ptr", "%context", self.context.offset("general"))
        body = code.op(f"select i1 {plain}, ptr {contiguous}, ptr {general}")
        code.require(code.op(f"icmp ne ptr {body}, null"))
        code.settle()
        return body

    # ------------------------------------------------------------ running
    def _run(
        self,
        values: Sequence[Array | ScalarValue],
        outputs: Sequence[Array],
        known: Mapping[str, Whole],
        body: str,
    ) -> str:
        """The status of the body."""
        code = self.code
        arguments = [*values, *outputs]
        integers = len(known) + sum(one.ndim for one in arguments if isinstance(one, Array))
        code.lines.insert(1, f"  %data = alloca [{len(arguments)} x ptr], align 8")
        code.lines.insert(1, f"  %integers = alloca [{max(1, integers)} x i64], align 8")
        for place, value in enumerate(arguments):
            code.store("ptr", value.data if isinstance(value, Array) else value.memory, "%data", 8 * place)
        at = 0
        for size in self.interface.sizes:
            code.store("i64", known[size.name].text, "%integers", at)
            at += 8
        for value in arguments:
            if isinstance(value, Array):
                load_steps(code, value)
                for step in value.steps:
                    code.store("i64", step, "%integers", at)
                    at += 8
        environment = code.load("ptr", "%context", self.context.offset("environment"))
        return self._call(
            f"i32 {body}(ptr %data, ptr %integers, ptr {environment})", self._work(arguments, known)
        )

    def _work(self, arguments: Sequence[Array | ScalarValue], known: Mapping[str, Whole]) -> str:
        """i1: whether the call is worth releasing the lock; empty where that is not known: then it is released."""
        code = self.code
        if self.interface.operations is None:
            return ""
        lines = len(code.lines)
        try:
            work = integer(code, self.interface.operations, known).text
        except NoCode:
            del code.lines[lines:]
            return ""
        for array in arguments:
            if isinstance(array, Array) and array.extents:
                work = code.op(f"add i64 {work}, {count(code, array.extents, array.itemsize)}")
        return code.op(f"icmp ugt i64 {work}, {RELEASE_WORK}")

    def _call(self, call: str, worth: str) -> str:
        code = self.code
        if not worth:
            state = code.op("call ptr @PyEval_SaveThread()")
            status = code.op(f"call {call}")
            code.do(f"call void @PyEval_RestoreThread(ptr {state})")
            return status
        _, other = code.branch(worth, "release")
        state = code.op("call ptr @PyEval_SaveThread()")
        released = code.op(f"call {call}")
        code.do(f"call void @PyEval_RestoreThread(ptr {state})")
        number = code.number()
        one = code.jump(f"ran{number}")
        code.label(other)
        held = code.op(f"call {call}")
        two = code.jump(f"ran{number}")
        code.label(f"ran{number}")
        return code.phi("i32", (released, one), (held, two))

    def _finish(self, status: str, result: str, is_new: str) -> None:
        code = self.code
        done = code.op(f"icmp eq i32 {status}, 0")
        code.do(f"br i1 {done}, label %done, label %failed, !prof !0")
        code.label("done")
        code.do(f"br i1 {is_new}, label %return, label %share")
        code.label("share")
        code.do(f"call void @Py_IncRef(ptr {result})")
        code.do("br label %return")
        code.label("return")
        code.do(f"ret ptr {result}")
        code.label("failed")
        code.do(f"br i1 {is_new}, label %drop, label %raise")
        code.label("drop")
        code.do(f"call void @Py_DecRef(ptr {result})")
        code.do("br label %raise")
        code.label("raise")
        wide = code.op(f"sext i32 {status} to i64")
        number = code.op(f"call ptr @PyLong_FromLong(i64 {wide})")
        code.lines.insert(1, "  %status = alloca ptr, align 8")
        code.store("ptr", number, "%status")
        failed = code.load("ptr", "%context", self.context.offset("failed"))
        code.op(f"call ptr @PyObject_Vectorcall(ptr {failed}, ptr %status, i64 1, ptr null)")
        code.do(f"call void @Py_DecRef(ptr {number})")
        code.do("ret ptr null")
        code.label(code.slow_label)
        slow = code.load("ptr", "%context", self.context.offset("slow"))
        answer = code.op(f"call ptr @PyObject_Vectorcall(ptr {slow}, ptr %args, i64 %nargsf, ptr %kwnames)")
        code.do(f"ret ptr {answer}")

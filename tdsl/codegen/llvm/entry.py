"""A kernel in, the text of its LLVM module out: the entry that callers know, the body, and what the body needs.

The entry takes pointers, sizes and strides out of the call's arrays (arguments.py), returns where no output has an
element, puts the floating environment right and calls the body, whose parameters say what may not alias. Two modules a
kernel: `contiguous` computes strides from extents and trusts in aligned elements; `general` takes byte strides from the
caller and any address. The general one holds the body twice: most arrays that are not contiguous are cuts of rows, whose
last dimension still is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from tdsl.codegen.abi import ABI_VERSION
from tdsl.codegen.float_environment import FLOAT_ENTER, FLOAT_LEAVE, float_environment
from tdsl.codegen.llvm.allocations import extents_of
from tdsl.codegen.llvm.arguments import Arguments, Layout, buffers, take_arguments
from tdsl.codegen.llvm.atomics import on_one_thread
from tdsl.codegen.llvm.capabilities import Capabilities, capabilities
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.control import begin_branch, end_branch, merged, otherwise
from tdsl.codegen.llvm.flat_accesses import flat_accesses
from tdsl.codegen.llvm.function import Function, Module
from tdsl.codegen.llvm.narrow_streams import register_widths
from tdsl.codegen.llvm.statements import write
from tdsl.codegen.llvm.streams import seen_by_all
from tdsl.codegen.llvm.tiles import check_instructions
from tdsl.codegen.llvm.types import symbol_text
from tdsl.lower.ir import Kernel, ScalarArgument
from tdsl.lower.tiles import marked_loops
from tdsl.target import Target

Body = Literal["contiguous", "general"]

_FLOAT_WORDS = (" float ", " double ", " half ", "x float>", "x double>", "x half>")
"""What the text of every float operation contains: kernels without one leave the floating environment alone."""


def symbol(kernel: Kernel, body: Body = "contiguous") -> str:
    """The name under which a body is found in its object."""
    return kernel.name if body == "contiguous" else f"{kernel.name}_general"


def emit(
    kernel: Kernel, target: Target, body: Body = "contiguous", shared: frozenset[str] = frozenset()
) -> str:
    """The LLVM IR of one body of a kernel.

    Args:
        kernel: verified Loop IR.
        target: the CPU; decides vector width, FMA and how masks are written, never what is computed.
        body: "contiguous": every array row-major without gaps, elements aligned; "general": any byte strides.
        shared: arrays that a call may pass twice, as an input and as an output: these promise LLVM nothing.

    Returns:
        A module that defines the symbol `symbol(kernel, body)` with the signature of codegen/abi.py. The same arguments
        give the same text.

    Errors: G122 no code for the architecture; G123 G124 an instruction that the target lacks, or that is none; L121, L122,
    L123 too many registers, operations or stack bytes; I999 Loop IR that breaks its own rules.
    """
    machine = capabilities(target)
    check_instructions(marked_loops(kernel.body), target.resolved())
    if body == "contiguous":
        kernel = replace(kernel, body=flat_accesses(kernel))
    module = Module()
    name = symbol(kernel, body)
    attributes = f"nounwind {register_widths(kernel, machine)}"
    entry = Function(module, name, "i32", attributes)
    arguments = take_arguments(entry, kernel, shared)
    nothing = _no_elements(entry, kernel, arguments, machine)
    layouts: tuple[Layout, ...] = ("contiguous",) if body == "contiguous" else ("rows", "strided")
    if body == "general" and not arguments.rows:
        layouts = ("strided",)
    bodies = [_body(entry, kernel, arguments, machine, layout) for layout in layouts]
    texts = [function.text() for function in module.functions if function is not entry]
    floats = any(word in text for text in texts for word in _FLOAT_WORDS)
    if floats:
        module.texts[FLOAT_ENTER] = float_environment(machine.architecture)
    _return_if(entry, nothing)
    _call(entry, bodies, arguments, floats=floats)
    heading = f"; {name}: {body} body, ABI version {ABI_VERSION}\n"
    declarations = "\n".join(sorted(module.declarations)) + "\n"
    return "\n".join((heading, declarations, *module.texts.values(), entry.text(linkage=""), *texts))


def _body(
    entry: Function, kernel: Kernel, arguments: Arguments, machine: Capabilities, layout: Layout
) -> Function:
    """The function that holds the loops, for arrays of one layout."""
    function = Function(entry.module, f"{entry.name}.{layout}", "i32", entry.attributes, parent=entry)
    ctx = Context(function, machine)
    ctx.environment, ctx.sizes, ctx.params = arguments.environment, arguments.sizes, arguments.params
    ctx.buffers = buffers(ctx, kernel, arguments, layout)
    write(ctx, kernel.body if layout == "contiguous" else on_one_thread(kernel.body))
    seen_by_all(ctx)
    function.scopes[0].lines.append(["  ret i32 0"])
    return function


def _no_elements(entry: Function, kernel: Kernel, arguments: Arguments, machine: Capabilities) -> str:
    """Whether all outputs are empty, as an i1; empty where one never is.

    Arrays without elements may have dimensions of any length, and a loop over one of those alone would never end.
    """
    ctx = Context(entry, machine)
    ctx.sizes, ctx.params = arguments.sizes, arguments.params
    every = ""
    for argument in kernel.arguments:
        if isinstance(argument, ScalarArgument) or argument.role == "input":
            continue
        empty = ""
        for extent in extents_of(ctx, argument.extents):
            span = ctx.span(extent)
            if span is None or span[0] <= 0:
                one = entry.pure("i1", "icmp eq i64 %s, 0", ctx.scalar(extent))
                empty = entry.pure("i1", "or i1 %s, %s", empty, one) if empty else one
        if not empty:
            return ""
        every = entry.pure("i1", "and i1 %s, %s", every, empty) if every else empty
    return every


def _return_if(entry: Function, nothing: str) -> None:
    """End a call that has nothing to do."""
    if nothing:
        entry.jump_if(nothing, "nothing", "something")
        entry.label("something")
        entry.at_end(["nothing:", "  ret i32 0"])


def _call(entry: Function, bodies: list[Function], arguments: Arguments, *, floats: bool) -> None:
    """The rest of the entry: the body that fits, in the default floating environment."""
    saved = entry.value("i64", f"call i64 @{FLOAT_ENTER}()") if floats else ""
    status = _call_one(entry, bodies[0]) if len(bodies) == 1 else _call_fitting(entry, bodies, arguments.rows)
    if floats:
        entry.effect(f"call void @{FLOAT_LEAVE}(i64 %s)", saved)
    entry.effect("ret i32 %s", status)


def _call_fitting(entry: Function, bodies: list[Function], rows: tuple[tuple[str, int], ...]) -> str:
    """The body for rows where every array's last stride is its element, else the other one."""
    fits = ""
    for stride, unit in rows:
        one = entry.pure("i1", "icmp eq i64 %s, %s", stride, str(unit))
        fits = entry.pure("i1", "and i1 %s, %s", fits, one) if fits else one
    branch = begin_branch(entry, fits)
    first = _call_one(entry, bodies[0])
    otherwise(entry, branch)
    second = _call_one(entry, bodies[1])
    end_branch(entry, branch)
    return merged(entry, branch, "i32", (first, second))


def _call_one(entry: Function, body: Function) -> str:
    types = [parameter.type.split()[0] for parameter in body.parameters]
    template = ", ".join(f"{type_} %s" for type_ in types)
    outer = (parameter.outer for parameter in body.parameters)
    return entry.value("i32", f"call i32 {symbol_text(body.name)}({template})", *outer)

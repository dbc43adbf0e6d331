"""Kernels that wait for memory use half of AVX-512's registers: a kernel in, the widths its functions are compiled for out.

Rows of arrays of any shape begin anywhere in a cache line, and then every access of 64 bytes touches two lines; of 32 bytes
every second one does. Where little is computed an element the accesses are what takes the time.
"""

from __future__ import annotations

from tdsl.codegen.llvm.capabilities import Capabilities
from tdsl.codegen.llvm.narrow_floats import is_narrow
from tdsl.codegen.llvm.reads import nodes, parts
from tdsl.expr.linear import linear
from tdsl.expr.node import Binary, Call, Compare, Fma, Load, Node, Select, Unary, Var
from tdsl.expr.rewrite import variables, walk
from tdsl.lower.ir import Allocate, For, Kernel, Prefetch, Store

WIDE, NARROW = 512, 256

CHEAP = 2
"""Operations for each element that is read or written: a multiplication and an addition of two streams are one each."""


def register_widths(kernel: Kernel, machine: Capabilities) -> str:
    """Attributes of the functions: LLVM splits vectors that are wider than the legal width.

    Measured on Zen 4 (`z = 3 x + y`, 1023 x 1025 floats, eight placements of the arrays): 1.02 to 1.10 of the speed of
    Numba's loop, which has 32 bytes a vector; with 64 bytes 0.78 to 1.07. Rows of 1000 and 1024: 1.13 and 1.16 beside 1.04 and
    0.99. Small arrays in the first-level cache: the same.
    """
    if machine.vector_bits == WIDE and is_stream(kernel):
        return f'"prefer-vector-width"="{NARROW}" "min-legal-vector-width"="{NARROW}"'
    return f'"prefer-vector-width"="{machine.vector_bits}"'


def is_stream(kernel: Kernel) -> bool:
    """Whether every store is of neighbours and little is computed for it, from neighbours, nothing being kept in between."""
    inside = parts(kernel.body)
    lanes = {part.var for part in inside if isinstance(part, For) and part.kind == "vector"}
    stores = [part for part in inside if isinstance(part, Store)]
    plain = not any(isinstance(part, Allocate | Prefetch) for part in inside)
    intrinsic = any(isinstance(part, For) and part.intrinsic is not None for part in inside)
    return bool(lanes and stores and plain and not intrinsic) and all(
        _streams(store, lanes) for store in stores
    )


def _streams(store: Store, lanes: set[str]) -> bool:
    found = [node for root in nodes(store) for node in walk(root)]
    loads = [node for node in found if isinstance(node, Load)]
    if store.atomic or any(isinstance(node, Call) or is_narrow(node.dtype) for node in found):
        return False  # half floats are twice as wide where they are computed with
    if any(load.buffer == store.buffer for load in loads):
        return False
    subscripts = {node for load in loads for index in load.index for node in walk(index)}
    computed = [node for node in walk(store.value) if node not in subscripts]
    operations = sum(isinstance(node, Binary | Unary | Compare | Select | Fma) for node in computed)
    indices = [store.index, *(load.index for load in loads)]
    return operations <= CHEAP * (len(loads) + 1) and all(_neighbours(index, lanes) for index in indices)


def _neighbours(index: tuple[Node, ...], lanes: set[str]) -> bool:
    """Whether lanes are neighbours along the last subscript, or all at one place."""
    if any(_mentions(part, lanes) for part in index[:-1]):
        return False
    terms, _ = linear(index[-1]) if index else ({}, 0)
    moved = [term for term in terms if _mentions(term, lanes)]
    return all(isinstance(term, Var) and terms[term] == 1 for term in moved)


def _mentions(node: Node, names: set[str]) -> bool:
    return any(var.kind == "local" and var.name in names for var in variables(node))

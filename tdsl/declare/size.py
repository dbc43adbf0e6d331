"""Sizes: the named extents of a program, what is known of them, and how those facts reach a stage.

In: `td.size("n", min=1)`. Out: a handle that stands in shapes and expressions; its facts travel with every expression
made of it and are gathered, checked and kept by each declaration (semantics N3, B1). A size is its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tdsl.declare.names import checked_name, shown
from tdsl.errors import ArgumentError, DuplicateNameError
from tdsl.expr.handles import Origin, SizeHandle
from tdsl.expr.node import Node
from tdsl.expr.rewrite import variables
from tdsl.expr.tensor import Size, Tensor
from tdsl.location import Location, here, hide_internal_frames


@hide_internal_frames
def size(name: str, *, min: int = 0, multiple_of: int = 1, typical: int | None = None) -> SizeHandle:
    """A named non-negative size, int64, bound by the arrays at the call.

    Args:
        name: any Python identifier; two sizes of one name are one size.
        min: the least value it takes; checked at the call, used by every proof.
        multiple_of: what divides it; checked at the call, used by every proof.
        typical: a value for cost estimates and defaults, in elements; never a fact.

    Errors: E108 no identifier; E115 a fact that cannot be one. Source: Halide's `set_min`, TVM's `te.var`.
    """
    where = here()
    named = checked_name(name, "a size", where)
    return SizeHandle(
        Size(
            named,
            _fact("min", min, 0, where),
            _fact("multiple_of", multiple_of, 1, where),
            None if typical is None else _fact("typical", typical, 0, where),
        )
    )


def _fact(name: str, value: object, least: int, where: Location) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value < 1 << 63:
        return value
    raise ArgumentError(
        "E115", f"{name} of a size is an int of at least {least}, not {shown(value)}", where=where
    )


def gather_sizes(
    origins: Iterable[Origin], tensors: Iterable[Tensor], nodes: Sequence[Node], where: Location
) -> tuple[Size, ...]:
    """Facts of every size that a declaration mentions, itself or through the tensors it reads, in order of mention.

    Errors: E110 one size with different facts.
    """
    found: dict[str, Size] = {}
    for origin in origins:
        if isinstance(origin, Size):
            _merge(found, origin, where)
    for tensor in tensors:
        for known in sizes_of(tensor):
            _merge(found, known, where)
    for var in variables(*nodes):
        if var.kind == "size":
            found.setdefault(var.name, Size(var.name))
    return tuple(found.values())


def sizes_of(tensor: Tensor) -> tuple[Size, ...]:
    """Facts of the sizes that a tensor depends on."""
    return tensor.sizes if tensor.producer is None else tensor.producer.sizes


def _merge(found: dict[str, Size], size: Size, where: Location) -> None:
    known = found.setdefault(size.name, size)
    if known == size:
        return
    if (known.minimum, known.multiple_of) == (size.minimum, size.multiple_of):
        if known.typical is None:
            found[size.name] = size
        return
    raise DuplicateNameError(
        "E110",
        f"the size {size.name} meets itself with other facts",
        where=where,
        why=(f"here {describe(known)}, there {describe(size)}",),
        hint=(
            f"declare it once, {size.name} = {describe(max(known, size, key=_strength))}, and use it everywhere",
        ),
    )


def _strength(size: Size) -> tuple[int, int]:
    return size.minimum, size.multiple_of


def describe(size: Size) -> str:
    """The call that makes a size."""
    facts = [f"min={size.minimum}"] if size.minimum else []
    facts += [f"multiple_of={size.multiple_of}"] if size.multiple_of != 1 else []
    return f"td.size({', '.join([f'{chr(34)}{size.name}{chr(34)}', *facts])})"

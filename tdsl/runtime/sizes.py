"""Sizes from shapes: bare dims first, then `a*n + b` with divisibility, then dims with one unknown left (semantics C5).

In: an Interface, the shapes of the arrays at hand, sizes given as keywords. Out: the value of every size; all shapes
are compared with what they should be. Errors: C105 (shapes disagree), C106 (a fact fails), C110 (a size nothing binds),
C114 (a size of 2^47 or more). The code of the entry does the same in the same order (codegen/entry/sizes.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.codegen.bindings import bindings
from tdsl.codegen.interface import SIZE_LIMIT, ArrayInterface, Formula, Interface
from tdsl.errors import CallTypeError, CallValueError
from tdsl.records import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Equation:
    """Dimension `dim` of array `name` has `extent` elements and should have `formula`."""

    name: str
    dim: int
    extent: int
    formula: Formula


def solve_sizes(
    interface: Interface,
    shapes: Sequence[tuple[ArrayInterface, Shape]],
    given: Mapping[str, int],
    scalars: Mapping[str, int | float | bool],
    outputs: Sequence[tuple[ArrayInterface, Shape]] = (),
) -> dict[str, int]:
    """Every size's value.

    Args:
        shapes: of the inputs; given: keywords of the call; scalars: values of the params, which facts may mention.
        outputs: shapes of arrays given as `out=`: they bind what nothing else does, and are compared by the caller.
    """
    equations = _equations(shapes)
    known = dict(given)
    source: dict[str, str] = {name: f"{name}={value}" for name, value in given.items()}
    _solve(equations, known, source)
    if len(known) < len(interface.sizes):
        _solve(_equations(outputs), known, source)
    _check_bound(interface, known)
    _check_limits(interface, known, source)
    _check_shapes(equations, known, source)
    _check_facts(interface, known, scalars)
    return known


def _equations(shapes: Sequence[tuple[ArrayInterface, Shape]]) -> list[_Equation]:
    return [
        _Equation(array.name, dim, extent, formula)
        for array, shape in shapes
        for dim, (extent, formula) in enumerate(zip(shape, array.extents, strict=True))
    ]


def _solve(equations: Sequence[_Equation], known: dict[str, int], source: dict[str, str]) -> None:
    for position, name, factor in bindings([one.formula for one in equations], set(known)):
        one = equations[position]
        if factor == 0:
            known[name] = one.extent
            source[name] = f"{one.name}.shape[{one.dim}] = {one.extent}"
            continue
        known[name] = _solved(one, name, known)
        source[name] = f"{one.name}.shape[{one.dim}] = {one.formula.text} = {one.extent}"


def _solved(one: _Equation, name: str, known: Mapping[str, int]) -> int:
    """The size that makes an extent with one unknown left what it is."""
    factor, constant = one.formula.line(name, known)
    rest = one.extent - constant
    if factor == 0 and rest == 0:
        raise CallTypeError(
            "C110",
            f"{one.name}.shape[{one.dim}] = {one.formula.text} is {one.extent} whatever {name} is",
            hint=[f"pass it as a keyword: {name}=…"],
        )
    if factor == 0 or rest % factor:
        why = f"{rest} is not divisible by {factor}" if factor else f"it is {constant} whatever {name} is"
        raise CallValueError(
            "C105",
            f"{one.name}.shape[{one.dim}] is {one.extent}, and {one.formula.text} cannot be that",
            why=[f"{why}, so there is no {name}"],
        )
    return rest // factor


def _check_bound(interface: Interface, known: Mapping[str, int]) -> None:
    missing = [size.name for size in interface.sizes if size.name not in known]
    if missing:
        raise CallTypeError(
            "C110",
            f"{interface.name} needs the size {missing[0]}, which no array binds",
            hint=[f"pass it as a keyword: {interface.name}(…, {missing[0]}=…)"],
        )


def _check_limits(interface: Interface, known: Mapping[str, int], source: Mapping[str, str]) -> None:
    for size in interface.sizes:
        if known[size.name] >= SIZE_LIMIT:
            raise CallValueError(
                "C114",
                f"{size.name} is {known[size.name]}, and sizes are below 2**47",
                why=[f"because {source[size.name]}"],
            )


def _check_shapes(
    equations: Sequence[_Equation], known: Mapping[str, int], source: Mapping[str, str]
) -> None:
    for one in equations:
        expected = one.formula.value(known)
        if expected == one.extent:
            continue
        shown = one.formula.text if one.formula.text == str(expected) else f"{one.formula.text} = {expected}"
        because = [source[name] for name in one.formula.names if name in source]
        raise CallValueError(
            "C105",
            f"{one.name}.shape[{one.dim}] is {one.extent}, expected {shown}",
            why=[f"because {', '.join(because)}"] if because else [],
        )


def _check_facts(
    interface: Interface, known: Mapping[str, int], scalars: Mapping[str, int | float | bool]
) -> None:
    for size in interface.sizes:
        value = known[size.name]
        if value < size.minimum:
            raise CallValueError("C106", f"{size.name} is {value}, and must be at least {size.minimum}")
        if value % size.multiple_of:
            raise CallValueError(
                "C106", f"{size.name} is {value}, and must be a multiple of {size.multiple_of}"
            )
    everything = {**scalars, **known}
    for fact in interface.facts:
        large = fact.too_large(everything)
        if large is None and fact.value(everything):
            continue
        values = ", ".join(f"{name} = {everything[name]}" for name in fact.names if name in everything)
        said = (
            "does not hold" if large is None else f"cannot be used: {large.text} is 2^63 or more in magnitude"
        )
        raise CallValueError("C106", f"{fact.text} {said}", why=[f"with {values}"] if values else [])

"""docs/dtypes.md: every dtype, what two of them meet in, which Python numbers each takes; asked of running declarations."""

from __future__ import annotations

import tdsl as td
from tdsl.dtypes import DTYPES, DType, max_value, min_value, weak_fits

NUMBERS = (True, 1, -1, 300, 2**53 + 1, 0.1, 1e39)
"""Python numbers that tell the dtypes apart."""


def page() -> str:
    """The whole text."""
    return "\n".join([*introduction(), *formats(), *promotion(), *numbers()]) + "\n"


def introduction() -> list[str]:
    """What the page is."""
    return [
        "# Dtypes",
        "",
        "Generated from running code by `python docs/build_docs.py`; the rules are D1, D2 and E7 of"
        " [semantics.md](semantics.md).",
        "",
    ]


def formats() -> list[str]:
    """Every dtype with its limits."""
    lines = [
        "## What there is",
        "",
        "| dtype | bytes | least | greatest | arithmetic |",
        "|---|---|---|---|---|",
    ]
    for dtype in DTYPES.values():
        lines.append(
            f"| `{dtype}` | {dtype.bytes} | {value(min_value(dtype))} | {value(max_value(dtype))} | {use(dtype)} |"
        )
    return [
        *lines,
        "",
        "`float8_e4m3fn` has no infinities; overflow in it is NaN. 16-bit floats round after every operation (D7);"
        " write a cast to accumulate wider.",
        "",
    ]


def value(number: bool | int | float) -> str:
    """A limit as the page shows it."""
    return repr(number) if isinstance(number, (bool, int)) else f"{number:.8g}"


def use(dtype: DType) -> str:
    """What a dtype can be used for."""
    if dtype.arithmetic:
        return "logic" if dtype.is_bool else "all"
    return "in expressions, by cast" if dtype.name == "tfloat32" else "load, store, cast"


def promotion() -> list[str]:
    """The table of pairs."""
    names = list(DTYPES)
    lines = [
        "## What two dtypes meet in",
        "",
        "`a + b`, `td.where(c, a, b)`, `td.maximum(a, b)` and comparisons bring both operands to one dtype. It is"
        " NumPy 2's, minus what loses bits: a dash is an error (E203) that names the cast to write. A dtype always"
        " meets itself; bools meet bools in `& | ^` and comparisons.",
        "",
        "| | " + " | ".join(f"`{name}`" for name in names) + " |",
        "|" + "---|" * (len(names) + 1),
    ]
    for row in names:
        cells = (met(row, column) for column in names)
        lines.append(f"| `{row}` | " + " | ".join(f"`{cell}`" if cell else "—" for cell in cells) + " |")
    return [*lines, ""]


def met(one: str, other: str) -> str:
    """The dtype of `where(c, a, b)`, or nothing where that is an error."""
    try:
        chosen = td.where(element("c", "bool"), element("a", one), element("b", other))
    except td.DTypeError:
        return ""
    return chosen.dtype.name


def element(name: str, dtype: str) -> td.Expr:
    """An element of that dtype; tfloat32 has no arrays and is reached by cast."""
    if dtype == "tfloat32":
        return td.cast(td.placeholder(name, (1,), "float32")[0], dtype)
    return td.placeholder(name, (1,), dtype)[0]


def numbers() -> list[str]:
    """The table of Python numbers."""
    lines = [
        "## Which Python numbers fit",
        "",
        "A Python number takes the dtype of what it meets and must fit: an int exactly, a float rounded but not to"
        " infinity. A float that meets an integer brings both to `float64`, where that loses no bits (E7).",
        "",
        "| | " + " | ".join(f"`{number!r}`" for number in NUMBERS) + " |",
        "|" + "---|" * (len(NUMBERS) + 1),
    ]
    for dtype in DTYPES.values():
        cells = ("yes" if weak_fits(number, dtype) else "—" for number in NUMBERS)
        lines.append(f"| `{dtype}` | " + " | ".join(cells) + " |")
    return lines

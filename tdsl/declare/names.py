"""Names and creation numbers of declarations: a name is a Python identifier, a number orders what was declared.

In: what the user gave as a name. Out: the name, or a clear error. Numbers order arguments and stages (semantics C1)
and enter nothing else. Names that users choose never reach isl or LLVM, which see generated ones (N6).
"""

from __future__ import annotations

import itertools
import keyword
from collections.abc import Sequence
from typing import cast

from tdsl.errors import ArgumentError
from tdsl.location import Location

_numbers = itertools.count(1)


def next_number() -> int:
    """A number greater than all before it (`itertools.count` is atomic under the GIL)."""
    return next(_numbers)


def checked_name(name: object, what: str, where: Location) -> str:
    """`name` where it can name `what` ("a stage", "an axis").

    Errors: E108 not a string, or no Python identifier.
    """
    if not isinstance(name, str):
        raise ArgumentError(
            "E108",
            f"the name of {what} is a string, not {shown(name)}",
            where=where,
            hint=("the name comes first",),
        )
    if not name.isidentifier() or keyword.iskeyword(name):
        kind = "a word of Python itself" if name.isidentifier() else "no Python identifier"
        raise ArgumentError(
            "E108",
            f"{name!r} cannot name {what}: it is {kind}",
            where=where,
            why=("a name is made of letters, digits and _, and starts with no digit",),
            hint=(f'"{suggested_name(name)}"',),
        )
    return name


def suggested_name(name: str) -> str:
    """The identifier nearest to a name that is none."""
    spelled = "".join(letter if f"x{letter}".isidentifier() else "_" for letter in name) or "x"
    spelled = spelled if spelled.isidentifier() else f"x{spelled}"
    return f"{spelled}_" if keyword.iskeyword(spelled) else spelled


def entries(value: object) -> tuple[object, ...] | None:
    """What a tuple or list holds; None for anything else."""
    return tuple(cast("Sequence[object]", value)) if isinstance(value, (tuple, list)) else None


SHOWN = 60
"""Characters of a value that a message shows."""


def shown(value: object) -> str:
    """A value in a message: its repr, or its type where that is long, an address, or cannot be had.

    Strings are cut instead; an integer of more digits than a line holds is its number of bits.
    """
    if isinstance(value, int) and value.bit_length() > 3 * SHOWN:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{value[: SHOWN - 2]!r}…"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr is the user's code
        text = ""
    kind = type(value).__name__
    if text and len(text) <= SHOWN and "\n" not in text and " at 0x" not in text:
        return text
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"

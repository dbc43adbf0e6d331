"""Attributes of operators by their annotations: a value of another kind is refused in the operator's words.

In: the operator's name and signature, a call's arguments. Out: nothing, or E131. Annotations are read as they are written:
alternatives apart by `|`, of `int float bool str None Sequence[…]` and the aliases below; any other means anything.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import cast

import tdsl as td

ALIASES = {"Axis": "int | Sequence[int] | None", "Pair": "int | Sequence[int]"}
"""Names that files of operators give to annotations."""

Test = Callable[[object], bool]


def check_attributes(what: str, signature: inspect.Signature, given: Mapping[str, object]) -> None:
    """Every attribute is of a kind that its annotation names; sizes of expressions may stand for integers.

    Errors: E131.
    """
    for name, value in given.items():
        alternatives = _alternatives(str(signature.parameters[name].annotation))
        if alternatives and not any(test(value) for _, test in alternatives):
            wanted = " or ".join(words for words, _ in alternatives)
            raise td.ArgumentTypeError(
                "E131", f"{what}: {name} is {wanted}, not {_shown(value)}", hint=[f"{what}{signature}"]
            )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"of type {type(value).__name__}"


def _is_integer(value: object) -> bool:
    if isinstance(value, td.Expr):
        return True
    if isinstance(value, float | str | bytes):
        return False
    try:
        operator.index(cast("int", value))
    except TypeError:
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, td.Expr | int | float) or hasattr(value, "__float__")


def _is_several(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _are_integers(value: object) -> bool:
    """Whether it is a sequence, or what NumPy makes of one, of integers."""
    if hasattr(value, "__array_interface__") and hasattr(value, "__len__"):
        value = list(cast("Sequence[object]", value))
    return _is_several(value) and all(map(_is_integer, cast("Sequence[object]", value)))


def _is_yes_or_no(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_", "int")


_KINDS: dict[str, tuple[str, Test]] = {
    "int": ("an integer", _is_integer),
    "float": ("a number", _is_number),
    "bool": ("True or False", _is_yes_or_no),
    "str": (
        "a string",
        lambda value: isinstance(value, str | type) or hasattr(value, "itemsize"),
    ),  # or a dtype
    "None": ("None", lambda value: value is None),
    "Sequence[int]": ("a sequence of integers", _are_integers),
    "Sequence[object]": ("a sequence", _is_several),
    "Sequence[td.Tensor]": ("a sequence of arrays", _is_several),
}


@lru_cache(maxsize=256)
def _alternatives(annotation: str) -> tuple[tuple[str, Test], ...]:
    """What an annotation allows, as words and tests; empty where it allows anything."""
    text = " | ".join(ALIASES.get(part, part) for part in annotation.split(" | "))
    parts = list(dict.fromkeys(text.split(" | ")))
    return tuple(_KINDS[part] for part in parts) if all(part in _KINDS for part in parts) else ()

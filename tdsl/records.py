"""Frozen values at a third of the price: a class with annotated fields in, the class with its methods out.

`dataclass` is the standard library's, for classes that are `frozen` and have `slots`: the same fields, defaults,
methods and behaviour. Their methods are compiled together, or shared by all classes; a program that imports a
hundred such classes before its first kernel starts 30 ms earlier (docs/adr/0019). Anything else that a class asks for is
passed on to the standard library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(**asked: bool):
        """Make a class a record; arguments and errors as for `dataclasses.dataclass`."""

        def made(kind: type) -> type:
            if asked.get("frozen") and asked.get("slots") and set(asked) <= _KNOWN:
                return _record(kind, asked)
            return dataclasses.dataclass(**asked)(kind)

        return made


_KNOWN = {"frozen", "slots", "kw_only", "eq", "repr"}


def _record(kind: type, asked: dict[str, bool]) -> type:
    own = set(vars(kind))
    if vars(kind).get("__hash__") is None:  # what a class with `__eq__` and without `__hash__` has
        own.discard("__hash__")
    own |= set() if asked.get("eq", True) else {"__eq__", "__hash__"}
    own |= set() if asked.get("repr", True) else {"__repr__"}
    if kind.__doc__ is None:
        kind.__doc__ = kind.__name__  # or the standard library would write the signature
    make = cast(
        "Callable[[type], type]",
        dataclasses.dataclass(
            init=False, repr=False, eq=False, slots=True, kw_only=asked.get("kw_only", False)
        ),
    )
    made = make(kind)
    fields = dataclasses.fields(made)
    for name, method in {**_shared(fields), **_compiled(made, fields)}.items():
        if name not in own:
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    setattr(made, "__setattr__", _refuse_setting)  # noqa: B010
    setattr(made, "__delattr__", _refuse_deleting)  # noqa: B010
    return made


_Fields = tuple[dataclasses.Field[Any], ...]


def _shared(fields: _Fields) -> dict[str, Callable[..., Any]]:
    """What is called rarely: one function for all classes, with the names of the fields."""
    names = [field.name for field in fields]
    shown = [field.name for field in fields if field.repr]

    def text(self: object) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    def state(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    def restore(self: object, state: list[object]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__repr__": text, "__getstate__": state, "__setstate__": restore}


def _compiled(made: type, fields: _Fields) -> dict[str, Any]:
    """What is called often, compiled together."""
    known: dict[str, Any] = {"absent": dataclasses.MISSING, "__name__": made.__module__}
    compared = [field.name for field in fields if field.compare]
    hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
    text = (
        f"{_initialiser(made, fields, known)}\n"
        "def __eq__(self, other):\n"
        "    if other.__class__ is not self.__class__: return NotImplemented\n"
        f"    return {_tuple('self', compared)} == {_tuple('other', compared)}\n"
        f"def __hash__(self):\n    return hash({_tuple('self', hashed)})\n"
    )
    exec(text, known)
    given = {field.name: field.type for field in fields if field.init}
    known["__init__"].__annotations__ = {**given, "return": None}
    return {name: known[name] for name in ("__init__", "__eq__", "__hash__")}


def _tuple(of: str, names: list[str]) -> str:
    return f"({''.join(f'{of}.{name}, ' for name in names)})"


def _initialiser(made: type, fields: _Fields, known: dict[str, Any]) -> str:
    """The text of `__init__`; what it refers to goes to `known`."""
    plain, keyword, body = ["self"], list[str](), list[str]()
    for place, field in enumerate(fields):
        name, set_, default = field.name, f"set{place}", f"default{place}"
        known[set_] = getattr(made, name).__set__
        has_factory = field.default_factory is not dataclasses.MISSING
        known[default] = field.default_factory if has_factory else field.default
        has_default = has_factory or field.default is not dataclasses.MISSING
        value = f"{default}()" if has_factory else default
        if field.init:
            given = f"{name}=absent" if has_factory else f"{name}={default}" if has_default else name
            (keyword if field.kw_only else plain).append(given)
            value = f"{default}() if {name} is absent else {name}" if has_factory else name
        if field.init or has_default:
            body.append(f"    {set_}(self, {value})")
    if hasattr(made, "__post_init__"):
        body.append("    self.__post_init__()")
    head = ", ".join([*plain, *(["*", *keyword] if keyword else [])])
    return "\n".join((f"def __init__({head}):", *(body or ["    pass"])))


def _refuse_setting(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

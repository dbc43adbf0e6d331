"""Values at a quarter of the price: a class with annotated fields in, the class with its methods out.

`dataclass` is the standard library's, for classes that have `slots`, frozen or not: the same fields, defaults,
methods and behaviour. Their methods share the compiled code of all classes with as many fields, under each class's own
names; a program that imports a hundred such classes before its first kernel starts 50 ms earlier (docs/adr/0019).
Anything else that a class asks for is passed on to the standard library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(**asked: bool):
        """Make a class a record; arguments and errors as for `dataclasses.dataclass`."""

        def made(kind: type) -> type:
            if asked.get("slots") and set(asked) <= _KNOWN:
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
    frozen = asked.get("frozen", False)
    own |= set() if frozen else {"__hash__", "__getstate__", "__setstate__"}
    for name, method in {**_shared(fields), **_compiled(made, fields)}.items():
        if name not in own:
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    if frozen:
        setattr(made, "__setattr__", _refuse_setting)  # noqa: B010
        setattr(made, "__delattr__", _refuse_deleting)  # noqa: B010
    elif asked.get("eq", True) and "__hash__" not in vars(kind):
        setattr(made, "__hash__", None)  # noqa: B010
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
    """What is called often: the code of classes with as many fields, under the names of these."""
    known: dict[str, Any] = {"__name__": made.__module__}
    compared = [field.name for field in fields if field.compare]
    hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
    same, mixed = _codes(len(compared))[0], _codes(len(hashed))[1]
    methods = {
        "__init__": _initialiser(made, fields, known),
        "__eq__": FunctionType(_with_attributes(same, compared), known, "__eq__"),
        "__hash__": FunctionType(_with_attributes(mixed, hashed), known, "__hash__"),
    }
    given = {field.name: field.type for field in fields if field.init}
    methods["__init__"].__annotations__ = {**given, "return": None}
    return methods


def _function_code(text: str) -> CodeType:
    found: dict[str, Any] = {}
    exec(text, found)
    code: CodeType = found["made"].__code__
    return code


@cache
def _codes(count: int) -> tuple[CodeType, CodeType]:
    """`__eq__` and `__hash__` of a class with fields f0, f1, …"""
    mine, yours = ("".join(f"{of}.f{place}, " for place in range(count)) for of in ("self", "other"))
    same = (
        "def made(self, other):\n"
        "    if other.__class__ is not self.__class__: return NotImplemented\n"
        f"    return ({mine}) == ({yours})\n"
    )
    return _function_code(same), _function_code(f"def made(self):\n    return hash(({mine}))\n")


def _with_attributes(code: CodeType, names: list[str]) -> CodeType:
    """The code with the attributes f0, f1, … called otherwise."""
    called = {f"f{place}": name for place, name in enumerate(names)}
    return code.replace(co_names=tuple(called.get(name, name) for name in code.co_names))


@cache
def _setting(count: int, after: bool) -> CodeType:
    """`__init__` that sets `count` fields by set0, set1, …"""
    arguments = "".join(f", f{place}" for place in range(count))
    body = [f"    set{place}(self, f{place})\n" for place in range(count)]
    body += ["    self.__post_init__()\n"] if after else [] if body else ["    pass\n"]
    return _function_code(f"def made(self{arguments}):\n{''.join(body)}")


def _initialiser(made: type, fields: _Fields, known: dict[str, Any]) -> FunctionType:
    """`__init__`; what it refers to goes to `known`."""
    absent = dataclasses.MISSING
    if any(
        field.default_factory is not absent or (not field.init and field.default is not absent)
        for field in fields
    ):
        return _written_out(made, fields, known)
    plain = [field for field in fields if field.init and not field.kw_only]
    keyword = [field for field in fields if field.init and field.kw_only]
    names = [field.name for field in (*plain, *keyword)]
    for place, name in enumerate(names):
        known[f"set{place}"] = getattr(made, name).__set__
    code = _setting(len(names), hasattr(made, "__post_init__")).replace(
        co_name="__init__",
        co_varnames=("self", *names),
        co_argcount=1 + len(plain),
        co_kwonlyargcount=len(keyword),
    )
    defaults = tuple(field.default for field in plain if field.default is not absent)
    method = FunctionType(code, known, "__init__", defaults or None)
    method.__kwdefaults__ = {field.name: field.default for field in keyword if field.default is not absent}
    return method


def _written_out(made: type, fields: _Fields, known: dict[str, Any]) -> FunctionType:
    """`__init__` where a default is made anew for each value: compiled for this class alone."""
    plain, keyword, body = ["self"], list[str](), list[str]()
    known["absent"] = dataclasses.MISSING
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
    exec("\n".join((f"def __init__({head}):", *(body or ["    pass"]))), known)
    method: FunctionType = known.pop("__init__")
    return method


def _refuse_setting(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

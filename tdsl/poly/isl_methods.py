"""Methods of isl's objects from typed signatures: class bodies in, methods that call isl out.

A method is isl's function of that class and name; what it takes and gives stands in its annotations. A function that
gives an object takes over those that it is given, so it gets copies (to isl, references); `get_…` functions, those of
`_KEEPING`, and those that give numbers and texts only look. Methods are bound when they are first used. Source: isl's
manual, "Memory Management".
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, ClassVar, cast

from tdsl.poly.isl_library import (
    INT,
    LONG,
    POINTER,
    TEXT,
    CannotBind,
    Context,
    Pointer,
    c_function,
    free_text,
    require,
)

VALUE = "Val | int"
"""How signatures spell a value that may be an integer of Python."""

_KEEPING = frozenset({"count_val", "equalities_matrix", "inequalities_matrix"})
"""Functions that give an object and leave theirs to the caller, besides `get_…` (`__isl_keep` in include/isl/*.h)."""

Bound = Callable[..., Any]

Long = int
"""A 64-bit integer."""


class IslObject:
    """An isl object: one reference to it. Nothing changes it."""

    __slots__ = ("context", "pointer")
    context: Context
    pointer: Pointer
    prefix: ClassVar[str]
    copy: ClassVar[Bound]
    free: ClassVar[Bound]

    def __init_subclass__(cls, declared: bool = True) -> None:
        if not declared:
            return
        cls.prefix = "isl" + re.sub(r"([A-Z])", r"_\1", cls.__name__).lower()
        cls.copy = c_function(f"{cls.prefix}_copy", POINTER, POINTER)
        cls.free = c_function(f"{cls.prefix}_free", POINTER, POINTER)
        _classes[cls.__name__] = cls
        for name, value in list(vars(cls).items()):
            if isinstance(value, FunctionType | staticmethod):
                if "[" not in value.__annotations__["return"] and not name.startswith("foreach_"):
                    require(f"{cls.prefix}_{name}")
                setattr(cls, name, _Declared(cls, name, cast("FunctionType | staticmethod[..., Any]", value)))

    def __del__(self) -> None:
        # Cleared: of a cycle that goes, others may still ask this object; isl answers nothing to none.
        pointer, self.pointer = self.pointer, 0
        self.free(pointer)

    def __str__(self) -> str:
        return text_of(self.prefix, self.pointer, self.context)

    __repr__ = __str__

    def get_ctx(self) -> Context:
        """The context it was made in."""
        return self.context


class Number(IslObject, declared=False):
    """What is an integer to Python where it is one."""

    __slots__ = ()

    def to_python(self) -> int:
        """The integer. Errors: ValueError it is a fraction, or infinite."""
        if _is_int(self.pointer) == 1:
            value: int = _numerator(self.pointer)
            if value or _is_zero(self.pointer) == 1:
                return value
            self.context.failure("isl_val_get_num_si")  # beyond int64: text has any width
        return int(str(self))


_classes: dict[str, type[IslObject]] = {}


class _Declared:
    """A method that is bound to its function when it is first asked for."""

    __slots__ = ("_method", "_name", "_owner")

    def __init__(
        self, owner: type[IslObject], name: str, method: FunctionType | staticmethod[..., Any]
    ) -> None:
        self._owner, self._name, self._method = owner, name, method

    def __get__(self, one: IslObject | None, owner: type[IslObject]) -> Bound:
        static = isinstance(self._method, staticmethod)
        declared = self._method.__func__ if isinstance(self._method, staticmethod) else self._method
        bound = _bound(self._owner, self._name, declared.__annotations__, static)
        setattr(self._owner, self._name, staticmethod(bound) if static else bound)
        return getattr(owner if one is None else one, self._name)


# ---------------------------------------------------------------- binding
def _bound(owner: type[IslObject], name: str, annotations: dict[str, str], static: bool) -> Bound:
    notes = dict(annotations)
    result = notes.pop("return")
    kinds = list(notes.values()) if static else [owner.__name__, *notes.values()]
    symbol = f"{owner.prefix}_{name}"
    if name.startswith(("foreach_", "get_")) and (result.startswith("list[") or "Callable" in kinds[-1]):
        return _each(symbol, kinds, result)
    made = _classes.get(result)
    taken = made is not None and not name.startswith("get_") and name not in _KEEPING
    arguments = [_argument_type(kind) for kind in kinds]
    if result == "tuple[Map, bool]":
        return _with_flag(symbol, owner, c_function(symbol, POINTER, POINTER, POINTER))
    function = c_function(symbol, POINTER if made is not None else _result_type(result), *arguments)
    return _caller(function, kinds, taken, _finish(symbol, result))


def _argument_type(kind: str) -> object:
    return {"int": INT, "dim_type": INT, "Long": LONG, "str": TEXT}.get(kind, POINTER)


def _result_type(result: str) -> object:
    return TEXT if result == "str | None" else INT


def _caller(function: Bound, kinds: Sequence[str], taken: bool, finish: Bound) -> Bound:
    """How a function is called: the frequent kinds of signatures without a loop over their arguments."""
    first, rest = _classes.get(kinds[0]), kinds[1:]
    if first is None:
        return _with_any(function, kinds, taken, finish)
    if all(kind in ("int", "dim_type") for kind in rest):
        return _taking(function, first, finish) if taken else _looking(function, finish)
    if taken and rest[-1] == VALUE:
        return _taking_value(function, first, finish)
    second = _classes.get(rest[0]) if len(rest) == 1 else None
    if second is None:
        return _with_any(function, kinds, taken, finish)
    return (
        _taking_two(function, first, second, finish) if taken else _looking_at_two(function, second, finish)
    )


def _taking(function: Bound, first: type[IslObject], finish: Bound) -> Bound:
    """An object, then numbers."""
    copy = first.copy

    def taking(one: IslObject, *numbers: int) -> Any:
        if one.__class__ is not first:
            raise _wrong(one, first)
        return finish(function(copy(one.pointer), *numbers), one.context)

    return taking


def _looking(function: Bound, finish: Bound) -> Bound:
    def looking(one: IslObject, *numbers: int) -> Any:
        return finish(function(one.pointer, *numbers), one.context)

    return looking


def _taking_two(function: Bound, first: type[IslObject], second: type[IslObject], finish: Bound) -> Bound:
    copy, copy_other = first.copy, second.copy

    def taking(one: IslObject, other: IslObject) -> Any:
        if one.__class__ is not first or other.__class__ is not second:
            raise _wrong(other, second)
        return finish(function(copy(one.pointer), copy_other(other.pointer)), one.context)

    return taking


def _looking_at_two(function: Bound, second: type[IslObject], finish: Bound) -> Bound:
    def looking(one: IslObject, other: IslObject) -> Any:
        if other.__class__ is not second:
            raise _wrong(other, second)
        return finish(function(one.pointer, other.pointer), one.context)

    return looking


def _taking_value(function: Bound, first: type[IslObject], finish: Bound) -> Bound:
    """An object, numbers, then a value, which Python may give as an integer."""
    copy = first.copy

    def taking(one: IslObject, *rest: Any) -> Any:
        *numbers, last = rest
        if isinstance(last, int):
            value = integer(one.context, last)
        elif last.__class__ is not _classes["Val"]:
            raise _wrong(last, _classes["Val"])
        else:
            value = last.copy(last.pointer)
        return finish(function(copy(one.pointer), *numbers, value), one.context)

    return taking


def _with_any(function: Bound, kinds: Sequence[str], taken: bool, finish: Bound) -> Bound:
    def calling(*arguments: Any) -> Any:
        if len(arguments) != len(kinds):
            raise TypeError(f"{len(kinds)} arguments, not {len(arguments)}")
        context: Context = arguments[0] if kinds[0] == "Context" else arguments[0].context
        values = [_value(one, kind) for one, kind in zip(arguments, kinds, strict=True)]
        if taken:
            values = [type(one).copy(one.pointer) if isinstance(one, IslObject) else one for one in values]
        return finish(
            function(*[one.pointer if isinstance(one, IslObject) else one for one in values]), context
        )

    return calling


def _value(one: Any, kind: str) -> Any:
    """An argument as ctypes takes it, or an object."""
    if kind in _classes:
        if one.__class__ is not _classes[kind]:
            raise _wrong(one, _classes[kind])
        return one
    if kind == "Context":
        return one.pointer
    return one.encode() if kind == "str" else one


def _wrong(one: object, wanted: type[IslObject]) -> TypeError:
    return TypeError(f"a {type(one).__name__} where isl takes a {wanted.__name__}")


# ---------------------------------------------------------------- results
def _finish(symbol: str, result: str) -> Bound:
    """What becomes of a C result: (result, context) -> value. Errors: Error."""
    made = _classes.get(result)
    if made is not None:
        return _wrapping(symbol, made)

    def count(found: int, context: Context) -> int:
        if found < 0:
            raise context.failure(symbol)
        return found

    def truth(found: int, context: Context) -> bool:
        if found < 0:
            raise context.failure(symbol)
        return found == 1

    def name(found: bytes | None, context: Context) -> str | None:
        return None if found is None else found.decode()

    return {"int": count, "bool": truth, "str | None": name}[result]


def _wrapping(symbol: str, made: type[IslObject]) -> Bound:
    new = object.__new__

    def wrap(found: Pointer | None, context: Context) -> IslObject:
        if not found:
            raise context.failure(symbol)
        one = new(made)
        one.pointer, one.context = found, context
        return one

    return wrap


def text_of(prefix: str, pointer: Pointer, context: Context) -> str:
    """An object as text."""
    try:
        found = c_function(f"{prefix}_to_str", POINTER, POINTER)(pointer)
    except CannotBind:  # matrices, and others that isl has no text for
        return f"<{prefix}>"
    if not found:
        raise context.failure(f"{prefix}_to_str")
    text = ctypes.string_at(found).decode()
    free_text(found)
    return text


def _with_flag(symbol: str, owner: type[IslObject], function: Bound) -> Bound:
    """A function that gives an object and whether it is exact."""
    wrap = _wrapping(symbol, owner)

    def calling(one: IslObject) -> tuple[IslObject, bool]:
        flag = ctypes.c_int(0)
        found = wrap(function(owner.copy(one.pointer), ctypes.addressof(flag)), one.context)
        return found, flag.value == 1

    return calling


def _each(symbol: str, kinds: Sequence[str], result: str) -> Bound:
    """`foreach_x(visit)`, and `get_xs()`, which is the list of what `foreach_x` visits."""
    listed = result.startswith("list[")
    names = result[5:-1] if listed else kinds[-1].partition("[[")[2].partition("]")[0]
    parts = [_classes[name.strip()] for name in names.split(",")]
    if listed:
        single = re.sub(r"([A-Z])", r"_\1", parts[0].__name__).lower()
        symbol = re.sub(r"_get_\w+$", f"_foreach{single}", symbol)
    callback: Any = ctypes.PYFUNCTYPE(INT, *[POINTER] * len(parts), POINTER)
    function = c_function(symbol, INT, POINTER, callback, POINTER)
    wraps = [_wrapping(symbol, part) for part in parts]

    def visiting(one: IslObject, visit: Callable[..., object]) -> None:
        caught: list[BaseException] = []

        def step(*pointers: Pointer) -> int:
            try:
                visit(*[wrap(each, one.context) for wrap, each in zip(wraps, pointers)])
            except BaseException as stopped:  # noqa: BLE001  (raised again once isl has returned)
                caught.append(stopped)
                return -1
            return 0

        done = function(one.pointer, callback(step), None)
        if caught:
            raise caught[0]
        if done < 0:
            raise one.context.failure(symbol)

    def collecting(one: IslObject) -> list[IslObject]:
        found: list[IslObject] = []
        visiting(one, found.append)
        return found

    return collecting if listed else visiting


# ---------------------------------------------------------------- numbers
_is_int = c_function("isl_val_is_int", INT, POINTER)
_is_zero = c_function("isl_val_is_zero", INT, POINTER)
_numerator = c_function("isl_val_get_num_si", LONG, POINTER)
_of_long = c_function("isl_val_int_from_si", POINTER, POINTER, LONG)
_of_text = c_function("isl_val_read_from_str", POINTER, POINTER, TEXT)
_LONG = 1 << 63


def integer(context: Context, value: int) -> Pointer | None:
    """An integer as isl's value, which the caller owns; isl's own have no width. None out of budget."""
    if -_LONG <= value < _LONG:
        return _of_long(context.pointer, value)
    return _of_text(context.pointer, b"%d" % value)

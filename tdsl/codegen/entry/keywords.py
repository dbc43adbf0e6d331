"""Keywords in the entry: the names that a call passes in, the object given as `out=` and the sizes given by name out.

CPython interns the names of keywords, so comparing addresses is enough; a name that is equal but another object is not
found, and the call goes to the slow path.
"""

from __future__ import annotations

from dataclasses import dataclass

from tdsl.codegen.entry.arrays import require_function
from tdsl.codegen.entry.code import Code
from tdsl.codegen.entry.formulas import Whole
from tdsl.codegen.entry.layout import OBJECT_TYPE, TUPLE_ITEMS, TUPLE_SIZE, ContextLayout
from tdsl.codegen.entry.scalars import read_int
from tdsl.codegen.interface import SIZE_LIMIT, Interface


@dataclass(frozen=True, slots=True)
class Keywords:
    """out: the object, null where none was given; sizes: by name."""

    out: str
    sizes: dict[str, Whole]


def read_keywords(code: Code, context: ContextLayout, interface: Interface, positional: int) -> Keywords:
    """What follows the positional arguments; requires that there is nothing else."""
    if context.keywords:
        return _several(code, context, interface, positional)
    none = code.op("icmp eq ptr %kwnames, null")
    number = code.number()
    before = code.block
    code.do(f"br i1 {none}, label %positional{number}, label %keywords{number}")
    code.label(f"keywords{number}")
    code.require(code.op(f"icmp eq i64 {code.load('i64', '%kwnames', TUPLE_SIZE)}, 1"))
    name = code.load("ptr", "%kwnames", TUPLE_ITEMS)
    code.require(code.op(f"icmp eq ptr {name}, {code.load('ptr', '%context', context.offset('out'))}"))
    code.settle()
    out = code.load("ptr", "%args", 8 * positional)
    after = code.jump(f"positional{number}")
    code.label(f"positional{number}")
    return Keywords(code.phi("ptr", ("null", before), (out, after)), {})


def _several(code: Code, context: ContextLayout, interface: Interface, positional: int) -> Keywords:
    code.require(code.op("icmp ne ptr %kwnames, null"))
    code.settle()
    number = code.load("i64", "%kwnames", TUPLE_SIZE)
    values = code.at("%args", 8 * positional)
    sizes: dict[str, Whole] = {}
    for name in context.keywords:
        place = _find(code, context, number, code.load("ptr", "%context", context.offset(f"name {name}")))
        code.require(code.op(f"icmp sge i64 {place}, 0"))
        code.settle()
        sizes[name] = _size(code, context, interface, name, _item(code, values, place))
    place = _find(code, context, number, code.load("ptr", "%context", context.offset("out")))
    has_out = code.op(f"icmp sge i64 {place}, 0")
    wanted = code.op(f"select i1 {has_out}, i64 {len(sizes) + 1}, i64 {len(sizes)}")
    code.require(code.op(f"icmp eq i64 {number}, {wanted}"))
    code.settle()
    # Without out= the first value is read instead and not used: the address exists.
    safe = code.op(f"select i1 {has_out}, i64 {place}, i64 0")
    out = code.op(f"select i1 {has_out}, ptr {_item(code, values, safe)}, ptr null")
    return Keywords(out, sizes)


def _find(code: Code, context: ContextLayout, number: str, name: str) -> str:
    find = code.load("ptr", "%context", context.offset("find"))
    require_function(code, find)
    return code.op(f"call i64 {find}(ptr %kwnames, i64 {number}, ptr {name})")


def _item(code: Code, values: str, place: str) -> str:
    return code.load("ptr", code.op(f"getelementptr ptr, ptr {values}, i64 {place}"))


def _size(code: Code, context: ContextLayout, interface: Interface, name: str, handle: str) -> Whole:
    kind = code.load("ptr", handle, OBJECT_TYPE)
    code.require(code.op(f"icmp eq ptr {kind}, {code.load('ptr', '%context', context.offset('int'))}"))
    code.settle()
    least = next(size.minimum for size in interface.sizes if size.name == name)
    return read_int(code, handle, least, SIZE_LIMIT - 1)

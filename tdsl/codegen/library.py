"""One object file of a saved kernel: its bodies for one or several CPU levels and its description in, bytes out.

Symbols of the object for a kernel `f` (codegen/abi.py):

    int32_t f(void *const *data, const int64_t *sizes_and_strides, const tdsl_env *env);          contiguous arrays
    int32_t f_general(void *const *data, const int64_t *sizes_and_strides, const tdsl_env *env);  any strides
    extern const char f_tdsl[];          the description, JSON, also found as the section `.tdsl`

With several levels both are small functions that ask the CPU once, keep the best version's address and jump there; a
CPU below all of them gets status 2. The levels are the psABI's, because their instructions are known exactly;
detection is inline `cpuid`, so the object needs no library. Sources: x86-64 psABI 1.0, table 3.1; Intel SDM volume 2,
CPUID, XGETBV.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tdsl.codegen.abi import Status
from tdsl.codegen.artifact import BodyKind
from tdsl.target import Target

SECTION = ".tdsl"

LEVELS: dict[str, int] = {"x86-64": 1, "x86-64-v2": 2, "x86-64-v3": 3, "x86-64-v4": 4}
"""CPU names that one file may hold together, lowest first."""


@dataclass(frozen=True, slots=True)
class Version:
    """A kernel's bodies for one target. texts: body -> (its symbol, its LLVM module)."""

    target: Target
    texts: Mapping[BodyKind, tuple[str, str]]


def library_object(name: str, versions: Sequence[Version], description: str) -> bytes:
    """The object file.

    Args:
        name: of the kernel, a C identifier.
        versions: lowest level first; one of any target, or several of `LEVELS`.
        description: JSON.

    Errors: as `codegen.machine.compile_object`.
    """
    from tdsl.codegen.machine import compile_modules

    modules = [
        _version_text(name, version, kind, several=len(versions) > 1)
        for version in versions
        for kind in version.texts
    ]
    modules.append(_constant(f"{name}_tdsl", description))
    if len(versions) > 1:
        modules.append(_DETECTION + "".join(_dispatcher(name, kind, versions) for kind in versions[0].texts))
    return compile_modules(modules, versions[0].target)


def public_symbol(name: str, kind: BodyKind) -> str:
    """The symbol of a body in a saved file."""
    return name if kind == "contiguous" else f"{name}_general"


def _version_symbol(name: str, kind: BodyKind, target: Target) -> str:
    return f"{public_symbol(name, kind)}.{target.mcpu}"


def _version_text(name: str, version: Version, kind: BodyKind, *, several: bool) -> str:
    """The module of one body: its entry renamed, and, where levels differ, every function marked with its CPU."""
    symbol, text = version.texts[kind]
    wanted = public_symbol(name, kind)
    if several:
        wanted = _version_symbol(name, kind, version.target)
        cpu = f' "target-cpu"="{version.target.mcpu}"'
        text = re.sub(r"^define .*(?= \{$)", lambda line: line[0] + cpu, text, flags=re.MULTILINE)
    old = re.escape(f"define i32 @{symbol}(")
    new = f'define {"hidden " if several else ""}i32 @"{wanted}"('
    return re.sub(f"^{old}", lambda _: new, text, count=1, flags=re.MULTILINE)


def _constant(name: str, text: str) -> str:
    """Text as a constant that ends with a zero byte, in a section of its own."""
    data = text.encode() + b"\0"
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:02X}" for byte in data
    )
    return f'@{name} = constant [{len(data)} x i8] c"{plain}", section "{SECTION}", align 1\n'


def _dispatcher(name: str, kind: BodyKind, versions: Sequence[Version]) -> str:
    """Chooses the highest level that the CPU has, once."""
    public = public_symbol(name, kind)
    signature = "(ptr %data, ptr %integers, ptr %env)"
    symbols = [
        (LEVELS[version.target.mcpu or ""], _version_symbol(name, kind, version.target))
        for version in versions
    ]
    declared = "".join(f'declare hidden i32 @"{symbol}"(ptr, ptr, ptr)\n' for _, symbol in symbols)
    lines = ["  %level = call i32 @tdsl_cpu_level()"]
    best = f"@{public}.none"
    for place, (level, symbol) in enumerate(symbols):
        lines.append(f"  %has{place} = icmp sge i32 %level, {level}")
        lines.append(f'  %best{place} = select i1 %has{place}, ptr @"{symbol}", ptr {best}')
        best = f"%best{place}"
    chosen = "\n".join(lines)
    return f"""
{declared}
@{public}.chosen = internal global ptr null, align 8

define internal i32 @{public}.none{signature} nounwind {{
  ret i32 {int(Status.UNSUPPORTED_CPU)}
}}

define i32 @{public}{signature} nounwind {{
entry:
  %known = load atomic ptr, ptr @{public}.chosen monotonic, align 8
  %unknown = icmp eq ptr %known, null
  br i1 %unknown, label %choose, label %run
choose:
{chosen}
  store atomic ptr {best}, ptr @{public}.chosen monotonic, align 8
  br label %run
run:
  %version = phi ptr [ %known, %entry ], [ {best}, %choose ]
  %status = tail call i32 %version{signature}
  ret i32 %status
}}
"""


def _cpuid(result: str, leaf: str, register: int) -> str:
    constraint = "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}"
    return (
        f'  {result}.all = call {{ i32, i32, i32, i32 }} asm sideeffect "cpuid", "{constraint}"(i32 {leaf}, i32 0)\n'
        f"  {result} = extractvalue {{ i32, i32, i32, i32 }} {result}.all, {register}\n"
    )


def _bits(*numbers: int) -> int:
    value = sum(1 << number for number in numbers)
    return value - (1 << 32) if value >> 31 else value


_EAX, _EBX, _ECX = 0, 1, 2
# Leaf 1 ECX, leaf 7 EBX, leaf 0x80000001 ECX of each level, and the register states that the system saves (XCR0).
_V2_1C = _bits(0, 9, 13, 19, 20, 23)  # SSE3 SSSE3 CMPXCHG16B SSE4.1 SSE4.2 POPCNT
_V3_1C = _bits(12, 22, 27, 28, 29)  # FMA MOVBE OSXSAVE AVX F16C
_V3_7B = _bits(3, 5, 8)  # BMI1 AVX2 BMI2
_V4_7B = _bits(16, 17, 28, 30, 31)  # AVX-512 F DQ CD BW VL
_V2_EXTENDED, _V3_EXTENDED = _bits(0), _bits(5)  # LAHF-SAHF, LZCNT
_V3_STATE, _V4_STATE = 0x6, 0xE6

_DETECTION = f"""\
; The psABI level of this CPU under this system: 1 to 4.
define internal i32 @tdsl_cpu_level() nounwind {{
entry:
{_cpuid("%leaves", "0", _EAX)}\
{_cpuid("%one", "1", _ECX)}\
{_cpuid("%far", "-2147483648", _EAX)}\
  %has.far = icmp ugt i32 %far, -2147483648
  br i1 %has.far, label %extended, label %first
extended:
{_cpuid("%more", "-2147483647", _ECX)}\
  br label %first
first:
  %extra = phi i32 [ 0, %entry ], [ %more, %extended ]
  %one.two = and i32 %one, {_V2_1C}
  %one.is = icmp eq i32 %one.two, {_V2_1C}
  %extra.two = and i32 %extra, {_V2_EXTENDED}
  %extra.is = icmp eq i32 %extra.two, {_V2_EXTENDED}
  %two = and i1 %one.is, %extra.is
  br i1 %two, label %second, label %level1
second:
  %one.three = and i32 %one, {_V3_1C}
  %one.is3 = icmp eq i32 %one.three, {_V3_1C}
  %extra.three = and i32 %extra, {_V3_EXTENDED}
  %extra.is3 = icmp eq i32 %extra.three, {_V3_EXTENDED}
  %has.seven = icmp uge i32 %leaves, 7
  %three.a = and i1 %one.is3, %extra.is3
  %three.b = and i1 %three.a, %has.seven
  br i1 %three.b, label %third, label %level2
third:
{_cpuid("%seven", "7", _EBX)}\
  %state.all = call {{ i32, i32 }} asm sideeffect "xgetbv", "={{ax}},={{dx}},{{cx}}"(i32 0)
  %state = extractvalue {{ i32, i32 }} %state.all, 0
  %seven.three = and i32 %seven, {_V3_7B}
  %seven.is = icmp eq i32 %seven.three, {_V3_7B}
  %state.three = and i32 %state, {_V3_STATE}
  %state.is = icmp eq i32 %state.three, {_V3_STATE}
  %three = and i1 %seven.is, %state.is
  br i1 %three, label %fourth, label %level2
fourth:
  %seven.four = and i32 %seven, {_V4_7B}
  %seven.is4 = icmp eq i32 %seven.four, {_V4_7B}
  %state.four = and i32 %state, {_V4_STATE}
  %state.is4 = icmp eq i32 %state.four, {_V4_STATE}
  %four = and i1 %seven.is4, %state.is4
  %level = select i1 %four, i32 4, i32 3
  ret i32 %level
level2:
  ret i32 2
level1:
  ret i32 1
}}
"""

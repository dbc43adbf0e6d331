"""Small functions that the generated text calls where C has no operator of our meaning: a name in, its text out.

Only those used are written, at the top of the source, in the order of this table. What needs PTX stands in a guard, so
that a C++ compiler can take the text with functions of its own (emulation). Semantics D2 (integers), E5 (extremes), D7.
"""

from __future__ import annotations

HEAD = "static __device__ __forceinline__ "


def _extreme(name: str, kind: str, bits: str, back: str, as_bits: str) -> str:
    sign, join = (">", "&") if name == "max" else ("<", "|")
    return (
        f"// NaN wins; +0 is above -0\n"
        f"{HEAD}{kind} tdsl_{name}({kind} a, {kind} b)\n{{\n"
        f"  return a == b ? {back}({as_bits}(a) {join} {as_bits}(b)) : a {sign} b || a != a ? a : b;\n}}\n"
    )


def _floor_division(kind: str, suffix: str) -> dict[str, str]:
    signed = "unsigned" not in kind
    if not signed:
        return {
            f"tdsl_div_{suffix}": f"{HEAD}{kind} tdsl_div_{suffix}({kind} a, {kind} b)\n{{\n  return b == 0 ? 0 : a / b;\n}}\n",
            f"tdsl_mod_{suffix}": f"{HEAD}{kind} tdsl_mod_{suffix}({kind} a, {kind} b)\n{{\n  return b == 0 ? 0 : a % b;\n}}\n",
        }
    wide = "unsigned long long" if kind == "long long" else "unsigned int"
    return {
        f"tdsl_div_{suffix}": (
            f"// floors; by 0 it is 0\n{HEAD}{kind} tdsl_div_{suffix}({kind} a, {kind} b)\n{{\n"
            f"  if (b == 0) {{\n    return 0;\n  }}\n"
            f"  if (b == -1) {{\n    return ({kind})(0 - ({wide})a);\n  }}\n"
            f"  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);\n}}\n"
        ),
        f"tdsl_mod_{suffix}": (
            f"// has the sign of the divisor; by 0 it is 0\n{HEAD}{kind} tdsl_mod_{suffix}({kind} a, {kind} b)\n{{\n"
            f"  if (b == 0 || b == -1) {{\n    return 0;\n  }}\n"
            f"  const {kind} rest = a % b;\n"
            f"  return rest != 0 && (a < 0) != (b < 0) ? ({kind})(rest + b) : rest;\n}}\n"
        ),
    }


def _to_integer(source: str, target: str, suffix: str, low: str, high: str, least: str, most: str) -> str:
    """Truncation that saturates: `low` and `high` are the least float inside and the first one beyond."""
    return (
        f"{HEAD}{target} tdsl_to_{suffix}({source} a)\n{{\n"
        f"  return a != a ? 0 : a < {low} ? {least} : a >= {high} ? {most} : ({target})a;\n}}\n"
    )


def _conversions() -> dict[str, str]:
    found: dict[str, str] = {}
    kinds = {
        "i8": ("signed char", 8, True), "u8": ("unsigned char", 8, False), "i16": ("short", 16, True),
        "u16": ("unsigned short", 16, False), "i32": ("int", 32, True), "u32": ("unsigned int", 32, False),
        "i64": ("long long", 64, True), "u64": ("unsigned long long", 64, False),
    }  # fmt: skip
    for source, mark, name in (("float", "f", "f32"), ("double", "", "f64")):
        for suffix, (target, bits, signed) in kinds.items():
            high = float(1 << (bits - signed))
            low = -high if signed else 0.0
            tail = "ll" if bits == 64 else ""
            if signed:
                most = f"0x{(1 << (bits - 1)) - 1:x}{tail}"
                least = f"(-{most} - 1)"
            else:
                most, least = f"0x{(1 << bits) - 1:x}u{tail}", "0"
            if bits < 32:
                most, least = f"({target}){most}", f"({target}){least}"
            found[f"tdsl_to_{suffix}_{name}"] = _to_integer(
                source, target, f"{suffix}_{name}", f"{low!r}{mark}", f"{high!r}{mark}", least, most
            )
    return found


_PTX = {
    "tdsl_half_to_float": (
        f"{HEAD}float tdsl_half_to_float(unsigned short a)\n{{\n  float result;\n"
        '  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(a));\n  return result;\n}\n'
    ),
    "tdsl_float_to_half": (
        f"{HEAD}unsigned short tdsl_float_to_half(float a)\n{{\n  unsigned short result;\n"
        '  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(a));\n  return result;\n}\n'
    ),
}

_PLAIN: dict[str, str] = {
    "tdsl_max_f32": _extreme("max", "float", "int", "__int_as_float", "__float_as_int"),
    "tdsl_min_f32": _extreme("min", "float", "int", "__int_as_float", "__float_as_int"),
    "tdsl_max_f64": _extreme("max", "double", "long long", "__longlong_as_double", "__double_as_longlong"),
    "tdsl_min_f64": _extreme("min", "double", "long long", "__longlong_as_double", "__double_as_longlong"),
    **_floor_division("int", "i32"),
    **_floor_division("unsigned int", "u32"),
    **_floor_division("long long", "i64"),
    **_floor_division("unsigned long long", "u64"),
    **_conversions(),
    "tdsl_bfloat_to_float": (
        f"{HEAD}float tdsl_bfloat_to_float(unsigned short a)\n{{\n"
        "  return __int_as_float((int)((unsigned int)a << 16));\n}\n"
    ),
    "tdsl_float_to_bfloat": (
        f"// to the nearest, ties to even; a NaN stays one\n"
        f"{HEAD}unsigned short tdsl_float_to_bfloat(float a)\n{{\n"
        "  const unsigned int bits = (unsigned int)__float_as_int(a);\n"
        "  return (unsigned short)(a != a ? bits >> 16 | 64 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);\n}\n"
    ),
}

# The exact sum of a product and a third number, rounded to the odd neighbour, so that rounding again is one rounding.
_PLAIN["tdsl_round_to_odd"] = (
    f"// the sum a + b as a float whose last bit says whether it is exact (Boldo, Melquiond 2008)\n"
    f"{HEAD}float tdsl_round_to_odd(double a, double b)\n{{\n"
    "  const double sum = a + b;\n"
    "  const double part = sum - a;\n"
    "  const double rest = (a - (sum - part)) + (b - part);\n"
    "  const float near = (float)sum;\n"
    "  const double off = (sum - (double)near) + rest;\n"
    "  const int bits = __float_as_int(near);\n"
    "  if (off == 0.0 || off != off || near == 0.0f || (bits & 1) != 0) {\n    return near;\n  }\n"
    "  return __int_as_float((off > 0.0) == (bits >= 0) ? bits + 1 : bits - 1);\n}\n"
)

# Integers of 64 bits as a float32 whose last bit is set where bits are lost: narrower roundings take it for the number.
_PLAIN["tdsl_u64_to_odd"] = (
    f"// the first 24 bits, the last one set where the others are not zero\n"
    f"{HEAD}float tdsl_u64_to_odd(unsigned long long a)\n{{\n"
    "  const int lost = 40 - __clzll((long long)a);\n"
    "  if (lost <= 0) {\n    return (float)a;\n  }\n"
    "  const unsigned long long kept = a >> lost;\n"
    "  return (float)(kept | (kept << lost != a ? 1 : 0)) * (float)(1ull << lost);\n}\n"
)
_PLAIN["tdsl_i64_to_odd"] = (
    f"{HEAD}float tdsl_i64_to_odd(long long a)\n{{\n"
    "  return a < 0 ? -tdsl_u64_to_odd(0 - (unsigned long long)a) : tdsl_u64_to_odd((unsigned long long)a);\n}\n"
)


def _to_eight(name: str, fraction: int, exponent: int, beyond: int, inclusive: bool, special: int) -> str:
    """float32 -> 8 bits, ties to even. beyond: the pattern from which (inclusive or not) the result is `special`."""
    bias = (1 << (exponent - 1)) - 1
    lost = 23 - fraction
    least = (127 - bias + 1) << 23
    nan = "127" if special == 127 else "126"
    over = f"(unsigned char)(sign | {special})" if special != 127 else "127"
    return (
        f"// to the nearest, ties to even; beyond the largest one {'an infinity' if special != 127 else 'NaN'}\n"
        f"{HEAD}unsigned char tdsl_float_to_{name}(float a)\n{{\n"
        "  const unsigned int bits = (unsigned int)__float_as_int(a);\n"
        "  const unsigned int sign = bits >> 24 & 128, size = bits & 0x7fffffff;\n"
        f"  if (size > 0x7f800000) {{\n    return {nan};\n  }}\n"
        f"  if (size {'>=' if inclusive else '>'} 0x{beyond:x}) {{\n    return {over};\n  }}\n"
        f"  if (size >= 0x{least:x}) {{\n"
        f"    return (unsigned char)(sign | (size + 0x{(1 << (lost - 1)) - 1:x} + (size >> {lost} & 1) - "
        f"0x{(127 - bias) << 23:x}) >> {lost});\n  }}\n"
        f"  const float units = __int_as_float((int)size) * {2.0 ** (bias + fraction - 1)}f;\n"
        "  return (unsigned char)(sign | (unsigned int)(int)rintf(units));\n}\n"
    )


def _of_eight(name: str, fraction: int, exponent: int, first: int, special: str) -> str:
    """8 bits -> float32. first: the first size that is no number, which is `special`."""
    bias = (1 << (exponent - 1)) - 1
    return (
        f"{HEAD}float tdsl_{name}_to_float(unsigned char a)\n{{\n"
        "  const int sign = (a & 128) << 24, size = a & 127;\n"
        f"  const int bits = __float_as_int(__int_as_float(size << {23 - fraction}) * {2.0 ** (127 - bias)}f);\n"
        f"  return __int_as_float(sign | (size >= {first} ? {special} : bits));\n}}\n"
    )


_PLAIN["tdsl_e4m3_to_float"] = _of_eight("e4m3", 3, 4, 127, "0x7fc00000")
_PLAIN["tdsl_e5m2_to_float"] = _of_eight("e5m2", 2, 5, 124, "bits | 0x7f800000")
_PLAIN["tdsl_float_to_e4m3"] = _to_eight("e4m3", 3, 4, 0x43E80000, False, 127)
_PLAIN["tdsl_float_to_e5m2"] = _to_eight("e5m2", 2, 5, 0x47700000, True, 124)
_PLAIN["tdsl_float_to_tf32"] = (
    f"// to the nearest of 11 bits, ties to even; a NaN stays one\n"
    f"{HEAD}float tdsl_float_to_tf32(float a)\n{{\n"
    "  const unsigned int bits = (unsigned int)__float_as_int(a);\n"
    "  return a != a ? __int_as_float(0x7fc00000)\n"
    "                : __int_as_float((int)((bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu));\n}\n"
)

FUNCTIONS: dict[str, str] = {**_PTX, **_PLAIN}
"""Every function by name, in the order in which they are written."""


def prelude(used: set[str]) -> str:
    """The text of the functions used; nothing where none is."""
    guarded = [FUNCTIONS[name] for name in _PTX if name in used]
    plain = [FUNCTIONS[name] for name in _PLAIN if name in used]
    parts: list[str] = []
    if guarded:
        parts.append("#ifndef TDSL_EMULATION\n" + "\n".join(guarded) + "#endif\n")
    return "\n".join([*parts, *plain])

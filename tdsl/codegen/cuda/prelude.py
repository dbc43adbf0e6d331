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

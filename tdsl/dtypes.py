"""The dtypes of the language: names, promotion without loss, weak Python numbers, values to bits and back.

In: a name, a NumPy dtype or scalar type, Python's bool, int or float. Out: one of the interned `DType` values below.
NumPy is never imported here unless `to_numpy` is called. Semantics D1 (promotion), D2 (integers wrap), E6, E7.
"""

from __future__ import annotations

import importlib
import math
import struct
import sys
from typing import TYPE_CHECKING, Literal

from tdsl.records import dataclass

from .errors import DTypeError, MissingTool, SourcePosition, near_names

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["bool", "int", "uint", "float"]
Number = bool | int | float


@dataclass(frozen=True, slots=True, eq=False)
class DType:
    """An element type; one object a name, so that dtypes compare and hash by identity.

    Fields:
        name: as the user writes it.
        kind: "bool", "int" (two's complement), "uint" or "float".
        bits: width of the stored value.
        exponent_bits, fraction_bits: of a float's format (IEEE 754's exponent and trailing significand), else 0.
        arithmetic: False for dtypes that only load, store and cast (fp8, tfloat32).
        infinities: False for float8_e4m3fn, whose top exponent holds numbers.
    """

    name: str
    kind: Kind
    bits: int
    exponent_bits: int = 0
    fraction_bits: int = 0
    arithmetic: bool = True
    infinities: bool = True

    @property
    def bytes(self) -> int:
        """Bytes of one element in memory (a bool takes one)."""
        return max(1, self.bits // 8)

    @property
    def is_bool(self) -> bool:
        return self.kind == "bool"

    @property
    def is_integer(self) -> bool:
        """Signed or unsigned; a bool is no integer."""
        return self.kind in ("int", "uint")

    @property
    def is_signed(self) -> bool:
        return self.kind in ("int", "float")

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"dtype({self.name!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return as_dtype, (self.name,)


# Formats: IEEE 754-2019 table 3.5; bfloat16: Intel 356070-001US; fp8: arXiv 2209.05433; tfloat32: NVIDIA PTX ISA 9.7.
_TABLE = (
    DType("bool", "bool", 1),
    *(DType(f"int{bits}", "int", bits) for bits in (8, 16, 32, 64)),
    *(DType(f"uint{bits}", "uint", bits) for bits in (8, 16, 32, 64)),
    DType("float16", "float", 16, 5, 10),
    DType("bfloat16", "float", 16, 8, 7),
    DType("float32", "float", 32, 8, 23),
    DType("float64", "float", 64, 11, 52),
    DType("float8_e4m3fn", "float", 8, 4, 3, arithmetic=False, infinities=False),
    DType("float8_e5m2", "float", 8, 5, 2, arithmetic=False),
    DType("tfloat32", "float", 32, 8, 10, arithmetic=False),
)

DTYPES: dict[str, DType] = {dtype.name: dtype for dtype in _TABLE}
"""All dtypes by name, in the order of the documentation."""

_OTHER_NAMES = {
    "half": "float16", "single": "float32", "double": "float64", "float": "float64", "int": "int64",
    "uint": "uint64", "bool_": "bool", "boolean": "bool", "byte": "int8", "ubyte": "uint8", "short": "int16",
    "ushort": "uint16", "long": "int64", "bf16": "bfloat16", "tf32": "tfloat32", "e4m3": "float8_e4m3fn",
    "e5m2": "float8_e5m2", "i1": "bool",
    **{f"f{size}": f"float{8 * size}" for size in (2, 4, 8)}, "f16": "float16", "f32": "float32", "f64": "float64",
    "fp16": "float16", "fp32": "float32", "fp64": "float64",
    **{f"i{size}": f"int{8 * size}" for size in (2, 4, 8)}, **{f"u{size}": f"uint{8 * size}" for size in (1, 2, 4, 8)},
    "i16": "int16", "i32": "int32", "i64": "int64", "u16": "uint16", "u32": "uint32", "u64": "uint64",
}  # fmt: skip
"""What other languages and libraries call them: named in errors, never accepted, so that a dtype has one spelling."""


def as_dtype(given: object, *, where: SourcePosition | None = None) -> DType:
    """The dtype of a name, a `DType`, a NumPy dtype or scalar type, or Python's bool, int (int64), float (float64).

    Errors: E201 no such dtype; E202 a NumPy dtype of another byte order.
    """
    if isinstance(given, DType):
        return given
    if isinstance(given, str):
        found = DTYPES.get(given)
        if found is None:
            raise _unknown(given, where)
        return found
    if given is bool or given is int or given is float:
        return DTYPES[{bool: "bool", int: "int64", float: "float64"}[given]]
    name = _numpy_name(given, where)
    if name not in DTYPES:
        raise _unknown(repr(given) if name is None else name, where)
    return DTYPES[name]


def _numpy_name(given: object, where: SourcePosition | None) -> str | None:
    """The name of a NumPy dtype or scalar type (ml_dtypes' included); None for anything else."""
    numpy_module = sys.modules.get("numpy")
    if numpy_module is None:
        return None
    if isinstance(given, type) and issubclass(given, numpy_module.generic):
        given = numpy_module.dtype(given)
    if not isinstance(given, numpy_module.dtype):
        return None
    name = str(getattr(given, "name", ""))
    if not getattr(given, "isnative", True):
        raise DTypeError(
            "E202",
            f"dtype {str(given)!r} has the other machine's byte order",
            where=where,
            why=(f"tdsl computes on native values only; this is {name} with its bytes swapped",),
            hint=(f'array.astype("{name}") before the call',),
        )
    return name


def _unknown(given: str, where: SourcePosition | None) -> DTypeError:
    text = given.strip("'\"").lower()
    order = text[:1] in (">", "<", "=")
    text = text.lstrip("<>=|")
    known = _OTHER_NAMES.get(text) or (text if text in DTYPES else None)
    text = "float8" if text == "fp8" else text
    family = [name for name in DTYPES if name.startswith(text + "_")]
    near = [known] if known else family or near_names(text, DTYPES, cutoff=0.55)
    why = ["dtypes: " + " ".join(DTYPES)]
    if order:
        why.insert(0, "a dtype is written without a byte order: values are native")
    return DTypeError(
        "E201",
        f"there is no dtype {given!r}",
        where=where,
        why=why,
        hint=(" or ".join(f'"{name}"' for name in near),) if near else (),
    )


# promotion


def promote(
    a: DType, b: DType, *, where: SourcePosition | None = None, shown: tuple[str, str] = ("", "")
) -> DType:
    """The dtype in which values of `a` and `b` meet: NumPy 2's table minus what loses bits (semantics D1).

    shown: the operands as text, for the message.
    Errors: E203 no dtype holds both; the message names the casts.
    """
    if a is b:
        return a
    found = _promoted(a, b)
    if found is None:
        raise _no_promotion(a, b, where, shown)
    return found


def _promoted(a: DType, b: DType) -> DType | None:
    if not (a.arithmetic and b.arithmetic) or a.is_bool or b.is_bool:
        return None
    if a.is_float and b.is_float:
        return _smallest_float(max(a.exponent_bits, b.exponent_bits), max(a.fraction_bits, b.fraction_bits))
    if a.is_float or b.is_float:
        real, integer = (a, b) if a.is_float else (b, a)
        # The significand of n bits holds every integer of n bits and a sign; int8's -128 is a power of two.
        magnitude = integer.bits - (integer.kind == "int")
        return _smallest_float(real.exponent_bits, max(real.fraction_bits, magnitude - 1))
    if a.kind == b.kind:
        return a if a.bits >= b.bits else b
    signed, unsigned = (a, b) if a.kind == "int" else (b, a)
    bits = max(signed.bits, 2 * unsigned.bits)
    return DTYPES.get(f"int{bits}")


def _smallest_float(exponent_bits: int, fraction_bits: int) -> DType | None:
    for name in ("float16", "bfloat16", "float32", "float64"):
        dtype = DTYPES[name]
        if dtype.exponent_bits >= exponent_bits and dtype.fraction_bits >= fraction_bits:
            return dtype
    return None


def _no_promotion(a: DType, b: DType, where: SourcePosition | None, shown: tuple[str, str]) -> DTypeError:
    first, second = (text if len(text) <= 40 else "" for text in shown)
    if a.is_bool or b.is_bool:
        other, odd = (b, first) if a.is_bool else (a, second)
        why = "a bool is a truth value, not a number"
        hint = [f"{_cast(odd, other.name)} for the bool operand makes 0 and 1 of it"]
    elif not (a.arithmetic and b.arithmetic):
        odd_dtype, odd = (a, first) if not a.arithmetic else (b, second)
        why = f"{odd_dtype} is for storage: load, store and cast only"
        hint = [f"{_cast(odd, 'float32')} for the {odd_dtype} operand"]
    elif a.is_float or b.is_float:
        real, integer, odd = (a, b, second) if a.is_float else (b, a, first)
        why = f"no float holds every {integer}: float64 is exact up to 2**53 only"
        hint = [f"{_cast(odd, 'float64')} for the {integer} operand, where rounding is meant"]
        if real.name != "float64":
            hint.append(f"{_cast(odd, real.name)} for the same in {real}")
    else:
        why = "no integer dtype holds every int64 and every uint64"
        casts = f"{_cast(first, b.name)} or {_cast(second, a.name)}"
        hint = [f"{casts if first and second else _CASTS} for one operand; values that do not fit wrap"]
    return DTypeError(
        "E203", f"{a} and {b} do not meet without losing bits", where=where, why=(why,), hint=hint
    )


_CASTS = 'x.astype("int64") or x.astype("uint64")'


def _cast(operand: str, dtype: str) -> str:
    """How a user writes the cast of an operand."""
    return f'td.cast({operand}, "{dtype}")' if operand else f'x.astype("{dtype}")'


# weak Python numbers


def weak_fits(value: Number, dtype: DType) -> bool:
    """Whether a Python number can stand for a value of `dtype` (semantics E7).

    An int must be exact, in integers and in floats; a float may be rounded but not become infinite, and never stands
    for an integer; a bool is a bool only.
    """
    if isinstance(value, bool) or dtype.is_bool:
        return isinstance(value, bool) and dtype.is_bool
    if isinstance(value, int):
        if dtype.is_integer:
            return min_value(dtype) <= value <= max_value(dtype)
        return abs(value) <= max_value(dtype) and _round_to_format(value, dtype) == value
    if not dtype.is_float:
        return False
    if math.isinf(value):
        return dtype.infinities
    return math.isnan(value) or math.isfinite(_round_to_format(value, dtype))


def promote_weak(
    dtype: DType, value: Number, *, where: SourcePosition | None = None, shown: str = ""
) -> DType:
    """The dtype in which a value of `dtype` meets a Python number: `dtype`; float64 for an integer dtype and a float.

    Errors: E203 as `promote`; E204 the number does not fit.
    """
    if isinstance(value, float) and dtype.is_integer:
        return promote(dtype, DTYPES["float64"], where=where, shown=(shown, str(value)))
    if isinstance(value, bool) != dtype.is_bool:
        other = DTYPES["bool" if isinstance(value, bool) else "int64"]
        return promote(dtype, other, where=where, shown=(shown, str(value)))
    if not weak_fits(value, dtype):
        raise _does_not_fit(value, dtype, where, shown)
    return dtype


def _does_not_fit(value: Number, dtype: DType, where: SourcePosition | None, operand: str = "") -> DTypeError:
    shown = str(value) if len(str(value)) <= 40 else f"{str(value)[:20]}… ({len(str(value))} characters)"
    hint: tuple[str, ...] = ()
    if dtype.is_bool or isinstance(value, bool):
        why = f"{value!r} is of Python's type {type(value).__name__}"
    elif dtype.is_integer and isinstance(value, float):
        why, hint = f"{dtype} holds integers", (f"{int(value)}",) if math.isfinite(value) else ()
    elif dtype.is_float and isinstance(value, int) and abs(value) <= max_value(dtype):
        nearest = f"the nearest is {_round_to_format(value, dtype):.0f}"
        why = f"{dtype} has {dtype.fraction_bits + 1} significant bits; {nearest}"
        hint = (f"{float(value)!r}, a float, which may be rounded",)
    else:
        why = f"{dtype} holds {min_value(dtype)} to {max_value(dtype)}"
        hint = _wider(value, dtype, operand)
    return DTypeError("E204", f"{shown} does not fit in {dtype}", where=where, why=(why,), hint=hint)


def _wider(value: Number, dtype: DType, operand: str) -> tuple[str, ...]:
    """The first wider dtype of the same kind, else of signed integers, that holds the number."""
    if not operand or len(operand) > 40:
        return ()
    kinds = (dtype.kind, "int") if dtype.is_integer else (dtype.kind,)
    wider = (other for kind in kinds for other in DTYPES.values() if other.kind == kind and other.arithmetic)
    fits = (other for other in wider if min_value(other) <= value <= max_value(other))
    found = next((other for other in fits if other.kind == dtype.kind or other.bits > dtype.bits), None)
    return () if found is None else (f"{_cast(operand, found.name)} beside it",)


def min_value(dtype: DType) -> Number:
    """The least finite value (semantics E6): ``min_value(int8) == -128``."""
    if dtype.is_float:
        return -max_value(dtype)
    return -(1 << dtype.bits - 1) if dtype.kind == "int" else (False if dtype.is_bool else 0)


def max_value(dtype: DType) -> Number:
    """The greatest finite value: ``max_value(uint8) == 255``, ``max_value(float16) == 65504.0``."""
    if dtype.is_float:
        bias = (1 << dtype.exponent_bits - 1) - 1
        fraction = (1 << dtype.fraction_bits) - 1
        if dtype.infinities:
            return math.ldexp((1 << dtype.fraction_bits) + fraction, bias - dtype.fraction_bits)
        # e4m3fn uses the top exponent for numbers; only its last pattern is NaN.
        return math.ldexp((1 << dtype.fraction_bits) + fraction - 1, bias + 1 - dtype.fraction_bits)
    return True if dtype.is_bool else (1 << dtype.bits - (dtype.kind == "int")) - 1


# values and bits


def wrap(value: int, dtype: DType) -> int:
    """An integer reduced into an integer dtype as the machine does it: two's complement (semantics D2)."""
    value &= (1 << dtype.bits) - 1
    return value - (1 << dtype.bits) if dtype.kind == "int" and value >> (dtype.bits - 1) else value


def bits_of(value: Number, dtype: DType) -> int:
    """The bit pattern of a value, as a non-negative int of `dtype.bits` bits.

    Integers must be in range (`wrap` reduces them); floats are rounded to nearest even, overflow to infinity (to NaN
    in float8_e4m3fn), and NaN is the one quiet positive pattern.

    Errors: E204 an integer out of range, or a kind of number that the dtype does not hold.
    """
    if dtype.is_bool:
        if value not in (0, 1):
            raise _does_not_fit(value, dtype, None)
        return int(value)
    if dtype.is_float:
        return _float_bits(value, dtype)
    least = -(1 << dtype.bits - 1) if dtype.kind == "int" else 0
    if not least <= value < least + (1 << dtype.bits) or value != int(value):
        raise _does_not_fit(value, dtype, None)
    return int(value) & ((1 << dtype.bits) - 1)


def value_of(bits: int, dtype: DType) -> Number:
    """The Python value of a bit pattern: a bool, an int, or a float (exact, since float64 is the widest)."""
    if dtype.is_bool:
        return bool(bits & 1)
    if dtype.is_float:
        return _float_value(bits, dtype)
    return wrap(bits, dtype)


def _padding(dtype: DType) -> int:
    """Unused low bits of the stored pattern: 13 in tfloat32, which is kept in a float32."""
    return dtype.bits - 1 - dtype.exponent_bits - dtype.fraction_bits


_MACHINE_FORMATS = {"float16": "e", "float32": "f", "float64": "d"}


def _float_bits(value: Number, dtype: DType) -> int:
    letter = _MACHINE_FORMATS.get(dtype.name)
    if letter is not None and isinstance(value, float) and value == value:
        try:
            return int.from_bytes(struct.pack("<" + letter, value), "little")
        except OverflowError:  # a finite value that rounds to infinity: the exact way below says so
            pass
    top = (1 << dtype.exponent_bits) - 1
    quiet = (1 << dtype.fraction_bits - 1) if dtype.infinities else (1 << dtype.fraction_bits) - 1
    negative = math.copysign(1.0, value) < 0 if isinstance(value, float) else value < 0
    if value != value:
        pattern, negative = (top << dtype.fraction_bits) | quiet, False
    else:
        pattern = _magnitude_bits(value, dtype)
        if pattern is None:
            pattern = (top << dtype.fraction_bits) | (0 if dtype.infinities else quiet)
            negative = negative and dtype.infinities
    return ((int(negative) << (dtype.exponent_bits + dtype.fraction_bits)) | pattern) << _padding(dtype)


def _magnitude_bits(value: Number, dtype: DType) -> int | None:
    """Exponent and fraction of |value| rounded to nearest even, by exact integers; None where that overflows."""
    if isinstance(value, float) and math.isinf(value):
        return None
    numerator, denominator = abs(value).as_integer_ratio()
    if numerator == 0:
        return 0
    bias = (1 << dtype.exponent_bits - 1) - 1
    exponent = numerator.bit_length() - denominator.bit_length()
    if (numerator << max(0, -exponent)) < (denominator << max(0, exponent)):
        exponent -= 1
    exponent = max(exponent, 1 - bias)  # subnormals share the least exponent
    shift = dtype.fraction_bits - exponent
    quotient, rest = divmod(numerator << max(0, shift), denominator << max(0, -shift))
    half = 2 * rest - (denominator << max(0, -shift))
    quotient += half > 0 or (half == 0 and quotient & 1)
    pattern = quotient + (
        (exponent + bias - 1) << dtype.fraction_bits
    )  # the hidden bit and any carry move up
    limit = ((1 << dtype.exponent_bits) - 1) << dtype.fraction_bits
    if not dtype.infinities:
        limit += (1 << dtype.fraction_bits) - 1
    return None if pattern >= limit else pattern


def _float_value(bits: int, dtype: DType) -> float:
    bits >>= _padding(dtype)
    sign = -1.0 if bits >> (dtype.exponent_bits + dtype.fraction_bits) & 1 else 1.0
    exponent = bits >> dtype.fraction_bits & ((1 << dtype.exponent_bits) - 1)
    fraction = bits & ((1 << dtype.fraction_bits) - 1)
    bias = (1 << dtype.exponent_bits - 1) - 1
    if exponent == (1 << dtype.exponent_bits) - 1:
        if dtype.infinities:
            return math.nan if fraction else sign * math.inf
        if fraction == (1 << dtype.fraction_bits) - 1:
            return math.nan
    if exponent == 0:
        return sign * math.ldexp(fraction, 1 - bias - dtype.fraction_bits)
    return sign * math.ldexp(fraction + (1 << dtype.fraction_bits), exponent - bias - dtype.fraction_bits)


def _round_to_format(value: Number, dtype: DType) -> float:
    """The value that `dtype` keeps of a number, as a float."""
    return _float_value(_float_bits(value, dtype), dtype)


# NumPy


def to_numpy(dtype: DType) -> np.dtype[np.generic]:
    """The NumPy dtype of the same bits; imports NumPy, and ml_dtypes for bfloat16 and fp8.

    Errors: E205 tfloat32 has no array form; T101 ml_dtypes is not installed.
    """
    import numpy as np

    if dtype.name == "tfloat32":
        raise DTypeError(
            "E205",
            "tfloat32 lives in expressions only, by cast",
            hint=('store it as float32: x.astype("float32")',),
        )
    if dtype.name not in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        return np.dtype(dtype.name)
    try:
        extension = importlib.import_module("ml_dtypes")
    except ImportError:
        raise MissingTool(
            "T101", f"{dtype} arrays in NumPy need the package ml_dtypes", hint=("pip install ml_dtypes",)
        ) from None
    return np.dtype(getattr(extension, dtype.name))

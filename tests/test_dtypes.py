"""Dtypes: one object a name, promotion cell by cell against NumPy, weak numbers, bit patterns."""

import math
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdsl.dtypes import (
    DTYPES,
    DType,
    as_dtype,
    bits_of,
    max_value,
    min_value,
    promote,
    promote_weak,
    to_numpy,
    value_of,
    weak_fits,
    wrap,
)
from tdsl.errors import DTypeError, MissingTool

INTEGERS = [name for name, dtype in DTYPES.items() if dtype.is_integer]
IN_NUMPY = [name for name in DTYPES if name not in ("bfloat16", "tfloat32", "float8_e4m3fn", "float8_e5m2")]
ALL = (
    "dtypes: bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 "
    "float8_e4m3fn float8_e5m2 tfloat32"
)


def refusal(function, *args):
    with pytest.raises(DTypeError) as caught:
        function(*args)
    return str(caught.value)


# names


@pytest.mark.parametrize("name", DTYPES)
def test_one_object_a_name_also_after_pickling(name):
    dtype = as_dtype(name)
    assert as_dtype(dtype) is dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert str(dtype) == name


@pytest.mark.parametrize("name", IN_NUMPY)
def test_numpy_and_back(name):
    assert to_numpy(as_dtype(name)) == np.dtype(name)
    assert to_numpy(as_dtype(name)).itemsize == as_dtype(name).bytes
    for given_ in (np.dtype(name), np.dtype(name).type, np.zeros(2, name).dtype, np.zeros(1, name)[0].dtype):
        assert as_dtype(given_) is as_dtype(name)


def test_pythons_own_types_mean_what_they_mean_in_numpy():
    for kind in (bool, int, float):
        assert as_dtype(kind).name == np.dtype(kind).name


def test_sizes_and_kinds():
    assert [(d.name, d.bytes) for d in DTYPES.values() if d.is_float] == [
        ("float16", 2), ("bfloat16", 2), ("float32", 4), ("float64", 8), ("float8_e4m3fn", 1), ("float8_e5m2", 1),
        ("tfloat32", 4),
    ]  # fmt: skip
    kinds = as_dtype("uint8"), as_dtype("int8"), as_dtype("bool")
    assert [(d.is_integer, d.is_signed, d.is_bool) for d in kinds] == [
        (True, False, False),
        (True, True, False),
        (False, False, True),
    ]


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        ("float8", f'E201: there is no dtype \'float8\'\n  {ALL}\n  try: "float8_e4m3fn" or "float8_e5m2"'),
        (
            ">f4",
            "E201: there is no dtype '>f4'\n  a dtype is written without a byte order: values are native\n"
            f'  {ALL}\n  try: "float32"',
        ),
        ("double", f"E201: there is no dtype 'double'\n  {ALL}\n  try: \"float64\""),
        (
            "flaot32",
            f'E201: there is no dtype \'flaot32\'\n  {ALL}\n  try: "float32" or "tfloat32" or "float64"',
        ),
        ("complex64", f"E201: there is no dtype 'complex64'\n  {ALL}"),
        (3, f"E201: there is no dtype '3'\n  {ALL}"),
        (None, f"E201: there is no dtype 'None'\n  {ALL}"),
        (np.complex128, f"E201: there is no dtype 'complex128'\n  {ALL}"),
        (np.dtype("U3"), f"E201: there is no dtype 'str96'\n  {ALL}"),
    ],
)
def test_unknown_dtypes(given_, text):
    assert refusal(as_dtype, given_) == text


def test_a_foreign_byte_order():
    assert refusal(as_dtype, np.dtype(">f4")) == (
        "E202: dtype '>f4' has the other machine's byte order\n"
        "  tdsl computes on native values only; this is float32 with its bytes swapped\n"
        '  try: array.astype("float32") before the call'
    )


def test_formats_without_a_package_name_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(MissingTool) as caught:
        to_numpy(as_dtype("bfloat16"))
    assert str(caught.value) == (
        "T101: bfloat16 arrays in NumPy need the package ml_dtypes\n  try: pip install ml_dtypes"
    )


def test_tfloat32_has_no_array_form():
    assert refusal(to_numpy, as_dtype("tfloat32")) == (
        'E205: tfloat32 lives in expressions only, by cast\n  try: store it as float32: x.astype("float32")'
    )


def test_numpy_is_not_imported():
    code = "import sys, tdsl.dtypes as d; d.as_dtype('int8'); d.as_dtype(float); assert 'numpy' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(filter(None, sys.path))}
    )


# promotion


@pytest.mark.parametrize("a", IN_NUMPY)
@pytest.mark.parametrize("b", IN_NUMPY)
def test_promotion_is_numpys_where_no_bits_are_lost(a, b):
    kinds = {as_dtype(a).kind, as_dtype(b).kind}
    wide = {"int64", "uint64"} & {a, b}
    lossy = a != b and (
        "bool" in kinds or (wide and "float" in kinds) or {a, b} >= {"uint64"} and "int" in kinds
    )
    if lossy:
        assert refusal(promote, as_dtype(a), as_dtype(b)).startswith(f"E203: {a} and {b} do not meet")
    else:
        assert promote(as_dtype(a), as_dtype(b)) is as_dtype(np.promote_types(a, b).name)


@pytest.mark.parametrize(
    ("other", "result"),
    [
        ("bfloat16", "bfloat16"), ("float16", "float32"), ("float32", "float32"), ("float64", "float64"),
        ("int8", "bfloat16"), ("uint8", "bfloat16"), ("int16", "float32"), ("int32", "float64"),
    ],
)  # fmt: skip
def test_promotion_of_bfloat16(other, result):
    assert promote(as_dtype("bfloat16"), as_dtype(other)) is as_dtype(result)
    assert promote(as_dtype(other), as_dtype("bfloat16")) is as_dtype(result)


@pytest.mark.parametrize("a", [name for name in DTYPES if DTYPES[name].arithmetic])
@pytest.mark.parametrize("b", [name for name in DTYPES if DTYPES[name].arithmetic])
def test_a_promoted_dtype_holds_the_extremes_of_both(a, b):
    try:
        result = promote(as_dtype(a), as_dtype(b))
    except DTypeError:
        return
    for dtype in (as_dtype(a), as_dtype(b)):
        for value in (min_value(dtype), max_value(dtype)):
            assert value_of(bits_of(value, result), result) == value


@pytest.mark.parametrize(
    ("a", "b", "lines"),
    [
        (
            "int64",
            "float32",
            "  no float holds every int64: float64 is exact up to 2**53 only\n"
            '  try: x.astype("float64") for the int64 operand, where rounding is meant\n'
            '   or: x.astype("float32") for the same in float32',
        ),
        (
            "uint64",
            "float64",
            "  no float holds every uint64: float64 is exact up to 2**53 only\n"
            '  try: x.astype("float64") for the uint64 operand, where rounding is meant',
        ),
        (
            "int64",
            "uint64",
            "  no integer dtype holds every int64 and every uint64\n"
            '  try: x.astype("int64") or x.astype("uint64") for one operand; values that do not fit wrap',
        ),
        (
            "bool",
            "int8",
            "  a bool is a truth value, not a number\n"
            '  try: x.astype("int8") for the bool operand makes 0 and 1 of it',
        ),
        (
            "float8_e5m2",
            "float32",
            "  float8_e5m2 is for storage: load, store and cast only\n"
            '  try: x.astype("float32") for the float8_e5m2 operand',
        ),
    ],
)
def test_refused_promotions_name_the_cast(a, b, lines):
    text = f"E203: {a} and {b} do not meet without losing bits\n{lines}"
    assert refusal(promote, as_dtype(a), as_dtype(b)) == text


# weak numbers


@pytest.mark.parametrize(
    ("value", "name", "fits"),
    [
        (255, "uint8", True), (256, "uint8", False), (-1, "uint8", False), (-128, "int8", True), (128, "int8", False),
        (2**63, "int64", False), (2**63, "uint64", True), (1.0, "int32", False), (0.1, "float32", True),
        (1e39, "float32", False), (math.inf, "float32", True), (math.nan, "float16", True), (65504, "float16", True),
        (65519.0, "float16", True), (65520.0, "float16", False), (2049, "float16", False), (2048, "float16", True),
        (2**24 + 1, "float32", False), (2**53 + 1, "float64", False), (2**53, "float64", True),
        (10**400, "float64", False),
        (True, "bool", True), (1, "bool", False), (True, "int8", False), (False, "float32", False),
        (math.inf, "float8_e4m3fn", False), (448.0, "float8_e4m3fn", True), (500.0, "float8_e4m3fn", False),
    ],
)  # fmt: skip
def test_weak_numbers_must_fit(value, name, fits):
    assert weak_fits(value, as_dtype(name)) is fits


def test_a_float_beside_small_integers_is_a_float64_as_in_numpy():
    assert promote_weak(as_dtype("int8"), 0.5) is as_dtype("float64")
    assert (np.int8(1) * np.ones(2, "int8") * 0.5).dtype == np.float64
    assert promote_weak(as_dtype("float32"), 0.5) is as_dtype("float32")
    assert promote_weak(as_dtype("uint8"), 200) is as_dtype("uint8")
    assert promote_weak(as_dtype("bool"), True) is as_dtype("bool")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("uint8", 300, "E204: 300 does not fit in uint8\n  uint8 holds 0 to 255"),
        (
            "float32",
            2**24 + 1,
            "E204: 16777217 does not fit in float32\n"
            "  float32 has 24 significant bits; the nearest is 16777216\n"
            "  try: 16777217.0, a float, which may be rounded",
        ),
        (
            "float16",
            1e6,
            "E204: 1000000.0 does not fit in float16\n  float16 holds -65504.0 to 65504.0",
        ),
        (
            "int64",
            10**60,
            "E204: 10000000000000000000… (61 characters) does not fit in int64\n"
            "  int64 holds -9223372036854775808 to 9223372036854775807",
        ),
        (
            "int64",
            0.5,
            "E203: int64 and float64 do not meet without losing bits\n"
            "  no float holds every int64: float64 is exact up to 2**53 only\n"
            '  try: x.astype("float64") for the int64 operand, where rounding is meant',
        ),
        (
            "bool",
            1,
            "E203: bool and int64 do not meet without losing bits\n"
            "  a bool is a truth value, not a number\n"
            '  try: x.astype("int64") for the bool operand makes 0 and 1 of it',
        ),
    ],
)
def test_weak_numbers_that_do_not_fit(name, value, text):
    assert refusal(promote_weak, as_dtype(name), value) == text


# values and bits


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_against_numpy(name):
    dtype = as_dtype(name)
    information = np.iinfo(name)
    assert (min_value(dtype), max_value(dtype)) == (information.min, information.max)
    for value in (0, 1, information.min, information.max, information.max // 3):
        assert bits_of(value, dtype) == int.from_bytes(np.array(value, name).tobytes(), "little")
        assert value_of(bits_of(value, dtype), dtype) == value
    assert wrap(information.max + 1, dtype) == information.min
    assert wrap(information.min - 1, dtype) == information.max
    assert refusal(bits_of, information.max + 1, dtype).startswith("E204")
    assert (
        refusal(bits_of, 0.5, dtype) == f"E204: 0.5 does not fit in {name}\n  {name} holds integers\n  try: 0"
    )


def test_bools():
    boolean = as_dtype("bool")
    assert [bits_of(value, boolean) for value in (False, True, 0, 1)] == [0, 1, 0, 1]
    assert value_of(1, boolean) is True
    assert (min_value(boolean), max_value(boolean)) == (False, True)
    assert refusal(bits_of, 2, boolean) == "E204: 2 does not fit in bool\n  2 is of Python's type int"


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_extremes_of_floats(name):
    information = np.finfo(name)
    assert max_value(as_dtype(name)) == float(information.max)
    assert min_value(as_dtype(name)) == float(information.min)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_every_pattern_of_the_small_floats_survives(name):
    dtype = as_dtype(name)
    nans = 0
    for bits in range(1 << dtype.bits):
        value = value_of(bits, dtype)
        nans += math.isnan(value)
        assert math.isnan(value) or bits_of(value, dtype) == bits
    fraction = dtype.fraction_bits
    assert nans == (2 if not dtype.infinities else 2 * ((1 << fraction) - 1))


def test_every_half_against_numpy():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float64)
    dtype = as_dtype("float16")
    assert all(
        value_of(bits, dtype) == want or (math.isnan(want) and math.isnan(value_of(bits, dtype)))
        for bits, want in enumerate(halves.tolist())
    )


@given(st.floats(width=64))
def test_rounding_to_half_and_single_is_numpys(value):
    with np.errstate(all="ignore"):
        for name, unsigned in (("float16", np.uint16), ("float32", np.uint32), ("float64", np.uint64)):
            if not math.isnan(value):
                assert bits_of(value, as_dtype(name)) == int(np.float64(value).astype(name).view(unsigned))


@given(st.floats(width=32), st.sampled_from(["bfloat16", "tfloat32"]))
def test_rounding_to_the_top_half_of_a_single(value, name):
    dtype = as_dtype(name)
    kept = 16 if name == "bfloat16" else 13  # low bits of a float32 that the format does not have
    if math.isnan(value):
        return
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    rounded = (bits + (1 << kept - 1) - 1 + (bits >> kept & 1)) >> kept
    got = bits_of(value, dtype)
    assert (got if name == "bfloat16" else got >> 13) == rounded


@given(st.integers(-(2**70), 2**70))
def test_integers_round_once_on_their_way_to_a_float(value):
    for name in ("float32", "float64", "bfloat16"):
        dtype = as_dtype(name)
        got = value_of(bits_of(value, dtype), dtype)
        steps = (value_of(bits_of(got, dtype) + step, dtype) for step in (-1, 1) if got != 0)
        assert all(abs(value - int(got)) <= abs(value - int(near)) for near in steps if math.isfinite(near))


def test_special_patterns():
    single, eight = as_dtype("float32"), as_dtype("float8_e4m3fn")
    assert bits_of(-0.0, single) == 0x80000000
    assert math.copysign(1, value_of(0x80000000, single)) == -1
    assert bits_of(math.nan, single) == bits_of(-math.nan, single) == 0x7FC00000
    assert (bits_of(math.inf, single), bits_of(-math.inf, single)) == (0x7F800000, 0xFF800000)
    assert bits_of(1e39, single) == 0x7F800000
    assert bits_of(5e-324, as_dtype("float64")) == 1
    assert bits_of(math.inf, eight) == bits_of(1e9, eight) == bits_of(math.nan, eight) == 0x7F
    assert max_value(eight) == 448.0
    assert max_value(as_dtype("float8_e5m2")) == 57344.0
    assert bits_of(0, single) == 0


def test_a_dtype_is_frozen():
    with pytest.raises(AttributeError):
        as_dtype("int8").bits = 4
    assert isinstance(as_dtype("int8"), DType)

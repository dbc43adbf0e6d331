"""D1: what two dtypes meet in is NumPy 2's table minus what loses bits; docs/dtypes.md says it cell by cell."""

# ruff: noqa: B023 (callables are called in the turn of the loop that makes them)
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import tdsl as td
from tdsl.dtypes import DTYPES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dtypes.md"
STORAGE = ("float8_e4m3fn", "float8_e5m2", "tfloat32")


def table() -> dict[tuple[str, str], str]:
    """(row, column) -> what the page says, "" for a dash."""
    text = PAGE.read_text(encoding="utf-8").split("## What two dtypes meet in")[1].split("##")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    columns = [cell.strip(" `") for cell in rows[0][1:]]
    return {
        (row[0].strip(" `"), column): re.sub("[`—]", "", cell).strip()
        for row in rows[2:]
        for column, cell in zip(columns, row[1:], strict=True)
    }


TABLE = table()


def element(name: str, dtype: str) -> td.Expr:
    if dtype == "tfloat32":
        return td.cast(td.placeholder(name, (1,), "float32")[0], dtype)
    return td.placeholder(name, (1,), dtype)[0]


def expected(one: str, other: str) -> str:
    """From the rule: NumPy's promotion, unless it loses bits."""
    if one == other:
        return one
    kinds = {one, other}
    if kinds & {"bool", *STORAGE}:
        return ""
    if "bfloat16" in kinds:
        (rest,) = kinds - {"bfloat16"}
        if rest in ("int8", "uint8"):
            return "bfloat16"
        if rest == "float16":
            return "float32"
        if rest in ("int64", "uint64"):
            return ""
        return "float32" if rest in ("int16", "uint16", "float32") else "float64"
    a, b = np.dtype(one), np.dtype(other)
    if (
        {a.kind, b.kind} != {"f"}
        and "f" in (a.kind, b.kind)
        and 8 in (a.itemsize * (a.kind != "f"), b.itemsize * (b.kind != "f"))
    ):
        return ""
    if kinds == {"int64", "uint64"} or ("uint64" in kinds and any(name.startswith("int") for name in kinds)):
        return ""
    return np.result_type(a, b).name


def test_the_page_has_every_pair():
    assert set(TABLE) == set(product(DTYPES, DTYPES))


@pytest.mark.parametrize("one", DTYPES)
def test_cell_by_cell(one):
    for other in DTYPES:
        want = expected(one, other)
        assert TABLE[one, other] == want, other
        a, b = element("a", one), element("b", other)
        if not want:
            for call in (
                lambda: a + b,
                lambda: td.where(a == a, a, b),
                lambda: td.maximum(b, a),
                lambda: a == b,
            ):
                with pytest.raises(td.DTypeError):
                    call()
            with pytest.raises(td.DTypeError, match="astype|cast") as caught:
                td.where(element("c", "bool"), a, b)
            assert caught.value.code == "E203"
            continue
        assert td.where(element("c", "bool"), a, b).dtype.name == want
        if one not in (*STORAGE, "bool"):
            assert (a + b).dtype.name == (b - a).dtype.name == td.minimum(a, b).dtype.name == want
            assert (a < b).dtype.name == "bool"


def test_arithmetic_of_bools_and_of_storage_dtypes():
    flag = element("f", "bool")
    assert (flag & flag | ~flag ^ (flag == flag)).dtype.name == "bool"
    for call in (
        lambda: flag + flag,
        lambda: flag * flag,
        lambda: -flag,
        lambda: flag < flag,
        lambda: flag + 1,
    ):
        with pytest.raises(td.DTypeError):
            call()
    for name in STORAGE:
        stored = element("s", name)
        for call in (
            lambda: stored + stored,
            lambda: -stored,
            lambda: stored < stored,
            lambda: td.sqrt(stored),
        ):
            with pytest.raises(td.DTypeError):
                call()
        assert (stored.astype("float32") * 2).astype(name).dtype.name == name
    with pytest.raises(td.DTypeError, match="E205"):
        td.placeholder("t", (1,), "tfloat32")


def test_slash_and_mixed_signs():
    for name in ("int8", "uint64"):
        with pytest.raises(td.DTypeError, match="//"):
            element("a", name) / element("b", name)
        with pytest.raises(td.DTypeError, match="//"):
            element("a", name) / 2
    with pytest.raises(td.DTypeError, match=r'td\.cast\(a\[0\], "float64"\)'):
        element("a", "int64") * element("b", "float32")

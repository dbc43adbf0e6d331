"""Interfaces as JSON: round trips, a kept fixture, refusals."""

import dataclasses
import json

import pytest

from tdsl.codegen.interface import ArrayInterface, Formula, Interface, ScalarInterface, SizeInterface
from tdsl.errors import FormatError

N, M = Formula("n", (("n", 1),)), Formula("2 * m + 1", (("m", 2),), 1)
WHOLE = Interface(
    "f",
    (SizeInterface("n", 1, 4), SizeInterface("m")),
    (
        ArrayInterface("x", "float32", (N, M), "input", None, (None, 1), 64),
        ArrayInterface("at", "int64", (M,), "input", (Formula("0", (), 0), N)),
        ScalarInterface("alpha", "int8", (Formula("0", ()), Formula("9", (), 9))),
        ArrayInterface("y", "float32", (N, M), "output"),
    ),
    (Formula("n <= m"),),
    Formula("n * m"),
    (("x", "y"),),
)
FIXTURE = (
    '{"format":2,"name":"f","sizes":[{"name":"n","minimum":1,"multiple_of":4}],"arguments":[{"kind":"array","name":"x",'
    '"dtype":"float32","extents":[{"text":"n","terms":[["n",1]],"constant":0}],"role":"output","value_range":null,'
    '"strides":null,"align":null}],"facts":[],"operations":null,"inplace":[]}'
)


def test_round_trip():
    assert Interface.from_json(WHOLE.to_json()) == WHOLE
    empty = Interface("g", (), ())
    assert Interface.from_json(empty.to_json()) == empty
    assert WHOLE.to_json().count("\n") == 0


def test_the_fixture_of_format_2():
    interface = Interface("f", (SizeInterface("n", 1, 4),), (ArrayInterface("x", "float32", (N,), "output"),))
    assert interface.to_json() == FIXTURE and Interface.from_json(FIXTURE) == interface


def test_the_calling_convention_follows():
    assert [one.name for one in WHOLE.inputs] == ["x", "at", "alpha"] and [
        one.name for one in WHOLE.outputs
    ] == ["y"]
    abi = WHOLE.abi
    assert abi.sizes == ("n", "m") and abi.stride_index("y") == 2 + 2 + 1 and abi.data_index("alpha") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"format": 1}, {"name": 3}, {"sizes": {}}, {"sizes": [3]}, {"arguments": [{"kind": "array"}]}, {"facts": [{"text": 3}]},
        {"inplace": [["x"]]}, {"operations": {"text": "n", "terms": 3, "constant": 0}},
        {"facts": [{"text": "__import__('os')", "terms": None, "constant": 0}]},
    ],
)  # fmt: skip
def test_other_json_is_refused(change):
    with pytest.raises(FormatError, match="C120"):
        Interface.from_json(json.dumps(json.loads(WHOLE.to_json()) | change))


@pytest.mark.parametrize("text", ["", "[]", "null", "3", '"f"', "{}", "[" * 100_000])
def test_other_text_is_refused(text):
    with pytest.raises(FormatError, match="C120"):
        Interface.from_json(text)


def test_every_field_counts():
    for field in dataclasses.fields(WHOLE):
        other = dataclasses.replace(
            WHOLE, **{field.name: type(getattr(WHOLE, field.name))() if field.name != "operations" else None}
        )
        assert other.to_json() != WHOLE.to_json(), field.name

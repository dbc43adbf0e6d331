"""What a build hands to the runtime: which body a call takes, the same value again from JSON, and nothing from other text."""

import json

import pytest

import tdsl as td
from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody, CudaLaunch, DeviceBuffer, Parameter
from tdsl.codegen.formula import Formula
from tdsl.errors import InternalError

ONE = Formula("1", (), 1)
LAUNCH = CudaLaunch(
    "k", (Formula("n", (("n", 1),), 0), ONE, ONE), (32, 4, 2), 65536,
    (Parameter("array", "A", "float32"), Parameter("stride", "A", "int64", 1), Parameter("size", "n", "int32")),
    ("A",), ("C",),
)  # fmt: skip
ARTIFACT = CudaArtifact(
    "k", "sm_90a",
    (CudaBody("contiguous", "text", (LAUNCH,), (Formula("n % 4 == 0"), Formula("n <= 100"))),
     CudaBody("general", "other", (LAUNCH,))),
    (DeviceBuffer("t", "float64", (ONE, Formula("n", (("n", 1),), 0))),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("size", "contiguous", "body"),
    [(8, True, "contiguous"), (8, False, "general"), (6, True, "general"), (104, True, "general")],
)
def test_a_call_takes_the_body_whose_conditions_hold(size, contiguous, body):
    assert ARTIFACT.chosen({"n": size}, contiguous=contiguous).kind == body


def test_threads_of_a_block():
    assert LAUNCH.threads == 256


def test_json_and_the_hash_of_it():
    again = CudaArtifact.from_json(ARTIFACT.to_json())
    assert again == ARTIFACT
    assert again.hash == ARTIFACT.hash
    assert len(ARTIFACT.hash) == 64


def test_a_body_that_is_not_there():
    with pytest.raises(InternalError):
        CudaArtifact("k", "sm_80", ARTIFACT.bodies[:1]).body("general")


def changed(change):
    record = json.loads(ARTIFACT.to_json())
    change(record)
    return json.dumps(record)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100000,
        changed(lambda record: record.update(format=2)),
        changed(lambda record: record.pop("bodies")),
        changed(lambda record: record["bodies"][0].update(kind="other")),
        changed(lambda record: record["bodies"][0]["launches"][0].update(block=[1, 2])),
        changed(lambda record: record["bodies"][0]["launches"][0]["grid"][0].update(text="__import__('os')")),
        changed(lambda record: record["buffers"][0].pop("extents")),
    ],
)
def test_text_that_describes_no_kernel(text):
    with pytest.raises(td.FormatError) as caught:
        CudaArtifact.from_json(text)
    assert caught.value.code == "C120"

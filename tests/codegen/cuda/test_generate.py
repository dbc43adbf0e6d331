"""CUDA C of many schedules as a person would keep it, and what a body relies on."""

import re

import pytest

import tdsl as td
from tdsl.codegen.cuda.artifact import CudaArtifact
from tdsl.codegen.cuda.generate import generate
from tdsl.lower.parser import parse_kernel
from tests.support.gpu_schedules import SAMPLES


def artifact(name, architecture="sm_90"):
    kernel = td.build(SAMPLES[name]().scheduled, target=f"cuda:{architecture}")
    loops = kernel.source("loops")
    return generate(parse_kernel(re.sub(r"^line .*\n", "", loops, flags=re.MULTILINE)), architecture)


@pytest.mark.parametrize("name", SAMPLES)
def test_cuda_c(name, golden):
    for body in artifact(name).bodies:
        conditions = "".join(f"// relies on {one.text}\n" for one in body.conditions)
        launches = "".join(
            f"// {one.symbol}: grid {[part.text for part in one.grid]}\n" for one in body.launches
        )
        golden(f"{body.source}{conditions}{launches}", part=body.kind, suffix=".cu")


def test_an_artifact_travels_as_json():
    for name in SAMPLES:
        made = artifact(name)
        assert CudaArtifact.from_json(made.to_json()) == made


def test_statements_say_whose_line_they_are():
    f = td.build(SAMPLES["two_kernels"]().scheduled, target="cuda:sm_90")
    text = f.source("cuda")
    assert len(re.findall(r'^#line \d+ "gpu_schedules.py"$', text, re.MULTILINE)) == 2


def test_text_is_the_same_in_every_build():
    one, other = (artifact("softmax_rows").to_json() for _ in range(2))
    assert one == other


def test_large_constant_arrays_are_indexed_in_64_bits():
    x = td.placeholder("x", (1 << 16, 1 << 16), "uint8")
    y = td.compute("y", (1 << 16, 1 << 16), lambda i, j: x[i, j] + 1)
    s = td.schedule(y).split(y, "j", 256).bind(y, {"i": "block.x", "jo": "block.y", "ji": "thread.x"})
    text = td.build(s, target="cuda:sm_90").source("cuda")
    assert "y[(long long)i * 65536 + " in text


def test_symbolic_sizes_are_32_bit_where_the_entry_checks_them():
    made = artifact("scaled_vector")
    body = made.body("contiguous")
    assert "const int n" in body.source
    assert [one.text for one in body.conditions] == ["n <= 1073741824"]
    assert "const long long n" in made.body("general").source


def test_more_than_48_kib_of_shared_memory_is_dynamic():
    x = td.placeholder("x", (4, 20000))
    y = td.compute("y", (4, 20000), lambda i, j: x[i, j] + x[i, 19999 - j])
    s = (td.schedule(y).split(y, "j", 256).reorder(y, "i", "jo", "ji").bind(y, {"i": "block.x", "ji": "thread.x"})
         .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "i").cooperate("xs"))  # fmt: skip
    f = td.build(s, target="cuda:sm_90")
    (launch,) = f._origin.artifact.body("contiguous").launches
    assert launch.dynamic_shared_bytes == 80000
    assert "extern __shared__ __align__(16) unsigned char tdsl_shared[];" in f.source("cuda")

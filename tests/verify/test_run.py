"""The report of `tdsl verify --cuda`: what agrees, what does not, what is missing; on a stand-in driver and emulated."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tdsl as td
from tdsl.cli import main
from tdsl.runtime.cuda_kernel import CudaBuilt
from tdsl.verify.cases import CASES, Case
from tdsl.verify.run import compared, make_arguments, verify_cuda
from tests.support import stand_in

FEW = tuple(one for one in CASES if one.name in ("scale", "gather"))
ONE = Case("one", FEW[0].schedule, ({"n": 3},))


@pytest.mark.needs_compiler
def test_emulated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.json"
    assert verify_cuda(out, emulate=True, cases=FEW)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "scale            same bits, 10 runs"
    assert shown[-1].startswith("12 of 12 runs agree with the CPU")
    report = json.loads(out.read_text())
    assert (report["format"], report["emulated"], report["tdsl"]) == (1, True, td.__version__)
    assert {one["status"] for one in report["results"]} == {"same bits"}
    assert report["results"][0]["sizes"] == {"n": 0}


def test_without_a_device(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("TDSL_LIBCUDA", str(tmp_path / "nothing.so"))
    assert main(["verify", "--cuda", "--out", str(tmp_path / "report.json")]) == 1
    assert "T112: a CUDA kernel needs NVIDIA's driver" in capsys.readouterr().err
    assert not (tmp_path / "report.json").exists()


def test_what_differs_is_shown() -> None:
    right, wrong = np.array([1.0, 2.0, np.nan, 0.0], "f"), np.array([1.0, 2.5, np.nan, -0.0], "f")
    result = compared(ONE, {"n": 4}, "contiguous", (right,), (wrong,))
    assert (result.status, result.largest) == ("wrong", 0.5)
    assert result.detail.startswith("output 0 at (1,): ")
    assert compared(ONE, {"n": 4}, "contiguous", (right,), (right.copy(),)).status == "same bits"
    near = replace(ONE, tolerance=0.3)
    assert compared(near, {"n": 4}, "contiguous", (right[:2],), (wrong[:2],)).status == "within tolerance"
    zero = compared(ONE, {"n": 1}, "contiguous", (right[3:],), (wrong[3:],))
    assert zero.status == "wrong"  # -0.0 is another bit pattern


def test_a_case_that_cannot_be_built_is_an_error(tmp_path, capsys) -> None:
    def unbound() -> td.Schedule:
        """Not on a GPU at all: more threads than a block has."""
        x = td.placeholder("x", (5000,), "float32")
        y = td.compute("y", (5000,), lambda i: x[i])
        return td.schedule(y).bind(y, {"i": "thread.x"})

    assert not verify_cuda(tmp_path / "report.json", emulate=True, cases=(Case("unbound", unbound, ({},)),))
    assert "unbound          error at {}" in capsys.readouterr().out


def test_arguments_are_what_the_kernel_takes() -> None:
    kernel = td.build(td.schedule(*FEW[1].schedule().outputs))
    index, x = make_arguments(kernel, {"m": 50, "n": 40}, "strided")
    assert index.shape == (50,) and 0 <= index.min() and index.max() < 40
    assert x.strides == (8,) and not x.flags.c_contiguous


@pytest.fixture
def device(monkeypatch, tmp_path_factory, tmp_path):
    """A stand-in driver whose device runs what `td.build` makes."""
    library = stand_in.compiled(tmp_path_factory.mktemp("driver"))
    monkeypatch.setattr(CudaBuilt, "_image", lambda self, body: stand_in.image(body))
    return lambda **environment: stand_in.use(monkeypatch, library, tmp_path, **environment)


@pytest.mark.needs_compiler
def test_on_a_device(device, tmp_path, capsys) -> None:
    """The whole way: `td.build` for the device found, calls through its driver, a report."""
    device(CC=80)
    out = tmp_path / "report.json"
    assert main(["verify", "--cuda", "--out", str(out)]) == 0
    report = json.loads(out.read_text())
    assert report["device"] == {"name": "stand-in 0", "capability": [8, 0], "memory_bytes": 1 << 33}
    assert not report["emulated"]
    assert {one["case"] for one in report["results"]} == {one.name for one in CASES}
    assert capsys.readouterr().out.count("same bits") == len([one for one in CASES if not one.tolerance])


@pytest.mark.needs_compiler
def test_a_device_that_fails_ends_the_run(device, tmp_path, capsys) -> None:
    device(FAIL="cuLaunchKernel:700")
    assert not verify_cuda(tmp_path / "report.json", cases=FEW)
    shown = capsys.readouterr().out
    assert "scale            error at {'n': 1} contiguous: C131" in shown
    assert "gather           not run" in shown

"""Devices as values, and what is said where there is none."""

import pytest

import tdsl as td
from tdsl.runtime.cuda.devices import cuda_rows, device_lines, driver_text

needs_compiler = pytest.mark.needs_compiler


def test_no_driver_is_no_device(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TDSL_LIBCUDA", str(tmp_path / "nothing.so"))
    assert td.devices("cuda") == td.devices() == ()
    assert device_lines() == ()
    assert "is not here" in driver_text()
    monkeypatch.setenv("CXX", "no-such-compiler")
    rows = dict(cuda_rows())
    assert list(rows) == ["CUDA", "NVRTC", "emulator"]
    assert "is not here" in rows["CUDA"]
    assert "looked for no-such-compiler on PATH" in rows["emulator"]


@needs_compiler
def test_devices_are_values(driver) -> None:
    driver(CC=120, COUNT=2)
    first, second = td.devices("cuda")
    assert (first.index, first.name, first.capability, first.multiprocessors) == (
        0,
        "stand-in 0",
        (12, 0),
        108,
    )
    assert (second.index, first.memory_bytes) == (1, 1 << 33)
    assert first.target == td.Target("cuda:sm_120")
    assert td.devices("cuda") == (first, second)
    assert hash(first) != hash(second)
    assert driver_text() == "NVIDIA's driver, for CUDA 13.0"
    assert device_lines()[0] == "stand-in 0, sm_120, 108 multiprocessors, 8 GiB"


def test_other_kinds_are_refused() -> None:
    with pytest.raises(td.ArgumentError, match="G163: no devices of kind 'rocm'"):
        td.devices("rocm")

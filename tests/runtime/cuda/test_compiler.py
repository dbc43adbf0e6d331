"""C++ compilers: found, missing, unfit; what they make is kept on disk; fibers on machines without our own switch."""

import subprocess

import numpy as np
import pytest

import tdsl as td
from tdsl.runtime.cuda import compiler
from tdsl.runtime.cuda.emulate import Emulated
from tests.runtime.cuda.test_device_run import REVERSE, ROW
from tests.support.cuda_text import Text, floats


def emulated(text: Text) -> np.ndarray:
    call = text.prepared(floats(32))
    Emulated(text.artifact, text.interface)(call)
    return call.outputs[0]


def test_none_is_a_missing_tool(monkeypatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(td.MissingTool) as caught:
        emulated(Text(REVERSE, ROW))
    shown = str(caught.value)
    assert shown.startswith("T110: emulating CUDA C needs a C++ compiler, and none runs here")
    assert "looked for no-such-compiler on PATH" in shown
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(td.MissingTool, match=r"looked for c\+\+, g\+\+, clang\+\+ on PATH"):
        compiler.find_compiler()


def test_one_that_takes_no_flags_is_unfit(monkeypatch, tmp_path) -> None:
    program = tmp_path / "cxx"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo old 1.0 && exit 0\necho "error: what?" >&2\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    with pytest.raises(
        td.MissingTool, match=r"T111: old 1.0 does not build the emulator\n(.*\n)*.*error: what\?"
    ):
        emulated(Text(REVERSE, ROW))


@pytest.mark.needs_compiler
def test_portable_fibers(monkeypatch) -> None:
    """As on processors for which there is no switch of our own."""
    found = compiler.find_compiler()
    monkeypatch.setenv("CXX", " ".join((*found.command, "-DTDSL_UCONTEXT")))
    np.testing.assert_array_equal(emulated(Text(REVERSE, ROW)), floats(32)[::-1])
    hazards, _ = Text(REVERSE.replace("__syncthreads();", ""), ROW).hazards(floats(32))
    assert hazards.races


@pytest.mark.needs_compiler
def test_a_kernel_that_was_made_before_needs_no_compiler_run(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TDSL_CACHE", "1")
    monkeypatch.setenv("TDSL_CACHE_DIR", str(tmp_path / "cache"))
    text = Text(REVERSE.replace("31 - ", "30 + 1 - "), ROW)
    np.testing.assert_array_equal(emulated(text), floats(32)[::-1])

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    np.testing.assert_array_equal(emulated(text), floats(32)[::-1])
    with pytest.raises(AssertionError, match="a process was started"):
        emulated(Text(REVERSE.replace("31 - ", "29 + 2 - "), ROW))


@pytest.mark.needs_compiler
def test_a_thread_with_too_much_local_memory_is_refused() -> None:
    """Its fiber's stack would not hold it."""
    source = 'extern "C" __global__ void k(const float* A, float* C) { volatile float b[300000]; b[0] = A[0]; C[0] = b[0]; }'
    with pytest.raises(td.InternalError, match="frame"):
        emulated(Text(source, ROW))

"""Kernels from the disk: a second build compiles nothing, another program is another kernel, damage is no danger."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tdsl as td
from tdsl.runtime import kernel_cache, object_cache
from tdsl.runtime.cache_folder import CacheFolder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.delenv("TDSL_CACHE", raising=False)
    monkeypatch.setenv("TDSL_CACHE_DIR", str(tmp_path / "cache"))
    return CacheFolder(tmp_path / "cache", 10**9)


@pytest.fixture
def compiled(monkeypatch):
    """What LLVM compiled: one entry a module."""
    from tdsl.codegen import machine

    modules = []
    original = machine.compile_object

    def counted(text, *arguments, **keywords):
        modules.append(text)
        return original(text, *arguments, **keywords)

    monkeypatch.setattr(machine, "compile_object", counted)
    return modules


def schedule(factor=2.0, lanes=8, name="y"):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute(name, (n,), lambda i: x[i] * factor)
    return td.schedule(y).vectorize(y, "i", lanes)


ONES = np.ones(21, np.float32)


def test_a_second_build_compiles_nothing(folder, compiled):
    first = td.build(schedule())
    assert compiled
    compiled.clear()
    second = td.build(schedule())
    assert compiled == [] and (second(ONES) == 2).all()
    assert second.source("loops") == first.source("loops") and second.interface == first.interface
    assert (second(ONES[::2]) == 2).all()
    assert ["@y_general(" in text for text in compiled].count(True) == 1  # on first need
    compiled.clear()
    third = td.build(schedule())
    assert (third(ONES[::2]) == 2).all() and compiled == []
    assert second.source("llvm") == first.source("llvm") and second.source("asm") == first.source("asm")


@pytest.mark.parametrize("change", [dict(factor=3.0), dict(lanes=16), dict(name="z")])  # noqa: C408
def test_another_program_is_another_kernel(folder, compiled, change):
    td.build(schedule())
    compiled.clear()
    f = td.build(schedule(**change))
    assert compiled and (f(ONES) == change.get("factor", 2)).all()


def test_the_target_inputs_and_name_count(folder, compiled):
    a, b = td.placeholder("a", (4,)), td.placeholder("b", (4,))
    s = td.schedule(td.compute("y", (4,), lambda i: a[i] - b[i]))
    one, two = np.ones(4, np.float32), np.full(4, 2, np.float32)
    assert (td.build(s)(one, two) == -1).all()
    assert (td.build(s, inputs=[b, a])(one, two) == 1).all()
    assert td.build(s, name="other").name == "other"
    assert "znver" not in td.build(s, target=td.Target("cpu", mcpu="x86-64-v3")).source("asm")
    assert (td.build(s)(one, two) == -1).all()


@pytest.mark.parametrize("what", ["package", "llvm", "cpu"])
def test_another_tdsl_llvm_or_cpu_finds_nothing(folder, compiled, monkeypatch, what):
    td.build(schedule())
    compiled.clear()
    if what == "package":
        monkeypatch.setattr(kernel_cache, "package_identity", lambda: "another")
        td.build(schedule())
        assert not any("@y(" in text for text in compiled)  # the kernel's LLVM text is the same all the same
        return
    name = "llvm_identity" if what == "llvm" else "host_identity"
    monkeypatch.setattr(object_cache, name, lambda: "another")
    td.build(schedule())
    assert compiled


def test_damaged_entries_are_built_again(folder, compiled):
    td.build(schedule())
    for entry in folder.entries():
        file = folder.path / f"{entry.key}.entry"
        file.write_bytes(file.read_bytes()[:-10])
    assert (td.build(schedule())(ONES) == 2).all()


def test_a_record_that_is_none(folder):
    key = "c" * 64
    slot = kernel_cache.KernelSlot(folder, key)
    for wrong in (
        b"",
        b"{}\n",
        b"[1]\n",
        b'{"loops": "", "interface": "{}", "symbol": ""}\n',
        b"\xff\n",
        b"null\n",
    ):
        folder.put(key, wrong, "label")
        assert slot.get() is None


def test_the_interpreter_and_errors_are_not_kept(folder):
    td.build(schedule(), target="interpret")
    with pytest.raises(td.ArgumentError):
        td.build(schedule(), inputs=[])
    assert folder.entries() == []


RUN = """
import json, sys, time
import numpy as np, tdsl as td
n = td.size("n")
x = td.placeholder("x", (n,))
y = td.compute("y", (n,), lambda i: x[i] * 2.0)
f = td.build(td.schedule(y).vectorize(y, "i", 8))
result = f(np.ones(21, np.float32))
print(json.dumps({"sum": float(result.sum()), "llvm": "llvmlite" in sys.modules, "fast": type(f) is not td.Kernel}))
"""


def test_a_new_process_loads_no_llvm(folder):
    environment = {**os.environ, "PYTHONHASHSEED": "random"}
    answers = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env=environment
            ).stdout
        )
        for _ in range(2)
    ]
    assert answers == [{"sum": 42.0, "llvm": True, "fast": True}, {"sum": 42.0, "llvm": False, "fast": True}]


def test_processes_that_build_at_once(folder):
    running = [
        subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert {json.loads(one.communicate()[0])["sum"] for one in running} == {42.0}


def test_no_home(monkeypatch):
    monkeypatch.delenv("TDSL_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    monkeypatch.delenv("TDSL_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert (td.build(schedule())(ONES) == 2).all()


def test_ls_and_clear(folder, capsys):
    from tdsl import cli

    td.build(schedule())
    number = len(folder.entries())
    assert cli.main(["cache", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{folder.path}: {number} entries, 0.0 of 500 MB")
    assert any("y, contiguous body, cpu" in line for line in lines[1:]) and len(lines) == number + 1
    assert cli.main(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"removed {number} entries from {folder.path}\n"
    folder.path.chmod(0o777)
    assert cli.main(["cache", "ls"]) == 0
    assert "not used: others may write there" in capsys.readouterr().out

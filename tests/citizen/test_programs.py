"""Programs of users who mean no good, or no harm: each runs whole, in a process of its own, with warnings as errors."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ROOT = Path(__file__).parents[2]
SLOW = {"hostile_cache", "processes", "beside_other_threads"}
NEIGHBOURS = {"torch_tensors": "torch"}
"""Libraries that no extra brings: their programs are collected where they are installed."""

PROGRAMS = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
    for path in sorted(Path(__file__).with_name("programs").glob("*.py"))
    if path.stem not in NEIGHBOURS or importlib.util.find_spec(NEIGHBOURS[path.stem]) is not None
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_runs(program, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TDSL_CACHE_DIR": str(tmp_path / "cache")}
    environment.pop("TDSL_CACHE", None)
    command = [sys.executable, "-X", "faulthandler", "-W", "error", str(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].startswith("ok"), done.stdout

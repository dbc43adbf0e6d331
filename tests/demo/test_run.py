"""`tdsl demo` whole: what it prints, what it writes, its exit status."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tdsl.demo.run import numpy_blur


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = tmp_path_factory.mktemp("demo") / "shown"
    command = [sys.executable, "-W", "error", "-m", "tdsl", "demo", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120), out


@pytest.mark.slow
def test_it_ends_well_and_every_check_holds(demo) -> None:
    done, _ = demo
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert len(re.findall(r"^ok ", done.stdout, re.MULTILINE)) == 7


@pytest.mark.slow
def test_it_prints_nests_rates_and_peaks(demo) -> None:
    done, _ = demo
    for text in (
        "GFLOP/s",
        "GB/s",
        f"NumPy {np.__version__}",
        "FMA peak",
        "copy bandwidth",
        "-- blocked",
        "parallel",
    ):
        assert text in done.stdout, text


@pytest.mark.slow
def test_it_writes_a_picture_and_a_page(demo) -> None:
    done, out = demo
    assert sorted(path.name for path in out.iterdir()) == ["blurred.png", "index.html"]
    assert (out / "blurred.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<!doctype html>" in page and "data:image/png;base64," in page and page.count("<h3>") == 6
    assert str(out / "index.html") in done.stdout


def test_numpy_blur_is_the_mean_of_means() -> None:
    image = np.array([[0, 9, 0], [0, 0, 0], [0, 0, 90]], np.uint16)
    # rows first: [3 3 3] [0 0 0] [0 30 60]; then columns, edges repeated
    assert numpy_blur(image).tolist() == [[2, 2, 2], [1, 11, 21], [0, 20, 40]]

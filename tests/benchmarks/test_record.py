"""Benchmark lines: medians and rates, the round trip through JSON, refusal of unknown formats."""

import json
from pathlib import Path

import pytest

from benchmarks import record


def test_a_row_has_median_extremes_and_rate() -> None:
    line = record.row("matmul", "8", "tdsl", seconds=[0.4, 0.1, 0.2], work=2e9, unit="FLOP", threads=1)
    assert line["median_s"] == 0.2 and line["min_s"] == 0.1 and line["max_s"] == 0.4 and line["rounds"] == 3
    assert line["rate"] == 1e10 and line["unit"] == "FLOP/s" and line["threads"] == 1


def test_lines_come_back_as_they_were_and_are_kept_one_by_one(tmp_path: Path) -> None:
    lines = [record.machine(), record.row("blur", "4x4", "Halide", seconds=[1.0], work=8.0, unit="B")]
    kept = record.Kept(lines[0], tmp_path / "results")
    assert record.read(kept.path.read_text(encoding="utf-8")) == lines[:1]
    kept.add(lines[1])
    assert record.read(kept.path.read_text(encoding="utf-8")) == lines


def test_chatter_of_libraries_is_left_out() -> None:
    line = record.missing("blur", "4x4", "Halide", "not installed")
    assert record.read(f"loading...\n{record.dumps(line)}\ndone\n") == [line]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 2, this reads 1"):
        record.read(json.dumps({"format": 2}))


def test_the_machine_line_names_versions() -> None:
    versions = record.machine()["versions"]
    assert isinstance(versions, dict) and {"tdsl", "numpy", "halide", "numba"} <= set(versions)

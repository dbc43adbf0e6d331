"""The table of docs/legality.md: what tdsl, Halide and TVM answer, each beside the truth; peers where they are installed."""

from pathlib import Path

import numpy as np
import pytest

from tests.support import traps_chain, traps_halide, traps_tdsl, traps_tvm
from tests.support.traps import ROWS, truth

PAGE = Path(__file__).parents[2] / "docs" / "legality.md"


def named(row):
    return row.name


def test_the_page_shows_the_rows():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    table = {
        line.split(" | ")[0].removeprefix("| "): [cell.strip("* ") for cell in line.strip("|").split("|")]
        for line in lines
    }
    for row in ROWS:
        _, _, _, legal, ours, halide, tvm = table[row.name]
        assert legal == ("legal" if row.legal else "illegal")
        assert (halide, tvm) == (row.halide, row.tvm)
        assert ours == ("accepted, right" if row.legal else "refused")


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_the_truth(row):
    assert truth(row) == row.legal


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_tdsl(row):
    """Every legal request is accepted and right, every illegal one refused with a replay that differs."""
    assert traps_tdsl.ask(row) == ("accepted" if row.legal else "refused")


@pytest.mark.needs("bench", "halide")
@pytest.mark.parametrize("row", ROWS, ids=named)
def test_halide(row):
    assert traps_halide.ask(row) == row.halide


@pytest.mark.needs("bench", "tvm")
@pytest.mark.parametrize("row", ROWS, ids=named)
def test_tvm(row):
    assert traps_tvm.ask(row) == row.tvm


def test_tdsl_on_a_chain_of_halved_and_doubled_stages():
    image = traps_chain.image()
    result, placed = traps_chain.by_tdsl(image)
    assert placed == 3
    np.testing.assert_array_equal(result, traps_chain.by_python(image))


@pytest.mark.needs("bench", "halide")
def test_halide_on_a_chain_of_halved_and_doubled_stages():
    image = traps_chain.image()
    expected = traps_chain.by_python(image)
    np.testing.assert_array_equal(traps_chain.by_halide(image, slid=False), expected)
    assert np.any(traps_chain.by_halide(image, slid=True) != expected), (
        "issue 8140 is mended: say so in docs/legality.md"
    )


@pytest.mark.needs("bench", "halide")
def test_halide_on_a_guarded_read():
    assert traps_halide.guarded_read() == "refused"


@pytest.mark.needs("bench", "halide")
@pytest.mark.parametrize(("which", "computed"), [("stride", 29), ("diagonal", 225)])
def test_what_halide_computes_for_a_tile(which, computed, capfd):
    """tdsl's figures, 8 and 64, are counted in test_exact_work.py."""
    traps_halide.trace_tile(which)
    shown = capfd.readouterr()
    assert (shown.out + shown.err).count("Store made") == computed

"""The shared schedules, emulated: the bits of the CPU where no order changes, and nothing wrong with any access."""

import numpy as np
import pytest

import tdsl as td
from tests.support.gpu_schedules import SAMPLES

pytestmark = pytest.mark.needs_compiler


@pytest.mark.parametrize("name", SAMPLES)
def test_emulation_agrees_and_sees_no_hazard(name):
    sample = SAMPLES[name]()
    emulated = td.build(sample.scheduled, target="cuda:sm_90", run="emulate")
    plain = td.build(sample.plain)
    for sizes in sample.sizes:
        arrays = sample.arrays(sizes)
        want = plain(*arrays)
        got = np.full_like(want, 77)
        hazards = emulated.hazards(*arrays, out=got)
        assert not hazards, f"{sizes}\n{hazards}"
        if sample.exact:
            np.testing.assert_array_equal(got, want, strict=True)
        else:  # two orders of at most 77 positive terms: each within 77 eps / 2 of the sum
            np.testing.assert_allclose(got, want, rtol=77 * np.finfo(want.dtype).eps, strict=True)


def test_parts_that_do_not_divide_a_shared_tile_are_guarded():
    """The guard of a stage in shared storage is its own: it must not sink away with those of its readers."""
    loops = td.build(SAMPLES["copy_in_parts"]().scheduled, target="cuda:sm_90").source("loops")
    assert "if c * 32 + tj <= 33" in loops or "c * 32 + tj < 34" in loops, loops

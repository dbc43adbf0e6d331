"""Every barrier is there for a race: a kernel without any single one of its barriers races, in every kernel of the tests."""

from dataclasses import replace

import pytest

import tdsl as td
from tdsl.verify.cases import CASES
from tdsl.verify.run import make_arguments
from tests.support.barriers import WithoutOne, needless
from tests.support.gpu_schedules import SAMPLES

pytestmark = pytest.mark.needs_compiler


def checked(schedule, runs):
    built = td.build(schedule, target="cuda:sm_90")
    kernel = WithoutOne(built._origin.artifact, built.interface)
    if not kernel.barriers:
        assert "__shared__" not in kernel.text
        return
    for arguments in runs:
        assert not kernel.hazards(-1, arguments)
    assert needless(kernel, runs) == [], kernel.text


@pytest.mark.parametrize("name", SAMPLES)
def test_barriers_of_the_shared_schedules(name):
    sample = SAMPLES[name]()
    checked(sample.scheduled, [sample.arrays(sizes) for sizes in sample.sizes])


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_barriers_of_the_matrix(one):
    schedule = one.schedule()
    plain = td.build(td.schedule(*schedule.outputs))
    checked(schedule, [make_arguments(plain, sizes, "contiguous") for sizes in one.sizes])


def test_a_barrier_too_many_is_found():
    """The check itself: a second barrier behind the first waits for nothing."""
    sample = SAMPLES["bound_producer"]()
    built = td.build(sample.scheduled, target="cuda:sm_90")
    artifact = built._origin.artifact
    bodies = tuple(
        replace(one, source=one.source.replace("__syncthreads();", "__syncthreads();\n  __syncthreads();"))
        for one in artifact.bodies
    )
    doubled = WithoutOne(replace(artifact, bodies=bodies), built.interface)
    assert doubled.barriers == 2
    assert needless(doubled, [sample.arrays({})]) == [0, 1]

"""Bugs planted in passes and in poly are found by `td.fuzz` and made small: six of them here.

All of them: `python -m tests.fuzz --planted`.
"""

import pytest

from tests.fuzz.planted import PLANTED, search

pytestmark = pytest.mark.fuzz
CHOSEN = (
    "vectors of four and more lose a lane",
    "full tiles end one too late",
    "folds are one cell short",
    "legality forgets the order",
    "reassociation is not noticed",
    "the end of a loop forgets min",
)


def test_there_are_thirty():
    assert len({one.name for one in PLANTED}) == len(PLANTED) >= 30


@pytest.mark.parametrize("name", CHOSEN)
def test_it_is_found_and_made_small(name):
    report = search(next(one for one in PLANTED if one.name == name))
    assert len(report.failures) == 1
    found = report.failures[0]
    wrong = ("differ", "InternalError", "crash SIG", "writes outside")
    assert any(word in found.kind for word in wrong) and len(found.steps) <= 3, found

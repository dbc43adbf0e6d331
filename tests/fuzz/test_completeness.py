"""Legality beside enumeration on a few seeds: nothing illegal is accepted, what is legal is; and the comparison can fail."""

from collections import Counter

import pytest

from tdsl.poly.edges import Edges
from tdsl.poly.verdict import forget
from tests.fuzz.completeness import requests, table
from tests.fuzz.strata import contradicted

pytestmark = pytest.mark.fuzz
SEEDS = range(40)


def test_legality_says_what_is_true():
    asked = [one for seed in SEEDS for one in requests(seed)]
    assert not [one for one in asked if not one.right]
    assert sum(one.legal for one in asked) > 100 and sum(not one.legal for one in asked) >= 50
    counts = Counter((one.primitive, one.kind, one.legal, one.verdict == "accepted") for one in asked)
    assert table(counts)[-1].split()[2:4] == ["100.0", "%"]
    assert not contradicted(counts)


@pytest.mark.parametrize("check", ["_late", "_clobbered"])
def test_an_illegal_request_that_is_accepted_is_seen(check, monkeypatch):
    monkeypatch.setattr(Edges, check, lambda *arguments: None)
    forget()
    wrong = next((one for seed in range(400) for one in requests(seed) if not one.right), None)
    forget()
    assert wrong is not None and not wrong.legal and wrong.verdict == "accepted"

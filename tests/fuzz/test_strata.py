"""What a run was asked too seldom is listed, with the reason why there is no more of it; a reason that is wrong is seen."""

from collections import Counter

from tdsl.fuzzing.directives import WEIGHTS
from tests.fuzz import strata
from tests.fuzz.strata import KINDS, WANTED, contradicted, short


def test_every_stratum_is_asked_enough_or_listed():
    counts = Counter({("fold", "pure", True, True): WANTED, ("fold", "pure", False, False): WANTED - 1})
    found = short(counts)
    assert "fold pure legal: 50" not in found
    assert found["fold pure illegal: 49"] == ""
    assert found["split pure illegal: 0"] and not found["split pure legal: 0"]
    assert len(found) == 2 * len(WEIGHTS) * len(KINDS) - 1


def test_reasons_name_primitives_and_kinds():
    names = {
        *strata.NEVER_ILLEGAL,
        *strata.NO_STAGE,
        *(name for name, _ in (*strata.NOT_FOR, *strata.NEVER_ILLEGAL_KIND)),
    }
    assert names <= WEIGHTS.keys()
    assert {kind for _, kind in (*strata.NOT_FOR, *strata.NEVER_ILLEGAL_KIND)} <= set(KINDS)


def test_a_request_against_a_reason_is_seen():
    assert contradicted(Counter({("split", "pure", False, False): 1, ("fold", "pure", False, False): 1})) == [
        "split pure illegal"
    ]

from __future__ import annotations

from tdsl.poly.answers import PROVED
from tdsl.poly.looptree import LoopTree
from tdsl.poly.memo import Key, Memo
from tdsl.poly.signature import Signatures
from tests.poly.samples import blur, slid_blur


def test_the_one_unused_for_longest_is_forgotten():
    memo = Memo(limit=2)
    keys = [Key((name,)) for name in "abc"]
    memo.put(keys[0], PROVED, 1)
    memo.put(keys[1], PROVED, 2)
    assert memo.get(Key(("a",))) == (PROVED, 1)
    memo.put(keys[2], PROVED, 3)
    assert memo.get(keys[1]) is None and memo.get(keys[0]) is not None and len(memo) == 2


def test_keys_are_equal_by_value():
    assert Key(("a", 1)) == Key(("a", 1)) and Key(("a", 1)) != Key(("a", 2)) and Key((1,)) != (1,)


def signature(plan, stage):
    return Signatures(LoopTree(plan.arranged)).stage(stage)


def test_a_signature_holds_what_decides_the_copies_and_nothing_else():
    plan = slid_blur()
    mine = signature(plan, "bx")
    assert mine == signature(slid_blur(), "bx")
    assert mine == signature(plan.parallel("by", "yo"), "bx")
    assert mine == signature(plan.fold("bx", 0, 4), "bx")
    assert mine != signature(plan.split("bx", "x", 8), "bx")
    assert mine != signature(plan.split("by", "x", 8), "bx")  # its reader, inside
    assert mine != signature(plan.store_root("bx"), "bx")
    assert signature(blur(), "bx") == signature(blur().split("by", "x", 8), "bx")

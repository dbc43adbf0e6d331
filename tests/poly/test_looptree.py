from __future__ import annotations

import pytest

from tdsl.poly.looptree import LoopTree, Misplaced
from tests.poly.samples import blur, matmul, packed_matmul, slid_blur


def test_dims_are_the_hosts_loops_then_the_own():
    tree = LoopTree(packed_matmul().arranged)
    assert tree.dims("C") == (("C", "io"), ("C", "jo"), ("C", "ii"), ("C", "ji"))
    assert tree.host("acc") == (("C", "io"), ("C", "jo"))
    assert tree.dims("acc.update")[2:] == (("acc", "qo"), ("acc", "qi"), ("acc", "i"), ("acc", "j"))
    assert tree.dims("acc.init")[2:] == (("acc.init", "i"), ("acc.init", "j"))
    assert tree.dims("Ap")[:3] == tree.dims("acc.update")[:3]


def test_spans_cover_all_leaves_of_a_fused_loop():
    own = LoopTree(packed_matmul().arranged).own("C")
    assert own.spans["t"] == (0, 2) and own.leaves[:2] == ("io", "jo")


def test_reduction_leaves_and_prefix():
    own = LoopTree(matmul().split("acc", "q", 4).reorder("acc", "i", "qo", "j", "qi").arranged).own("acc")
    assert own.reduces == {"qo", "qi"} and own.prefix == 1
    assert own.roots == {"i": "i", "j": "j", "qo": "q", "qi": "q"}


def test_a_name_used_again_is_the_newest_loop():
    tree = LoopTree(matmul().split("acc", "j", 16, ("j", "jv")).arranged)
    assert tree.own("acc").leaves == ("i", "j", "jv", "q")


def test_levels():
    tree = LoopTree(slid_blur().arranged)
    assert (tree.level("bx"), tree.level("by")) == (1, 0)
    assert LoopTree(blur().compute_at("bx", "by", "x").arranged).level("bx") == 2
    assert LoopTree(blur().compute_at("bx", "by", "x").store_root("bx").arranged).level("bx") == 0
    assert LoopTree(matmul(finish=[]).arranged).level("acc.accumulator") == 2


def test_text_order_follows_the_program():
    tree = LoopTree(packed_matmul().arranged)
    assert tree.text_before("acc.init", "acc.update") and tree.text_before("Ap", "acc.update")
    assert tree.text_before("acc.init", "Ap")  # A is copied inside the update's nest
    assert tree.text_before("acc.update", "C") and not tree.text_before("C", "acc.init")


def fused(*order):
    plan = matmul().fuse("C", "i", "j", "t").split("C", "t", 8, ("to", "ti"))
    return plan.reorder("C", *order) if order else plan


def test_parts_of_a_fused_loop_stay_together_in_their_order():
    tree = LoopTree(fused().arranged)
    assert tree.own("C").leaves == ("i", "j") and tree.own("C").spans == {"to": (0, 2), "ti": (0, 2)}
    with pytest.raises(Misplaced, match="to, ti, stand apart"):
        LoopTree(fused("ti", "to").arranged).own("C")


def test_parts_fused_again_are_the_whole():
    tree = LoopTree(fused().fuse("C", "to", "ti", "u").arranged)
    assert tree.own("C").leaves == ("i", "j") and tree.own("C").opaque == frozenset()


def test_a_part_fused_with_another_loop_is_opaque():
    plan = matmul().split("C", "j", 4).fuse("C", "i", "jo", "t").split("C", "t", 8, ("to", "ti"))
    with pytest.raises(Misplaced, match="fuses a part") as caught:
        LoopTree(plan.fuse("C", "ti", "ji", "u").arranged).own("C")
    assert caught.value.opaque


def test_parts_fused_the_other_way_round_are_opaque():
    with pytest.raises(Misplaced, match="fuses a part"):
        LoopTree(fused("ti", "to").fuse("C", "ti", "to", "u").arranged).own("C")

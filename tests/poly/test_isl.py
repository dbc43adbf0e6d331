from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from tdsl.poly import library as islpy
from tdsl.poly.isl import (
    CALL_BUDGET,
    Bill,
    TooLarge,
    allowance,
    basic_map,
    basic_set,
    budget,
    context,
    map_space,
    operations,
    param_space,
    set_space,
)


def shifted():
    """{ [i] -> [i + 1] : 0 <= i < p0 }"""
    return basic_map(map_space(param_space(1), 1, 1), [[1, 0, 1, -1]], [[0, 0, 1, 0], [-1, 1, -1, 0]])


def test_rows_become_relations():
    assert str(shifted()) == "[p0] -> { [i0] -> [1 + i0] : 0 <= i0 < p0 }"
    triangle = basic_set(set_space(param_space(0), 2), (), [[0, 1, 0], [0, -1, 1], [4, 0, -1]])
    assert triangle.count_val().to_python() == 15


def test_every_thread_has_a_context_of_its_own():
    seen = [context(), shifted().get_ctx()]

    def work():
        seen.append(context())
        seen.append(shifted().get_ctx())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    own, of_mine, theirs, of_object = seen
    assert own is of_mine and theirs is of_object and own is not theirs


def test_a_spent_budget_is_too_large_and_leaves_objects_usable():
    relation = shifted()
    with pytest.raises(TooLarge), budget(50):
        for _ in range(100):
            relation.apply_range(relation.reverse()).lexmin()
    assert relation.apply_range(relation.reverse()).is_equal(
        islpy.Map.identity(relation.get_space()).intersect_domain(relation.domain())
    )


def test_inside_a_budget_another_one_changes_nothing():
    relation = shifted()
    with pytest.raises(TooLarge), budget(50), budget(10**6):
        for _ in range(100):
            relation.apply_range(relation.reverse()).lexmin()


def test_other_errors_of_isl_are_not_budgets():
    with pytest.raises(islpy.Error), budget():
        islpy.Map.read_from_str(context(), "{ bogus")


def test_operations_are_counted():
    relation = shifted()
    with budget():
        pass
    before = operations()
    with budget():
        for _ in range(20):
            relation.apply_range(relation.reverse())
    assert operations() > before + 100


def test_a_bill_counts_large_parts_and_refuses_above_the_limit():
    relation, bill = shifted(), Bill()
    with budget(bill=bill):
        relation.apply_range(relation.reverse())
    assert bill.total == 0
    with pytest.raises(TooLarge):
        bill.add(CALL_BUDGET + 1)


def test_a_budget_spent_while_an_argument_is_made_is_a_budget_spent():
    space = islpy.Space.set_alloc(context(), 0, 1)
    start = islpy.PwAff.from_aff(islpy.Aff.zero_on_domain(islpy.LocalSpace.from_space(space)))
    for limit in range(20, 90):  # some of them end in the conversion of the 3
        with pytest.raises(TooLarge), budget(limit):
            value = start
            for _ in range(1000):
                value = value.mod_val(3)


def test_an_allowance_is_a_part_of_the_budget():
    relation = shifted()

    def work(times):
        for _ in range(times):
            relation.apply_range(relation.reverse()).lexmin()

    with budget():
        with pytest.raises(TooLarge), allowance(50):
            work(100)
        work(10)  # the budget goes on
    with pytest.raises(TooLarge), budget(50):
        with suppress(TooLarge), allowance(10**6):
            work(100)
        work(1)

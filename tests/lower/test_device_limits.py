"""What no launch can be: the words of each refusal name what would work, and that works."""

import numpy as np
import pytest

import tdsl as td


def counted():
    n = td.size("n")
    x, before = td.placeholder("x", (n,), "int32", range=(0, 17)), td.placeholder("before", (17,), "int32")
    i = td.axis("i", n)
    H = td.update("H", before, over=i, at=(x[i],), value=lambda H: H[x[i]] + 1)
    s = td.schedule(H).atomic(H).split(H, "i", 64, into=("io", "ii"))
    return s.bind(H, {"io": "block.x", "ii": "thread.x"})


def test_the_loops_that_copy_what_an_update_starts_from():
    with pytest.raises(td.LimitError) as caught:
        td.build(counted(), target="cuda:sm_80")
    assert caught.value.code == "L133"
    assert 'cache_read("before", "H", name="before_start", scope="heap")' in str(caught.value)


@pytest.mark.needs_compiler
def test_what_that_error_advises_works():
    s = counted().cache_read("before", "H", name="before_start", scope="heap")
    s = s.bind("before_start", {s.axes("before_start")[0]: "thread.x"})
    f = td.build(s, target="cuda:sm_80", run="emulate")
    values, before = np.arange(100, dtype=np.int32) ** 2 % 17, np.arange(17, dtype=np.int32)
    assert not f.hazards(values, before)
    np.testing.assert_array_equal(f(values, before), np.bincount(values, minlength=17) + before)


def test_a_loop_of_the_stage_itself():
    x = td.placeholder("x", (64, 8))
    y = td.compute("y", (64, 8), lambda i, j: x[i, j] + 1.0)
    with pytest.raises(td.LimitError) as caught:
        td.build(td.schedule(y).compute_root(y), target="cuda:sm_80")
    assert caught.value.code == "L133"
    assert 'bind("y", "i", "block.x")' in str(caught.value)

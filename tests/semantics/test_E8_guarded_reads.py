"""The dtype of a recurrence is found where its reads of itself meet numbers before they meet anything else (E8)."""

import numpy as np

import tdsl as td


def test_a_guarded_read_of_itself_adopts_what_the_whole_meets():
    n = td.size("n")
    x = td.placeholder("x", (n,), "float32")
    total = td.recurrence("total", (n,), lambda total, i: td.where(i > 0, total[i - 1], 0.0) + x[i])
    assert total.dtype.name == "float32"
    assert td.build(td.schedule(total))(np.arange(5, dtype=np.float32)).tolist() == [0, 1, 3, 6, 10]

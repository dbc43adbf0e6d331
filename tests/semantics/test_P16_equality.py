"""P16: equal declarations and equal steps make equal schedules; JSON is judged again."""

import pickle

import pytest

import tdsl as td


def softmax():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    top = td.compute("top", (n,), lambda i: td.max(x[i, k], over=k))
    e = td.compute("e", (n, m), lambda i, j: x[i, j] - top[i])
    total = td.compute("total", (n,), lambda i: td.sum(e[i, k], over=k))
    y = td.compute("y", (n, m), lambda i, j: e[i, j] / total[i])
    return y, (top, e, total)


def test_declared_twice():
    (first, _), (second, _) = softmax(), softmax()
    assert td.schedule(first) == td.schedule(second)
    assert td.schedule(first).parallel(first, "i") == td.schedule(second).parallel("y", "i")
    assert td.schedule(first) != td.schedule(second).parallel("y", "i")


def test_a_tuple_records_one_step_a_stage_readers_first():
    y, stages = softmax()
    s = td.schedule(y).parallel(y, "i").compute_at(stages, y, "i")
    assert [step.label for step in s.steps[1:]] == [
        f'compute_at("{name}", "y", "i")' for name in ("total", "e", "top")
    ]


def test_json_is_applied_to_another_declaration():
    y, stages = softmax()
    s = td.schedule(y).parallel(y, "i").compute_at(stages, y, "i")
    other, _ = softmax()
    assert td.Schedule.from_json(s.to_json(), other) == s
    with pytest.raises(td.TdslError):
        td.Schedule.from_json(s.to_json(), td.compute("y", (4,), lambda i: td.cast(i, "float32")))


def test_pickle():
    y, stages = softmax()
    s = td.schedule(y).compute_at(stages, y, "i").vectorize(y, "j", 8)
    assert pickle.loads(pickle.dumps(s)) == s

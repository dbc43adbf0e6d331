"""`reverse`: the same iterations from the last one down; a dependence refuses it."""

import numpy as np

import tdsl as td


def test_the_loops_before_and_after(blur, golden):
    turned = blur.s.reverse("by", "y")
    golden(f"{blur.s}\n\n{turned}")
    v = np.arange(63, dtype=np.float32).reshape(7, 9)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(turned, target=target)(v), td.build(blur.s)(v))


def test_another_name(blur):
    s = blur.s.reverse("by", "y", into="up")
    assert s.axes("by") == ("up", "x")
    assert s.steps[-1].label == 'reverse("by", "y", into="up")'


def test_twice_is_the_order_as_it_was(blur):
    s = blur.s.reverse("by", "x").reverse("by", "x").vectorize("by", "x", 4)
    v = np.arange(63, dtype=np.float32).reshape(7, 9)
    assert np.array_equal(td.build(s)(v), td.build(blur.s)(v))


def test_a_dependence(told):
    n = td.size("n")
    D = td.recurrence("D", (n,), lambda D, i: td.where(i > 0, D[i - 1] + 1, 0), dtype="int64")
    assert told(lambda: td.schedule(D).reverse(D, "i")) == (
        "IllegalSchedule S201: reverse would read D before it is made\n"
        '  here: reverse(D, "i")\n'
        "  D reads D before D has made it\n"
        "  i=0 writes D[0], i=1 reads it   (n=2)\n"
        "      for i   <-\n"
        "        D[i] = …\n"
        "  try: assume(n <= 1): then it is legal"
    )


def test_a_reduction(matmul, told):
    assert "S141" in told(lambda: matmul.s.reverse("C", "k"))

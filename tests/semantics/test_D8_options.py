"""D8: options are recorded in what is declared inside the block: printed, compared, written; nothing changes them."""

import numpy as np
import pytest

import tdsl as td

x = td.placeholder("x", (3,))


def stage():
    return td.compute("y", (3,), lambda i: x[i] * x[i] + x[i])


def test_options_belong_to_declarations():
    fused = stage()
    with td.options(contract=False):
        plain = stage()
        with td.options(fast_math=True):
            fast = stage()
    after = stage()
    assert (plain.producer.options.contract, fast.producer.options.text()) == (
        False,
        "fast_math=True, contract=False",
    )
    v = np.float32([0.1, 1.7, 3.3])
    assert np.array_equal(td.build(td.schedule(plain))(v), v * v + v)
    assert td.schedule(fused) == td.schedule(after) != td.schedule(plain)
    with td.options(contract=False):
        assert np.array_equal(td.build(td.schedule(fused))(v), td.build(td.schedule(after))(v))
    assert str(td.schedule(plain)).endswith("options of y: contract=False")
    assert "options" not in str(td.schedule(fused))
    assert "options contract=False" in plain.text() and "options" not in fused.text()
    assert td.parse(fast.text()).producer.options == fast.producer.options


def test_unknown_options():
    with pytest.raises(td.ArgumentError, match="fast_math=True"):
        td.options(fastmath=True)
    with pytest.raises(td.ArgumentTypeError, match="E122"):
        td.options(contract=1)

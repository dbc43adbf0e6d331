"""Buffers alone: poison, subscripts checked one by one and lane by lane, padding, what is defined."""

from __future__ import annotations

import numpy as np
import pytest

from tdsl.dtypes import DTYPES
from tdsl.errors import InternalError
from tdsl.lower.interpret_buffer import Buffer, scratch


def nowhere() -> str:
    return ""


def lanes(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_poison_is_marked_in_every_dtype() -> None:
    floats = scratch("T", DTYPES["float32"], [2], 0)
    assert np.isnan(floats.data).all()
    for name, marker in (
        ("int8", -0x5B),
        ("uint16", 0xA5A5),
        ("int64", -0x5A5A_5A5A_5A5A_5A5B),
        ("bool", True),
    ):
        buffer = scratch("T", DTYPES[name], [2], 0)
        assert buffer.load((1,), nowhere) == (marker, False)


def test_an_element_is_defined_from_its_first_store() -> None:
    buffer = scratch("T", DTYPES["int32"], [2, 2], 0)
    buffer.store((1, 0), 7, True, nowhere)
    assert buffer.load((1, 0), nowhere) == (7, True)
    assert buffer.load((0, 1), nowhere)[1] is False
    buffer.store((1, 0), 8, False, nowhere)
    assert buffer.load((1, 0), nowhere) == (8, False)


def test_negative_extents_hold_nothing() -> None:
    assert scratch("T", DTYPES["int32"], [-3, 2], 0).data.shape == (0, 2)


def test_lanes_that_are_masked_may_be_anywhere() -> None:
    buffer = Buffer("A", DTYPES["int64"], np.arange(4), None)
    mask = np.array([False, True, True, False])
    value, undefined = buffer.load_lanes((lanes(-9, 1, 3, 99),), mask, nowhere)
    assert undefined is None
    assert value[mask].tolist() == [1, 3]
    buffer.store_lanes((lanes(-9, 1, 3, 99),), lanes(5, 6, 7, 8), None, mask, nowhere)
    assert buffer.data.tolist() == [0, 6, 2, 7]


def test_masked_lanes_of_an_empty_buffer() -> None:
    buffer = Buffer("A", DTYPES["int64"], np.empty(0, np.int64), None)
    value, undefined = buffer.load_lanes((lanes(0, 1),), np.zeros(2, bool), nowhere)
    assert value.size == 2
    assert undefined is None


def test_undefined_lanes_are_told_apart() -> None:
    buffer = scratch("T", DTYPES["int64"], [3], 0)
    buffer.store_lanes((lanes(0, 2),), lanes(5, 6), None, None, nowhere)
    value, undefined = buffer.load_lanes((lanes(0, 1, 2),), None, nowhere)
    assert value[[0, 2]].tolist() == [5, 6]
    assert undefined is not None
    assert undefined.tolist() == [False, True, False]
    everything = buffer.load_lanes((lanes(0, 1, 2),), np.array([True, False, True]), nowhere)
    assert everything[1] is None


@pytest.mark.parametrize("index, place", [((0, 4), "T[0, 4]"), ((2, 0), "T[2, 0]"), ((-1, 3), "T[-1, 3]")])
def test_padding_is_past_the_end_only(index: tuple[int, int], place: str) -> None:
    """(0, 4) of [2, 4] is the next row, in the buffer; (2, 0) is one past its end; (-1, 3) lies before its start."""
    plain, padded = scratch("T", DTYPES["float32"], [2, 4], 0), scratch("T", DTYPES["float32"], [2, 4], 1)
    with pytest.raises(InternalError, match="out of bounds") as caught:
        plain.load(index, nowhere)
    assert place in str(caught.value)
    if index[0] < 0:
        with pytest.raises(InternalError, match="out of bounds"):
            padded.load(index, nowhere)
        return
    assert padded.load(index, nowhere)[1] is False
    value, undefined = padded.load_lanes((lanes(index[0]), index[1]), None, nowhere)
    assert undefined is not None
    assert undefined.all()
    with pytest.raises(InternalError, match=r"is written out of bounds"):
        padded.store(index, np.float32(1), True, nowhere)

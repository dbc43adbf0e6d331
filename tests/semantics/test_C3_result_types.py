"""C3: the result has the array type of the first array argument, NumPy otherwise."""

import array
import sys
from types import ModuleType

import numpy as np
import pytest

import tdsl as td


class Foreign:
    """An array of a library that exchanges through DLPack only."""

    def __init__(self, memory):
        self.memory = memory

    def __dlpack__(self, **keywords):
        return self.memory.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.memory.__dlpack_device__()


@pytest.fixture
def library(monkeypatch):
    """A library named as the module of `Foreign`, with `from_dlpack`."""
    module = ModuleType("strange_arrays")
    module.from_dlpack = lambda value: Foreign(np.from_dlpack(value))
    monkeypatch.setitem(sys.modules, "strange_arrays", module)
    monkeypatch.setattr(Foreign, "__module__", "strange_arrays.inner")
    return module


@pytest.fixture(scope="module")
def f():
    x, y = td.placeholder("x", (td.size("n"),)), td.placeholder("y", (td.size("n"),))
    return td.build(td.schedule(td.compute("z", (td.size("n"),), lambda i: x[i] - y[i])))


ONES = np.ones(4, np.float32)


def test_the_first_array_decides(f, library):
    made = f(Foreign(3 * ONES), ONES)
    assert type(made) is Foreign and (made.memory == 2).all()
    assert type(f(ONES, Foreign(ONES))) is np.ndarray


def test_arrays_given_as_out_come_back_themselves(f, library):
    out = Foreign(np.zeros(4, np.float32))
    assert f(3 * ONES, ONES, out=out) is out and (out.memory == 2).all()


def test_a_library_without_from_dlpack_gets_numpy(f):
    assert type(f(Foreign(ONES), ONES)) is np.ndarray


def test_a_library_that_refuses_the_result(f, library):
    def refuse(value):
        raise BufferError("no float32 here")

    library.from_dlpack = refuse
    with pytest.raises(
        td.CallError, match="C102: the result cannot become strange_arrays.inner.Foreign"
    ) as refused:
        f(Foreign(ONES), ONES)
    assert "float32: no float32 here" in str(refused.value)


def test_subclasses_and_buffers_give_numpy(f):
    for value in (ONES.view(np.memmap), ONES.view(np.recarray), memoryview(ONES), array.array("f", ONES)):
        assert type(f(value, ONES)) is np.ndarray


def test_special_dtypes_need_ml_dtypes(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    from tdsl.dtypes import as_dtype, to_numpy

    with pytest.raises(td.MissingTool, match="T101"):
        to_numpy(as_dtype("bfloat16"))

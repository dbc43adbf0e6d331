"""The entry that CPython calls: what it accepts itself, what it hands over, and that both say the same."""

import ctypes
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

import tdsl as td
from tdsl.runtime import object_layout
from tdsl.runtime.foreign_types import exchange_functions
from tdsl.runtime.slow_call import ForeignCall

ONES = np.ones(16, np.float32)


@pytest.fixture(scope="module")
def f():
    n = td.size("n")
    x, alpha = td.placeholder("x", (n,)), td.param("alpha")
    return td.build(td.schedule(td.compute("y", (n,), lambda i: x[i] * alpha)))


@pytest.fixture
def handed_over(monkeypatch):
    """How many calls reached Python."""
    count = SimpleNamespace(calls=0)
    original = ForeignCall.__call__

    def counted(self, /, *args, **keywords):
        count.calls += 1
        return original(self, *args, **keywords)

    monkeypatch.setattr(ForeignCall, "__call__", counted)
    return count


def test_what_never_reaches_python(f, handed_over):
    out = np.empty(16, np.float32)
    f(np.ones(32, np.float32)[::2], 1.0)  # loads the general body
    handed_over.calls = 0
    frozen = ONES.copy()
    frozen.flags.writeable = False
    off = np.zeros(65, np.uint8)[1:].view(np.float32)
    for array in (
        ONES,
        ONES[:0],
        ONES[::-1],
        np.ones(32, np.float32)[::2],
        np.broadcast_to(ONES[:1], (16,)),
        frozen,
        off,
    ):
        for scalar in (0.5, 3, -(2**53)):
            f(array, scalar)
            if len(array) == 16:
                assert f(array, scalar, out=out) is out
                f(array, scalar, out=np.empty(32, np.float32)[::2])
    assert handed_over.calls == 0


def test_what_python_decides(f, handed_over):
    for call in (
        lambda: f(ONES, np.float32(2)),
        lambda: f(ONES, True),
        lambda: f(ONES, 2**60),
        lambda: f(memoryview(ONES), 2.0),
        lambda: f(ONES, 2.0, n=16),
        lambda: f(ONES, 2.0, out=None),
        lambda: f(ONES.astype(np.dtype("float32", metadata={"a": 1})), 2.0),
        lambda: f(*[ONES, 2.0], **{"out": np.empty(16, np.float32)}),  # noqa: PIE804
    ):
        assert (call() == call()).all()
    assert handed_over.calls >= 14


def test_layout_probe(monkeypatch):
    object_layout.layout_is_known.cache_clear()
    assert object_layout.layout_is_known()
    for name in ("ARRAY_DATA", "ARRAY_NDIM", "ARRAY_DIMS", "ARRAY_STRIDES", "ARRAY_DESCR", "ARRAY_FLAGS", "TUPLE_SIZE",
                 "TUPLE_ITEMS", "FLOAT_VALUE", "OBJECT_TYPE", "HEAD"):  # fmt: skip
        with monkeypatch.context() as changed:
            # Eight bytes further lies another field of every one of them.
            changed.setattr(object_layout.layout, name, getattr(object_layout.layout, name) - 8)
            object_layout.layout_is_known.cache_clear()
            assert not object_layout.layout_is_known(), name
    object_layout.layout_is_known.cache_clear()
    object_layout.new_from_descr.cache_clear()
    monkeypatch.setattr(object_layout.platform, "python_implementation", lambda: "PyPy")
    assert not object_layout.layout_is_known()
    object_layout.layout_is_known.cache_clear()


def test_the_lock_is_released_while_a_kernel_works():
    """Another thread counts while a long kernel runs; a short one keeps the lock."""
    n = td.size("n")
    A = td.placeholder("A", (n, n), "float64")
    k = td.reduce_axis("k", n)
    C = td.compute("C", (n, n), lambda i, j: td.sum(A[i, k] * A[k, j], over=k))
    f = td.build(td.schedule(C))
    values = np.ones((400, 400))
    stop, counted = threading.Event(), [0]

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        f(values)
        before = counted[0]
        f(values)
        assert counted[0] > before + 10
    finally:
        stop.set()
        thread.join()


# ---------------------------------------------------------------- a library with DLPack's C functions
class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("number", ctypes.c_int32), ("ndim", ctypes.c_int32),
        ("word", ctypes.c_uint32), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p), ("offset", ctypes.c_uint64),
    )  # fmt: skip


class _Managed(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_uint32 * 2), ("owner", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64), ("tensor", _Tensor),
    )  # fmt: skip


class Tensor:
    """An array of a library that offers the exchange API, written with ctypes; strides may be left out, as DLPack allows."""

    requires_grad = False
    views, made = 0, 0
    broken = None

    def __init__(self, memory, compact=False):
        self.memory, self.compact = memory, compact
        self.shape = (ctypes.c_int64 * max(1, memory.ndim))(*memory.shape)
        self.strides = (ctypes.c_int64 * max(1, memory.ndim))(*(s // memory.itemsize for s in memory.strides))

    def __dlpack__(self, **keywords):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient")
        return self.memory.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.memory.__dlpack_device__()


def _word(dtype):
    return {"f": 2, "i": 0, "u": 1, "b": 6}[dtype.kind] | dtype.itemsize * 8 << 8 | 1 << 16


@ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)
def _view(value, place):
    Tensor.views += 1
    tensor = _Tensor.from_address(place)
    array = value.memory
    tensor.data, tensor.offset = array.ctypes.data - 64, 64
    tensor.device, tensor.ndim, tensor.word = Tensor.broken or 1, array.ndim, _word(array.dtype)
    tensor.shape = ctypes.addressof(value.shape)
    tensor.strides = None if value.compact else ctypes.addressof(value.strides)
    return 0


_alive = []


@ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
def _allocate(prototype, out, context, report):
    asked = _Tensor.from_address(prototype)
    shape = (ctypes.c_int64 * max(1, asked.ndim)).from_address(asked.shape)[: asked.ndim]
    assert (asked.device, asked.word, asked.strides) == (1, _word(np.dtype("f4")), None)
    made = Tensor(np.zeros(shape, np.float32))
    managed = _Managed()
    _view(made, ctypes.addressof(managed.tensor))
    _alive.append((managed, made))
    ctypes.c_void_p.from_address(out).value = ctypes.addressof(managed)
    return 0


@ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
def _wrap(managed, out):
    made = next(value for one, value in _alive if ctypes.addressof(one) == managed)
    Tensor.made += 1
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
    ctypes.c_void_p.from_address(out).value = id(made)
    return 0


@pytest.fixture
def exchange(monkeypatch):
    """`Tensor` with its table of functions; nothing learnt, nothing counted."""
    table = (ctypes.c_uint64 * 7)(
        1, 0, *(ctypes.cast(one, ctypes.c_void_p).value for one in (_allocate, _view, _wrap, _view, _view))
    )
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    monkeypatch.setattr(
        Tensor,
        "__dlpack_c_exchange_api__",
        capsule(ctypes.addressof(table), b"dlpack_exchange_api", None),
        raising=False,
    )
    monkeypatch.setattr(Tensor, "__module__", "exchange_arrays")
    monkeypatch.setitem(
        sys.modules,
        "exchange_arrays",
        SimpleNamespace(from_dlpack=lambda value: Tensor(np.from_dlpack(value))),
    )
    Tensor.views = Tensor.made = 0
    Tensor.broken = None
    yield SimpleNamespace(table=table)
    _alive.clear()


@pytest.fixture
def g():
    n, m = td.size("n"), td.size("m")
    x, y = td.placeholder("x", (n, m)), td.placeholder("y", (n, m))
    return td.build(td.schedule(td.compute("z", (n, m), lambda i, j: x[i, j] - y[i, j])))


def test_the_table_of_functions(exchange):
    assert exchange_functions(Tensor).allocate == exchange.table[2]
    assert exchange_functions(np.ndarray) is None
    exchange.table[0] = 2  # a version that is not known, and no older table
    assert exchange_functions(Tensor) is None


VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_tensors_are_read_and_made_without_python(g, exchange, handed_over):
    first = g(Tensor(3 * VALUES), Tensor(VALUES))
    assert type(first) is Tensor and (first.memory == 2 * VALUES).all()
    assert (handed_over.calls, Tensor.views) == (1, 0)  # the first call learns the type
    second = g(Tensor(3 * VALUES), Tensor(VALUES, compact=True))
    assert type(second) is Tensor and (second.memory == 2 * VALUES).all()
    assert handed_over.calls == 1 and Tensor.made == 1
    out = Tensor(np.zeros((3, 4), np.float32))
    assert g(Tensor(3 * VALUES), VALUES, out=out) is out and (out.memory == 2 * VALUES).all()
    assert type(g(VALUES, Tensor(VALUES))) is np.ndarray
    assert handed_over.calls == 1


def test_strided_tensors_and_tensors_off_by_a_byte(g, exchange, handed_over):
    g(Tensor(VALUES), Tensor(VALUES))
    g(Tensor(VALUES), Tensor(VALUES[:, ::-1]))
    handed_over.calls = 0
    raw = np.zeros(49, np.uint8)[1:].view(np.float32).reshape(3, 4)
    raw[:] = VALUES
    for layout in (VALUES.T.copy().T, VALUES[::-1], np.repeat(VALUES, 2, axis=1)[:, ::2], raw):
        assert (g(Tensor(3 * VALUES), Tensor(layout)).memory == 3 * VALUES - layout).all()
        out = Tensor(np.zeros((3, 8), np.float32)[:, ::2])
        g(Tensor(layout), VALUES, out=out)
        assert (out.memory == layout - VALUES).all()
    assert handed_over.calls == 0


def test_wrong_tensors_are_refused_as_ever(g, exchange):
    g(Tensor(VALUES), Tensor(VALUES))
    for wrong, code in (
        (Tensor(VALUES.astype("f8")), "C103"), (Tensor(VALUES[0]), "C104"), (Tensor(VALUES[:2]), "C105"), (3, "C102"),
    ):  # fmt: skip
        with pytest.raises(td.CallError, match=code):
            g(Tensor(VALUES), wrong)
    memory = np.zeros((4, 4), np.float32)
    with pytest.raises(td.CallError, match="C109: out for z overlaps x"):
        g(Tensor(memory[1:]), Tensor(VALUES), out=Tensor(memory[:-1]))
    demanding = Tensor(VALUES)
    demanding.requires_grad = True
    with pytest.raises(td.CallError, match="C102: y gives no array that shares its memory") as refused:
        g(Tensor(VALUES), demanding)
    assert "require gradient" in str(refused.value)


def test_a_tensor_elsewhere_goes_the_librarys_way(g, exchange, handed_over):
    g(Tensor(VALUES), Tensor(VALUES))
    Tensor.broken = 2  # the functions say it is on a GPU; `__dlpack__` decides
    assert (g(Tensor(3 * VALUES), Tensor(VALUES)).memory == 2 * VALUES).all() and handed_over.calls == 2


def test_values_with_a_changed_sign_are_refused(g, exchange, handed_over, monkeypatch):
    """PyTorch's parts of conjugated arrays: their memory holds the opposite."""
    negated = []
    monkeypatch.setattr(Tensor, "is_neg", lambda self: any(self is one for one in negated), raising=False)
    g(Tensor(VALUES), Tensor(VALUES))
    column = Tensor(np.repeat(VALUES, 2, axis=1)[:, ::2])
    assert (g(Tensor(VALUES), column).memory == 0).all()
    handed_over.calls = 0
    assert (g(Tensor(VALUES), column).memory == 0).all() and handed_over.calls == 0
    negated += [column, Tensor(VALUES[:1, :1])]
    for wrong in negated:
        with pytest.raises(td.CallError, match="C102: x gives no array that shares its memory") as refused:
            g(wrong, wrong)
        assert "resolve_neg" in str(refused.value)


def test_an_older_library_exports_by_to_dlpack(g, exchange, handed_over, monkeypatch):
    """Its capsules are unversioned, which NumPy takes for read-only."""
    monkeypatch.delattr(Tensor, "__dlpack_c_exchange_api__")
    library = sys.modules["exchange_arrays"]
    asked = []
    library.to_dlpack = lambda tensor: asked.append(tensor) or tensor.memory.__dlpack__()
    assert (g(Tensor(3 * VALUES), Tensor(VALUES)).memory == 2 * VALUES).all()  # learns the type
    handed_over.calls = 0
    for layout in (VALUES, VALUES.T.copy().T, VALUES[::-1], np.repeat(VALUES, 2, axis=1)[:, ::2]):
        out = Tensor(np.zeros((3, 4), np.float32))
        assert g(Tensor(3 * VALUES), Tensor(layout), out=out) is out
        assert (out.memory == 3 * VALUES - layout).all()
    assert handed_over.calls == 1 and len(asked) == 12  # once for the general body
    before = sys.getrefcount(VALUES)
    for _ in range(10):
        g(Tensor(VALUES), Tensor(VALUES), out=Tensor(np.zeros((3, 4), np.float32)))
    asked.clear()
    assert sys.getrefcount(VALUES) <= before
    for answer in (None, object(), RuntimeError("no")):

        def odd(tensor, answer=answer):
            if isinstance(answer, Exception):
                raise answer
            return answer

        library.to_dlpack = odd
        f = td.build(td.schedule(td.compute("w", (2,), lambda i: td.placeholder("v", (2,))[i])))
        values = Tensor(np.ones(2, np.float32))
        assert [(f(values).memory == 1).all() for _ in range(3)] == [True] * 3
    with pytest.raises(td.CallError, match="C105"):
        g(Tensor(VALUES), Tensor(VALUES[:2]))

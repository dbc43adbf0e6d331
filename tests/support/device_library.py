"""An array library in device memory, as CuPy is: `__cuda_array_interface__`, a current stream, `empty`."""

import ctypes
import sys
import types

import numpy as np

from tdsl.runtime.cuda.driver import cuda_driver


class Array:
    """An array in device memory; a view where `base` is given."""

    def __init__(self, shape, dtype, base=None, address=None, strides=None) -> None:
        self.shape, self.dtype, self.strides, self.base = tuple(shape), np.dtype(dtype), strides, base
        self.readonly = False
        driver = cuda_driver()
        with driver.current(0):
            size = self.dtype.itemsize * int(np.prod(self.shape))
            self.address = driver.allocate(size, 0, "a test") if address is None else address

    @property
    def __cuda_array_interface__(self):
        return {"shape": self.shape, "typestr": self.dtype.str, "data": (self.address, self.readonly),
                "strides": self.strides, "version": 3, "stream": 2}  # fmt: skip

    def __setitem__(self, key, value) -> None:
        raise NotImplementedError

    @classmethod
    def of(cls, values):
        """A row-major copy of a NumPy array."""
        made, driver, dense = cls(values.shape, values.dtype), cuda_driver(), np.ascontiguousarray(values)
        with driver.current(0):
            driver.to_device(made.address, dense.ctypes.data, dense.nbytes, 0, "a test")
        return made

    def view(self, values):
        """The view of this array that `values`, a view of a NumPy array of its own, is."""
        start = values.base
        while start.base is not None and isinstance(start.base, np.ndarray):
            start = start.base
        offset = values.ctypes.data - start.ctypes.data
        return Array(values.shape, values.dtype, self, self.address + offset, values.strides)

    def get(self):
        """As a NumPy array."""
        driver, values = cuda_driver(), np.empty(self.shape, self.dtype)
        with driver.current(0):
            driver.to_host(values.ctypes.data, self.address, values.nbytes, 0, "a test")
            driver.wait(0, "a test")
        return values


def installed(monkeypatch, stream=None):
    """The library as the module `devlib`, with a current stream where one is given."""
    module = types.ModuleType("devlib")
    for name in ("float32", "float64", "int32"):
        setattr(module, name, np.dtype(name))
    module.empty = lambda shape, dtype: Array(shape, dtype)
    if stream is not None:
        module.cuda = types.SimpleNamespace(get_current_stream=lambda: types.SimpleNamespace(ptr=stream))
    monkeypatch.setattr(Array, "__module__", "devlib")
    monkeypatch.setitem(sys.modules, "devlib", module)
    return module


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("kind", ctypes.c_int32), ("number", ctypes.c_int32), ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p), ("offset", ctypes.c_uint64),
        ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
    )  # fmt: skip


class Exporter:
    """An array in device memory that speaks DLPack alone, as JAX's do; remembers the stream it was told."""

    def __init__(self, array: Array) -> None:
        self.array, self.told = array, None

    def __dlpack_device__(self):
        return 2, 0

    def __dlpack__(self, *, stream=None, max_version=None):
        if max_version is not None:
            raise TypeError("an old library")
        self.told = stream
        shape = self.array.shape
        self.sizes = (ctypes.c_int64 * len(shape))(*shape)
        self.tensor = _Tensor(
            self.array.address, 2, 0, len(shape), 2, 32, 1, ctypes.addressof(self.sizes), None, 0
        )
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        return new(ctypes.addressof(self.tensor), b"dltensor", None)

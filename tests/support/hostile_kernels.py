"""Kernels for hostile calls: each with a NumPy meaning, and a way to draw sizes and values that it accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tdsl as td
from tests.support.hostile_choices import Choices

Sizes = dict[str, int]


@dataclass(frozen=True)
class Subject:
    """A kernel under test.

    Args:
        build: makes it; `reference(*inputs, **sizes)` gives the outputs as a tuple.
        shapes: shapes of the array inputs for sizes; dtypes: one an input (scalars have no shape: None).
        sizes: draws sizes that all facts allow; keywords: sizes that a call must name.
        ranges: input -> half-open range of its values for sizes.
    """

    name: str
    build: Callable[[], td.Kernel]
    reference: Callable[..., tuple[np.ndarray, ...]]
    dtypes: tuple[str, ...]
    shapes: Callable[[Sizes], tuple[tuple[int, ...] | None, ...]]
    sizes: Callable[[Choices], Sizes]
    keywords: tuple[str, ...] = ()
    ranges: Callable[[Sizes], dict[int, tuple[int, int]]] = lambda sizes: {}


def _extent(draw: Choices, least: int = 0) -> int:
    return (
        draw.choice((least, 1, 2, 3, 5, 8, 9, 15, 16, 17, 24, 33)) if least <= 1 else draw.randint(least, 33)
    )


def _scale() -> td.Kernel:
    n = td.size("n")
    x, y = td.placeholder("x", (n,)), td.placeholder("y", (n,))
    z = td.compute("z", (n,), lambda i: x[i] * 2 + y[i])
    return td.build(td.schedule(z).vectorize(z, "i", 8))


def _neighbour() -> td.Kernel:
    """May be computed in place: an element is read before it is written."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m), "int32")
    y = td.compute("y", (n, m), lambda i, j: td.where(j < m - 1, x[i, j + 1], 0) - x[i, j])
    return td.build(td.schedule(y).vectorize(y, "j", 8).parallel(y, "i"))


def _flipped() -> td.Kernel:
    """May not."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m), "int32")
    return td.build(td.schedule(td.compute("y", (n, m), lambda i, j: x[n - 1 - i, j] + 1)))


def _product() -> td.Kernel:
    m, n, k = td.size("m"), td.size("n"), td.size("k")
    A, B = td.placeholder("A", (m, k), "float64"), td.placeholder("B", (k, n), "float64")
    r = td.reduce_axis("r", k)
    C = td.compute("C", (m, n), lambda i, j: td.sum(A[i, r] * B[r, j], over=r))
    s = td.schedule(C).tile(C, {"i": 4, "j": 8}).vectorize(C, "ji").parallel(C, "io")
    return td.build(s)


def _two_outputs() -> td.Kernel:
    n, m = td.size("n", min=1), td.size("m")
    x, alpha = td.placeholder("x", (n, m)), td.param("alpha")
    k = td.reduce_axis("k", n)
    scaled = td.compute("scaled", (n, m), lambda i, j: x[i, j] * alpha)
    largest = td.compute("largest", (m,), lambda j: td.max(scaled[k, j], over=k))
    return td.build(td.schedule(scaled, largest).vectorize(scaled, "j", 8))


def _affine() -> td.Kernel:
    b = td.size("b")
    x, y = td.placeholder("x", (4 * b + 1,), "int32"), td.placeholder("y", (b, 2 * b), "int32")
    z = td.compute("z", (b, 3), lambda i, j: x[4 * i + j] + y[i, 2 * i])
    return td.build(td.schedule(z))


def _gather(dtype: str) -> td.Kernel:
    n, q, m = td.size("n"), td.size("q"), td.size("m")
    x = td.placeholder("x", (n, m), "int16")
    index = td.placeholder("index", (q,), dtype, range=(0, n))
    take = td.compute("take", (q, m), lambda i, j: x[index[i], j])
    return td.build(td.schedule(take), inputs=[x, index])


def _copies() -> td.Kernel:
    m, copies = td.size("m"), td.size("copies", min=1)
    h = td.placeholder("h", (m,), "float32")
    return td.build(td.schedule(td.compute("many", (m, copies), lambda i, j: h[i] + h[i])))


def _scalars() -> td.Kernel:
    n = td.size("n")
    x = td.placeholder("x", (n,), "int64")
    small, big, yes = td.param("small", "int8"), td.param("big", "uint64"), td.param("yes", "bool")
    return td.build(
        td.schedule(
            td.compute(
                "z", (n,), lambda i: td.where(yes, x[i] + td.cast(small, "int64"), td.cast(big, "int64"))
            )
        )
    )


def _bools() -> td.Kernel:
    n, m = td.size("n"), td.size("m")
    a, b = td.placeholder("a", (n, m), "bool"), td.placeholder("b", (m, n), "uint8")
    c = td.compute("c", (m, n), lambda i, j: td.where(a[j, i], b[i, j], 7), dtype="uint8")
    return td.build(td.schedule(c).vectorize(c, "j", 16))


def _facts() -> td.Kernel:
    n, m = td.size("n", multiple_of=3), td.size("m", min=2)
    with td.require(n <= m):
        x, y = td.placeholder("x", (n,)), td.placeholder("y", (m,))
        return td.build(td.schedule(td.compute("z", (m - 2, n), lambda i, j: y[i + 1] - x[j])))


def _point() -> td.Kernel:
    p, q = td.placeholder("p", (), "float64"), td.placeholder("q", (2, 1, 3), "float64")
    z = td.compute("z", (), lambda: p[()] + q[1, 0, 2])
    w = td.compute("w", (3, 2), lambda i, j: q[j, 0, i] * p[()])
    return td.build(td.schedule(z, w))


def _gathered(x: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, ...]:
    return (x[index.astype(np.int64)],)


def _selected(x: np.ndarray, small: int, big: int, yes: bool) -> tuple[np.ndarray, ...]:
    return (x + np.int64(small) if yes else np.full_like(x, np.uint64(big).astype(np.int64)),)


def _gathering(dtype: str) -> Subject:
    return Subject(
        f"gather {dtype}",
        lambda: _gather(dtype),
        _gathered,
        ("int16", dtype),
        lambda s: ((s["n"], s["m"]), (s["q"],)),
        lambda d: {"n": _extent(d, 1), "m": _extent(d), "q": _extent(d)},
        ranges=lambda s: {1: (0, s["n"])},
    )


SUBJECTS: tuple[Subject, ...] = (
    Subject(
        "scale", _scale, lambda x, y: (np.float32(2) * x + y,), ("float32", "float32"),
        lambda s: ((s["n"],), (s["n"],)), lambda d: {"n": _extent(d)},
    ),
    Subject(
        "neighbour", _neighbour, lambda x: (np.pad(x[:, 1:], ((0, 0), (0, min(1, x.shape[1])))) - x,), ("int32",),
        lambda s: ((s["n"], s["m"]),), lambda d: {"n": _extent(d), "m": _extent(d)},
    ),
    Subject(
        "flipped", _flipped, lambda x: (x[::-1] + 1,), ("int32",),
        lambda s: ((s["n"], s["m"]),), lambda d: {"n": _extent(d), "m": _extent(d)},
    ),
    Subject(
        "product", _product, lambda a, b: (a @ b,), ("float64", "float64"),
        lambda s: ((s["m"], s["k"]), (s["k"], s["n"])),
        lambda d: {name: _extent(d) for name in "mnk"},
    ),
    Subject(
        "two outputs", _two_outputs, lambda x, a: (x * np.float32(a), (x * np.float32(a)).max(axis=0)),
        ("float32", "float32"), lambda s: ((s["n"], s["m"]), None),
        lambda d: {"n": _extent(d, 1), "m": _extent(d)},
    ),
    Subject(
        "affine", _affine,
        lambda x, y: (np.array([[x[4 * i + j] + y[i, 2 * i] for j in range(3)] for i in range(len(y))], np.int32)
                      .reshape(len(y), 3),),
        ("int32", "int32"), lambda s: ((4 * s["b"] + 1,), (s["b"], 2 * s["b"])), lambda d: {"b": _extent(d)},
    ),
    *(_gathering(dtype) for dtype in ("int64", "int32", "uint8", "int16")),
    Subject(
        "copies", _copies, lambda h, copies: (np.repeat((h + h)[:, None], copies, axis=1),), ("float32",),
        lambda s: ((s["m"],),), lambda d: {"m": _extent(d), "copies": d.randint(1, 5)}, keywords=("copies",),
    ),
    Subject(
        "scalars", _scalars, _selected, ("int64", "int8", "uint64", "bool"),
        lambda s: ((s["n"],), None, None, None), lambda d: {"n": _extent(d)},
    ),
    Subject(
        "bools", _bools, lambda a, b: (np.where(a.T, b, np.uint8(7)),), ("bool", "uint8"),
        lambda s: ((s["n"], s["m"]), (s["m"], s["n"])), lambda d: {"n": _extent(d), "m": _extent(d)},
    ),
    Subject(
        "facts", _facts, lambda x, y: (y[1:-1, None] - x[None, :],), ("float32", "float32"),
        lambda s: ((s["n"],), (s["m"],)),
        lambda d: (lambda n: {"n": n, "m": max(2, n + d.randint(0, 4))})(3 * d.randint(0, 6)),
    ),
    Subject(
        "point", _point, lambda p, q: (p + q[1, 0, 2], (q[:, 0, :] * p).T), ("float64", "float64"),
        lambda s: ((), (2, 1, 3)), lambda d: {},
    ),
)  # fmt: skip

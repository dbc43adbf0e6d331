"""PolyBench's stencils: adi fdtd-2d heat-3d jacobi-1d jacobi-2d seidel-2d; sizes in, programs and plain loops out.

Time is an axis of a recurrence, step 0 what was given; the arrays that the published loops write in turn are its steps.
"""

from __future__ import annotations

import numpy as np

import tdsl as td
from benchmarks.polybench.kernel import Arrays, Kernel, random

Tensors = tuple[td.Tensor, ...]
REAL = "float64"


# jacobi-1d, jacobi-2d, heat-3d: A and B in turn, 2 T half steps; their borders stay


def _in_turn(name: str, n, steps, ndim: int, inside) -> Tensors:
    """A after `steps` double steps of A -> B -> A: `inside` gives an inner element from the step before."""
    A, B = (td.placeholder(each, (n,) * ndim, REAL) for each in "AB")

    def value(U, t, *at):
        edge = td.any(*(td.any(x == 0, x == n - 1) for x in at))
        still = td.where(t % 2 == 0, A[at], B[at])
        return td.where(t == 0, A[at], td.where(edge, still, inside(lambda *x: U[(t - 1, *x)], *at)))

    axes = ("t", *"xyz"[:ndim])
    U = td.recurrence("U", (2 * steps + 1, *(n,) * ndim), value, axes=axes)
    return (td.compute(name, (n,) * ndim, lambda *at: U[(2 * steps, *at)], axes=axes[1:]),)


def jacobi_1d(steps, n) -> Tensors:
    return _in_turn("jacobi", n, steps, 1, lambda u, x: 0.33333 * (u(x - 1) + u(x) + u(x + 1)))


def jacobi_1d_loops(steps, n, A, B):
    for _ in range(steps):
        for i in range(1, n - 1):
            B[i] = 0.33333 * (A[i - 1] + A[i] + A[i + 1])
        for i in range(1, n - 1):
            A[i] = 0.33333 * (B[i - 1] + B[i] + B[i + 1])


def jacobi_2d(steps, n) -> Tensors:
    return _in_turn(
        "jacobi", n, steps, 2,
        lambda u, x, y: 0.2 * (u(x, y) + u(x, y - 1) + u(x, y + 1) + u(x + 1, y) + u(x - 1, y)),
    )  # fmt: skip


def jacobi_2d_loops(steps, n, A, B):
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                B[i, j] = 0.2 * (A[i, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j] + A[i - 1, j])
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = 0.2 * (B[i, j] + B[i, j - 1] + B[i, j + 1] + B[i + 1, j] + B[i - 1, j])


def heat_3d(steps, n) -> Tensors:
    def inside(u, x, y, z):
        here = u(x, y, z)
        return (
            0.125 * (u(x + 1, y, z) - 2.0 * here + u(x - 1, y, z))
            + 0.125 * (u(x, y + 1, z) - 2.0 * here + u(x, y - 1, z))
            + 0.125 * (u(x, y, z + 1) - 2.0 * here + u(x, y, z - 1))
            + here
        )

    return _in_turn("heat", n, steps, 3, inside)


def heat_3d_loops(steps, n, A, B):
    for step in range(2 * steps):
        S, D = (A, B) if step % 2 == 0 else (B, A)
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    D[i, j, k] = (
                        0.125 * (S[i + 1, j, k] - 2.0 * S[i, j, k] + S[i - 1, j, k])
                        + 0.125 * (S[i, j + 1, k] - 2.0 * S[i, j, k] + S[i, j - 1, k])
                        + 0.125 * (S[i, j, k + 1] - 2.0 * S[i, j, k] + S[i, j, k - 1])
                        + S[i, j, k]
                    )


# seidel-2d: nine points in place


def seidel_2d(steps, n) -> Tensors:
    A = td.placeholder("A", (n, n), REAL)
    t, i, j = td.axis("t", steps), td.axis("i", (1, n - 1)), td.axis("j", (1, n - 1))

    def value(U):
        rows = [U[i + r, j - 1] + U[i + r, j] + U[i + r, j + 1] for r in (-1, 0, 1)]
        return (rows[0] + rows[1] + rows[2]) / 9.0

    return (td.update("seidel", A, over=(t, i, j), at=(i, j), value=value),)


def seidel_2d_loops(steps, n, A):
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                A[i, j] = (
                    (A[i - 1, j - 1] + A[i - 1, j] + A[i - 1, j + 1])
                    + (A[i, j - 1] + A[i, j] + A[i, j + 1])
                    + (A[i + 1, j - 1] + A[i + 1, j] + A[i + 1, j + 1])
                ) / 9.0


# fdtd-2d: two electric fields and a magnetic one, made one after another in a step; step t + 1 is after loop t


def fdtd_2d(steps, nx, ny) -> Tensors:
    ex, ey, hz = (td.placeholder(name, (nx, ny), REAL) for name in ("ex", "ey", "hz"))
    fict = td.placeholder("fict", (steps,), REAL)

    def value(F, t, field, i, j):
        old, EY, EX, HZ = F[t - 1, field, i, j], 0, 1, 2
        along = old - 0.5 * (F[t - 1, HZ, i, j] - F[t - 1, HZ, i - 1, j])
        across = old - 0.5 * (F[t - 1, HZ, i, j] - F[t - 1, HZ, i, j - 1])
        turn = F[t, EX, i, j + 1] - F[t, EX, i, j] + F[t, EY, i + 1, j] - F[t, EY, i, j]
        first = td.where(field == EY, ey[i, j], td.where(field == EX, ex[i, j], hz[i, j]))
        electric = td.where(field == EY, td.where(i == 0, fict[t - 1], along), td.where(j == 0, old, across))
        magnetic = td.where(td.all(i < nx - 1, j < ny - 1), old - 0.7 * turn, old)
        return td.where(t == 0, first, td.where(field < HZ, electric, magnetic))

    F = td.recurrence("F", (steps + 1, 3, nx, ny), value)
    return tuple(
        td.compute(f"{name}_end", (nx, ny), lambda i, j, field=field: F[steps, field, i, j])
        for name, field in (("ex", 1), ("ey", 0), ("hz", 2))
    )


def fdtd_2d_loops(steps, nx, ny, ex, ey, hz, fict):
    for t in range(steps):
        for j in range(ny):
            ey[0, j] = fict[t]
        for i in range(1, nx):
            for j in range(ny):
                ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(nx):
            for j in range(1, ny):
                ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(nx - 1):
            for j in range(ny - 1):
                hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


# adi: implicit along columns, then along rows. Four sweeps a step: forward q, backward v, forward q, backward u, each over
# lines i and places j in a line, the backward ones from the end. The p of the definition depend on j only.


def adi(steps, n) -> Tensors:
    u = td.placeholder("u", (n, n), REAL)
    size, count = td.cast(n, REAL), td.cast(steps, REAL)
    a, d = -size * size / count, -size * size / count / 2
    b, e = 1 - 2 * a, 1 - 2 * d

    def factors(name, side, middle):
        """What a sweep multiplies by, and what it divides by."""
        p = td.recurrence(
            name, (n,), lambda p, j: td.where(j == 0, 0.0, -side / (side * p[j - 1] + middle)), dtype=REAL
        )
        return p, td.compute(f"{name}_by", (n,), lambda j: td.where(j == 0, 1.0, side * p[j - 1] + middle))

    (p, by), (r, over) = factors("p", a, b), factors("r", d, e)

    def value(W, t, sweep, j, i):
        back = n - 1 - j
        old = [W[t - 1, 3, n - 1 - x, j] for x in (i - 1, i, i + 1)]
        half = [W[t, 1, n - 1 - x, j] for x in (i - 1, i, i + 1)]
        column = (-d * old[0] + (1 + 2 * d) * old[1] - d * old[2] - a * W[t, 0, j - 1, i]) / by[j]
        row = (-a * half[0] + (1 + 2 * a) * half[1] - a * half[2] - d * W[t, 2, j - 1, i]) / over[j]
        v = p[back] * W[t, 1, j - 1, i] + W[t, 0, back, i]
        last = r[back] * W[t, 3, j - 1, i] + W[t, 2, back, i]
        swept = td.where(sweep == 0, column, td.where(sweep == 1, v, td.where(sweep == 2, row, last)))
        start = td.where(sweep == 3, u[i, back], 0.0)
        line = td.where(td.any(j == 0, j == n - 1), 1.0, swept)
        return td.where(t == 0, start, td.where(td.any(i == 0, i == n - 1), W[t - 1, sweep, j, i], line))

    W = td.recurrence("W", (steps + 1, 4, n, n), value, dtype=REAL)
    return (td.compute("adi", (n, n), lambda i, j: W[steps, 3, n - 1 - j, i]),)


def adi_loops(steps, n, u, v, p, q):
    mul1, mul2 = 2.0 * n * n / steps, 1.0 * n * n / steps
    a, b = -mul1 / 2.0, 1.0 + mul1
    d, e = -mul2 / 2.0, 1.0 + mul2
    for _ in range(steps):
        for i in range(1, n - 1):
            v[0, i] = 1.0
            p[i, 0] = 0.0
            q[i, 0] = 1.0
            for j in range(1, n - 1):
                p[i, j] = -a / (a * p[i, j - 1] + b)
                new = -d * u[j, i - 1] + (1.0 + 2.0 * d) * u[j, i] - d * u[j, i + 1]
                q[i, j] = (new - a * q[i, j - 1]) / (a * p[i, j - 1] + b)
            v[n - 1, i] = 1.0
            for j in range(n - 2, 0, -1):
                v[j, i] = p[i, j] * v[j + 1, i] + q[i, j]
        for i in range(1, n - 1):
            u[i, 0] = 1.0
            p[i, 0] = 0.0
            q[i, 0] = 1.0
            for j in range(1, n - 1):
                p[i, j] = -d / (d * p[i, j - 1] + e)
                new = -a * v[i - 1, j] + (1.0 + 2.0 * a) * v[i, j] - a * v[i + 1, j]
                q[i, j] = (new - d * q[i, j - 1]) / (d * p[i, j - 1] + e)
            u[i, n - 1] = 1.0
            for j in range(n - 2, 0, -1):
                u[i, j] = p[i, j] * u[i, j + 1] + q[i, j]


def _pair(ndim: int):
    return lambda steps, n: {"A": random(*(n,) * ndim), "B": random(*(n,) * ndim, seed=1)}


def _adi_arrays(steps: int, n: int) -> Arrays:
    return {"u": random(n, n)} | {name: np.zeros((n, n)) for name in "vpq"}


def _fields(steps: int, nx: int, ny: int) -> Arrays:
    fields = {name: random(nx, ny, seed=place) for place, name in enumerate(("ex", "ey", "hz"))}
    return fields | {"fict": np.arange(steps, dtype="float64")}


KERNELS = (
    Kernel(
        "adi", {"T": (20, 40, 100, 500), "N": (20, 60, 200, 1000)}, _adi_arrays, ("u",), ("u",), adi, adi_loops,
        lambda t, n: 30.0 * t * n * n, steps="T", time=(("W", "t"),),
    ),
    Kernel(
        "fdtd-2d", {"T": (20, 40, 100, 500), "NX": (20, 60, 200, 1000), "NY": (30, 80, 240, 1200)}, _fields,
        ("ex", "ey", "hz", "fict"), ("ex", "ey", "hz"), fdtd_2d, fdtd_2d_loops,
        lambda t, nx, ny: 11.0 * t * nx * ny,
        time=(("F", "t"),),
    ),
    Kernel(
        "heat-3d", {"T": (20, 40, 100, 500), "N": (10, 20, 40, 120)}, _pair(3), ("A", "B"), ("A",),
        heat_3d, heat_3d_loops, lambda t, n: 30.0 * t * n**3, steps="T", time=(("U", "t"),),
    ),
    Kernel(
        "jacobi-1d", {"T": (20, 40, 100, 500), "N": (30, 120, 400, 2000)}, _pair(1), ("A", "B"), ("A",),
        jacobi_1d, jacobi_1d_loops, lambda t, n: 6.0 * t * n, steps="T", time=(("U", "t"),),
    ),
    Kernel(
        "jacobi-2d", {"T": (20, 40, 100, 500), "N": (30, 90, 250, 1300)}, _pair(2), ("A", "B"), ("A",),
        jacobi_2d, jacobi_2d_loops, lambda t, n: 10.0 * t * n * n, steps="T", time=(("U", "t"),),
    ),
    Kernel(
        "seidel-2d", {"T": (20, 40, 100, 500), "N": (40, 120, 400, 2000)}, lambda t, n: {"A": random(n, n)},
        ("A",), ("A",), seidel_2d, seidel_2d_loops, lambda t, n: 9.0 * t * n * n, steps="T",
    ),
)  # fmt: skip

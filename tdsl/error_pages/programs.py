"""Declarations that several pages start from, so that each page shows only what it is about."""

MATRIX = """
A, B = td.placeholder("A", (64, 64)), td.placeholder("B", (64, 64))
k = td.reduce_axis("k", 64)
C = td.compute("C", (64, 64), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
"""

CHAIN = """
n = td.size("n")
x = td.placeholder("x", (n + 2,))
a = td.compute("a", (n + 2,), lambda i: x[i] * 2.0)
b = td.compute("b", (n,), lambda i: a[i] + a[i + 1] + a[i + 2])
"""

SCALE = """
x = td.placeholder("x", (1000000,))
y = td.compute("y", (1000000,), lambda i: x[i] * 2.0)
"""

KERNEL = """
n = td.size("n", min=1)
x = td.placeholder("x", (n, 4))
y = td.placeholder("y", (n, 4))
f = td.build(td.schedule(td.compute("z", (n, 4), lambda i, j: x[i, j] + y[i, j])))
a = np.ones((3, 4), "float32")
"""

BACKWARDS = """
n = td.size("n")
x = td.placeholder("x", (n,))
S = td.recurrence("S", (n,), lambda S, i: x[i] + td.where(i + 1 < n, S[i + 1], 0.0))
"""
"""A sum from the end, in an order that reads what is not there yet."""

ROWS = """
n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m), "float32")
k = td.reduce_axis("k", m)
total = td.compute("total", (n,), lambda i: td.sum(x[i, k], over=k))
"""

PAIR = """
n = td.size("n")
x = td.placeholder("x", (n,), "float32")
y = td.compute("y", (n,), lambda i: x[i] + 1.0)
z = td.compute("z", (n,), lambda i: x[i] * 2.0)
"""

BYTES = """
A, B = td.placeholder("A", (64, 4), "uint8"), td.placeholder("B", (16, 4), "int8")
k = td.reduce_axis("k", 4)
C = td.compute("C", (64, 16), lambda i, j: td.sum(td.cast(A[i, k], "int32") * td.cast(B[j, k], "int32"), over=k))
"""

"""Pages of the codes E2xx (dtypes) and E3xx (bounds)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.errors import (
    ArgumentError,
    BoundsError,
    DTypeError,
)

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "E201",
        DTypeError,
        "no such dtype",
        "A dtype has one spelling, without a byte order: `bool`, `int8` … `int64`, `uint8` … `uint64`, `float16`, "
        "`bfloat16`, `float32`, `float64`, `float8_e4m3fn`, `float8_e5m2`, `tfloat32`. NumPy's dtypes and scalar types "
        "are taken too.",
        """
td.placeholder("x", (8,), "f4")
""",
        """
td.placeholder("x", (8,), "float32")
""",
    ),
    ErrorPage(
        "E202",
        DTypeError,
        "a foreign byte order",
        "Kernels work on native values. An array whose bytes are swapped is converted once, before.",
        """
td.placeholder("x", (8,), np.dtype(">f4"))
""",
        """
td.placeholder("x", (8,), np.dtype("float32"))
""",
    ),
    ErrorPage(
        "E203",
        DTypeError,
        "two dtypes that do not meet without losing bits",
        "Promotion is NumPy 2's table minus what loses bits: 64-bit integers with floats, int64 with uint64, and bool "
        "with numbers are errors. A cast says what is meant.",
        """
a = td.placeholder("a", (8,), "int64")
b = td.placeholder("b", (8,), "float32")
td.compute("c", (8,), lambda i: a[i] * b[i])
""",
        """
a = td.placeholder("a", (8,), "int64")
b = td.placeholder("b", (8,), "float32")
td.compute("c", (8,), lambda i: td.cast(a[i], "float32") * b[i])
""",
    ),
    ErrorPage(
        "E204",
        DTypeError,
        "a number that does not fit",
        "A Python number adopts the dtype it meets and must fit: ints exactly, in integers and in floats; floats may "
        "be rounded but not overflow.",
        """
x = td.placeholder("x", (8,), "uint8")
td.compute("y", (8,), lambda i: x[i] + 300)
""",
        """
x = td.placeholder("x", (8,), "uint8")
td.compute("y", (8,), lambda i: td.cast(x[i], "int32") + 300)
""",
    ),
    ErrorPage(
        "E205",
        DTypeError,
        "tfloat32 outside an expression",
        "tfloat32 is an operand precision, reached by cast; arrays hold float32.",
        """
td.placeholder("x", (8,), "tfloat32")
""",
        """
x = td.placeholder("x", (8,), "float32")
td.compute("y", (8,), lambda i: td.cast(td.cast(x[i], "tfloat32"), "float32"))
""",
    ),
    ErrorPage(
        "E206",
        DTypeError,
        "/ on integers",
        "Dividing integers with `/` would have to choose a float for you. `//` floors and stays an integer; a cast "
        "divides in a float.",
        """
x = td.placeholder("x", (8,), "int32")
td.compute("y", (8,), lambda i: x[i] / 2)
""",
        """
x = td.placeholder("x", (8,), "int32")
td.compute("y", (8,), lambda i: x[i] // 2)
""",
    ),
    ErrorPage(
        "E207",
        DTypeError,
        "an operator that the dtype does not have",
        "`& | ^ << >> ~` work on integers (and bools, for the logical ones), `sqrt` and `floor` on floats, arithmetic "
        "on numbers, conditions on bools.",
        """
x = td.placeholder("x", (8,), "float32")
td.compute("y", (8,), lambda i: x[i] << 1)
""",
        """
x = td.placeholder("x", (8,), "float32")
td.compute("y", (8,), lambda i: x[i] * 2.0)
""",
    ),
    ErrorPage(
        "E208",
        DTypeError,
        "a value without a dtype",
        "Python numbers adopt the dtype of what they meet; where they meet nothing, `dtype=` says which.",
        """
td.compute("ones", (8,), lambda i: 1.0)
""",
        """
td.compute("ones", (8,), lambda i: 1.0, dtype="float32")
""",
    ),
    ErrorPage(
        "E209",
        DTypeError,
        "a step or an identity of another dtype",
        "What the step of a reducer gives is combined again, so each component keeps its dtype; the identity has it too.",
        """
x = td.placeholder("x", (8,))
k = td.reduce_axis("k", 8)
wide = td.reducer(lambda a, b: a.astype("float64") + b, identity=0.0)
td.compute("y", (), lambda: wide(x[k], over=k))
""",
        """
x = td.placeholder("x", (8,))
k = td.reduce_axis("k", 8)
wide = td.reducer(lambda a, b: a + b, identity=0.0)
td.compute("y", (), lambda: wide(x[k].astype("float64"), over=k))
""",
    ),
    ErrorPage(
        "E210",
        DTypeError,
        "a recurrence or an update that changes its dtype",
        "What is computed from elements is stored among them, so the value has their dtype: that of the base for an update; "
        "for a recurrence the one its elements find by adopting what they meet.",
        """
n = td.size("n")
count = td.placeholder("count", (n,), "int64")
i = td.axis("i", n)
td.update("half", count, over=i, at=i, value=lambda U: td.cast(U[i], "float64") / 2.0)
""",
        """
n = td.size("n")
count = td.placeholder("count", (n,), "int64")
i = td.axis("i", n)
td.update("half", count, over=i, at=i, value=lambda U: U[i] // 2)
""",
    ),
    ErrorPage(
        "E301",
        BoundsError,
        "a read outside its tensor",
        "Every read is proved in bounds when its stage is declared, for all sizes, under the conditions around it. The "
        "message has the smallest index that escapes. Guard it (`td.where`), clamp it (`td.clamp`) or pad the tensor "
        "(`td.pad`).",
        """
n = td.size("n")
V = td.placeholder("V", (n,))
td.compute("bad", (n,), lambda i: V[i + 1])
""",
        """
n = td.size("n")
V = td.placeholder("V", (n,))
td.compute("good", (n,), lambda i: td.where(i + 1 < n, V[i + 1], 0.0))
""",
    ),
    ErrorPage(
        "E302",
        BoundsError,
        "an index or a bound read from data without a range",
        "An index that is read from an array can be anything, and so can a bound of a reduction axis. `range=(lo, hi)` on "
        "that placeholder declares what it holds, and is checked at the call; `td.clamp` forces an index inside.",
        """
x = td.placeholder("x", (8,))
at = td.placeholder("at", (4,), "int64")
td.compute("y", (4,), lambda i: x[at[i]])
""",
        """
x = td.placeholder("x", (8,))
at = td.placeholder("at", (4,), "int64", range=(0, 8))
td.compute("y", (4,), lambda i: x[at[i]])
""",
    ),
    ErrorPage(
        "E303",
        BoundsError,
        "an index that cannot be proved inside",
        "The index is not affine in axes and sizes (or too large to decide), so no proof covers all sizes. `td.clamp` "
        "or a condition decides it.",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
td.compute("y", (n,), lambda i: x[i * i])
""",
        """
n = td.size("n", min=1)
x = td.placeholder("x", (n,))
td.compute("y", (n,), lambda i: x[td.clamp(i * i, 0, n - 1)])
""",
    ),
    ErrorPage(
        "E304",
        ArgumentError,
        "a range that cannot be one",
        "`range=(lo, hi)` is half-open, has integers or sizes, holds at least one value, and is for integer dtypes.",
        """
td.placeholder("at", (4,), "int64", range=(8, 0))
""",
        """
td.placeholder("at", (4,), "int64", range=(0, 8))
""",
    ),
)

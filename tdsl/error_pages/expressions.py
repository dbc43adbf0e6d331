"""Pages of the codes E1xx (expressions and declarations)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.errors import (
    ArgumentError,
    ArgumentTypeError,
    AxisScopeError,
    BoolError,
    DTypeError,
    DuplicateNameError,
    FormatError,
    ShapeError,
)

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "E101",
        BoolError,
        "an expression has no truth value",
        "An expression stands for a value at every point of a stage, so Python cannot branch on it: `if`, `while`, "
        "`and`, `or`, `not`, a chained comparison `0 <= i < n`, `max(a, b)` and `x in (a, b)` all ask for one bool. "
        "Write `td.where`, `td.all`, `td.any`, `td.logical_not`, `td.maximum`.",
        """
x = td.placeholder("x", (8,))
td.compute("relu", (8,), lambda i: x[i] if x[i] > 0 else 0.0)
""",
        """
x = td.placeholder("x", (8,))
td.compute("relu", (8,), lambda i: td.where(x[i] > 0, x[i], 0.0))
""",
    ),
    ErrorPage(
        "E102",
        ShapeError,
        "a wrong number of indices",
        "A tensor takes exactly one index a dimension; there is no partial indexing.",
        """
A = td.placeholder("A", (8, 4))
td.compute("B", (8,), lambda i: A[i])
""",
        """
A = td.placeholder("A", (8, 4))
td.compute("B", (8,), lambda i: A[i, 0])
""",
    ),
    ErrorPage(
        "E103",
        DTypeError,
        "an index that is no integer",
        "Indices are ints, axes, sizes and integer expressions. A float, a bool, a slice, `None` or `...` is none: a "
        "stage computes one element at a time.",
        """
A = td.placeholder("A", (8,))
td.compute("B", (8,), lambda i: A[1.5])
""",
        """
A = td.placeholder("A", (8,))
td.compute("B", (8,), lambda i: A[1])
""",
    ),
    ErrorPage(
        "E104",
        ShapeError,
        "a shape or extent that cannot be one",
        "An extent is a non-negative int, a size, or an affine expression of sizes (`n + 2`, `n // 4`, `n * m`). "
        "Floats, strings, expressions of values and constant negative extents are refused; so are shapes that do "
        "not broadcast.",
        """
td.placeholder("A", (8, 2.5))
""",
        """
td.placeholder("A", (8, 2))
""",
    ),
    ErrorPage(
        "E105",
        DuplicateNameError,
        "two tensors of one stage with one name",
        "A stage of several values names each of its arrays.",
        """
x = td.placeholder("x", (8,))
td.compute(("a", "a"), (8,), lambda i: (x[i], -x[i]))
""",
        """
x = td.placeholder("x", (8,))
td.compute(("a", "b"), (8,), lambda i: (x[i], -x[i]))
""",
    ),
    ErrorPage(
        "E106",
        AxisScopeError,
        "an axis outside its stage",
        "The axes of a stage are the parameters of its callable, and reduction axes live inside `over=`. An axis kept "
        "from another stage, or a reduction axis outside a reduction over it, has no loop here.",
        """
A = td.placeholder("A", (8, 8))
k = td.reduce_axis("k", 8)
td.compute("B", (8,), lambda i: A[i, k])
""",
        """
A = td.placeholder("A", (8, 8))
k = td.reduce_axis("k", 8)
td.compute("B", (8,), lambda i: td.sum(A[i, k], over=k))
""",
    ),
    ErrorPage(
        "E107",
        ShapeError,
        "a callable with the wrong number of parameters",
        "A stage's callable takes one axis a dimension of its shape, in order (`*idx` takes any number).",
        """
td.compute("A", (8, 8), lambda i: i)
""",
        """
td.compute("A", (8, 8), lambda i, j: i + j)
""",
    ),
    ErrorPage(
        "E108",
        ArgumentError,
        "a name that is no identifier",
        "Names of tensors, sizes and axes are Python identifiers and no keywords: they become parameters and "
        "appear in printed programs.",
        """
td.placeholder("my input", (8,))
""",
        """
td.placeholder("my_input", (8,))
""",
    ),
    ErrorPage(
        "E109",
        DuplicateNameError,
        "an axis and a size, or two axes, of one name",
        "Inside a stage a name means one thing: two axes of one stage, or an axis and a size or param that meet in "
        "it, must have different names.",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
td.compute("y", (n,), lambda n: x[n])
""",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
td.compute("y", (n,), lambda i: x[i])
""",
    ),
    ErrorPage(
        "E110",
        DuplicateNameError,
        "one size with different facts",
        'A size is its name: two `td.size("n")` are one size, so they must say the same about it.',
        """
a = td.placeholder("a", (td.size("n"),))
b = td.placeholder("b", (td.size("n", min=1),))
td.compute("c", (td.size("n"),), lambda i: a[i] + b[i])
""",
        """
n = td.size("n", min=1)
a = td.placeholder("a", (n,))
b = td.placeholder("b", (n,))
td.compute("c", (n,), lambda i: a[i] + b[i])
""",
    ),
    ErrorPage(
        "E111",
        ArgumentTypeError,
        "a callable that returns no expression",
        "The callable of a stage returns an expression or a number (a tuple of them where the stage has several "
        "names). `None` usually means a missing `return`; a NumPy array is an argument of the call, not of the "
        "declaration.",
        """
def body(i):
    i + 1
td.compute("A", (8,), body)
""",
        """
def body(i):
    return i + 1
td.compute("A", (8,), body)
""",
    ),
    ErrorPage(
        "E112",
        ArgumentTypeError,
        "over= without reduction axes",
        "A reduction names its axes: one made by `td.reduce_axis`, or a tuple of them, each once.",
        """
A = td.placeholder("A", (8, 8))
td.compute("B", (8,), lambda i: td.sum(A[i, 0], over="k"))
""",
        """
A = td.placeholder("A", (8, 8))
k = td.reduce_axis("k", 8)
td.compute("B", (8,), lambda i: td.sum(A[i, k], over=k))
""",
    ),
    ErrorPage(
        "E113",
        ArgumentTypeError,
        "an operand that is neither expression nor number",
        "Expressions combine with expressions and Python (or NumPy) numbers. A string, a list, `None` or an array has "
        "no meaning at one point of a stage.",
        """
x = td.placeholder("x", (8,))
td.compute("y", (8,), lambda i: x[i] + np.ones(8))
""",
        """
x = td.placeholder("x", (8,))
ones = td.placeholder("ones", (8,))
td.compute("y", (8,), lambda i: x[i] + ones[i])
""",
    ),
    ErrorPage(
        "E114",
        ArgumentTypeError,
        "iterating over, assigning to or converting an expression",
        "Tensors and expressions are declarations: `for v in A`, `A[i] = v`, `float(x)`, `len(A)` and Python's `sum` "
        "have no value to work on. Use `td.sum`, `td.compute`, and arrays at the call.",
        """
A = td.placeholder("A", (8,))
sum(A)
""",
        """
A = td.placeholder("A", (8,))
k = td.reduce_axis("k", 8)
td.compute("total", (1,), lambda i: td.sum(A[k], over=k))
""",
    ),
    ErrorPage(
        "E115",
        ArgumentError,
        "an argument of a declaration that cannot be meant",
        "A bound, a mode, a width or a fact has a value outside what the verb takes; the message lists what it takes.",
        """
x = td.placeholder("x", (8,))
td.pad(x, 1, mode="mirror")
""",
        """
x = td.placeholder("x", (8,))
td.pad(x, 1, mode="edge")
""",
    ),
    ErrorPage(
        "E116",
        ArgumentTypeError,
        "td.max or td.min of values",
        "`td.max(x, over=k)` reduces; the larger of two values is `td.maximum(a, b)`.",
        """
x = td.placeholder("x", (8,))
td.compute("y", (8,), lambda i: td.max(x[i], 0.0))
""",
        """
x = td.placeholder("x", (8,))
td.compute("y", (8,), lambda i: td.maximum(x[i], 0.0))
""",
    ),
    ErrorPage(
        "E117",
        ArgumentError,
        "a bound that is not affine",
        "Bounds of axes, shapes and facts are affine in sizes and outer axes, so that they can be reasoned about for "
        "all sizes: sums, products with constants, `//` and `%` by constants, minimum and maximum; products of sizes "
        "in shapes and in facts (`td.require(h * w <= n)`), not in bounds of axes.",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
td.compute("y", (n,), lambda i: td.sum(x[i], over=td.reduce_axis("k", (0, i * i))))
""",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
td.compute("y", (n,), lambda i: td.sum(x[i], over=td.reduce_axis("k", (0, 2 * i))))
""",
    ),
    ErrorPage(
        "E118",
        ArgumentError,
        "a reduction whose laws do not hold",
        "Terms may be taken in any order, so the step of a reducer is a function of its two operands alone, associative "
        "and commutative, and its identity changes nothing. All of it is tried on samples where the reducer is used; the "
        "message has values that show what fails. A row-major position over several axes (argmax) needs axes that "
        "start at 0 and do not depend on each other.",
        """
x = td.placeholder("x", (8,))
k = td.reduce_axis("k", 8)
largest = td.reducer(lambda a, b: td.maximum(a, b), identity=0.0)
td.compute("y", (), lambda: largest(x[k], over=k))
""",
        """
x = td.placeholder("x", (8,))
k = td.reduce_axis("k", 8)
largest = td.reducer(lambda a, b: td.maximum(a, b), identity=lambda dtype: td.min_value(dtype))
td.compute("y", (), lambda: largest(x[k], over=k))
""",
    ),
    ErrorPage(
        "E119",
        ArgumentError,
        "a callable that is no pure function",
        "The callable of a stage and the step of a reducer may be called more than once and must give the same "
        "expression each time; a counter or a random number in them would make the program depend on how often.",
        """
x = td.placeholder("x", (8,))
td.compute("y", (8,), lambda i: x[i] * np.random.rand())
""",
        """
x = td.placeholder("x", (8,))
noise = td.placeholder("noise", (8,))
td.compute("y", (8,), lambda i: x[i] * noise[i])
""",
    ),
    ErrorPage(
        "E120",
        ArgumentError,
        "argmax or argmin of nothing",
        "The place of an extremum needs a term. Where the bounds of the axis are sizes, the call checks that it has one; "
        "where they depend on an axis of the stage or on data, it is proved at the declaration, under the conditions "
        "of `td.where` around it.",
        """
n = td.size("n")
x = td.placeholder("x", (n, n))
def first(i):
    k = td.reduce_axis("k", i)
    return td.argmax(x[i, k], over=k)
td.compute("y", (n,), first)
""",
        """
n = td.size("n")
x = td.placeholder("x", (n, n))
def first(i):
    k = td.reduce_axis("k", i)
    return td.where(i > 0, td.argmax(x[i, k], over=k), -1)
td.compute("y", (n,), first)
""",
    ),
    ErrorPage(
        "E121",
        ArgumentError,
        "an unknown option",
        "`td.options` takes the options it lists and no others.",
        """
td.options(fastmath=True)
""",
        """
td.options(fast_math=True)
""",
    ),
    ErrorPage(
        "E122",
        ArgumentTypeError,
        "an option that is neither True nor False",
        "Options are switches.",
        """
td.options(contract="no")
""",
        """
td.options(contract=False)
""",
    ),
    ErrorPage(
        "E123",
        FormatError,
        "text that is no declared tensor",
        "`td.parse` reads what `tensor.text()` wrote: its first line says the format, its last one which tensor it is.",
        """
td.parse("y[i] = 2 * x[i]")
""",
        """
x = td.placeholder("x", (8,))
y = td.compute("y", (8,), lambda i: 2 * x[i])
td.parse(y.text())
""",
    ),
    ErrorPage(
        "E130",
        ArgumentError,
        "an operator's own condition",
        "`td.check` states in an operator's words what it needs of shapes, dtypes and attributes; the message says which.",
        """
td.ops.gelu(np.zeros(3), approximate="fast")
""",
        """
td.ops.gelu(np.zeros(3), approximate="tanh")
""",
    ),
    ErrorPage(
        "E131",
        ArgumentTypeError,
        "an argument that an operator cannot take",
        "Operators take arrays, or tensors, not both at once; what is neither is an attribute: a number, a string, a dtype, "
        "a tuple of them, None.",
        """
td.ops.add(np.zeros(3), td.placeholder("x", (3,)))
""",
        """
td.ops.add(np.zeros(3), np.ones(3))
""",
    ),
    ErrorPage(
        "E132",
        ArgumentError,
        "an instruction that cannot be declared so",
        "`td.intrinsic` reads off a small tensor what an instruction computes: one sum over one axis of products of two "
        "integer inputs, each cast to the sum's dtype and indexed by axes of the tensor in their order, all extents "
        "constant. Beside that it takes LLVM's name of the instruction and what a target needs.",
        """
a, b = td.placeholder("a", (16,), "int16"), td.placeholder("b", (16,), "int16")
td.intrinsic(td.compute("c", (16,), lambda i: a[i] * b[i]), call="llvm.x86.avx512.vpdpwssd.512",
             architecture="x86_64", features="avx512vnni")
""",
        """
a, b = td.placeholder("a", (16, 2), "int16"), td.placeholder("b", (16, 2), "int16")
k = td.reduce_axis("k", 2)
dot = td.compute("dot", (16,), lambda i: td.sum(td.cast(a[i, k], "int32") * td.cast(b[i, k], "int32"), over=k))
td.intrinsic(dot, call="llvm.x86.avx512.vpdpwssd.512", architecture="x86_64", features="avx512vnni")
""",
    ),
)

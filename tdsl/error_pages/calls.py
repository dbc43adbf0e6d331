"""Pages of the codes C1xx (calls), T1xx (missing tools) and I999 (bugs of tdsl)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import KERNEL
from tdsl.errors import (
    ArgumentError,
    CallKeyError,
    CallMemoryError,
    CallTypeError,
    CallValueError,
    FormatError,
    InternalError,
    MissingTool,
)

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "C101",
        CallTypeError,
        "a wrong number of arguments",
        "A kernel takes its inputs in the order of declaration (or of `inputs=`), then keywords.",
        KERNEL + "f(a)",
        KERNEL + "f(a, a)",
    ),
    ErrorPage(
        "C102",
        CallTypeError,
        "an argument that is no array",
        "Arrays are NumPy's or anything that gives one without a copy. Lists and scalars are not converted.",
        KERNEL + "f(a, [1.0, 2.0])",
        KERNEL + "f(a, a)",
    ),
    ErrorPage(
        "C103",
        CallTypeError,
        "an array of another dtype",
        "Arrays are not converted: the copy would be hidden. `array.astype(…)` says it.",
        KERNEL + "f(a, a.astype('float64'))",
        KERNEL + "f(a, a)",
    ),
    ErrorPage(
        "C104",
        CallValueError,
        "an array of another rank",
        "The number of dimensions is the declaration's.",
        KERNEL + "f(a, a[0])",
        KERNEL + "f(a, a)",
    ),
    ErrorPage(
        "C105",
        CallValueError,
        "shapes that disagree",
        "Sizes are read off the arrays; two arrays that give one size must agree, and constant extents must match.",
        KERNEL + "f(a, a[:2])",
        KERNEL + "f(a, a)",
    ),
    ErrorPage(
        "C106",
        CallValueError,
        "a size that breaks a declared fact",
        "`min=`, `multiple_of=`, `td.require` and a schedule's `assume` are checked at each call; so is divisibility "
        "where a shape is a multiple of a size. A fact whose sums or products leave int64 (h * w of 2^63 or more) cannot be "
        "used by a kernel, which computes in int64, and is refused too.",
        KERNEL + "f(a[:0], a[:0])",
        KERNEL + "f(a, a)",
    ),
    ErrorPage(
        "C107",
        CallKeyError,
        "an unknown keyword",
        "Keywords of a call are `out=` and the sizes that no array binds.",
        KERNEL + "f(a, a, output=a)",
        KERNEL + "f(a, a, out=a.copy())",
    ),
    ErrorPage(
        "C108",
        CallValueError,
        "an output that cannot be written",
        "The array given as `out=` is read-only.",
        KERNEL + "out = a.copy()\nout.flags.writeable = False\nf(a, a, out=out)",
        KERNEL + "f(a, a, out=a.copy())",
    ),
    ErrorPage(
        "C109",
        CallValueError,
        "an output that overlaps another array",
        "An output may not share memory with an input or another output, except the very same array where the build "
        "proved that safe (`f.inplace`); nor may its own elements share memory.",
        KERNEL + 'base = np.ones((4, 4), "float32")\nf(base[:-1], a, out=base[1:])',
        KERNEL + 'base = np.ones((4, 4), "float32")\nf(base[:-1], a, out=a.copy())',
    ),
    ErrorPage(
        "C110",
        CallTypeError,
        "a size that nothing gives",
        "A size that occurs in no input's shape on its own is a keyword of the call.",
        """
x = td.placeholder("x", (4,))
f = td.build(td.schedule(td.compute("y", (td.size("copies"), 4), lambda i, j: x[j])))
f(np.ones(4, "float32"))
""",
        """
x = td.placeholder("x", (4,))
f = td.build(td.schedule(td.compute("y", (td.size("copies"), 4), lambda i, j: x[j])))
f(np.ones(4, "float32"), copies=3)
""",
    ),
    ErrorPage(
        "C111",
        CallTypeError,
        "a scalar that cannot be converted",
        "Params take Python and NumPy scalars: integers and bools without loss, floats rounded.",
        """
x, alpha = td.placeholder("x", (4,)), td.param("alpha")
f = td.build(td.schedule(td.compute("y", (4,), lambda i: x[i] * alpha)))
f(np.ones(4, "float32"), "half")
""",
        """
x, alpha = td.placeholder("x", (4,)), td.param("alpha")
f = td.build(td.schedule(td.compute("y", (4,), lambda i: x[i] * alpha)))
f(np.ones(4, "float32"), 0.5)
""",
    ),
    ErrorPage(
        "C112",
        CallValueError,
        "a value outside its declared range",
        "`range=` of a placeholder or param is checked over the whole array before anything is written.",
        """
x = td.placeholder("x", (4,))
where = td.placeholder("where", (2,), "int64", range=(0, 4))
f = td.build(td.schedule(td.compute("y", (2,), lambda i: x[where[i]])))
f(np.ones(4, "float32"), np.array([0, 4]))
""",
        """
x = td.placeholder("x", (4,))
where = td.placeholder("where", (2,), "int64", range=(0, 4))
f = td.build(td.schedule(td.compute("y", (2,), lambda i: x[where[i]])))
f(np.ones(4, "float32"), np.array([0, 3]))
""",
    ),
    ErrorPage(
        "C113",
        CallValueError,
        "an output of another shape",
        "`out=` has the shape and dtype of what is computed (a tuple of arrays where there are several outputs).",
        KERNEL + 'f(a, a, out=np.empty((2, 4), "float32"))',
        KERNEL + 'f(a, a, out=np.empty((3, 4), "float32"))',
    ),
    ErrorPage(
        "C114",
        CallValueError,
        "a shape that cannot exist",
        "An extent computed from the sizes is negative, a size is 2**47 or more, or the bytes of an array pass 2**63.",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
f = td.build(td.schedule(td.compute("y", (n - 2,), lambda i: x[i])))
f(np.ones(1, "float32"))
""",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
f = td.build(td.schedule(td.compute("y", (n - 2,), lambda i: x[i])))
f(np.ones(3, "float32"))
""",
    ),
    ErrorPage(
        "C115",
        CallMemoryError,
        "no memory for outputs or scratch",
        "An allocation failed; outputs given by `out=` may hold partial results. `s.storage` says what a schedule "
        "needs.",
    ),
    ErrorPage(
        "C116",
        ArgumentError,
        "a number of threads that cannot be one",
        "Kernels run on one thread or more; `TDSL_NUM_THREADS` and the setter take a positive integer.",
    ),
    ErrorPage(
        "C117",
        ArgumentError,
        "a timing that measures nothing",
        "Repeats and times are at least what the message says.",
    ),
    ErrorPage(
        "C118",
        CallValueError,
        "an array that breaks its declared layout",
        "`strides=` and `align=` of a placeholder are facts about memory that code may rely on; each call checks them.",
        """
x = td.placeholder("x", (td.size("n"), 4), strides=(None, 1))
f = td.build(td.schedule(td.compute("y", (td.size("n"), 4), lambda i, j: x[i, j] + 1)))
f(np.ones((4, 3), "float32").T)
""",
        """
x = td.placeholder("x", (td.size("n"), 4), strides=(None, 1))
f = td.build(td.schedule(td.compute("y", (td.size("n"), 4), lambda i, j: x[i, j] + 1)))
f(np.ascontiguousarray(np.ones((4, 3), "float32").T))
""",
    ),
    ErrorPage(
        "C120",
        FormatError,
        "a file or text that holds no kernel",
        "`td.load` reads what `f.save` wrote; the description inside has a format number, and a tdsl reads the one of "
        "its time. The same error comes from a pickled kernel of another format.",
        'td.load("nothing.so")',
        KERNEL
        + """
import tempfile
with tempfile.TemporaryDirectory() as folder:
    f.save(folder + "/z.o")
    td.load(folder + "/z.o")
""",
    ),
    ErrorPage(
        "C121",
        ArgumentError,
        "a kernel that cannot be saved or found so",
        "A kernel is saved as a shared library (`.so`) or an object (`.o`) in a folder that is there; its name "
        "becomes a C function; `cpus=` takes x86-64 levels. `td.load` needs the name where a file holds several kernels.",
        KERNEL + 'f.save("z.dll")',
        KERNEL
        + """
import tempfile
with tempfile.TemporaryDirectory() as folder:
    f.save(folder + "/z.o", cpus=("x86-64-v2", "x86-64-v3"))
""",
    ),
    ErrorPage(
        "C122",
        ArgumentError,
        "a cache limit that is no number",
        "`TDSL_CACHE_MB` is how large the folder of compiled kernels may grow, a positive integer; `TDSL_CACHE=0` "
        "switches it off.",
    ),
    ErrorPage(
        "T101",
        MissingTool,
        "ml_dtypes is not installed",
        "NumPy has no bfloat16 and fp8 of its own; the package ml_dtypes brings them.",
    ),
    ErrorPage(
        "T102",
        MissingTool,
        "no C compiler",
        "A shared library is linked by the system's C compiler (`CC`, cc, gcc or clang). An object file needs none: "
        '`f.save("kernel.o")`.',
    ),
    ErrorPage(
        "I999",
        InternalError,
        "a bug of tdsl",
        "Something that cannot happen did. The message names the pass that noticed and where to report it; a program "
        "and this message are enough.",
    ),
)

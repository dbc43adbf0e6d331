"""Pages about GPUs: `bind` and `cooperate`, what a launch can be, code for CUDA and the tools it needs."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.errors import ArgumentError, LimitError, MissingTool, PlacementError, TargetError

VECTOR = """
n = td.size("n")
x = td.placeholder("x", (n,))
y = td.compute("y", (n,), lambda i: x[i] * 2.0)
"""

ROWS = """
x = td.placeholder("x", (64, 128))
y = td.compute("y", (64, 128), lambda i, j: x[i, j] * 2.0 + x[i, 0])
"""

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "S150",
        ArgumentError,
        "no place on a GPU",
        "A loop is bound to `block.x`, `block.y`, `block.z` (blocks of the grid) or `thread.x`, `thread.y`, `thread.z` "
        "(threads of a block).",
        VECTOR + 'td.schedule(y).bind(y, {"i": "gpu"})',
        VECTOR + 'td.schedule(y).bind(y, {"i": "block.x"})',
    ),
    ErrorPage(
        "S151",
        ArgumentError,
        "one place for two loops",
        "Two loops of a stage cannot both be one dimension: an iteration would have two values along it. Fuse the "
        "loops, or take another dimension.",
        ROWS + 'td.schedule(y).bind(y, {"i": "block.x", "j": "block.x"})',
        ROWS + 'td.schedule(y).fuse(y, "i", "j").bind(y, {"i_j": "block.x"})',
    ),
    ErrorPage(
        "S153",
        ArgumentError,
        "shared work with marked loops",
        "`cooperate` shares all loops of a stage out to the threads of the block; a loop that is unrolled, vectorised or "
        "bound already has its own way to run.",
        ROWS + 'td.schedule(y).cache_read(x, y, name="xs").unroll("xs", "d1", 4).cooperate("xs")',
        ROWS + 'td.schedule(y).cache_read(x, y, name="xs").cooperate("xs", vector=4)',
    ),
    ErrorPage(
        "S154",
        ArgumentError,
        "a vector that no access has",
        "A thread moves 2, 4, 8 or 16 bytes at once: a power of two of elements, at most 16 bytes together.",
        ROWS + 'td.schedule(y).cache_read(x, y, name="xs").cooperate("xs", vector=3)',
        ROWS + 'td.schedule(y).cache_read(x, y, name="xs").cooperate("xs", vector=4)',
    ),
    ErrorPage(
        "S155",
        ArgumentError,
        "shared work that is a chain",
        "`cooperate` is for stages whose elements are made each on its own. The terms of a reduction, the elements of a "
        "recurrence and the steps of an update follow one another; bind data axes of such a stage to threads.",
        'x = td.placeholder("x", (64, 128))\nk = td.reduce_axis("k", 128)\n'
        'y = td.compute("y", (64,), lambda i: td.sum(x[i, k], over=k))\ntd.schedule(y).cooperate(y)',
        'x = td.placeholder("x", (64, 128))\nk = td.reduce_axis("k", 128)\n'
        'y = td.compute("y", (64,), lambda i: td.sum(x[i, k], over=k))\ntd.schedule(y).bind(y, {"i": "thread.x"})',
    ),
    ErrorPage(
        "L130",
        LimitError,
        "a symbolic number of threads",
        "The threads of a block are part of the code. A loop whose extent a size decides is split first: the outer loop "
        "goes to blocks, the inner one of constant extent to threads.",
        VECTOR + 'td.build(td.schedule(y).bind(y, {"i": "thread.x"}), target="cuda:sm_90")',
        VECTOR + 'td.build(td.schedule(y).split(y, "i", 128).bind(y, {"io": "block.x", "ii": "thread.x"}),\n'
        '         target="cuda:sm_90")',
    ),
    ErrorPage(
        "L131",
        LimitError,
        "a vector that does not divide the tile",
        "With `cooperate(stage, vector=n)` each thread makes n neighbours along the innermost loop, whose extent must be "
        "a multiple of n.",
        'x = td.placeholder("x", (64, 130))\ny = td.compute("y", (64, 130), lambda i, j: x[i, j] + x[i, 0])\n'
        's = td.schedule(y).bind(y, {"i": "block.x", "j": "thread.x"}).cache_read(x, y, name="xs", scope="shared")\n'
        'td.build(s.compute_at("xs", y, "i").cooperate("xs", vector=4), target="cuda:sm_90")',
        'x = td.placeholder("x", (64, 130))\ny = td.compute("y", (64, 130), lambda i, j: x[i, j] + x[i, 0])\n'
        's = td.schedule(y).bind(y, {"i": "block.x", "j": "thread.x"}).cache_read(x, y, name="xs", scope="shared")\n'
        'td.build(s.compute_at("xs", y, "i").cooperate("xs", vector=2), target="cuda:sm_90")',
    ),
    ErrorPage(
        "L132",
        LimitError,
        "a barrier that not all threads reach",
        "Values that one thread hands to another need a barrier between, and all threads of the block must come by. "
        "Inside a loop or condition that differs between threads there is no place for one.",
    ),
    ErrorPage(
        "L133",
        LimitError,
        "a loop outside of the blocks",
        "A GPU runs kernels: every loop of a stage at root stands inside blocks of the grid (or threads of its one "
        "block). Bind the outer loops, or compute the stage inside another one.",
        VECTOR + 'td.build(td.schedule(y), target="cuda:sm_90")',
        VECTOR + 'td.build(td.schedule(y).split(y, "i", 128).bind(y, {"io": "block.x", "ii": "thread.x"}),\n'
        '         target="cuda:sm_90")',
    ),
    ErrorPage(
        "L134",
        LimitError,
        "one dimension of the grid bound twice",
        "Of the stages that one kernel computes, only one can say what a dimension of the grid means.",
        'x = td.placeholder("x", (64, 128))\nb = td.compute("b", (64, 128), lambda i, j: x[i, j] * 2.0)\n'
        'c = td.compute("c", (64, 128), lambda i, j: b[i, j] + b[i, 0])\n'
        's = td.schedule(c).bind(c, {"i": "block.x"}).compute_at(b, c, "i")\n'
        'td.build(s.bind(b, {"j": "block.x"}), target="cuda:sm_90")',
        'x = td.placeholder("x", (64, 128))\nb = td.compute("b", (64, 128), lambda i, j: x[i, j] * 2.0)\n'
        'c = td.compute("c", (64, 128), lambda i, j: b[i, j] + b[i, 0])\n'
        's = td.schedule(c).bind(c, {"i": "block.x"}).compute_at(b, c, "i").scope(b, "shared")\n'
        'td.build(s.bind(b, {"j": "thread.x"}), target="cuda:sm_90")',
    ),
    ErrorPage(
        "L135",
        LimitError,
        "more threads than a block has",
        "A block has at most 1024 threads, and 64 along z.",
        'x = td.placeholder("x", (2048,))\ny = td.compute("y", (2048,), lambda i: x[i] * 2.0)\n'
        'td.build(td.schedule(y).bind(y, {"i": "thread.x"}), target="cuda:sm_90")',
        'x = td.placeholder("x", (2048,))\ny = td.compute("y", (2048,), lambda i: x[i] * 2.0)\n'
        's = td.schedule(y).split(y, "i", 1024).bind(y, {"io": "block.x", "ii": "thread.x"})\n'
        'td.build(s, target="cuda:sm_90")',
    ),
    ErrorPage(
        "L136",
        LimitError,
        "more shared memory than a block has",
        "Storage in scope `shared` of all stages that live in one kernel is counted together; how much a block may have "
        "depends on the architecture. The message has both numbers.",
        'x = td.placeholder("x", (64, 80000))\ny = td.compute("y", (64, 80000), lambda i, j: x[i, j] + x[i, 0])\n'
        's = td.schedule(y).bind(y, {"i": "block.x"}).cache_read(x, y, name="xs", scope="shared")\n'
        'td.build(s.compute_at("xs", y, "i").cooperate("xs"), target="cuda:sm_90")',
        'x = td.placeholder("x", (64, 8000))\ny = td.compute("y", (64, 8000), lambda i, j: x[i, j] + x[i, 0])\n'
        's = td.schedule(y).bind(y, {"i": "block.x"}).cache_read(x, y, name="xs", scope="shared")\n'
        'td.build(s.compute_at("xs", y, "i").cooperate("xs"), target="cuda:sm_90")',
    ),
    ErrorPage(
        "L138",
        LimitError,
        "a stage that every block would write",
        "What stands inside a kernel but outside some of its block loops is done by each block, at once. Storage of the "
        "device takes one writer: the stage is a kernel of its own, or its storage a block's.",
        """
D = td.placeholder("D", (4,))
i, t = td.axis("i", (1, 4)), td.axis("t", (0, 4))
u = td.update("u", D, over=(i, t), at=(i,), value=lambda u: u[i] + 1.0)
s = td.schedule(u).bind(u, {"i": "block.x"}).cache_read("D", u, name="copy", scope="shared")
td.build(s, target="cuda:sm_90")
""",
        VECTOR + 's = td.schedule(y).bind(y, {"i": "block.x"})\ntd.build(s, target="cuda:sm_90")',
    ),
    ErrorPage(
        "L139",
        LimitError,
        "memory of the device inside a block",
        "Storage in scope heap is allocated before a kernel starts; what a block makes for itself is shared, local or in "
        "registers, with constant extents.",
        VECTOR
        + 's = td.schedule(y).cache_read("x", y, name="t").split(y, "i", 32, into=("b", "t")).bind(y, "b", "block.x")\n'
        's = s.compute_at("t", y, "b")\ntd.build(s, target="cuda:sm_90")',
        VECTOR
        + 's = td.schedule(y).cache_read("x", y, name="t", scope="shared").split(y, "i", 32, into=("b", "t"))\n'
        's = s.bind(y, {"b": "block.x", "t": "thread.x"}).compute_at("t", y, "b").cooperate("t")\n'
        'td.build(s, target="cuda:sm_90")',
    ),
    ErrorPage(
        "L137",
        LimitError,
        "blocks that add to what they start",
        "With `atomic`, blocks may add to one element; before the first term the element gets the start value, once for "
        "all blocks. That is a launch of its own, which needs the loop over the reduction outside of all others.",
        'x = td.placeholder("x", (64, 128))\nk = td.reduce_axis("k", 128)\n'
        'y = td.compute("y", (64,), lambda i: td.sum(x[i, k], over=k))\n'
        's = td.schedule(y).atomic(y).bind(y, {"i": "thread.x", "k": "block.x"})\ntd.build(s, target="cuda:sm_90")',
        'x = td.placeholder("x", (64, 128))\nk = td.reduce_axis("k", 128)\n'
        'y = td.compute("y", (64,), lambda i: td.sum(x[i, k], over=k))\n'
        's = td.schedule(y).atomic(y).reorder(y, "k", "i").bind(y, {"i": "thread.x", "k": "block.x"})\n'
        'td.build(s, target="cuda:sm_90")',
    ),
    ErrorPage(
        "S156",
        PlacementError,
        "an array that cannot be swizzled",
        "`swizzle` permutes cells within rows, so the array has at least two dimensions; a cell is what one access of a thread "
        "moves: a power of two of elements, at most 16 bytes.",
    ),
    ErrorPage(
        "L140",
        LimitError,
        "rows that cannot be swizzled",
        "`swizzle` permutes cells of rows in scope `shared`: at least two of them, a power of two that divides the row. "
        "`align(stage, dim, n)` makes rows longer.",
    ),
    ErrorPage(
        "G140",
        TargetError,
        "elements of one byte, changed at once",
        "Compare-and-swap on a GPU is for 2, 4 and 8 bytes: `atomic` of a stage of bool, 8-bit integers or 8-bit floats has no "
        "code there. Sum in a wider dtype, or use `rfactor`.",
    ),
    ErrorPage(
        "G141",
        TargetError,
        "an architecture that NVRTC does not have",
        "NVRTC compiles for the architectures of its time; the message lists them.",
    ),
    ErrorPage(
        "G143",
        TargetError,
        "a schedule for a GPU built for a CPU",
        "`bind`, `cooperate` and the scopes `shared` and `local` say how a GPU runs a program. Such a schedule is built "
        'for a CUDA target, or interpreted (`target="interpret"`).',
        ROWS + 'td.build(td.schedule(y).bind(y, {"i": "block.x", "j": "thread.x"}))',
        ROWS + 'td.build(td.schedule(y).bind(y, {"i": "block.x", "j": "thread.x"}), target="cuda:sm_90")',
    ),
    ErrorPage(
        "G144",
        TargetError,
        "versions, prefetches and CPU instructions on a GPU",
        "`specialize` makes versions that one kernel chooses from; for GPUs each case is a schedule and a build of its "
        "own, chosen in Python. `prefetch` is about the caches of a CPU, `tensorize` about its instructions; `double_buffer` "
        "does not alternate halves of shared memory yet, nor does `stream` choose among stores.",
    ),
    ErrorPage(
        "T103",
        MissingTool,
        "NVRTC is not installed",
        "CUDA C is compiled by NVRTC, which comes from PyPI and needs neither a toolkit nor a driver nor a GPU: "
        "`pip install 'tdsl[cuda]'`. The text itself, `f.source(\"cuda\")`, needs nothing.",
    ),
    ErrorPage(
        "T104",
        MissingTool,
        "NVRTC that cannot be used",
        "The library that was found cannot be loaded, lacks a function, or is older than version 12.",
    ),
    ErrorPage(
        "T105",
        MissingTool,
        "no disassembler for GPU code",
        "`f.source(\"sass\")` needs nvdisasm, which comes from PyPI: `pip install 'tdsl[cuda-dev]'`.",
    ),
)
"""In the order of their codes."""

"""`layout`: injective subscripts over the dims."""

import tdsl as td
from tdsl.expr.printer import text


def test_the_loops_before_and_after(matmul, golden):
    s = matmul.s.cache_read("A", "C", name="Ap")
    golden(f"{s}\n\n{s.layout('Ap', lambda i, k: (i // 8, k, i % 8))}")


def test_subscripts_are_nodes_over_the_dims(matmul):
    s = matmul.s.cache_read("A", "C", name="Ap").layout("Ap", lambda a, b: (b, a))
    layout = s.state.stage("Ap").layout
    assert layout is not None
    assert list(map(text, layout.subscripts)) == ["k", "i"]


def test_storage_tells_all_three_shapes(matmul):
    s = matmul.s.cache_read("A", "C", name="Ap").layout("Ap", lambda i, k: (i // 8, k, i % 8))
    storage = s.storage("Ap")
    assert storage["shape"] == ("m", "p")
    assert storage["physical"][1:] == ("p", "8")


def test_two_elements_in_one_place(blur, told):
    assert told(lambda: blur.s.layout("bx", lambda y, x: (y % 2, x))) == (
        "IllegalSchedule S203: layout would put two elements of bx in one place\n"
        '  here: layout("bx", lambda y, x: (y % 2, x))\n'
        "  a value of bx is overwritten by bx before by has read it\n"
        "  by at y=0, x=0 reads bx[0, 0], whose place bx at y=2, x=0 has taken   (h=1, w=1)\n"
        "      for y\n"
        "        for x\n"
        "          bx[y, x] = …\n"
        "  try: assume(h <= 0 or w <= 0): then it is legal"
    )


def test_a_callable_of_the_dims(blur, told):
    assert told(lambda: blur.s.layout("bx", lambda y: (y,))) == (
        "ArgumentTypeError S131: the layout of bx takes 2 dims, and the callable has 1 parameter\n"
        '  here: layout("bx", lambda y: (y,))\n'
        "  dims of bx: y, x\n"
        "  try: lambda y, x: (y, x)"
    )
    assert told(lambda: blur.s.layout("bx", (1, 0))) == (
        "ArgumentTypeError S131: layout takes a callable of the dims of bx, not tuple\n"
        '  here: layout("bx", (1, 0))\n'
        "  try: lambda y, x: (y, x)"
    )


def test_integers_only(blur, told):
    assert told(lambda: blur.s.layout("bx", lambda y, x: (y, 1.5))).startswith(
        "ArgumentTypeError E113: a subscript of the layout of bx is an integer, not 1.5"
    )


def test_another_axis(blur, told):
    q = td.reduce_axis("q", blur.h)
    assert told(lambda: blur.s.layout("bx", lambda y, x: (y, x, q))) == (
        "ArgumentError S131: the layout of bx mentions q, which is no dim of it\n"
        '  here: layout("bx", lambda y, x: (y, x, q))\n'
        "  dims of bx: y, x"
    )


def test_an_output_is_the_callers(blur, told):
    assert told(lambda: blur.s.layout("by", lambda y, x: (x, y))) == (
        "PlacementError S314: by is an output: its array is the caller's, in row-major order\n"
        '  here: layout("by", lambda y, x: (x, y))\n'
        '  try: cache_write("by", name="…") and lay out the copy'
    )


def test_once(blur, told):
    s = blur.s.layout("bx", lambda y, x: (x, y))
    assert told(lambda: s.layout("bx", lambda y, x: (y, x))) == (
        "PlacementError S315: bx has a layout already\n"
        '  here: layout("bx", lambda y, x: (y, x))\n'
        f'  by layout("bx", lambda y, x: (x, y)) at {s.steps[0].where.brief()}\n'
        "  try: s.replace(step, …), or one layout that does both"
    )

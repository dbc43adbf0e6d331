"""P13: what `s.storage` tells."""

import tdsl as td


def test_all_of_it(blur):
    s = (
        blur.s.split("by", "y", 32).store_at("bx", "by", "yo").compute_at("bx", "by", "yi")
        .fold("bx", "y", 4)
    )  # fmt: skip
    assert s.storage("bx") == {
        "dims": ("y", "x"), "shape": ("4", "w"), "physical": ("4", "w"), "allocated": ("4", "w"), "dtype": "float32",
        "scope": "heap", "where": "yo of by", "bytes": "w * 16",
    }  # fmt: skip


def test_the_layout_is_physical(blur):
    s = blur.s.layout("bx", lambda y, x: (x // 8, y, x % 8))
    assert s.storage("bx")["shape"] == ("h + 2", "w")
    assert s.storage("bx")["physical"][1:] == ("h + 2", "8")


def test_each_tensor_of_a_stage_has_its_own():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a, b = td.compute(("a", "b"), (n,), lambda i: (x[i], td.cast(x[i], "int8")))
    s = td.schedule(td.compute("y", (n,), lambda i: a[i] + b[i]))
    assert [s.storage(one)["bytes"] for one in (a, b, "a", "b")] == ["n * 4", "n", "n * 4", "n"]

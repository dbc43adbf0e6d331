"""P13: what `s.storage` tells."""


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

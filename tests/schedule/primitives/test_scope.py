"""`scope`: where an array lives; capacity is the build's to judge."""


def test_the_loops_before_and_after(blur, golden):
    s = blur.s.tile("by", {"y": 4, "x": 8}).compute_at("bx", "by", "xo")
    golden(f"{s}\n\n{s.scope('bx', 'stack')}")


def test_what_only_build_can_decide_is_pending(blur):
    s = blur.s.scope("bx", "stack")
    assert s.pending() == ("bx is in scope stack and its extents are not all constant",)
    assert str(s).endswith("pending: bx is in scope stack and its extents are not all constant")


def test_an_output(blur, told):
    assert told(lambda: blur.s.scope("by", "register")) == (
        "PlacementError S314: by is an output: its array is the caller's, which lives on the heap\n"
        '  here: scope("by", "register")\n'
        '  try: cache_write("by", scope="register") and place the copy'
    )
    assert blur.s.scope("by", "heap").state == blur.s.state

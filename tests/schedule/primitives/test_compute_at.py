"""`compute_at`: what readers inside a loop need; readers outside are listed with where they stand."""

import pytest

import tdsl as td


@pytest.fixture
def three():
    """B is read by C and D, C by D."""
    n = td.size("n")
    A = td.placeholder("A", (n,))
    B = td.compute("B", (n,), lambda i: A[i] * 2)
    C = td.compute("C", (n,), lambda i: B[i] + 1)
    D = td.compute("D", (n,), lambda x: C[x] + B[x])
    return B, C, D, td.schedule(D)


def test_the_loops_before_and_after(blur, golden):
    tiled = blur.s.tile(blur.by, {"y": 8, "x": 16})
    golden(f"{tiled}\n\n{tiled.compute_at(blur.bx, blur.by, 'xo')}")


def test_a_reader_outside_the_loop(three, told):
    B, C, D, s = three
    assert told(lambda: s.compute_at(B, D, "x")) == (
        "PlacementError S301: C reads B outside loop x of D\n"
        '  here: compute_at(B, D, "x")\n'
        "  reader C is computed at root\n"
        "  reader D is computed at root, inside\n"
        "      for x   <- B would stand here\n"
        "        D[x] = …\n"
        '  try: compute_at("C", "D", "x") first\n'
        '   or: inline("B")'
    )


def test_a_reader_that_cannot_move(three, told):
    B, C, D, s = three
    assert told(lambda: s.compute_at(B, C, "i")) == (
        "PlacementError S301: D reads B outside loop i of C\n"
        '  here: compute_at(B, C, "i")\n'
        "  reader C is computed at root, inside\n"
        "  reader D is computed at root\n"
        "      for i   <- B would stand here\n"
        "        C[i] = …\n"
        '  try: clone("B", "C"), then compute_at("B_clone", "C", "i")\n'
        "   or: leave B at root"
    )
    assert s.clone(B, C).compute_at("B_clone", C, "i").stages() == ("B_clone", "B", "C", "D")


def test_readers_first(three):
    B, C, D, s = three
    both = s.compute_at(C, D, "x").compute_at(B, D, "x")
    assert both.stages() == ("B", "C", "D")
    assert both == s.compute_at((B, C), D, "x") == s.compute_at(["C", "B"], D, "x")
    assert [step.stage for step in s.compute_at((B, C), D, "x").steps] == ["C", "B"]


def test_an_output(three, told):
    B, C, D, s = three
    assert told(lambda: s.compute_at(D, C, "i")) == (
        "PlacementError S302: D is an output: it is computed whole, at root\n"
        '  here: compute_at(D, C, "i")\n'
        "  its array belongs to the caller, and what one loop needs of it may be less than all\n"
        '  try: cache_write("D", name="…") and place the copy'
    )


def test_inside_itself(three, told):
    B, C, D, s = three
    assert told(lambda: s.compute_at(C, C, "i")) == (
        'PlacementError S303: C cannot stand inside itself\n  here: compute_at(C, C, "i")'
    )
    placed = s.compute_at((C, B), D, "x")
    assert told(lambda: placed.compute_at(B, C, "i").compute_at(C, B, "i")) == (
        "PlacementError S301: D reads B outside loop i of C\n"
        '  here: compute_at(B, C, "i")\n'
        "  reader C is computed at x of D, inside\n"
        "  reader D is computed at root\n"
        "      for i   <- B would stand here\n"
        "        C[i] = …\n"
        '  try: clone("B", "C"), then compute_at("B_clone", "C", "i")\n'
        "   or: leave B at root"
    )


def test_inside_vector_lanes(three, told):
    B, C, D, s = three
    vectors = s.vectorize(D, "x", 8)
    assert told(lambda: vectors.compute_at(C, D, "xv")) == (
        "PlacementError S304: xv of D is vector lanes, which run in lockstep: no stage can stand inside them\n"
        '  here: compute_at(C, D, "xv")\n'
        "      for x\n"
        "        vector xv   <-\n"
        "          D[x] = …\n"
        '  try: the loop outside: "x"'
    )


def test_through_a_stage_that_stands_there(blur):
    chain = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] * 2)
    s = td.schedule(chain).compute_at(blur.by, chain, "y").compute_at(blur.bx, blur.by, "y")
    assert s.state.stage("bx").compute.stage == "by"

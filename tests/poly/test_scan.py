"""Loop bounds run exactly the copies: loops by their bounds and guards, against the points of the relation itself."""

import random
from itertools import product

import pytest

from tdsl.expr.build import ge, lt
from tdsl.expr.node import axis_var, index_const, size_var
from tdsl.expr.printer import text
from tdsl.expr.rewrite import substitute
from tdsl.expr.simplify import simplify
from tdsl.expr.tensor import Size
from tdsl.poly import library as isl
from tdsl.poly.copies import Copies
from tdsl.poly.model import (
    Access,
    Arranged,
    Arrangement,
    Fuse,
    LoopMark,
    Place,
    Program,
    Skew,
    Split,
    Statement,
)
from tdsl.poly.scan import Scan, buffer_box, loop_var, scan

I, J = axis_var("i"), axis_var("j")
H, W = size_var("h"), size_var("w")


def box(*pairs):
    return tuple(cond for axis, size in pairs for cond in (ge(axis, index_const(0)), lt(axis, size)))


def chain(producer: Arrangement, consumer: Arrangement, reach: int = 2) -> Arranged:
    """P over (h + reach, w), read at i..i+reach by C over (h, w)."""
    from tdsl.expr.build import add

    grown = add(H, index_const(reach))
    reads = tuple(Access("P", (add(I, index_const(d)), J)) for d in range(reach + 1))
    program = Program(
        (Size("h"), Size("w")),
        (),
        (
            Statement("P", "P", "assign", ("i", "j"), box((I, grown), (J, W)), (), (Access("P", (I, J)),)),
            Statement("C", "C", "assign", ("i", "j"), box((I, H), (J, W)), reads, (Access("C", (I, J)),)),
        ),
        (("P", (grown, W)), ("C", (H, W))),
        (),
        ("C",),
    )
    return Arranged(program, (producer, consumer))


def number(node, point) -> int:
    return int(simplify(substitute(node, point)).value)


def run(found: Scan, dims, outer, sizes) -> set[tuple[int, ...]]:
    """All iterations of the loops whose guards hold, below the iterations `outer` of the enclosing loops."""
    done: set[tuple[int, ...]] = set()
    for start in outer:
        stack = [start]
        while stack:
            here = stack.pop()
            point = {**sizes, **{loop_var(*dim): index_const(v) for dim, v in zip(dims, here)}}
            place = len(here) - len(start)
            if place == len(found.bounds):
                if all(number(guard, point) for guard in found.guards):
                    done.add(here)
                continue
            bound = found.bounds[place]
            low = number(bound.lower, point)
            high = low + bound.extent if bound.extent is not None else number(bound.upper, point)
            stack += [(*here, value) for value in range(low, high)]
    return done


def points(copies: Copies, statement: str, sizes: dict[str, int]) -> set[tuple[int, ...]]:
    domain = copies.relation(statement).domain()
    nodes = copies.param_nodes()
    for place, node in enumerate(nodes):
        value = number(node, {size_var(name): index_const(v) for name, v in sizes.items()})
        domain = domain.fix_val(isl.dim_type.param, place, isl.Val.int_from_si(domain.get_ctx(), value))
    found: set[tuple[int, ...]] = set()
    count = domain.dim(isl.dim_type.set)
    domain.foreach_point(
        lambda p: found.add(
            tuple(p.get_coordinate_val(isl.dim_type.set, k).to_python() for k in range(count))
        )
    )
    return found


def agree(
    arranged: Arranged, constant=frozenset(), hosts=(("P", "C"),), sizes=((0, 0), (1, 1), (5, 3), (9, 7))
):
    copies = Copies(arranged)
    for h, w in sizes:
        named = {"h": h, "w": w}
        nodes = {size_var(name): index_const(value) for name, value in named.items()}
        whole = scan(copies, "C", constant)
        executed = run(whole, copies.dims("C"), [()], nodes)
        assert executed == points(copies, "C", named)
        depth = len(copies.tree.host("P"))
        inner = scan(copies, "P", constant, "C" if depth else None, depth)
        outer = {point[:depth] for point in executed} if depth else {()}
        assert run(inner, copies.dims("P"), outer, nodes) == points(copies, "P", named)


PLAIN = (LoopMark("i"), LoopMark("j"))


def plain(stage: str, **changes) -> Arrangement:
    return Arrangement(stage, PLAIN, (), dims=("i", "j"), **changes)


def tiled(stage: str, a: int, b: int, **changes) -> Arrangement:
    loops = tuple(LoopMark(name) for name in ("io", "jo", "ii", "ji"))
    return Arrangement(
        stage, loops, (Split("i", "io", "ii", a), Split("j", "jo", "ji", b)), dims=("i", "j"), **changes
    )


def test_plain_and_tiled_loops_run_every_point_once():
    agree(chain(plain("P"), tiled("C", 4, 2)))
    agree(chain(tiled("P", 3, 2), plain("C")))


@pytest.mark.parametrize("loop", ["io", "jo", "ii", "ji"])
def test_producers_run_the_exact_region(loop):
    agree(chain(plain("P", compute=Place("C", loop)), tiled("C", 3, 2)))
    agree(chain(tiled("P", 2, 2, compute=Place("C", loop)), tiled("C", 3, 2)))


def test_slid_producers_run_each_row_once():
    agree(chain(plain("P", compute=Place("C", "ii"), store=Place("C", "io")), tiled("C", 3, 2)))
    agree(chain(plain("P", compute=Place("C", "ji"), store="root"), tiled("C", 3, 2)))


def test_constant_loops_are_guarded():
    constant = frozenset({("C", "ii"), ("C", "ji"), ("P", "i")})
    copies = Copies(chain(plain("P", compute=Place("C", "io")), tiled("C", 4, 2)))
    found = scan(copies, "P", constant, "C", 1)
    assert found.bounds[0].extent == 6
    agree(chain(plain("P", compute=Place("C", "io")), tiled("C", 4, 2)), constant)


def test_a_loop_without_constant_extent_is_named():
    copies = Copies(chain(plain("P"), plain("C")))
    with pytest.raises(LookupError) as missing:
        scan(copies, "C", frozenset({("C", "j")}))
    assert missing.value.args == (1,)


def test_skewed_loops_run_every_point_once():
    loops = (LoopMark("i"), LoopMark("s"))
    agree(chain(plain("P"), Arrangement("C", loops, (Skew("j", "i", 1, "s"),), dims=("i", "j"))))


def test_fused_loops_are_their_leaves():
    agree(chain(plain("P"), Arrangement("C", (LoopMark("t"),), (Fuse("i", "j", "t"),), dims=("i", "j"))))


def test_random_arrangements():
    random.seed(7)
    for _ in range(25):
        a, b, c = random.randint(1, 4), random.randint(1, 4), random.randint(1, 3)
        order = random.sample(["io", "jo", "ii", "ji"], 4)
        order.sort(key=lambda name: name[1] == "i" and random.random() < 0.8)
        consumer = Arrangement(
            "C",
            tuple(map(LoopMark, order)),
            (Split("i", "io", "ii", a), Split("j", "jo", "ji", b)),
            dims=("i", "j"),
        )
        place = random.choice([None, *order])
        producer = tiled("P", c, 2, compute=None if place is None else Place("C", place))
        agree(chain(producer, consumer, random.randint(0, 2)), sizes=((1, 1), (4, 5)))


def test_boxes_hold_what_is_written():
    arranged = chain(plain("P", compute=Place("C", "jo")), tiled("C", 4, 2))
    copies = Copies(arranged)
    found = buffer_box(copies, "P", copies.level("P"), (I, J))
    assert [text(node) for node in found.extent] == ["6", "2"]
    nodes = {size_var("h"): index_const(9), size_var("w"): index_const(7)}
    dims = copies.dims("P")
    for point in points(copies, "P", {"h": 9, "w": 7}):
        owners = {loop_var(*dim): index_const(v) for dim, v in zip(dims[:2], point)}
        for place, value in enumerate(point[2:]):
            low = number(found.lower[place], {**nodes, **owners})
            assert low <= value < low + number(found.extent[place], nodes)


def test_axis_products():
    """Every combination of two factors and a placement, on one shape."""
    for a, b in product((1, 2, 5), repeat=2):
        agree(chain(plain("P", compute=Place("C", "jo")), tiled("C", a, b)), sizes=((5, 3),))

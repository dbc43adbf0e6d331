"""Scratch from the arena, on the stack and in tasks, and what happens when there is none left."""

import ctypes

import numpy as np
import pytest

import tdsl as td
from tdsl.codegen.abi import ENV_ALLOCATE, ENV_BYTES, ENV_RELEASE
from tdsl.errors import LimitError
from tdsl.runtime.environment import process_environment
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    allocate,
    array,
    block,
    build,
    floats,
    kernel,
    load,
    local,
    loop,
    number,
    plus,
    rows,
    size,
    store,
)

F = "float32"
N, M = size("n"), size("m")


class Rationed:
    """An environment whose allocator gives `blocks` blocks and then none; it counts what is out."""

    def __init__(self, base, blocks):
        self.left, self.out, self.most, self.sizes = blocks, {}, 0, []
        fields = ctypes.string_at(base, ENV_BYTES)
        self.memory = ctypes.create_string_buffer(fields, ENV_BYTES)
        allocate_type = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        release_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
        self.functions = allocate_type(self.allocate), release_type(self.release)
        for offset, function in zip((ENV_ALLOCATE, ENV_RELEASE), self.functions, strict=True):
            address = ctypes.cast(function, ctypes.c_void_p).value
            ctypes.c_void_p.from_buffer(self.memory, offset).value = address

    def allocate(self, _, size):
        self.sizes.append(size)
        if self.left <= 0 or size < 0:
            return None
        self.left -= 1
        block = ctypes.create_string_buffer(max(size, 1) + 64)
        address = -(-ctypes.addressof(block) // 64) * 64
        self.out[address] = block
        self.most = max(self.most, len(self.out))
        return address

    def release(self, _, block):
        del self.out[block]


def call_with(run, environment, arrays, **sizes):
    (data, integers, _), keep = run.prepare(arrays, **sizes)
    status = run.function(data, integers, ctypes.addressof(environment.memory))
    del keep
    return status


def two_blocks(kind):
    """Scratch S around a loop whose body has scratch T."""
    i, j = local("i"), local("j")
    fill = loop("j", 0, N, store("S", (j,), load("A", F, j)))
    inner = block(
        loop("j", 0, N, store("T", (j,), build.add(load("S", F, j), load("A", F, i)))),
        loop("j", 0, N, store("B", (i, j), load("T", F, j))),
    )
    body = allocate(
        "S", F, (N,), block(fill, loop("i", 0, N, allocate("T", F, (N,), inner, padding=3), kind))
    )
    return kernel("twice", ["n"], [array("A", F, (N,)), array("B", F, (N, N), "output")], body)


@pytest.mark.parametrize("kind", ["serial", "parallel"])
@pytest.mark.parametrize("blocks", [0, 1, 2, 3, 6])
def test_a_failed_allocation_is_status_1_and_leaks_nothing(kind, blocks):
    run = Run(two_blocks(kind))
    a, b = floats(4), np.zeros((4, 4), "f4")
    environment = Rationed(process_environment().address, blocks)
    status = call_with(run, environment, (a, b), n=4)
    assert environment.out == {}
    assert status == (0 if blocks >= 5 else 1)
    if blocks >= 5:
        assert np.array_equal(b, a[None, :] + a[:, None])
        assert environment.sizes[0] == 16 and environment.sizes[1:] == [28] * 4, (
            "padding is part of the block"
        )


def test_sizes_that_overflow_are_failed_allocations():
    """n * n elements of 4 bytes: the product leaves int64, or its sign bit is set."""
    i = local("i")
    body = allocate(
        "S", F, (N, N), loop("i", 0, build.minimum(N, number(1)), store("S", (i, i), load("A", F, i)))
    )
    made = kernel("huge", ["n"], [array("A", F, (N,)), array("B", F, (), "output")], body)
    run = Run(made)
    for n in (1 << 62, 1 << 31, (1 << 32) + 1, 3_037_000_500):
        environment = Rationed(process_environment().address, 1)
        assert call_with(run, environment, (floats(1), np.zeros((), "f4")), n=n) == 1
        assert environment.out == {}


def test_stack_scratch_is_limited():
    made = kernel(
        "deep",
        [],
        [array("B", F, (1,), "output")],
        allocate("S", F, (20_000,), store("B", (0,), load("S", F, 0)), "stack"),
    )
    with pytest.raises(LimitError) as caught:
        Run(made)
    assert caught.value.code == "L123" and "80000 bytes" in str(caught.value)


def test_stack_scratch_in_loops_does_not_grow_the_stack():
    i = local("i")
    body = loop(
        "i",
        0,
        N,
        allocate(
            "S", F, (8,), block(store("S", (0,), load("A", F, i)), store("B", (i,), load("S", F, 0))), "stack"
        ),
    )
    made = kernel("small", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output")], body)
    want, text = agree(made, {"A": floats(20)}, {"n": 20}, bodies=("contiguous",))
    entry = text.split("@small.contiguous(")[-1].split("loop")[0]
    assert "alloca [32 x i8], align 64" in entry and want["B"].shape == (20,)


@pytest.mark.parametrize("kind", ["serial", "parallel"])
def test_small_blocks_of_constant_size_lie_on_the_stack(kind):
    """Up to 4 KiB each and 16 KiB together: the arena is not asked in every iteration."""

    def made(*counts):
        i, body = local("i"), None
        for place, count in enumerate(counts):
            name = f"T{place}"
            use = block(
                store(name, (count - 1,), build.add(load("A", F, i), load("B", F, i))),
                store("B", (i,), load(name, F, count - 1)),
            )
            body = allocate(name, F, (number(count),), use if body is None else block(use, body), "heap")
        return kernel(
            "few", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output")], loop("i", 0, N, body, kind)
        )

    for counts, asked in (
        ((1024,), 0),
        ((1025,), 20),
        ((1024,) * 4, 0),
        ((1024,) * 5, 20),
        ((1, 2048, 3), 20),
    ):
        run = Run(made(*counts))
        a, b, environment = floats(20), np.zeros(20, "f4"), Rationed(process_environment().address, 1000)
        assert call_with(run, environment, (a, b), n=20) == 0
        np.testing.assert_allclose(b, len(counts) * a, rtol=1e-5)
        assert len(environment.sizes) == asked and environment.out == {}


def test_scratch_lives_where_it_is_allocated():
    i = local("i")
    inner = block(
        rows(8, lambda at: store("T", (at,), build.add(load("A", F, i, at), load("A", F, 0, at))), "x"),
        rows(8, lambda at: store("B", (i, at), build.mul(load("T", F, at), load("T", F, at))), "y"),
    )
    for scope, extent in (("heap", N), ("stack", number(32))):
        made = kernel(
            "scratch",
            ["m", "n"],
            [array("A", F, (M, N)), array("B", F, (M, N), "output")],
            loop("i", 0, M, allocate("T", F, (extent,), inner, scope)),
        )
        agree(made, {"A": floats(3, 19)}, {"m": 3, "n": 19})


def test_scratch_alignment_is_stated_only_where_it_is_known():
    """The arena aligns to 64: rows of 16 floats keep that, rows of n floats do not."""
    i, lane = local("i"), local("l")

    def made(width):
        body = allocate(
            "S",
            F,
            (N, width),
            loop(
                "i",
                0,
                N,
                block(
                    loop("l", 0, 16, store("S", (i, lane), load("A", F, lane)), "vector"),
                    loop("l", 0, 16, store("B", (i, lane), load("S", F, i, lane)), "vector"),
                ),
            ),
        )
        return kernel("rows", ["n"], [array("A", F, (16,)), array("B", F, (N, number(16)), "output")], body)

    assert "store <16 x float> %v" in Run(made(number(16))).text
    assert Run(made(number(16)), Target()).text.count("align 64") >= 1
    assert "<16 x float>, ptr" in Run(made(plus(N, 16))).text
    assert "align 64" not in Run(made(plus(N, 16))).text


def test_what_gives_blocks_back_grows_with_their_number_alone():
    """Each allocation that fails goes on to what gives back the blocks before it: a release a block, twice."""

    def chain(length):
        x = td.placeholder("x", (td.size("n"),))
        last = x
        for place in range(length):
            last = td.compute(f"u{place}", last.shape, lambda i, last=last: last[i] + 1.0)
        return td.build(td.schedule(last)).source("llvm")

    assert [chain(length).count("call void %v") for length in (3, 10)] == [3, 17]


def test_what_gives_a_block_back_is_known_wherever_that_happens():
    """Two accumulators of lanes, the second allocated in one of two arms: main loop and masked rest."""
    n, m = td.size("n"), td.size("m")
    x, k = td.placeholder("x", (n, m)), td.reduce_axis("k", m)
    pair = td.reducer(
        lambda a, b: (td.maximum(a[0], b[0]), a[1] + b[1]), lambda v, w: (td.min_value(v), td.cast(0, w))
    )
    y, z = td.compute(("y", "z"), (n, m), lambda i, j: pair((x[i, k] * x[i, j], x[i, k]), over=k))
    f = td.build(td.schedule(y, z).vectorize(y, "i", 4))
    largest, total = f(np.arange(10, dtype=np.float32).reshape(5, 2))
    assert largest[1].tolist() == [6.0, 9.0] and total[1].tolist() == [5.0, 5.0]

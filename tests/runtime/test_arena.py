"""Scratch memory: aligned, big enough, handed out once, kept up to the cap, usable from many threads."""

import ctypes
import random
import sys
import threading

import pytest

from tdsl.runtime.arena import Arena, physical_memory_bytes, process_arena
from tdsl.runtime.native import native
from tdsl.runtime.pool import ThreadPool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
MIB = 1 << 20


@pytest.fixture
def arena():
    made = Arena(64 * MIB)
    yield made
    made.close()


SIZES = [
    0,
    1,
    255,
    256,
    257,
    320,
    321,
    383,
    384,
    385,
    448,
    511,
    512,
    513,
    4096,
    4097,
    65537,
    MIB,
    MIB + 1,
    5 * MIB,
]


@pytest.mark.parametrize("size", SIZES)
def test_blocks_are_aligned_and_all_theirs_can_be_written(arena, size):
    block = arena.allocate(size)
    assert block and block % 64 == 0
    ctypes.memset(block, 255, size)
    arena.release(block)
    assert size <= arena.kept_bytes <= max(256, size * 1.25)
    assert arena.allocate(size) == block
    assert arena.kept_bytes == 0
    arena.release(block)


def test_every_size_gets_at_least_that_and_at_most_a_quarter_more(arena):
    for size in [*range(5000), *(2**power + delta for power in range(13, 22) for delta in (-1, 0, 1))]:
        block = arena.allocate(size)
        arena.release(block)
        assert size <= arena.kept_bytes <= max(256, size * 1.25), size
        arena.trim()


@pytest.mark.parametrize("size", [-1, -(2**63), 2**46 + 1, 2**62])
def test_what_cannot_be_had_is_null(arena, size):
    assert arena.allocate(size) == 0
    arena.release(0)
    assert arena.kept_bytes == 0


def test_more_than_the_address_space_is_null(arena):
    assert arena.allocate(2**46) == 0 or physical_memory_bytes() > 2**45


def test_blocks_in_use_never_overlap(arena):
    draw = random.Random(1)
    live = {}
    for turn in range(3000):
        if live and draw.random() < 0.5:
            block, (size, mark) = live.popitem() if draw.random() < 0.5 else pick(live, draw)
            assert ctypes.string_at(block, size) == bytes([mark]) * size
            arena.release(block)
        else:
            size, mark = draw.choice((100, 300, 1000, 5000)), turn % 256
            block = arena.allocate(size)
            assert block not in live
            ctypes.memset(block, mark, size)
            live[block] = (size, mark)
    for block in live:
        arena.release(block)


def pick(live, draw):
    block = draw.choice(list(live))
    return block, live.pop(block)


def test_no_more_is_kept_than_the_cap():
    arena = Arena(MIB)
    small = [arena.allocate(200_000) for _ in range(4)]
    for block in small:
        arena.release(block)
    kept = arena.kept_bytes
    assert 800_000 <= kept <= MIB
    large = arena.allocate(900_000)
    arena.release(large)  # what was kept makes room
    assert 900_000 <= arena.kept_bytes <= MIB
    huge = arena.allocate(3 * MIB)
    arena.release(huge)  # larger than the cap: never kept
    assert arena.kept_bytes == 0
    arena.close()


def test_more_blocks_than_slots(arena):
    blocks = [arena.allocate(1000) for _ in range(100)]
    assert len(set(blocks)) == 100
    for block in blocks:
        arena.release(block)
    assert arena.kept_bytes == 64 * 1024
    arena.trim()
    assert arena.kept_bytes == 0


def test_many_threads_at_once(arena):
    """Each thread writes its mark all over its blocks and finds it again."""
    wrong = []

    def work(mark):
        draw = random.Random(mark)
        for _ in range(1000):
            size = draw.choice((256, 400, 4096))
            block = arena.allocate(size)
            ctypes.memset(block, mark, size)
            if ctypes.string_at(block, size) != bytes([mark]) * size:
                wrong.append(mark)
            arena.release(block)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    arena.trim()
    assert arena.kept_bytes == 0


# words: arena, allocate, release, then how often a block was null or somebody else's.
STRESS = """
define void @stress(ptr %words, i64 %i) {
entry:
  %arena = load ptr, ptr %words, align 8
  %allocate.at = getelementptr ptr, ptr %words, i64 1
  %allocate = load ptr, ptr %allocate.at, align 8
  %release.at = getelementptr ptr, ptr %words, i64 2
  %release = load ptr, ptr %release.at, align 8
  %wrong = getelementptr i64, ptr %words, i64 3
  br label %loop
loop:
  %turn = phi i64 [ 0, %entry ], [ %turn.next, %next ]
  %block = call ptr %allocate(ptr %arena, i64 256)
  %none = icmp eq ptr %block, null
  br i1 %none, label %bad, label %use
use:
  store volatile i64 %i, ptr %block, align 8
  %last.at = getelementptr i64, ptr %block, i64 31
  store volatile i64 %i, ptr %last.at, align 8
  %first = load volatile i64, ptr %block, align 8
  %last = load volatile i64, ptr %last.at, align 8
  %sum = add i64 %first, %last
  %want = shl i64 %i, 1
  %mine = icmp eq i64 %sum, %want
  call void %release(ptr %arena, ptr %block)
  br i1 %mine, label %next, label %bad
bad:
  atomicrmw add ptr %wrong, i64 1 monotonic, align 8
  br label %next
next:
  %turn.next = add i64 %turn, 1
  %more = icmp slt i64 %turn.next, 200000
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""


def test_threads_race_for_the_same_slots(arena, load):
    code = load(STRESS, "stress")
    functions = [native().address(name) for name in ("tdsl_allocate", "tdsl_release")]
    words = (ctypes.c_int64 * 4)(arena.context, *functions, 0)
    pool = ThreadPool(4)
    pool.run(code.address("stress"), ctypes.addressof(words), 4)
    pool.close()
    assert words[3] == 0
    kept = arena.kept_bytes
    assert kept in (256, 512, 768, 1024)  # one block for each thread that ran at once
    arena.trim()
    assert arena.kept_bytes == 0


def test_the_process_keeps_an_eighth_of_memory_at_most():
    assert process_arena() is process_arena()
    assert process_arena().cap_bytes == physical_memory_bytes() // 8

"""Artifacts: bodies by kind, and a hash that tells apart what differs and nothing else."""

import dataclasses
import os
import subprocess
import sys

import pytest

from tdsl.codegen.abi import ArgumentSpec, KernelAbi
from tdsl.codegen.artifact import Artifact, Body, artifact_hash
from tdsl.errors import InternalError
from tdsl.target import Target

ABI = KernelAbi(("n",), (ArgumentSpec("x", "array", "float32", 1, "input"),))
FAST = Body("contiguous", "f_contiguous", "text one", b"object one")
SLOW = Body("general", "f_general", "text two", b"object two")
ARTIFACT = Artifact("f", ABI, Target("cpu:x86-64-v3"), (FAST,))


def test_bodies():
    assert ARTIFACT.body("contiguous") is FAST and ARTIFACT.body("general") is None
    both = ARTIFACT.with_body(SLOW)
    assert both.body("general") is SLOW and both.entry_names == ("f_contiguous", "f_general")
    assert ARTIFACT.bodies == (FAST,)


@pytest.mark.parametrize("bodies", [(), (FAST, FAST)])
def test_one_or_two_bodies_each_kind_once(bodies):
    with pytest.raises(InternalError, match=r"codegen\.artifact"):
        dataclasses.replace(ARTIFACT, bodies=bodies)


def test_the_hash_is_of_what_is_computed():
    others = [
        dataclasses.replace(ARTIFACT, abi=KernelAbi(("m",), ABI.arguments)),
        dataclasses.replace(ARTIFACT, target=Target("cpu:x86-64-v4")),
        dataclasses.replace(ARTIFACT, target=Target("cpu", mcpu="x86-64-v3", features=("avxvnni",))),
        dataclasses.replace(ARTIFACT, bodies=(dataclasses.replace(FAST, llvm_text="text 1"),)),
        dataclasses.replace(ARTIFACT, bodies=(dataclasses.replace(FAST, kind="general"),)),
        ARTIFACT.with_body(SLOW),
    ]
    assert len({ARTIFACT.hash, *(each.hash for each in others)}) == 7
    assert dataclasses.replace(ARTIFACT, name="g").hash == ARTIFACT.hash
    assert artifact_hash(ABI, ARTIFACT.target, [("contiguous", "text one")]) == ARTIFACT.hash


def test_the_hash_is_the_same_in_every_process():
    program = (
        "from tdsl.codegen.abi import *; from tdsl.codegen.artifact import *; from tdsl.target import Target\n"
        "abi = KernelAbi(('n',), (ArgumentSpec('x', 'array', 'float32', 1, 'input'),))\n"
        "print(artifact_hash(abi, Target('cpu:x86-64-v3'), [('contiguous', 'text one')]))"
    )
    for seed in ("0", "77"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == ARTIFACT.hash

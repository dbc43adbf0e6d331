"""LLVM across threads and forks: a child forked in the middle of another thread's compile can compile too."""

import os
import subprocess
import sys

import llvmlite.binding as llvm
import pytest

from tdsl.codegen.llvm_library import LLVM_VERSION, llvm_lock

PROGRAM = """
import os, signal, threading
from tdsl.codegen.machine import assembly, compile_object
from tdsl.target import Target

body = "".join(f"  %a{i} = fmul double %a{i - 1}, %x\\n" for i in range(1, 400))
text = "define double @f(double %a0, double %x) {\\n" + body + "  ret double %a399\\n}\\n"
want = compile_object(text, Target())
stop, done = threading.Event(), []

def compile_beside():
    while not stop.is_set():
        done.append(compile_object(text, Target()) == want)

threads = [threading.Thread(target=compile_beside) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(15):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a child that waits for a dead thread's lock is killed
        os._exit(0 if compile_object(text, Target()) == want and assembly(text, Target("cpu:aarch64")) else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
assert done and all(done)
print("fine")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux")
def test_forks_while_other_threads_compile():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "fine\n", done.stderr


def test_the_lock_is_reentrant():
    with llvm_lock(), llvm_lock():
        assert llvm.get_process_triple()


def test_the_version():
    assert LLVM_VERSION == ".".join(map(str, llvm.llvm_version_info))

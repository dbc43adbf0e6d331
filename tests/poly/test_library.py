"""isl in islpy's library, and islpy's own classes where the library shows no functions: the same answers."""

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from tdsl.poly import library

PROGRAM = """
import sys
{first}
import tdsl as td
from tdsl.poly import library
n, m = td.size("n"), td.size("m")
a = td.placeholder("a", (n + 2, m), "float32")
try:
    td.compute("bad", (n + 1, m), lambda i, j: a[i + 2, j])
except td.BoundsError as error:
    print(error)
mean = td.compute("mean", (n + 1, m), lambda i, j: 0.5 * (a[i, j] + a[i + 1, j]))
slope = td.compute("slope", (n, m), lambda i, j: mean[i + 1, j] - mean[i, j])
s = td.schedule(slope, target="cpu:x86-64-v3").tile(slope, {{"i": 32, "j": 16}}).compute_at(mean, slope, "jo")
print(td.build(s.vectorize(slope, "ji"), target="interpret").source("loops"))
try:
    s.store_root(mean).parallel(slope, "io")
except td.IllegalSchedule as error:
    print(error)
    print(error.witness.replay())
H = td.recurrence("H", (n, m), lambda H, i, j: td.where(td.all(i > 0, j > 0), H[i - 1, j - 1], 0.0) + a[i, j])
print(td.schedule(H).tilable(H))
print(library.Set.__module__, file=sys.stderr)
"""

BLOCKED = "sys.modules['tdsl.poly.isl_library'] = None"
HIDDEN = "import tdsl.poly.islpy_version, ctypes; ctypes.PyDLL = lambda path: ctypes.CDLL(None)"
OLDER = (
    "import tdsl.poly.isl_library as it; real = it.require;"
    " it.require = lambda name: real('no_function' if name == 'isl_map_lex_lt' else name)"
)
OTHER_FILE = "import islpy; islpy.__path__ = ['nowhere']"


@lru_cache(maxsize=1)
def wanted_answers():
    return answers("")


def answers(first):
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(first=first)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.split(".")[0].strip()


@pytest.mark.parametrize(
    ("first", "whose"),
    [
        (BLOCKED, "islpy"),
        (HIDDEN, "islpy"),
        (OLDER, "islpy"),
        (OTHER_FILE, "islpy"),
        ("import islpy", "tdsl"),
    ],
    ids=["blocked", "no functions", "one function less", "no file", "islpy there already"],
)
def test_both_give_the_same_answers(first, whose):
    wanted, ours = wanted_answers()
    found, theirs = answers(first)
    assert (ours, theirs) == ("tdsl", whose)
    assert found == wanted and "would race on mean" in wanted and "replay" in wanted


def test_one_module_asks_islpy():
    """Another would lose memory, and its objects are not tdsl's."""
    asking = [
        path.name
        for path in Path(library.__file__).parent.glob("*.py")
        if "import islpy\n" in path.read_text()
    ]
    wrong = [name for name in asking if name != "islpy_classes.py"]
    assert not wrong, "from tdsl.poly import library as isl"


@pytest.mark.parametrize("keep", ["", "kept = door.context(), s"])
def test_the_end_of_a_process_is_silent(keep):
    """Contexts and objects that live to the end, in modules that have lost their names."""
    ask = (
        "from tdsl.poly import isl as door\n"
        "s = door.basic_set(door.set_space(door.param_space(1), 1), (), [[0, 0, 1], [-1, 1, -1]]).coalesce()\n"
        f"{keep}\n"
        "class Late:\n"
        "    def __del__(self, one=s):\n"
        "        try: one.intersect(one).is_empty(), str(one)\n"
        "        except Exception: pass\n"
        "late = Late()\n"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

"""The public interface: every name loads, verbs survive the folders that share their names, importing is cheap."""

import importlib
import inspect
import pkgutil
import random
import subprocess
import sys

import pytest

import tdsl
import tdsl as td


def submodules() -> list[str]:
    return sorted(
        module.name
        for module in pkgutil.walk_packages(tdsl.__path__, "tdsl.")
        if "__main__" not in module.name
    )


@pytest.mark.parametrize("name", sorted(tdsl.PUBLIC))
def test_every_name_loads(name):
    value = getattr(td, name)
    assert callable(value) and not inspect.ismodule(value)
    assert inspect.getdoc(value)


def test_all_names_everything():
    assert sorted(tdsl.__all__) == sorted(tdsl.PUBLIC)
    assert set(tdsl.__all__) <= set(dir(tdsl))


RUN = """
import sys, importlib
for name in sys.argv[1].split(","):
    importlib.import_module(name)
import tdsl as td
assert callable(td.schedule) and callable(td.size), td.schedule
n = td.size("n", min=1)
x = td.placeholder("x", (n,))
k = td.reduce_axis("k", n)
y = td.compute("y", (n,), lambda i: td.where(x[i] > td.max(x[k], over=k), x[i], td.clamp(x[i], 0.0, 1.0)))
z = td.pad(y, 1, mode="edge") + td.param("alpha")
s = td.schedule(z)
assert isinstance(s, td.Schedule) and s.stages()
import tdsl.schedule
assert callable(td.schedule) and sys.modules["tdsl.schedule"] is not td.schedule
"""


@pytest.mark.parametrize("seed", range(3))
def test_verbs_survive_submodules_in_any_order(seed):
    names = submodules()
    random.Random(seed).shuffle(names)
    done = subprocess.run([sys.executable, "-c", RUN, ",".join(names)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_submodules_stay_reachable():
    assert importlib.import_module("tdsl.schedule.state").__name__ == "tdsl.schedule.state"
    from tdsl.schedule import state

    assert state.__name__ == "tdsl.schedule.state"


def test_unknown_names_are_explained():
    with pytest.raises(AttributeError, match=r"tdsl has no 'conpute'; did you mean td.compute\?"):
        td.conpute
    with pytest.raises(ImportError):
        from tdsl import nothing_of_that_name  # noqa: F401


def test_a_user_may_not_lose_verbs_by_a_module():
    """Setting a plain attribute works; a module under a verb's name is dropped."""
    before = td.size
    tdsl.size = importlib.import_module("tdsl.declare.size")
    assert td.size is before


def test_importing_loads_nothing_heavy():
    ask = (
        "import sys; import tdsl; before = set(sys.modules);"
        "import tdsl as td; n = td.size('n'); x = td.placeholder('x', (n,));"
        "y = td.compute('y', (n,), lambda i: x[i] + 1.0);"
        "print(*sorted({'llvmlite', 'islpy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""  # not even a plain declaration needs isl

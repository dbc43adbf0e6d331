"""Every primitive is documented alike, and what its docstring shows is true."""

import doctest
import importlib
import inspect
import subprocess
import sys

import pytest

from tdsl.schedule import primitives
from tdsl.schedule.directive import Directive
from tdsl.schedule.primitives import PRIMITIVES


@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_rewrite_in_the_docstring_is_true(name):
    module = importlib.import_module(f"tdsl.schedule.primitives.{name}")
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_docstring_has_all_sections(name):
    text = inspect.getdoc(PRIMITIVES[name])
    for section in ("Rewrite:", "Legal when:", "Errors:", "Source:"):
        assert section in text, section


@pytest.mark.parametrize("name", PRIMITIVES)
def test_one_file_a_primitive(name):
    directive = PRIMITIVES[name]
    assert issubclass(directive, Directive)
    assert directive.primitive == name
    assert directive.__module__ == f"tdsl.schedule.primitives.{name}"


def test_they_load_when_used():
    """A program pays for the directives that it has: what its methods name, and what those build on."""
    ask = (
        "import sys, tdsl as td; n = td.size('n'); a = td.placeholder('a', (n,))\n"
        "b = td.compute('b', (n,), lambda i: a[i] + 1.0); td.schedule(b).unroll(b, 'i', 4)\n"
        "print(*sorted(name.rpartition('.')[2] for name in sys.modules if '.primitives.' in name))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["split", "unroll"]


def test_no_other_names():
    with pytest.raises(AttributeError, match="no primitive Nothing"):
        primitives.Nothing

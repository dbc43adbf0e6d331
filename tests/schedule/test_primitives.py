"""Every primitive is documented alike, and what its docstring shows is true."""

import doctest
import importlib
import inspect

import pytest

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

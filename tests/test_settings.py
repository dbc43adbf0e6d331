"""Options nest, are values, refuse what they don't know; switches are read from the environment when asked."""

import pickle
import threading
from pathlib import Path

import pytest

from tdsl import settings
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.settings import (
    SWITCHES,
    Options,
    cache_directory,
    cache_limit_bytes,
    current_options,
    full_traceback,
    options,
    time_builds,
)


def test_defaults_are_strict_and_contracting():
    assert current_options() == Options() == Options(fast_math=False, contract=True)
    assert Options().text() == ""


def test_blocks_nest_and_end():
    with options(contract=False) as outer:
        assert current_options() is outer
        with options(fast_math=True):
            assert current_options() == Options(fast_math=True, contract=False)
        assert current_options() == Options(contract=False)
    assert current_options() == Options()


def test_a_block_ends_on_an_error_too():
    with pytest.raises(KeyError), options(contract=False):
        raise KeyError("inside")
    assert current_options() == Options()


def test_one_object_serves_many_blocks():
    strict = options(contract=False)
    with strict, strict:
        assert current_options() == Options(contract=False)
    with options(fast_math=True), strict:
        assert current_options() == Options(fast_math=True, contract=False)
    assert current_options() == Options()


def test_threads_do_not_see_each_others_blocks():
    seen = []
    with options(contract=False):
        thread = threading.Thread(target=lambda: seen.append(current_options()))
        thread.start()
        thread.join()
    assert seen == [Options()]


def test_values():
    value = Options(contract=False)
    assert value.text() == "contract=False"
    assert Options(fast_math=True, contract=False).text() == "fast_math=True, contract=False"
    assert pickle.loads(pickle.dumps(value)) == value
    assert Options.from_data(value.to_data()) == value
    assert len({value, Options(contract=False), Options()}) == 2
    with pytest.raises(AttributeError):
        value.contract = True


def test_an_unknown_option():
    with pytest.raises(ArgumentError) as caught:
        options(fastmath=True)
    lines = str(caught.value).splitlines()
    assert lines[0] == "E121: there is no option 'fastmath'"
    assert lines[1].startswith("  test_settings.py:")
    assert lines[1].endswith("options(fastmath=True)")
    assert lines[3:] == ["  options: fast_math=False, contract=True", "  try: td.options(fast_math=True)"]


def test_an_option_that_is_no_switch():
    with pytest.raises(ArgumentTypeError) as caught:
        options(contract="no")
    lines = str(caught.value).splitlines()
    assert lines[0] == "E122: option contract is True or False, not 'no'"
    assert lines[3:] == ["  try: contract=True", "   or: contract=False"]


@pytest.mark.parametrize(
    ("value", "on"), [("1", True), ("yes", True), ("0", False), ("", False), (None, False)]
)
def test_switches(monkeypatch, value, on):
    for name, read in (("TDSL_TIME", time_builds), ("TDSL_FULL_TRACEBACK", full_traceback)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
        assert read() is on


def test_the_cache_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("TDSL_CACHE", raising=False)
    monkeypatch.setenv("TDSL_CACHE_DIR", str(tmp_path / "here"))
    assert cache_directory() == str(tmp_path / "here")
    monkeypatch.setenv("TDSL_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == str(tmp_path / "tdsl")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the specification
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == str(tmp_path / "home/.cache/tdsl")
    monkeypatch.setenv("TDSL_CACHE", "0")
    assert cache_directory() is None


def test_the_limit_of_the_cache(monkeypatch):
    monkeypatch.delenv("TDSL_CACHE_MB", raising=False)
    assert cache_limit_bytes() == 500_000_000
    monkeypatch.setenv("TDSL_CACHE_MB", "3")
    assert cache_limit_bytes() == 3_000_000
    for wrong in ("0", "-1", "much", "1.5"):
        monkeypatch.setenv("TDSL_CACHE_MB", wrong)
        with pytest.raises(ArgumentError, match="C122: TDSL_CACHE_MB is a positive integer"):
            cache_limit_bytes()


def test_every_switch_that_is_read_anywhere_is_listed():
    package = Path(settings.__file__).parent
    import re

    read = {
        name for path in package.rglob("*.py") for name in re.findall(r'"(TDSL_[A-Z_]+)"', path.read_text())
    }
    assert read == set(SWITCHES)

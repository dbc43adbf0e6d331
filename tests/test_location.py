"""User locations: the right line and columns of real programs, cheap to take, frozen, and gone from no traceback."""

import linecache
import os
import pickle
import subprocess
import sys
import traceback
import types
from pathlib import Path

import pytest

import tdsl as td
import tdsl.location
from tdsl.errors import InternalError, ShapeError
from tdsl.location import Location, here, hide_internal_frames


def inside_tdsl(source, **names):
    """Names defined by code that stands in a file of the package (that is what makes a frame internal)."""
    scope = {"__name__": "tdsl.made_up", **names}
    exec(compile(source, tdsl.location.PACKAGE + "made_up.py", "exec"), scope)
    return scope


PRIMITIVES = inside_tdsl(
    """
class Chain:
    def __init__(self, places=()):
        self.places = places
    def split(self, *args, **kwargs):
        return Chain((*self.places, take()))
    tile = split
def take():
    return here()
def call(function, *args):
    return function(*args)
""",
    here=here,
)


def run(tmp_path, source, name="prog.py"):
    """Execute a user's program from a file and give its names."""
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    scope = {**PRIMITIVES, "__name__": "__main__"}
    exec(compile(source, str(path), "exec"), scope)
    return scope


def test_one_call(tmp_path):
    place = run(tmp_path, "x = 1\ny = take()\n")["y"]
    assert place.lines() == ("prog.py:2   y = take()", "                ^^^^^^")
    assert place.render() == "prog.py:2   y = take()\n                ^^^^^^"
    assert (place.line, place.columns, place.function) == (2, (4, 10), "<module>")
    assert place.filename == str(tmp_path / "prog.py")
    assert str(place) == place.brief() == "prog.py:2"


def test_a_chain_on_one_line_marks_the_method_that_was_called(tmp_path):
    first, second = run(tmp_path, 's = Chain().split("C", 8).tile("C", {"i": 4})\n')["s"].places
    text = 'prog.py:1   s = Chain().split("C", 8).tile("C", {"i": 4})'
    assert first.lines() == (text, "                        ^^^^^^^^^^^^^")
    assert second.lines() == (text, "                                      ^^^^^^^^^^^^^^^^^^^")


def test_a_chain_over_lines_gives_each_call_its_own_line(tmp_path):
    source = 's = (Chain()\n     .split("C", 8)\n     .tile("C",\n           4)\n     .split(width=3))\n'
    assert [place.lines() for place in run(tmp_path, source)["s"].places] == [
        ('prog.py:2   .split("C", 8)', "             ^^^^^^^^^^^^^"),
        ('prog.py:3   .tile("C",', "             ^^^^^^^^^"),
        ("prog.py:5   .split(width=3))", "             ^^^^^^^^^^^^^^"),
    ]


def test_the_innermost_user_frame_wins(tmp_path):
    source = "def f(i):\n    return take()\nplace = call(f, 1)\n"
    place = run(tmp_path, source)["place"]
    assert (place.line, place.function) == (2, "f")


def test_characters_wider_than_a_byte(tmp_path):
    place = run(tmp_path, "größe = 'äöü'; y = take()\n")["y"]
    assert place.lines() == ("prog.py:1   größe = 'äöü'; y = take()", " " * 31 + "^^^^^^")


def test_a_long_line_is_a_window_around_the_caret(tmp_path):
    place = run(tmp_path, f"x = {'1 + ' * 60}1; y = take(); z = {'2 + ' * 60}2\n")["y"]
    text, caret = place.lines()
    assert len(text) < 130
    assert text.startswith("prog.py:1   …")
    assert text.endswith("…")
    start = caret.index("^")
    assert text[start : start + caret.count("^")] == "take()"


def test_a_long_line_with_the_caret_in_front(tmp_path):
    text, caret = run(tmp_path, f"y = take(); z = {'2 + ' * 60}2\n")["y"].lines()
    assert text.endswith("…")
    assert text[caret.index("^") :].startswith("take()")


def test_where_the_source_is_gone_the_line_number_stays(tmp_path):
    place = run(tmp_path, "y = take()\n")["y"]
    (tmp_path / "prog.py").unlink()
    linecache.checkcache()
    assert place.lines() == ("prog.py:1",)


def test_generated_code_of_ours_is_not_the_user(tmp_path, monkeypatch):
    module = types.ModuleType("tdsl.made_up")
    monkeypatch.setitem(
        sys.modules, "tdsl.made_up", module
    )  # dataclasses run their __init__ in the module's names
    source = """
from dataclasses import dataclass
@dataclass(frozen=True)
class Directive:
    factor: int
    def __post_init__(self):
        object.__setattr__(self, "where", take())
"""
    module.take = PRIMITIVES["take"]
    exec(compile(source, tdsl.location.PACKAGE + "made_up.py", "exec"), module.__dict__)
    assert module.Directive.__init__.__code__.co_filename == "<string>"
    path = tmp_path / "prog.py"
    path.write_text("made = Directive(3)\n", encoding="utf-8")
    names = {"Directive": module.Directive, "__name__": "__main__"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    assert names["made"].where.brief() == "prog.py:1"


def test_a_sibling_folder_with_our_prefix_is_the_users():
    source = "place = take()"
    scope = {**PRIMITIVES, "__name__": "extra"}
    folder = tdsl.location.PACKAGE.removesuffix(os.sep) + "_extra" + os.sep
    exec(compile(source, folder + "more.py", "exec"), scope)
    assert scope["place"].brief() == "more.py:1"


def test_no_frame_is_kept(tmp_path):
    import gc
    import weakref

    class Array:
        pass

    array = Array()
    alive = weakref.ref(array)
    scope = run(tmp_path, "def f(array):\n    return take()\n")
    place = scope["f"](array)
    del array
    gc.collect()
    assert alive() is None
    assert place.line == 2


def test_equal_by_value_and_pickled_decoded(tmp_path):
    scope = run(tmp_path, "def f():\n    return take()\na = f()\nb = f()\nc = take()\n")
    assert scope["a"] == scope["b"]
    assert hash(scope["a"]) == hash(scope["b"])
    assert scope["a"] != scope["c"]
    assert scope["a"] != "prog.py:2"
    data = pickle.dumps(scope["c"])
    (tmp_path / "prog.py").unlink()
    linecache.checkcache()
    twin = pickle.loads(data)
    assert twin.lines() == ("prog.py:5   c = take()", "                ^^^^^^")
    assert pickle.loads(pickle.dumps(twin)) == twin


def test_a_location_is_frozen():
    place = here()
    with pytest.raises(AttributeError):
        place.offset = 3


def test_a_location_of_nothing_is_a_bug_of_ours():
    with pytest.raises(InternalError, match="a location without code or position"):
        _ = Location(None, 0).position


def test_notebook_cells_are_called_by_their_number(tmp_path, monkeypatch):
    class Compiler:
        def format_code_name(self, name):
            return ("Cell", "In[3]") if "ipykernel" in name else None

    class Shell:
        compile = Compiler()

    class IPython:
        get_ipython = staticmethod(Shell)

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    assert run(tmp_path, "y = take()\n", "ipykernel_17.py")["y"].brief() == "In[3]:1"
    assert run(tmp_path, "y = take()\n")["y"].brief() == "prog.py:1"


# tracebacks


PUBLIC = inside_tdsl(
    """
@hide_internal_frames
def outer(function, *args):
    return inner(function, *args)
def inner(function, *args):
    return function(*args)
@hide_internal_frames
def refuse(kind):
    def deeper():
        raise kind
    deeper()
""",
    hide_internal_frames=hide_internal_frames,
)


def functions_of(error):
    return [entry.name for entry in traceback.extract_tb(error.__traceback__)]


def test_an_error_of_ours_shows_the_users_frames_only():
    with pytest.raises(ShapeError) as caught:
        PUBLIC["refuse"](ShapeError("E104", "what"))
    assert functions_of(caught.value) == ["test_an_error_of_ours_shows_the_users_frames_only"]


def test_an_error_without_a_position_gets_the_line_of_the_public_call(tmp_path):
    source = "def body():\n    refuse(ShapeError('E104', 'what'))\ncall = 1\nouter(body)\n"
    path = tmp_path / "prog.py"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(ShapeError) as caught:
        exec(compile(source, str(path), "exec"), {**PUBLIC, "ShapeError": ShapeError, "__name__": "__main__"})
    assert caught.value.where.brief() == "prog.py:2"
    elsewhere = here()
    with pytest.raises(ShapeError) as caught:
        PUBLIC["refuse"](ShapeError("E104", "what", where=elsewhere))
    assert caught.value.where is elsewhere


def test_frames_of_the_user_inside_stay_in_order():
    def body(value):
        return PUBLIC["refuse"](value)

    with pytest.raises(ShapeError) as caught:
        PUBLIC["outer"](body, ShapeError("E104", "what"))
    assert functions_of(caught.value) == ["test_frames_of_the_user_inside_stay_in_order", "body"]


def test_other_errors_keep_every_frame():
    def body():
        raise KeyError("user")

    with pytest.raises(KeyError) as caught:
        PUBLIC["outer"](body)
    assert functions_of(caught.value)[1:] == ["guarded", "outer", "inner", "body"]
    with pytest.raises(InternalError) as caught:
        PUBLIC["refuse"](InternalError("impossible", pass_name="x"))
    assert functions_of(caught.value)[-2:] == ["refuse", "deeper"]


def test_full_tracebacks_on_demand(monkeypatch):
    monkeypatch.setenv("TDSL_FULL_TRACEBACK", "1")
    with pytest.raises(ShapeError) as caught:
        PUBLIC["refuse"](ShapeError("E104", "what"))
    assert functions_of(caught.value)[1:] == ["guarded", "refuse", "deeper"]


def test_a_decorated_function_keeps_its_name_and_text():
    @hide_internal_frames
    def split(factor: int) -> int:
        """Split."""
        return factor

    assert (split.__name__, split.__doc__, split(3)) == ("split", "Split.", 3)


def test_what_python_itself_prints(tmp_path):
    program = tmp_path / "prog.py"
    program.write_text(
        "import tdsl.dtypes\nfrom tdsl.settings import options\n\noptions(fastmath=True)\n", encoding="utf-8"
    )
    root = Path(tdsl.location.PACKAGE).parent
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(root), "TDSL_FULL_TRACEBACK": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not set(line.strip()) <= {"^", "~"}]
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{program}", line 4, in <module>',
        "    options(fastmath=True)",
        "tdsl.errors.ArgumentError: E121: there is no option 'fastmath'",
        "  prog.py:4   options(fastmath=True)",
        "  options: fast_math=False, contract=True",
        "  try: td.options(fast_math=True)",
    ]


def test_loops_nested_too_deeply_are_a_limit_and_recursion_of_the_user_is_theirs():
    n = td.size("n")
    last = x = td.placeholder("x", (n,))
    for place in range(400):
        last = td.compute(f"u{place}", (n,), lambda i, last=last: last[i] + 1.0)
    with pytest.raises(td.LimitError, match=r"L124: the loops of this program are nested too deeply"):
        td.build(td.schedule(last), target="interpret")

    def endless(i):
        return x[i] + endless(i)

    with pytest.raises(RecursionError):
        td.compute("y", (n,), endless)

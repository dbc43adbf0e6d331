"""The error tree: full text of every form, the ten-line limit, what is cut, builtins, pickling."""

import copy
import pickle

import pytest

from tdsl import errors
from tdsl.errors import (
    ArgumentError,
    ArgumentTypeError,
    BoundsError,
    CallKeyError,
    CallTypeError,
    IllegalSchedule,
    InternalError,
    MissingTool,
    ShapeError,
    TdslError,
    UnprovenSchedule,
    Witness,
)


class Spot:
    """A position in a program that is not there."""

    def lines(self):
        return 'blur.py:14   .parallel("C", "k")', "              ^^^^^^^^^^^^^^^^^^"


WITNESS = Witness("C", (0, 0), ({"i": 0, "k": 0}, {"i": 0, "k": 1}), {"n": 1}, "output", axis="k")


def all_classes(cls=TdslError):
    yield cls
    for child in cls.__subclasses__():
        yield from all_classes(child)


def test_a_message_of_one_line():
    assert str(ShapeError("E104", "an extent is 2.5")) == "E104: an extent is 2.5"


def test_all_parts_in_order():
    error = IllegalSchedule(
        "S203",
        "parallel would let two iterations write the same element",
        where=Spot(),
        why=[WITNESS.text(), "k is a reduction axis"],
        loops=["for i:", "  for j:", "    for k:   <- parallel", "      C[i, j] += …"],
        hint=['rfactor("C", "k", name="part")', "make i or j parallel"],
        witness=WITNESS,
    )
    assert str(error) == (
        "S203: parallel would let two iterations write the same element\n"
        '  blur.py:14   .parallel("C", "k")\n'
        "                ^^^^^^^^^^^^^^^^^^\n"
        "  i=0, k=0 writes C[0, 0], i=0, k=1 writes it again   (n=1)\n"
        "  k is a reduction axis\n"
        "        for j:\n"
        "          for k:   <- parallel\n"
        '  try: rfactor("C", "k", name="part")\n'
        "   or: make i or j parallel"
    ).replace("        for j:\n", "      for i:\n        for j:\n")


def test_what_does_not_fit_is_cut_around_the_mark_and_kept_in_the_attributes():
    error = IllegalSchedule(
        "S201",
        "reorder",
        where=Spot(),
        why=["one", "two", "three"],
        loops=["for a:", "  for b:", "    for c:   <- here", "      for d:", "        x"],
        hint=["first", "second", "third"],
    )
    assert str(error) == (
        "S201: reorder\n"
        '  blur.py:14   .parallel("C", "k")\n'
        "                ^^^^^^^^^^^^^^^^^^\n"
        "  one\n"
        "  two\n"
        "  three\n"
        "        for b:\n"
        "          for c:   <- here\n"
        "  try: first\n"
        "   or: second"
    )
    assert error.loops == ("for a:", "  for b:", "    for c:   <- here", "      for d:", "        x")
    assert error.hint == ("first", "second", "third")


@pytest.mark.parametrize("counts", [(0, 0, 9), (9, 0, 0), (0, 9, 0), (9, 9, 9), (1, 9, 1), (3, 1, 4)])
def test_never_more_than_ten_lines_nor_fewer_than_fit(counts):
    why, loops, hint = ([f"line {n}" for n in range(count)] for count in counts)
    text = str(ScheduleErrorOf(why, loops, hint))
    assert len(text.splitlines()) == min(10, 3 + sum(counts))


def ScheduleErrorOf(why, loops, hint):
    return IllegalSchedule("S201", "what", where=Spot(), why=why, loops=loops, hint=hint)


def test_line_breaks_count_as_lines_and_a_single_string_is_one_entry():
    error = ShapeError("E104", "two\nlines", why="a\nb", hint="c")
    assert error.why == ("a", "b")
    assert str(error) == "E104: two lines\n  a\n  b\n  try: c"


def test_rendering_waits_until_it_is_printed():
    class Slow:
        def lines(self):
            raise AssertionError("rendered")

    error = ShapeError("E104", "what", where=Slow())
    with pytest.raises(AssertionError, match="rendered"):
        str(error)


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ShapeError", ValueError),
        ("DTypeError", TypeError),
        ("BoundsError", IndexError),
        ("DuplicateNameError", ValueError),
        ("BoolError", TypeError),
        ("AxisScopeError", ValueError),
        ("ArgumentError", ValueError),
        ("ArgumentTypeError", TypeError),
        ("UnknownAxisError", LookupError),
        ("UnknownStageError", LookupError),
        ("PlacementError", ValueError),
        ("IllegalSchedule", ValueError),
        ("UnprovenSchedule", IllegalSchedule),
        ("LimitError", ValueError),
        ("TargetError", ValueError),
        ("FormatError", ValueError),
        ("CallTypeError", TypeError),
        ("CallValueError", ValueError),
        ("CallKeyError", KeyError),
        ("CallMemoryError", MemoryError),
        ("MissingTool", RuntimeError),
        ("InternalError", RuntimeError),
    ],
)
def test_each_is_the_fitting_builtin_too(name, builtin):
    cls = getattr(errors, name)
    assert issubclass(cls, TdslError)
    assert issubclass(cls, builtin)


def test_a_key_error_prints_its_message_and_not_its_representation():
    assert str(CallKeyError("C107", "no keyword 'output'")) == "C107: no keyword 'output'"


def test_every_class_pickles_with_all_its_attributes():
    for cls in all_classes():
        if cls is InternalError:
            error = InternalError("impossible", pass_name="lower.hoist", why=["a"])
        else:
            error = cls("S201", "what", why=["a"], loops=["b"], hint=["c"])
        error.add_note("seen in run 7")
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(twin) is cls
            assert vars(twin) == vars(error)
            assert str(twin) == str(error)
            assert twin.args == error.args


def test_extra_attributes_travel():
    error = UnprovenSchedule(
        "S206",
        "what",
        witness=WITNESS,
        condition="n <= m",
        access="a[idx[r]]",
        fact="idx has no equal entries",
    )
    twin = pickle.loads(pickle.dumps(error))
    assert twin.witness == WITNESS
    assert (twin.condition, twin.access, twin.fact) == ("n <= m", "a[idx[r]]", "idx has no equal entries")
    bounds = pickle.loads(
        pickle.dumps(BoundsError("E301", "what", access="V[i + 1]", index=(1,), sizes={"n": 1}))
    )
    assert (bounds.access, bounds.index, bounds.sizes) == ("V[i + 1]", (1,), {"n": 1})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("flow", "i=0 writes A[3], i=1 reads it   (n=2)"),
        ("anti", "i=0 reads A[3], i=1 writes it   (n=2)"),
        ("output", "i=0 writes A[3], i=1 writes it again   (n=2)"),
    ],
)
def test_a_witness_in_words(kind, text):
    assert Witness("A", (3,), ({"i": 0}, {"i": 1}), {"n": 2}, kind).text() == text


def test_a_witness_of_no_element_and_no_sizes():
    assert Witness("A", None, ({}, {"i": 1}), {}, "flow").text() == "once writes A, i=1 reads it"


def test_a_missing_tool_names_the_extra():
    error = MissingTool("T104", "no CUDA compiler", extra="cuda")
    assert str(error) == "T104: no CUDA compiler\n  try: pip install 'tdsl[cuda]'"
    assert error.extra == "cuda"


def test_an_internal_error_says_whose_fault_it_is():
    error = InternalError("loop i has no bounds", pass_name="lower.hoist", why=["extent: None"])
    assert str(error) == (
        "I999: loop i has no bounds\n"
        "  noticed in lower.hoist; this is a bug of tdsl, not of your program\n"
        "  extent: None\n"
        f"  try: report it at {errors.ISSUES} with this message and the program"
    )


def test_subclasses_of_an_argument_error_are_caught_by_either_builtin():
    assert isinstance(ArgumentTypeError("S113", "what"), ArgumentError)
    assert isinstance(CallTypeError("C101", "what"), errors.CallError)

"""The user's source position: taken cheaply where a declaration or directive is made, decoded when an error prints.

In: the running stack, for an instant. Out: a frozen `Location` that keeps (code object, instruction offset), never
a frame (a frame keeps the user's arrays alive), compares by what it decodes to, and pickles decoded.
Also `hide_internal_frames`, which keeps tdsl's own frames out of the tracebacks of tdsl's errors.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import re
import sys
from collections.abc import Callable
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import ParamSpec, TypeVar, cast

from tdsl.records import dataclass

from .errors import InternalError, LimitError, TdslError

PACKAGE = __file__[: __file__.rindex(os.sep) + 1]
"""The folder whose frames are ours; it ends in a separator, so that a sibling `tdsl_extra` is the user's."""

WIDTH = 100
"""A longer source line is shown as a window of this many characters around the caret."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Position:
    """A decoded place: file, line (from 1), columns (characters from 0, end exclusive), function, source text."""

    filename: str
    line: int
    columns: tuple[int, int] | None
    function: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """A place in the user's program; made by `here()`."""

    code: CodeType | None
    offset: int
    decoded: Position | None = None

    @property
    def position(self) -> Position:
        """The place in full; decoded anew at each use, since only errors and reports ask (2.4 µs)."""
        if self.decoded is not None:
            return self.decoded
        if self.code is None:
            raise InternalError("a location without code or position", pass_name="location")
        return _decode(self.code, self.offset)

    @property
    def filename(self) -> str:
        return self.position.filename

    @property
    def line(self) -> int:
        return self.position.line

    @property
    def columns(self) -> tuple[int, int] | None:
        return self.position.columns

    @property
    def function(self) -> str:
        return self.position.function

    def brief(self) -> str:
        """``blur.py:14``."""
        position = self.position
        return f"{_display_name(position.filename)}:{position.line}"

    def lines(self) -> tuple[str, ...]:
        """``("blur.py:14   .parallel(C, 'k')", "              ^^^^")``; one line where the source is gone."""
        position = self.position
        brief = self.brief()
        if not position.text:
            return (brief,)
        text, columns = _window(position.text, position.columns)
        if columns is None:
            return (f"{brief}   {text}",)
        margin = " " * (len(brief) + 3 + columns[0])
        return (f"{brief}   {text}", margin + "^" * max(1, columns[1] - columns[0]))

    def render(self) -> str:
        """`lines()` as one text."""
        return "\n".join(self.lines())

    def __str__(self) -> str:
        return self.brief()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and self.position == other.position

    def __hash__(self) -> int:
        return hash(self.position)

    def __reduce__(self) -> tuple[object, ...]:
        return Location, (None, 0, self.position)


def here() -> Location:
    """The innermost place outside tdsl on the running stack; costs some hundred nanoseconds.

    Where everything on the stack is tdsl's (its own command line), the outermost frame of tdsl.
    """
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    last = frame
    while frame is not None:
        if not _is_internal(frame):
            return Location(frame.f_code, frame.f_lasti)
        if not frame.f_code.co_filename.startswith("<"):
            last = frame
        frame = frame.f_back
    return Location(last.f_code, last.f_lasti)


def hide_internal_frames(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a public function: an error of tdsl leaves it on the user's line, with the user's frames only.

    An error that was made without a position gets the line of this call. Errors of other kinds (the user's own, raised
    inside a lambda) and bugs of ours keep all frames, and ``TDSL_FULL_TRACEBACK=1`` keeps them always.
    Source: JAX's `api_boundary`; a bare ``raise`` adds no frame of its own.
    """

    @functools.wraps(function)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except RecursionError as error:
            if not _is_ours(error.__traceback__):
                raise
            raise _too_deep() from None
        except TdslError as error:
            if error.where is None:
                error.where = here()
            if not isinstance(error, InternalError) and os.environ.get("TDSL_FULL_TRACEBACK", "0") in (
                "",
                "0",
            ):
                error.__traceback__ = _user_frames(error.__traceback__)
            raise

    return guarded


def _is_ours(traceback: TracebackType | None) -> bool:
    """Whether a recursion was tdsl's: of one of the user's, the user's frames stand there again and again."""
    ours = theirs = 0
    while traceback is not None:
        if _is_internal(traceback.tb_frame):
            ours += 1
        else:
            theirs += 1
        traceback = traceback.tb_next
    return ours > 100 > theirs


def _too_deep() -> LimitError:
    return LimitError(
        "L124",
        "the loops of this program are nested too deeply",
        where=here(),
        why=(
            f"arrays between stages stand inside one another, and Python's limit is {sys.getrecursionlimit()} calls",
        ),
        hint=("inline cheap stages, or td.schedules.default(s)", "sys.setrecursionlimit(10_000)"),
    )


def _user_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback without the entries of tdsl; None where all are."""
    kept: list[TracebackType] = []
    while traceback is not None:
        if not _is_internal(traceback.tb_frame):
            kept.append(traceback)
        traceback = traceback.tb_next
    result: TracebackType | None = None
    for entry in reversed(kept):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


def _is_internal(frame: FrameType) -> bool:
    """Whether a frame is tdsl's: by its file, or, for generated code such as a dataclass's, by its module."""
    filename = frame.f_code.co_filename
    if filename.startswith("<"):
        module = frame.f_globals.get("__name__")
        return filename.startswith("<frozen ") or (isinstance(module, str) and module.split(".")[0] == "tdsl")
    return filename.startswith(PACKAGE)


def _decode(code: CodeType, offset: int) -> Position:
    """Line and columns of the instruction at a byte offset (an instruction is two bytes)."""
    found = next(islice(code.co_positions(), max(0, offset) // 2, None), (None, None, None, None))
    line, end_line, start, end = found
    line = code.co_firstlineno if line is None else line
    text = linecache.getline(code.co_filename, line).rstrip("\r\n")
    columns: tuple[int, int] | None = None
    if text and start is not None and end is not None:
        encoded = text.encode()
        start = len(encoded[:start].decode(errors="replace"))
        end = len(encoded[:end].decode(errors="replace")) if end_line == line else len(text)
        columns = _last_call(text, start, end)
    return Position(code.co_filename, line, columns, code.co_name, text)


def _last_call(text: str, start: int, end: int) -> tuple[int, int]:
    """In a chain ``a.tile(…).split(…)`` the columns of the last method: all calls of a line start where it does."""
    try:
        expression = ast.parse(text[start:end], mode="eval").body
    except SyntaxError:
        return start, end
    if not (isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute)):
        return start, end
    name_end = len(text[start:end].encode()[: expression.func.end_col_offset or 0].decode())
    return start + name_end - len(expression.func.attr), end


def _window(text: str, columns: tuple[int, int] | None) -> tuple[str, tuple[int, int] | None]:
    """The source line without indentation, cut to `WIDTH` around the caret, and the columns in it."""
    indent = len(text) - len(text.lstrip())
    text = text[indent:].replace("\t", " ")
    if columns is not None:
        columns = max(0, columns[0] - indent), max(1, columns[1] - indent)
    if len(text) <= WIDTH:
        return text, columns
    first = 0 if columns is None else max(0, min(columns[0] - 20, len(text) - WIDTH))
    shown = text[first : first + WIDTH]
    shown = ("…" if first else "") + shown + ("…" if first + WIDTH < len(text) else "")
    if columns is None:
        return shown, None
    shift = first - (1 if first else 0)
    return shown, (columns[0] - shift, min(columns[1] - shift, len(shown)))


def _display_name(filename: str) -> str:
    """The file's base name; a notebook cell by what IPython calls it (``In[3]``), since its file name is random."""
    get_shell: Callable[[], object] = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    format_code_name = getattr(getattr(get_shell(), "compile", None), "format_code_name", None)
    if callable(format_code_name):
        named = cast("tuple[str, str] | None", format_code_name(filename))
        if named is not None:
            return named[1]
    return re.split(r"[/\\]", filename)[-1]

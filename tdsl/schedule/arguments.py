"""Argument checkers: what a primitive was given in, the checked value out, or one uniform error on the user's line.

Each checker takes the directive that asks (errors are its own), the state where names are looked up, and the value as
given. Source of the idea: exo's argument processors, which make all primitives refuse alike.
"""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import NoReturn, TypeGuard, TypeVar

from tdsl.declare.names import shown
from tdsl.errors import (
    ArgumentError,
    ArgumentTypeError,
    LimitError,
    PlacementError,
    UnknownAxisError,
    UnknownStageError,
)
from tdsl.expr.rewrite import variables
from tdsl.poly.model import Split
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import children, constant_extents, parents
from tdsl.schedule.placement import inputs_of, is_output, nodes_of
from tdsl.schedule.state import StageState, State, StorageScope, Tail

Choice = TypeVar("Choice", bound=str)

SCOPES: tuple[StorageScope, ...] = ("heap", "stack", "register", "shared", "local")
WIDEST_BLOCK = 2**40
"""Elements that one block of a split, with the blocks inside it, may span."""
LATER_SCOPES = ("fragment",)
TAILS: tuple[Tail, ...] = ("guard", "mask", "peel", "shift", "pad")


def stage_named(step: Directive, state: State, name: object) -> StageState:
    """The stage a name stands for, one that still has loops.

    Errors: S102 no such stage; S103 it was inlined.
    """
    found = state.find(name) if isinstance(name, str) else None
    if found is None:
        present = [entry.name for entry in state.live()]
        raise step.refusal(
            UnknownStageError,
            "S102",
            f"this schedule has no stage {shown(name)}",
            why=(f"stages: {', '.join(present)}",),
            hint=_nearest(name, present),
        )
    if found.inlined:
        raise step.refusal(
            UnknownStageError,
            "S103",
            f"{found.name} has no loops of its own: it was inlined",
            why=tuple(
                f"by {step_text(earlier)}"
                for earlier in state.steps
                if earlier.primitive == "inline" and found.name in earlier.stages()
            ),
            hint=("leave that step out: s.without(step)",),
        )
    return found


def loop_named(step: Directive, state: State, entry: StageState, axis: object) -> int:
    """The position of the loop `axis` of a stage as it now stands.

    Errors: S104 no such axis (which stage has it, or what is near); S105 an earlier step consumed it.
    """
    if not isinstance(axis, str):
        own = getattr(axis, "name", None)
        raise step.refusal(
            ArgumentTypeError,
            "S106",
            f"{step.primitive} takes axes by name, not {type(axis).__name__}",
            why=(f"axes of {entry.name}: {', '.join(entry.axes)}",),
            hint=(f'"{own}"',) if isinstance(own, str) else (),
        )
    if axis in entry.axes:
        return entry.axes.index(axis)
    consumed = dict(entry.retired).get(axis)
    if consumed is not None:
        _refuse_consumed(step, state, entry, axis, consumed)
    others = [other.name for other in state.live() if axis in other.axes and other.name != entry.name]
    hint = tuple(f'{step.primitive}("{other}", …)' for other in others[:1]) or _nearest(axis, entry.axes)
    raise step.refusal(
        UnknownAxisError,
        "S104",
        f"{shown(axis)} is an axis of {others[0]}, not of {entry.name}"
        if others
        else f"{entry.name} has no axis {shown(axis)}",
        why=(f"axes of {entry.name} now: {', '.join(entry.axes)}",),
        hint=hint,
    )


def _refuse_consumed(step: Directive, state: State, entry: StageState, axis: str, consumed: int) -> NoReturn:
    made = [relation for relation in entry.relations if axis in parents(relation)]
    names = ", ".join(name for relation in made for name in children(relation) if name in entry.axes)
    raise step.refusal(
        UnknownAxisError,
        "S105",
        f"{entry.name} has no axis {axis!r} any more",
        why=(
            f"consumed by {step_text(state.steps[consumed])}" + (f", which made {names}" if names else ""),
            f"axes of {entry.name} now: {', '.join(entry.axes)}",
        ),
    )


def stored_by_itself(step: Directive, entry: StageState) -> None:
    """Checks that where a stage is stored is its own affair.

    Errors: S342 it is computed with another stage.
    """
    if entry.joined is not None:
        raise step.refusal(
            PlacementError,
            "S342",
            f"{entry.name} is stored where {entry.joined.stage} is, with which it is computed",
            hint=(
                f'{step.primitive}("{entry.joined.stage}"…): both follow',
                f'compute_root("{entry.name}") first, to compute it by itself',
            ),
        )


def dim_named(step: Directive, state: State, entry: StageState, dim: object) -> int:
    """The position of the dim `dim` of a stage's array.

    Errors: S107 no such dim.
    """
    if isinstance(dim, str) and dim in entry.dims:
        return entry.dims.index(dim)
    is_loop = isinstance(dim, str) and dim in entry.axes
    raise step.refusal(
        UnknownAxisError,
        "S107",
        f"{dim!r} is a loop of {entry.name}, not a dim of its array"
        if is_loop
        else f"{entry.name} has no dim {shown(dim)}",
        why=(
            f"dims of {entry.name}: {', '.join(entry.dims)} (they never change; {step.primitive} is about storage)",
        ),
        hint=_nearest(dim, entry.dims),
    )


def positive(step: Directive, name: str, value: object, *, least: int = 1) -> int:
    """A positive constant integer.

    Errors: S108 below `least`; S109 no integer.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value >= least:
            return value
        raise step.refusal(
            ArgumentError, "S108", f"{name} of {step.primitive} must be at least {least}, not {shown(value)}"
        )
    raise step.refusal(
        ArgumentTypeError,
        "S109",
        f"{name} of {step.primitive} must be a constant integer, not {_with_type(value)}",
        why=("a factor is known when the schedule is made, so that everything that follows stays affine",),
        hint=("a Python integer, such as 8", 'a knob: td.knob("f", [4, 8, 16], default=8)'),
    )


def _with_type(value: object) -> str:
    """A value that is no integer, and of what type it is: ``2.5 (float)``, ``a list``."""
    text, kind = shown(value), type(value).__name__
    return text if text.endswith(f" {kind}") else f"{text} ({kind})"


def choice(step: Directive, name: str, value: object, choices: Sequence[Choice]) -> Choice:
    """One of the words in `choices`.

    Errors: S110 another word.
    """
    for known in choices:
        if isinstance(value, str) and value == known:
            return known
    later = ("that scope holds operands of tensor cores, which this version does not use",)
    raise step.refusal(
        ArgumentError,
        "S110",
        f"{name}{'' if name == step.primitive else f' of {step.primitive}'} is one of "
        f"{', '.join(map(repr, choices))}, not {shown(value)}",
        why=later if name == "scope" and isinstance(value, str) and value in LATER_SCOPES else (),
        hint=_nearest(value, choices),
    )


def tail(step: Directive, value: object) -> Tail | None:
    """The name of a tail, or None for an automatic one."""
    return None if value is None else choice(step, "tail", value, TAILS)


def fresh_axes(
    step: Directive, entry: StageState, names: Sequence[object], *, keeps: str | None = None
) -> None:
    """Checks that names are free for new axes of a stage; `keeps` is an axis that may keep its name.

    Errors: S111 no identifier; S112 taken, by what, or named twice.
    """
    sizes = {var.name for var in variables(*nodes_of(entry.stage)) if var.kind in ("size", "param")}
    seen: list[object] = []
    for name in names:
        if not is_name(name):
            raise step.refusal(
                ArgumentError,
                "S111",
                f"{step.primitive} cannot call an axis {shown(name)}: it is {_no_name(name)}",
                hint=('into=("io", "ii")',),
            )
        if name in seen:
            raise step.refusal(
                ArgumentError, "S112", f"{step.primitive} would make two axes called {shown(name)}"
            )
        seen.append(name)
        if name == keeps:
            continue
        taken = _taken_by(step, entry, name, sizes)
        if taken:
            raise step.refusal(
                ArgumentError,
                "S112",
                f"{entry.name} cannot have a new axis {shown(name)}: {taken}",
                why=(f"axes of {entry.name} now: {', '.join(entry.axes)}",),
                hint=("other names: into=(…)",) if step.primitive in ("split", "tile", "fuse") else (),
            )


def is_name(name: object) -> TypeGuard[str]:
    """Whether something can name an axis, a stage or a knob: a Python identifier that is no word of Python (N6)."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def _no_name(name: object) -> str:
    return "a word of Python itself" if isinstance(name, str) and keyword.iskeyword(name) else "no identifier"


def _taken_by(step: Directive, entry: StageState, name: str, sizes: set[str]) -> str:
    if name in entry.axes:
        return "it has that axis already"
    if name in entry.dims or any(name == axis.name for axis in (*entry.stage.axes, *entry.stage.reduce_axes)):
        return "that was the name of one of its own axes"
    if name in dict(entry.retired):
        return "that was the name of an axis that an earlier step consumed"
    return "that is a size or param of the stage" if name in sizes else ""


def fresh_stage(step: Directive, state: State, name: object) -> str:
    """A free name for a new stage or buffer.

    Errors: S111 no identifier; S113 taken, by what.
    """
    if not is_name(name):
        raise step.refusal(
            ArgumentError,
            "S111",
            f"{step.primitive} cannot call a stage {shown(name)}: it is {_no_name(name)}",
        )
    taken = ""
    for entry in state.stages:
        nodes = variables(*nodes_of(entry.stage))
        if name == entry.name or name in entry.stage.tensor_names:
            taken = "a stage has that name"
        elif name in (tensor.name for tensor in inputs_of(entry.stage)):
            taken = "an input has that name"
        elif any(promote.name == name for promote in entry.promotes):
            taken = f"a promoted tile of {entry.name} has that name"
        elif any(var.name == name and var.kind in ("size", "param") for var in nodes):
            taken = "a size or param has that name"
    if taken:
        raise step.refusal(
            ArgumentError,
            "S113",
            f"{step.primitive} cannot make a stage called {shown(name)}: {taken}",
            why=(f"stages: {', '.join(entry.name for entry in state.stages)}",),
            hint=('another name: name="…"',),
        )
    return name


def unmarked(step: Directive, state: State, entry: StageState, position: int, doing: str) -> None:
    """Checks that a loop is a plain serial one.

    Errors: S114 a mark stands on it, from which step.
    """
    loop = entry.loops[position]
    _refuse_cut(step, state, entry, loop.name)
    if any(one.loop == loop.name for one in entry.prefetches):
        raise step.refusal(
            ArgumentError,
            "S114",
            f"something is prefetched in {loop.name} of {entry.name}",
            why=("prefetch comes last on a loop",),
            loops=loop_lines(entry, mark=loop.name),
            hint=(f"{step.primitive} first, then prefetch",),
        )
    if loop.kind == "serial":
        return
    marking = marked_by(state, entry, loop.name)
    raise step.refusal(
        ArgumentError,
        "S114",
        f"{loop.name} of {entry.name} runs {kind_text(loop.kind)} already"
        + ("" if doing == loop.kind else f": it cannot be {doing}"),
        why=(f"by {step_text(marking)}",) if marking is not None else (),
        loops=loop_lines(entry, mark=loop.name),
        hint=(f"{doing} first, then mark the loops that result",)
        if step.primitive in ("split", "tile", "fuse")
        else (),
    )


def uncut(step: Directive, state: State, entry: StageState, position: int) -> None:
    """Checks that a loop can be cut into parts: it runs whole so far, and its iterations are no lanes.

    Errors: S114 it does not.
    """
    loop = entry.loops[position]
    _refuse_cut(step, state, entry, loop.name)
    if loop.kind == "vector":
        unmarked(step, state, entry, position, "cut into parts")


def _refuse_cut(step: Directive, state: State, entry: StageState, axis: str) -> None:
    if all(cut.loop != axis for cut in entry.cuts):
        return
    cuts = [
        earlier
        for earlier in state.steps
        if earlier.primitive in ("peel", "separate") and getattr(earlier, "axis", None) == axis
    ]
    # A clone has the cuts of the stage it was made from.
    own = [earlier for earlier in cuts if earlier.stages()[:1] == (entry.name,)]
    cutting = next(iter((*own, *cuts)), None)
    raise step.refusal(
        ArgumentError,
        "S114",
        f"{axis} of {entry.name} runs in parts already",
        why=(*(() if cutting is None else (f"by {step_text(cutting)}",)), "a loop is cut last"),
        loops=loop_lines(entry, mark=axis),
        hint=(f"{step.primitive} first, then {cutting.primitive}",)
        if cutting is not None and step.primitive != cutting.primitive
        else (),
    )


MOST_COPIES = 64
"""Copies of a stage's body that cutting its loops may make."""


def limit_copies(step: Directive, entry: StageState) -> None:
    """Checks that the loops of a stage are not cut into more copies of its body than `MOST_COPIES`.

    Errors: S115 they are.
    """
    copies = 1
    for cut in entry.cuts:
        copies *= 3 if cut.separate else 1 + (cut.first > 0) + (cut.last > 0)
    if copies > MOST_COPIES:
        raise step.refusal(
            LimitError,
            "S115",
            f"the body of {entry.name} would be there {copies} times, the limit is {MOST_COPIES}",
            why=(f"cut: {', '.join(cut.loop for cut in entry.cuts)}",),
            hint=("fewer loops in parts",),
        )


KIND_TEXT = {
    "serial": "serially",
    "parallel": "in parallel",
    "unroll": "unrolled",
    "vector": "as vector lanes",
}


def kind_text(kind: str) -> str:
    """How a loop runs, in words: ``in parallel``, ``as threads along thread.x``."""
    if kind in KIND_TEXT:
        return KIND_TEXT[kind]
    return f"as {'blocks' if kind.startswith('block') else 'threads'} along {kind}"


def marked_by(state: State, entry: StageState, axis: str) -> Directive | None:
    """The step that marked a loop."""
    found: Directive | None = None
    for earlier in state.steps:
        if earlier.primitive == "bind" and entry.name in earlier.stages()[:1]:
            found = earlier if axis in dict(getattr(earlier, "places", ())) else found
        if earlier.primitive in ("parallel", "unroll", "vectorize") and entry.name in earlier.stages()[:1]:
            base = getattr(earlier, "axis", None)
            if isinstance(base, str) and axis in (base, base + "v", base + "u"):
                found = earlier
    return found


def limit(step: Directive, what: str, count: int, most: int, why: str) -> None:
    """Checks that a count stays within a budget.

    Errors: S115 it does not; the message has both numbers.
    """
    if count > most:
        raise step.refusal(
            LimitError,
            "S115",
            f"{what} is {shown(count)}, the limit is {most}",
            why=(why,),
            hint=(f"a part of it: {step.primitive}({', '.join(map(_quoted, step.arguments()[0][:2]))}, 8)",),
        )


def limit_blocks(step: Directive, state: State) -> None:
    """Checks that every block of every split spans so few elements that 64-bit index arithmetic cannot overflow.

    Errors: S115 one spans more than `WIDEST_BLOCK`.
    """
    for entry in state.live():
        spans: dict[str, int] = {}
        for relation in entry.relations:
            span = max(spans.get(parent, 1) for parent in parents(relation))
            spans.update(dict.fromkeys(children(relation), span))
            if isinstance(relation, Split):
                spans[relation.outer] = span * relation.factor
                what = f"the number of elements in a block of {relation.parent} of {entry.name}"
                why = "sizes end at 2**47, and index arithmetic has 64 bits"
                limit(step, what, spans[relation.outer], WIDEST_BLOCK, why)


def constant_extent(step: Directive, state: State, entry: StageState, axis: str) -> int | None:
    """The constant extent of a loop, or None where it is known only when the stage has its final place.

    Errors: S125 an output, which is placed for good, with a symbolic extent.
    """
    extent = constant_extents(entry)[axis]
    if extent is None and is_output(state, entry):
        raise step.refusal(
            ArgumentError,
            "S125",
            f"{step.primitive} of the whole axis {axis} of {entry.name} needs a constant extent",
            why=(f"{axis} runs as often as sizes say when the kernel is called",),
            hint=(f'{step.primitive}("{entry.name}", "{axis}", 8)',),
        )
    return extent


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else shown(value)


def _nearest(name: object, known: Sequence[str]) -> tuple[str, ...]:
    import difflib

    near = difflib.get_close_matches(name, known, n=1) if isinstance(name, str) else []
    return tuple(f'"{found}"' for found in near)

"""What schedule functions are given, looked at first: a function in, the same function with checked arguments out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, cast

import tdsl as td

Parameters = ParamSpec("Parameters")


def on_schedules(function: Callable[Parameters, td.Schedule]) -> Callable[Parameters, td.Schedule]:
    """Decorates a function of a schedule: its arguments are of the kinds that its signature names.

    Errors of what it gives: S138 no schedule; S139 a stage that is neither tensor nor name; S183 a count that is no
    positive integer.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> td.Schedule:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python says which argument is missing, or one too many
        for name, value in given.items():
            _check(function.__name__, signature.parameters[name], value)
        return function(*args, **kwargs)

    return checked


def _check(function: str, parameter: inspect.Parameter, value: object) -> None:
    kind = str(parameter.annotation)
    if kind == "td.Schedule":
        if not isinstance(value, td.Schedule):
            raise td.ArgumentTypeError(
                "S138",
                f"td.schedules.{function} takes a schedule, not {type(value).__name__}",
                hint=(f"td.schedules.{function}(td.schedule(C), …)",),
            )
    elif kind.startswith("td.Tensor"):
        several = parameter.kind is parameter.VAR_POSITIONAL
        for stage in cast("tuple[object, ...]", value) if several else (value,):
            _check_stage(function, stage)
    elif kind.startswith("tuple["):
        if not isinstance(value, tuple | list):
            found = type(value).__name__
            raise td.ArgumentTypeError(
                "S139", f"td.schedules.{function} takes a tuple of stages as {parameter.name}, not {found}"
            )
        for stage in cast("tuple[object, ...]", value):
            _check_stage(function, stage)
    elif kind in ("int", "int | None") and not (value is None and kind != "int"):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise td.ArgumentError(
                "S183", f"{parameter.name}= of td.schedules.{function} is a positive integer, not {value!r}"
            )


def _check_stage(function: str, stage: object) -> None:
    if not isinstance(stage, td.Tensor | str):
        raise td.ArgumentTypeError(
            "S139", f"td.schedules.{function} takes tensors or names, not {type(stage).__name__}"
        )

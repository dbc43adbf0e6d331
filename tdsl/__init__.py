"""tdsl: tensor expressions, schedules whose legality is proved, fast CPU kernels. Users write `import tdsl as td`.

In: a public name. Out: what it names, loaded from its module on first use, so that `import tdsl` loads neither LLVM nor
isl nor NumPy. `PUBLIC` is the whole public interface and where each name lives.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from tdsl.slots import BUILD, MATMUL, REPLAY

if TYPE_CHECKING:
    from tdsl import ops as ops
    from tdsl import schedules as schedules
    from tdsl.declare.axes import axis, reduce_axis
    from tdsl.declare.check import check, unnamed
    from tdsl.declare.compute import compute
    from tdsl.declare.inputs import param, placeholder
    from tdsl.declare.intrinsic import intrinsic
    from tdsl.declare.pad import pad
    from tdsl.declare.parse import parse
    from tdsl.declare.recurrence import recurrence
    from tdsl.declare.reducer import reducer
    from tdsl.declare.require import require
    from tdsl.declare.size import size
    from tdsl.declare.update import update
    from tdsl.errors import (
        ArgumentError,
        ArgumentTypeError,
        AxisScopeError,
        BoolError,
        BoundsError,
        CallError,
        CallKeyError,
        CallMemoryError,
        CallTypeError,
        CallValueError,
        CodegenError,
        DTypeError,
        DuplicateNameError,
        ExpressionError,
        FormatError,
        IllegalSchedule,
        InternalError,
        LimitError,
        LoweringError,
        MissingTool,
        PlacementError,
        Replay,
        ScheduleError,
        ShapeError,
        TargetError,
        TdslError,
        UnknownAxisError,
        UnknownStageError,
        UnprovenSchedule,
        Witness,
    )
    from tdsl.expr.functions.calls import (
        acos,
        acosh,
        asin,
        asinh,
        atan,
        atan2,
        atanh,
        cbrt,
        cos,
        cosh,
        erf,
        exp,
        exp2,
        expm1,
        hypot,
        log,
        log1p,
        log2,
        log10,
        pow,
        sigmoid,
        sin,
        sinh,
        tan,
        tanh,
    )
    from tdsl.expr.functions.simple import (
        bitcast,
        clz,
        copysign,
        ctz,
        isfinite,
        isinf,
        isnan,
        popcount,
        reciprocal,
        rsqrt,
        sign,
        signbit,
        square,
    )
    from tdsl.expr.handles import AxisHandle, Expr
    from tdsl.expr.operations import (
        abs,
        cast,
        ceil,
        clamp,
        floor,
        fma,
        logical_not,
        max_value,
        maximum,
        min_value,
        minimum,
        round,
        sqrt,
        trunc,
        where,
    )
    from tdsl.expr.reductions import all, any, argmax, argmin, max, mean, min, prod, sum
    from tdsl.expr.tensor import Tensor
    from tdsl.fuzzing.fuzz import fuzz
    from tdsl.ops.operator import Op, op
    from tdsl.ops.size_classes import SizeClass
    from tdsl.pipeline import build
    from tdsl.runtime.cache_folder import cache_folder
    from tdsl.runtime.cuda.devices import devices
    from tdsl.runtime.kernel import Kernel
    from tdsl.runtime.load import load
    from tdsl.runtime.machine_info import machine_info
    from tdsl.runtime.pool import get_num_threads, set_num_threads
    from tdsl.schedule.describe import ReadFacts, StageFacts
    from tdsl.schedule.knob import knob
    from tdsl.schedule.schedule import Schedule, schedule
    from tdsl.settings import options
    from tdsl.target import Target

__version__ = "0.1.0"

_NAMES: dict[str, str] = {
    "declare.axes": "axis reduce_axis",
    "declare.check": "check unnamed",
    "declare.compute": "compute",
    "declare.inputs": "param placeholder",
    "declare.intrinsic": "intrinsic",
    "declare.pad": "pad",
    "declare.parse": "parse",
    "declare.recurrence": "recurrence",
    "declare.reducer": "reducer",
    "declare.require": "require",
    "declare.size": "size",
    "declare.update": "update",
    "errors": "ArgumentError ArgumentTypeError AxisScopeError BoolError BoundsError CallError CallKeyError "
    "CallMemoryError CallTypeError CallValueError CodegenError DTypeError DuplicateNameError ExpressionError "
    "FormatError IllegalSchedule InternalError LimitError LoweringError MissingTool PlacementError Replay ScheduleError "
    "ShapeError TargetError TdslError UnknownAxisError UnknownStageError UnprovenSchedule Witness",
    "expr.functions.calls": "acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf exp exp2 expm1 hypot log log10 "
    "log1p log2 pow sigmoid sin sinh tan tanh",
    "expr.functions.simple": "bitcast clz copysign ctz isfinite isinf isnan popcount reciprocal rsqrt sign signbit "
    "square",
    "expr.handles": "AxisHandle Expr",
    "expr.operations": "abs cast ceil clamp floor fma logical_not max_value maximum min_value minimum round sqrt trunc "
    "where",
    "expr.reductions": "all any argmax argmin max mean min prod sum",
    "expr.tensor": "Tensor",
    "fuzzing.fuzz": "fuzz",
    "ops.operator": "Op op",
    "ops.size_classes": "SizeClass",
    "pipeline": "build",
    "runtime.cache_folder": "cache_folder",
    "runtime.cuda.devices": "devices",
    "runtime.kernel": "Kernel",
    "runtime.load": "load",
    "runtime.machine_info": "machine_info",
    "runtime.pool": "get_num_threads set_num_threads",
    "schedule.describe": "ReadFacts StageFacts",
    "schedule.knob": "knob",
    "schedule.schedule": "Schedule schedule",
    "settings": "options",
    "target": "Target",
}

PUBLIC: dict[str, str] = {
    name: f"tdsl.{module}" for module, names in _NAMES.items() for name in names.split()
}
"""Every public name and its module."""

PACKAGES = ("ops", "schedules")
"""Public packages, loaded on first use like the names."""

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "AxisHandle",
    "AxisScopeError",
    "BoolError",
    "BoundsError",
    "CallError",
    "CallKeyError",
    "CallMemoryError",
    "CallTypeError",
    "CallValueError",
    "CodegenError",
    "DTypeError",
    "DuplicateNameError",
    "Expr",
    "ExpressionError",
    "FormatError",
    "IllegalSchedule",
    "InternalError",
    "Kernel",
    "LimitError",
    "LoweringError",
    "MissingTool",
    "Op",
    "PlacementError",
    "ReadFacts",
    "Replay",
    "Schedule",
    "ScheduleError",
    "ShapeError",
    "SizeClass",
    "StageFacts",
    "Target",
    "TargetError",
    "TdslError",
    "Tensor",
    "UnknownAxisError",
    "UnknownStageError",
    "UnprovenSchedule",
    "Witness",
    "abs",
    "acos",
    "acosh",
    "all",
    "any",
    "argmax",
    "argmin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "axis",
    "bitcast",
    "build",
    "cache_folder",
    "cast",
    "cbrt",
    "ceil",
    "check",
    "clamp",
    "clz",
    "compute",
    "copysign",
    "cos",
    "cosh",
    "ctz",
    "devices",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "fma",
    "fuzz",
    "get_num_threads",
    "hypot",
    "intrinsic",
    "isfinite",
    "isinf",
    "isnan",
    "knob",
    "load",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "machine_info",
    "max",
    "max_value",
    "maximum",
    "mean",
    "min",
    "min_value",
    "minimum",
    "op",
    "options",
    "pad",
    "param",
    "parse",
    "placeholder",
    "popcount",
    "pow",
    "prod",
    "reciprocal",
    "recurrence",
    "reduce_axis",
    "reducer",
    "require",
    "round",
    "rsqrt",
    "schedule",
    "set_num_threads",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "size",
    "sqrt",
    "square",
    "sum",
    "tan",
    "tanh",
    "trunc",
    "unnamed",
    "update",
    "where",
]  # fmt: skip


class _Package(ModuleType):
    """Keeps the verbs when submodules load: `td.schedule` is a function, and `tdsl/schedule/` a folder.

    Importing `tdsl.schedule.state` makes Python set the attribute `schedule` of this module to the folder's module.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name in PUBLIC and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    """A public name, loaded on first use."""
    if name in PACKAGES:
        return importlib.import_module(f"tdsl.{name}")
    module = PUBLIC.get(name)
    if module is None:
        import difflib

        near = difflib.get_close_matches(name, PUBLIC, n=1)
        raise AttributeError(
            f"tdsl has no {name!r}" + (f"; did you mean td.{near[0]}?" if near else ""),
            name=name,
            obj=_package,
        )
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def _load_build() -> Callable[..., object]:
    return importlib.import_module("tdsl.pipeline").build


def _load_matmul() -> Callable[..., object]:
    return importlib.import_module("tdsl.ops").matmul


def _load_replay() -> Callable[..., object]:
    return importlib.import_module("tdsl.report.replay").replay


BUILD.fill(_load_build)
MATMUL.fill(_load_matmul)
REPLAY.fill(_load_replay)
_package = sys.modules[__name__]
_package.__class__ = _Package

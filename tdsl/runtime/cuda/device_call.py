"""A call with arrays that may lie in device memory: the checks of every call, results in the caller's library.

In: what the user passed. Out: one array, or a tuple. The checks are `runtime/prepare.py`'s, on stand-ins that have the
arrays' shapes and addresses; where a declared range of values must be checked (semantics B2), those values are copied
to the host first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.errors import CallTypeError
from tdsl.location import hide_internal_frames
from tdsl.runtime.arguments import check_ranges
from tdsl.runtime.cuda.device_arrays import DeviceView, device_view, empty_like_library
from tdsl.runtime.cuda.device_run import OnDevice
from tdsl.runtime.cuda.plan import known_values
from tdsl.runtime.prepare import Prepared, prepare
from tdsl.runtime.slow_call import ArrayCall, first_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]


@dataclass(slots=True)
class _Views:
    """Arguments in device memory, by name, found while arguments are taken apart."""

    found: dict[str, DeviceView] = field(default_factory=dict[str, DeviceView])

    def plain(self, value: object, name: str) -> object:
        """What the checks see."""
        view = device_view(value, name)
        if view is None:
            return value
        self.found[name] = view
        return view.stand_in


class DeviceCall:
    """A call of a kernel for a device, checked and run.

    Args:
        interface: of the kernel.
        run: runs it.
    """

    __slots__ = ("_interface", "_plain", "_run")

    def __init__(self, interface: Interface, run: OnDevice) -> None:
        self._interface = interface
        self._run = run
        self._plain = ArrayCall(interface, run)

    @hide_internal_frames
    def __call__(self, /, *args: object, out: object = None, **sizes: object) -> object:
        """Run the kernel; returns one array, or a tuple for several outputs."""
        views = _Views()
        inputs = self._interface.inputs
        if len(args) == len(inputs):
            args_plain = [
                views.plain(value, one.name) if isinstance(one, ArrayInterface) else value
                for one, value in zip(inputs, args, strict=True)
            ]
            out_plain = self._plain_outputs(out, views)
        else:
            args_plain, out_plain = list(args), out
        if not views.found:
            return self._plain(*args, out=out, **sizes)
        call = prepare(_unranged(self._interface, views.found), args_plain, out_plain, sizes)
        self._check_ranges(call, views.found)
        if out is not None:
            self._run.run(call, views.found)
            return out
        return self._fresh_results(call, views, first_array(self._interface, args))

    def _plain_outputs(self, out: object, views: _Views) -> object:
        if out is None:
            return None
        outputs = self._interface.outputs
        several = isinstance(out, tuple | list)
        given = tuple(cast("Sequence[object]", out)) if several else (out,)
        plain = tuple(views.plain(value, one.name) for one, value in zip(outputs, given, strict=False))
        if len(given) != len(outputs):
            return given  # the count is refused by the checks
        return plain if several else plain[0]

    def _check_ranges(self, call: Prepared, views: dict[str, DeviceView]) -> None:
        ranged = [
            one for one in self._interface.inputs
            if isinstance(one, ArrayInterface) and one.value_range is not None and one.name in views
        ]  # fmt: skip
        for one in ranged:
            values = self._run.host_copy(one.name, views[one.name])
            check_ranges([(one, values)], [], known_values(call))

    def _fresh_results(self, call: Prepared, views: _Views, like: object) -> object:
        """Results in the library of the first array: NumPy's where that is one."""
        if isinstance(like, np.ndarray):
            self._run.run(call, views.found)
            results: tuple[object, ...] = call.outputs
        else:
            results = tuple(
                empty_like_library(like, array.shape, one.dtype)
                for one, array in zip(self._interface.outputs, call.outputs, strict=True)
            )
            stand_ins: list[Array] = []
            for one, result in zip(self._interface.outputs, results, strict=True):
                view = device_view(result, one.name)
                if view is None:
                    raise CallTypeError("C102", f"the result for {one.name} is not in device memory")
                views.found[one.name] = view
                stand_ins.append(view.stand_in)
            self._run.run(replace(call, outputs=tuple(stand_ins)), views.found)
        return results[0] if len(results) == 1 else results


def _unranged(interface: Interface, views: dict[str, DeviceView]) -> Interface:
    """The interface without ranges of values that lie in device memory."""
    arguments = tuple(
        replace(one, value_range=None) if one.name in views and one.value_range is not None else one
        for one in interface.arguments
    )
    return interface if arguments == interface.arguments else replace(interface, arguments=arguments)

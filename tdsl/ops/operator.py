"""`@td.op`: a function of tensors as an operator; on tensors it composes, on arrays it is compiled, cached and run.

In: a function from tensors and attributes to tensors. Out: an `Op`. A call with arrays makes placeholders of their dtypes and
ranks (sizes symbolic), runs the function once, schedules what it declares, builds a kernel and keeps it.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import cast, overload

import tdsl as td
from tdsl.location import hide_internal_frames
from tdsl.ops.arguments import (
    Call,
    in_words_of,
    is_array,
    is_tensor,
    plain_number,
    quick_key,
    sorted_arguments,
    takes_numbers,
)
from tdsl.ops.attribute_types import check_attributes
from tdsl.ops.flattened import Flattened, as_vectors
from tdsl.ops.kernels import Kernels
from tdsl.ops.size_classes import Cpu, Schedules, SizeClass, check_call, classes_of

Body = Callable[..., "td.Tensor | tuple[td.Tensor, ...]"]
Ranges = Mapping[str, Callable[..., tuple[object, object]]]
Specialize = Mapping[str, tuple[int, ...]] | bool

RECENT = 1024
"""Calls whose kernel is found by their very shapes."""


class Op:
    """An operator; made by `td.op`.

    Called with tensors it runs its function: an expression. Called with arrays it gives arrays, of the first one's type.
    Keywords of a call beside the function's own: `out=` (an array, or a tuple), `specialize=True` (sizes fixed to those
    of the arrays).
    """

    def __init__(
        self, body: Body, *, name: str | None = None, reference: Callable[..., object] | None = None,
        specialize: Specialize = False, ranges: Ranges | None = None, cpu: Cpu = None,
        elementwise: bool = False,
    ) -> None:  # fmt: skip
        self.body = body
        self.name = name or body.__name__
        self.reference = reference
        """The same in NumPy, on arrays; None where the author gave none."""
        self.signature = inspect.signature(body)
        self.specialize = specialize
        self.ranges = dict(ranges or {})
        self.size_classes = classes_of(cpu)
        """Author's schedules, the first that fits is taken."""
        self.elementwise = elementwise
        """Whether arrays of one shape may be taken for vectors: each element depends on those at its place alone."""
        self._kernels = Kernels()
        self._recent: dict[Hashable, td.Kernel | Flattened] = {}
        self._inputs = tuple(map(takes_numbers, self.signature.parameters.values()))
        functools.update_wrapper(self, body)
        self.__name__ = self.name
        self.__qualname__ = f"{body.__qualname__.removesuffix(body.__name__)}{self.name}"

    def __repr__(self) -> str:
        return f"<operator {self.name}{self.signature}>"

    def __reduce__(self) -> tuple[object, ...] | str:
        """Operators pickle by name, as functions do."""
        return self.__qualname__

    def __call__(self, *args: object, **keywords: object) -> object:
        """The operator's tensors, or arrays.

        Errors: E131 tensors and arrays at once, no array, an attribute that cannot be part of a key; E130 what the
        operator checks; those of the call of a kernel.
        """
        inputs, quick = self._inputs, None
        if len(args) <= len(inputs) and not (keywords and ("out" in keywords or "specialize" in keywords)):
            quick = quick_key(args, keywords, inputs)
            kernel = self._recent.get(quick[0]) if quick is not None else None
            if quick is not None and kernel is not None:
                try:
                    return kernel(*quick[1])
                except td.CallError:
                    pass  # told again below, in the operator's words
        return self._called(args, keywords, quick)

    @hide_internal_frames
    def _called(
        self,
        args: tuple[object, ...],
        keywords: dict[str, object],
        quick: tuple[Hashable, list[object]] | None,
    ) -> object:
        try:
            return self._result(args, keywords, quick)
        except td.InternalError:
            raise
        except td.TdslError as error:
            in_words_of(self.name, error)
            raise

    def _result(
        self,
        args: tuple[object, ...],
        keywords: dict[str, object],
        quick: tuple[Hashable, list[object]] | None,
    ) -> object:
        out = keywords.pop("out", None) if "out" not in self.signature.parameters else None
        fixed = keywords.pop("specialize", None)
        bound = self._bound(args, keywords)
        if any(is_tensor(value) for value in _flat(bound.arguments.values())):
            return self._composed(bound, out)
        call = sorted_arguments(self.name, bound.arguments, self.signature)
        specialize = self.specialize if fixed is None else bool(fixed)
        vectors = as_vectors(call) if self.elementwise and out is None and not specialize else None
        if vectors is None:
            kernel = self._kernel(call, specialize)
        else:
            kernel = Flattened(self._kernel(vectors, False), call, lambda: self._kernel(call, False))
        result = self._run(kernel, call, out)
        if quick is not None:
            if len(self._recent) >= RECENT:
                self._recent.clear()
            self._recent[quick[0]] = kernel
        return result

    def _kernel(self, call: Call, specialize: Specialize) -> td.Kernel:
        key = (call.key(specialize), self._chosen(call.shapes))
        return self._kernels.found(key, lambda: self._built(call, specialize))

    def _bound(self, args: tuple[object, ...], keywords: dict[str, object]) -> inspect.BoundArguments:
        try:
            bound = self.signature.bind(*args, **keywords)
        except TypeError as error:
            raise td.ArgumentTypeError(
                "E131", f"{self.name}: {error}", hint=[f"{self.name}{self.signature}"]
            ) from None
        bound.apply_defaults()
        for given, (name, value) in zip(self._inputs, bound.arguments.items(), strict=True):
            if given and (value is None or isinstance(value, (str, bytes, complex))):
                raise td.ArgumentTypeError(
                    "E131",
                    f"{self.name}: {name} is an array, a tensor or a number, not {value!r}",
                    hint=[f"{self.name}{self.signature}"],
                )
            bound.arguments[name] = value if given else plain_number(value)
        check_attributes(self.name, self.signature, bound.arguments)
        return bound

    def _composed(self, bound: inspect.BoundArguments, out: object) -> object:
        mixed = next((value for value in _flat(bound.arguments.values()) if is_array(value)), None)
        if mixed is not None:
            raise td.ArgumentTypeError(
                "E131",
                f"{self.name} is given tensors and arrays at once",
                why=(f"the array is of type {type(mixed).__name__}",),
                hint=("td.placeholder for what an array will bring",),
            )
        if out is not None:
            raise td.ArgumentTypeError("E131", f"{self.name} on tensors is an expression: it has no out=")
        return contextvars.copy_context().run(self._traced, bound.args, bound.kwargs)

    def _traced(
        self, args: tuple[object, ...], keywords: dict[str, object]
    ) -> td.Tensor | tuple[td.Tensor, ...]:
        given = _flat((*args, *keywords.values()))
        sizes = {size.name for value in given if isinstance(value, td.Tensor) for size in value.sizes}
        params = {str(value) for value in given if isinstance(value, td.Expr)}
        with td.unnamed(avoid=sizes | params):
            return self.body(*args, **keywords)

    def _built(self, call: Call, specialize: Specialize) -> td.Kernel:
        contextvars.copy_context().run(self._explain, call)
        return contextvars.copy_context().run(self._compiled, call, specialize)

    def _compiled(self, call: Call, specialize: Specialize) -> td.Kernel:
        outputs, inputs = self._placed(call, specialize)
        s = self.scheduled(*outputs, shapes=call.shapes)
        return td.build(s, inputs=inputs, name=self.name if self.name.isidentifier() else None)

    def declared(self, *args: object, **keywords: object) -> tuple[td.Tensor, ...]:
        """The tensors that a call with these arrays computes, to schedule, print or fuzz; of tensors, what a call gives.

        Errors: as of a call.
        """
        bound = self._bound(args, keywords)
        if any(is_tensor(value) for value in _flat(bound.arguments.values())):
            result = self._composed(bound, None)
            return cast("tuple[td.Tensor, ...]", result if isinstance(result, tuple) else (result,))
        call = sorted_arguments(self.name, bound.arguments, self.signature)
        contextvars.copy_context().run(self._explain, call)
        return contextvars.copy_context().run(self._placed, call, self.specialize)[0]

    def arrays(self) -> int:
        """How many parameters take arrays: those without a default and without another annotation."""
        return sum(self._inputs)

    def _placed(
        self, call: Call, specialize: Specialize
    ) -> tuple[tuple[td.Tensor, ...], tuple[td.Tensor | td.Expr, ...]]:
        """The operator's tensors on placeholders, and those."""
        placed = call.placed(specialize, self.ranges)
        result = self._traced(*self._unpacked(placed.arguments))
        outputs = result if isinstance(result, tuple) else (result,)
        return tuple(_computed(tensor) for tensor in outputs), placed.inputs

    def _run(self, kernel: td.Kernel | Flattened, call: Call, out: object) -> object:
        try:
            return kernel(*call.values, **({} if out is None else {"out": out}))
        except td.CallError:
            contextvars.copy_context().run(self._explain, call)
            raise

    def _explain(self, call: Call) -> None:
        """Runs the function on the very shapes, so that what it checks of them is said in its words."""
        self._traced(*self._unpacked(call.placed(True, self.ranges).arguments))

    def _unpacked(self, arguments: Mapping[str, object]) -> tuple[tuple[object, ...], dict[str, object]]:
        bound = inspect.BoundArguments(self.signature, OrderedDict(arguments))
        return bound.args, bound.kwargs

    def schedule(
        self, target: str, *, when: Callable[..., bool] | None = None, name: str | None = None
    ) -> Schedules:
        """The author's schedules for a kind of target: printed, and as a decorator: ``@rmsnorm.schedule("cpu")``.

        Args:
            target: "cpu". when: a function of the arrays' shapes, in order; the schedule is for calls where it is true.
                The first that fits is taken, and the default scheduler's where none does. name: of the size class.

        The decorated function gets a schedule and the output tensors and gives a schedule. A registration after the first
        call is for calls that compile anew: the kernels made so far are dropped.
        """
        td.check(target == "cpu", f'{self.name}: schedules of operators are for "cpu" so far, not {target!r}')
        return Schedules(self, target, when, name)

    def register(self, size_class: SizeClass) -> None:
        """Adds an author's schedule: before the first one that is for every size, last where there is none."""
        general = [at for at, each in enumerate(self.size_classes) if each.when is None]
        self.size_classes.insert(
            general[0] if general and size_class.when else len(self.size_classes), size_class
        )
        self._kernels.clear()
        self._recent.clear()

    def scheduled(self, *outputs: td.Tensor, shapes: tuple[tuple[int, ...], ...] = ()) -> td.Schedule:
        """The schedule that a call would be built with, for tensors that the operator gave.

        Args:
            outputs: the tensors. shapes: of the arrays, for schedules that are chosen by them.
        """
        s = td.schedule(*outputs)
        number = self._chosen(shapes)
        if number is None:
            return td.schedules.default(s)
        chosen = self.size_classes[number].schedule
        check_call(
            chosen, f"a schedule of {self.name} is called with a schedule and its outputs", s, *outputs
        )
        return chosen(s, *outputs)

    def _chosen(self, shapes: tuple[tuple[int, ...], ...]) -> int | None:
        """Which of the author's schedules is for arrays of these shapes; None for the default scheduler's."""
        return next((at for at, each in enumerate(self.size_classes) if each.holds(shapes)), None)


def _flat(values: Iterable[object]) -> list[object]:
    found: list[object] = []
    for value in values:
        if isinstance(value, (tuple, list)):
            found += list(cast("list[object]", value))
        else:
            found.append(value)
    return found


def _computed(tensor: td.Tensor) -> td.Tensor:
    """The tensor; a copy of it where the operator gives back an input, since a kernel has to compute something."""
    if tensor.producer is not None:
        return tensor

    def value(*at: td.Expr) -> td.Expr:
        return tensor[at]

    with td.unnamed():
        return td.compute(f"{tensor.name}_copy", tensor.shape, value)


def catalog() -> tuple[Op, ...]:
    """Every operator of `td.ops`, by name."""
    import tdsl.ops

    found = {value.name: value for value in vars(tdsl.ops).values() if isinstance(value, Op)}
    return tuple(found[name] for name in sorted(found))


@overload
def op(body: Body, /) -> Op: ...


@overload
def op(
    *, name: str | None = None, reference: Callable[..., object] | None = None, specialize: Specialize = False,
    ranges: Ranges | None = None, cpu: Cpu = None, elementwise: bool = False,
) -> Callable[[Body], Op]: ...  # fmt: skip


def op(
    body: Body | None = None, /, *, name: str | None = None, reference: Callable[..., object] | None = None,
    specialize: Specialize = False, ranges: Ranges | None = None, cpu: Cpu = None, elementwise: bool = False,
) -> Op | Callable[[Body], Op]:  # fmt: skip
    """Makes a function of tensors an operator.

    Args:
        body: takes tensors, tuples of tensors and attributes, gives a tensor or a tuple of tensors. A Python number for
            a parameter that has no default and no annotation, or one that says Tensor, becomes a scalar input of the
            kernel; other numbers, strings, None and tuples of them are attributes, compiled in.
        name: the function's own where None.
        reference: the same on NumPy arrays.
        specialize: which sizes are fixed to those of the arrays: True for all, or dims by parameter, ``{"w": (2, 3)}``;
            the others stay symbolic.
        ranges: for integer arrays used as indices: parameter -> a function of the arguments that gives the half-open
            range; checked at the call (semantics B2).
        cpu: the author's schedules on a CPU: a function from a schedule and the outputs to a schedule, or `SizeClass`es
            in order, a function last for all other sizes. None: the default scheduler's.
        elementwise: a promise that the result has the arrays' common shape and each of its elements depends on those at
            its place alone, so that contiguous arrays of one shape may be taken for vectors where rows are short.

    Source: PyTorch's torch.library, TVM's TOPI.
    """

    def made(body: Body) -> Op:
        if not callable(body):
            raise td.ArgumentTypeError(
                "E131", f"td.op takes a function of tensors, not {type(body).__name__}"
            )
        return Op(body, name=name, reference=reference, specialize=specialize, ranges=ranges, cpu=cpu,
                  elementwise=elementwise)  # fmt: skip

    return made if body is None else made(body)


__all__ = ["Op", "catalog", "op"]

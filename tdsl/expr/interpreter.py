"""The interpreter that defines what declared tensors mean: every later stage of the compiler is compared with it.

In: output tensors, input arrays, sizes and params. Out: NumPy arrays. A stage is evaluated at all points of its data
axes at once; reduction loops run one iteration after another in the declared order, outermost first, ascending
(semantics E2), so that every float comes out in the plain order of the program. The branch of a `where` that is not
taken reads nothing: its subscripts are clipped under the mask. Stages that read themselves are in
`expr/sequential.py`: a recurrence is computed wherever what it reads is known, an update point by point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tdsl.errors import InternalError
from tdsl.expr import scalar_ops
from tdsl.expr.functions.definition import definition
from tdsl.expr.narrow_floats import held, is_array_of, is_held, kept, rounded
from tdsl.expr.node import Call, Node, Read, Reduce, Select, Var
from tdsl.expr.reducers import identity, step
from tdsl.expr.rewrite import reads, walk
from tdsl.expr.scalar_ops import Array
from tdsl.expr.tensor import Axis, Stage, Tensor, tensors_of


def evaluate(
    outputs: Sequence[Tensor],
    arrays: Mapping[str, Array],
    sizes: Mapping[str, int] | None = None,
    params: Mapping[str, object] | None = None,
    *,
    has_fma: bool = True,
) -> dict[str, Array]:
    """The values of the output tensors, by name; of bfloat16 and fp8 as float32 arrays that hold them.

    Args:
        outputs: tensors of any stages; an input gives itself.
        arrays: every input array that is read, by name, of the declared dtype and shape.
        sizes: every size that occurs, in elements.
        params: every scalar argument that occurs.
        has_fma: False evaluates contracted products as a target without the instruction does (D5).
    """
    run = Run(dict(arrays), dict(sizes or {}), dict(params or {}), has_fma)
    for stage in _in_order(outputs):
        run.stage(stage)
    return {
        tensor.name: run.values[tensor] if tensor in run.values else run.input(tensor) for tensor in outputs
    }


def _in_order(outputs: Sequence[Tensor]) -> Iterator[Stage]:
    """The stages that the outputs need, producers first."""
    done: set[Stage] = set()
    stack = [(tensor.producer, False) for tensor in reversed(outputs)]
    while stack:
        stage, ready = stack.pop()
        if stage is None or stage in done:
            continue
        if ready:
            done.add(stage)
            yield stage
            continue
        stack.append((stage, True))
        stack.extend((read.tensor.producer, False) for read in reads(*stage_nodes(stage)))
        if stage.base is not None:
            stack.append((stage.base.producer, False))


def stage_nodes(stage: Stage) -> tuple[Node, ...]:
    """Every expression of a stage: body, targets, domain, fill and bounds."""
    bounds = (bound for axis in (*stage.axes, *stage.reduce_axes) for bound in (axis.lower, axis.upper))
    return (*stage.body, *stage.at, *stage.domain, *stage.fill, *bounds)


class Run:
    """One evaluation: what is known of names, and the tensors computed so far."""

    def __init__(
        self, arrays: dict[str, Array], sizes: dict[str, int], params: dict[str, object], has_fma: bool
    ) -> None:
        self.arrays = arrays
        self.sizes = sizes
        self.params = params
        self.has_fma = has_fma
        self.values: dict[Tensor, Array] = {}
        self.known: dict[Tensor, Array] = {}
        """Of a recurrence being computed: which elements are there; by the tensors it reads itself by."""
        self.waiting: Array = np.asarray(False)
        """Points of it that read elements that are not there yet."""
        self.mentions: dict[Node, frozenset[Var]] = {}
        """The variables in nodes met so far, which frames ask for at every point."""

    def input(self, tensor: Tensor) -> Array:
        """The array of an input, checked."""
        array = self.arrays.get(tensor.name)
        if array is None:
            raise InternalError(f"no array for {tensor.name}", pass_name="expr.interpreter")
        shape = tuple(int(self.scalar(extent)) for extent in tensor.extents)
        if array.shape != shape or not is_array_of(array, tensor.dtype):
            given = f"{array.dtype} {array.shape}"
            raise InternalError(
                f"{tensor.name} is {tensor.dtype} {shape}, not {given}", pass_name="expr.interpreter"
            )
        return kept(array, tensor.dtype)

    def value(self, tensor: Tensor) -> Array:
        """The array of any tensor that can be read now."""
        found = self.values.get(tensor)
        return self.input(tensor) if found is None and tensor.producer is None else self.values[tensor]

    def read(self, node: Read, subscripts: Sequence[Array], mask: Array) -> Array:
        """The elements that a read names at the points of a mask; anything elsewhere."""
        array = self.value(node.tensor)
        if not mask.ndim and node.tensor not in self.known:
            at = tuple(int(part) for part in subscripts if not part.ndim)
            if len(at) == array.ndim and all(
                0 <= i < extent for i, extent in zip(at, array.shape, strict=True)
            ):
                return np.asarray(array[at])  # one point, as every read of an update is
        index: list[Array] = []
        for place, subscript in enumerate(subscripts):
            inside = (subscript >= 0) & (subscript < array.shape[place])
            if np.any(mask & ~inside):
                raise InternalError(
                    f"{node} reads outside of {node.tensor.name}", pass_name="expr.interpreter"
                )
            index.append(np.where(inside, subscript, 0))
        if node.tensor in self.known:
            there = self.known[node.tensor]
            known = there[tuple(index)] if there.size else np.asarray(True)
            self.waiting = self.waiting | (mask & ~known)
        if array.size == 0 and array.ndim:
            # Nothing can be read, so every point is masked; any value will do there.
            return np.zeros(np.broadcast_shapes(*(part.shape for part in index)), dtype=array.dtype)
        return np.asarray(array[tuple(index)])

    def scalar(self, node: Node) -> Array:
        """An expression over sizes and params."""
        return Frame(self, (), {}, np.asarray(True)).value(node)

    def stage(self, stage: Stage) -> None:
        """Computes the tensors of a stage at all its points."""
        if stage.own:
            from tdsl.expr.sequential import recurrence, update

            (update if stage.base is not None else recurrence)(self, stage)
            return
        env, inside = self.points(stage)
        for tensor, value in zip(tensors_of(stage), self.bodies(stage, env, inside), strict=True):
            self.values[tensor] = value

    def points(self, stage: Stage) -> tuple[dict[Var, Array], Array]:
        """The values of the data axes at all points, and the mask of those in the stage's domain."""
        lowers = [int(self.scalar(axis.lower)) for axis in stage.axes]
        uppers = [int(self.scalar(axis.upper)) for axis in stage.axes]
        shape = tuple(max(0, upper - lower) for lower, upper in zip(lowers, uppers, strict=True))
        env: dict[Var, Array] = {}
        for place, axis in enumerate(stage.axes):
            points = np.arange(lowers[place], max(lowers[place], uppers[place]), dtype=np.int64)
            env[axis_of(axis.name)] = points.reshape([-1 if d == place else 1 for d in range(len(shape))])
        inside: Array = np.ones(shape, dtype=np.bool_)
        for condition in stage.domain:
            inside = inside & Frame(self, stage.reduce_axes, env, inside).value(condition)
        return env, inside

    def bodies(self, stage: Stage, env: Mapping[Var, Array], inside: Array) -> list[Array]:
        """The values of the stage at its points, `fill` where they are masked."""
        frame = Frame(self, stage.reduce_axes, env, inside)
        found: list[Array] = []
        for place, body in enumerate(stage.body):
            value = np.broadcast_to(frame.value(body), inside.shape)
            if stage.domain:
                value = np.where(inside, value, frame.value(stage.fill[place]))
            found.append(np.array(value, dtype=held(stage.dtypes[place]), order="C", copy=True))
        return found


def axis_of(name: str) -> Var:
    """The variable of an axis."""
    from tdsl.expr.node import axis_var

    return axis_var(name)


class Frame:
    """Values of nodes at one set of points: variables bound to arrays, and a mask of the points that count.

    A value found in a frame around it (a wider mask, fewer variables bound) is reused.
    """

    def __init__(
        self,
        run: Run,
        axes: Sequence[Axis],
        env: Mapping[Var, Array],
        mask: Array,
        outer: Frame | None = None,
        bound: frozenset[Var] = frozenset(),
    ) -> None:
        self.run = run
        self.axes = axes
        self.env = env
        self.mask = mask
        self.outer = outer
        self.bound = bound
        self.known: dict[Node, Array] = {}
        self.mentions = run.mentions

    def value(self, root: Node) -> Array:
        """The value of a node at the points; children first, by a stack."""
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if self._found(node) is not None:
                continue
            needed = (
                node.children[:1]
                if isinstance(node, Select)
                else ()
                if isinstance(node, Reduce)
                else node.children
            )
            if not ready and needed:
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(needed))
                continue
            self.known[node] = self._compute(node)
        found = self._found(root)
        assert found is not None
        return found

    def _found(self, node: Node) -> Array | None:
        frame: Frame | None = self
        while frame is not None:
            value = frame.known.get(node)
            if value is not None:
                return value
            if frame.bound and not frame.bound.isdisjoint(self._mentioned(node)):
                return None
            frame = frame.outer
        return None

    def _mentioned(self, node: Node) -> frozenset[Var]:
        found = self.mentions.get(node)
        if found is None:
            for part in walk(node, skip=self.mentions):
                own = frozenset({part}) if isinstance(part, Var) else frozenset[Var]()
                self.mentions[part] = own.union(*(self.mentions[child] for child in part.children))
            found = self.mentions[node]
        return found

    def _compute(self, node: Node) -> Array:
        match node:
            case Var():
                return self._variable(node)
            case Read():
                return self._read(node)
            case Select():
                return self._select(node)
            case Reduce():
                return self._reduce(node)
            case Call():
                return self._call(node)
            case _:
                operands = [self._operand(child) for child in node.children]
                return scalar_ops.compute(node, operands, has_fma=self.run.has_fma)

    def _operand(self, node: Node) -> Array:
        found = self._found(node)
        assert found is not None
        return found

    def _variable(self, var: Var) -> Array:
        frame: Frame | None = self
        while frame is not None:
            if var in frame.env:
                return frame.env[var]
            frame = frame.outer
        table = self.run.sizes if var.kind == "size" else self.run.params
        if var.name not in table:
            raise InternalError(f"{var.kind} {var.name} has no value here", pass_name="expr.interpreter")
        value = np.asarray(table[var.name])
        return rounded(value, var.of) if is_held(var.of) else value.astype(held(var.of))

    def _read(self, node: Read) -> Array:
        return self.run.read(node, [self._operand(part) for part in node.index], self.mask)

    def _select(self, node: Select) -> Array:
        cond = self._operand(node.cond)
        then = Frame(self.run, self.axes, {}, self.mask & cond, self).value(node.then)
        otherwise = Frame(self.run, self.axes, {}, self.mask & ~cond, self).value(node.otherwise)
        return np.where(cond, then, otherwise)

    def _call(self, node: Call) -> Array:
        """The expansion of a function, its parameters bound to the arguments."""
        made = definition(node.name, node.args[0].dtype)
        env = {name: self._operand(arg) for name, arg in zip(made.parameters, node.args, strict=True)}
        inner = Frame(self.run, self.axes, env, self.mask, self, frozenset(made.parameters))
        return inner.value(made.body)

    def _reduce(self, node: Reduce) -> Array:
        """Init, then the terms in the declared order; points where an axis is past its bounds keep their value."""
        starts = identity(node)
        names = tuple(Var(f"accumulator {place}", start.dtype, "local") for place, start in enumerate(starts))
        update = step(node, names)
        values = [np.asarray(self.value(start)) for start in starts]
        axes = {axis.name: axis for axis in self.axes}
        for frame in self._iterations([axes[name] for name in node.axes]):
            inner = Frame(
                self.run,
                self.axes,
                dict(zip(names, values, strict=True)),
                frame.mask,
                frame,
                frozenset(names),
            )
            updated = [inner.value(part) for part in update]
            values = [np.where(frame.mask, new, old) for new, old in zip(updated, values, strict=True)]
        return values[node.component]

    def _iterations(self, axes: Sequence[Axis]) -> Iterator[Frame]:
        """A frame for every iteration of the axes, outermost first, ascending; masked where bounds differ."""
        if not axes:
            yield self
            return
        axis = axes[0]
        lower, upper = self.value(axis.lower), self.value(axis.upper)
        if np.size(lower) == 0 or np.size(upper) == 0:
            return
        var = axis_of(axis.name)
        for point in range(int(np.min(lower)), int(np.max(upper))):
            mask = self.mask & (lower <= point) & (point < upper)
            if not np.any(mask):
                continue
            inner = Frame(
                self.run, self.axes, {var: np.asarray(point, np.int64)}, mask, self, frozenset({var})
            )
            yield from inner._iterations(axes[1:])

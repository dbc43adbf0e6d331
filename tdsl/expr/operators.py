"""The Python operators that expressions and tensors share, as one mixin; what they mean is `arithmetic.apply`.

In: a handle and another operand (handle, Python or NumPy number). Out: a new handle, or an error on the user's line.
`==` is not here: on expressions it builds a comparison, tensors compare by identity (semantics E1).
"""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar, cast

from tdsl.dtypes import DType
from tdsl.errors import ArgumentTypeError, BoolError
from tdsl.expr.ufuncs import OPERATORS, Named, refused
from tdsl.location import here, hide_internal_frames

Result = TypeVar("Result")


class Operators(Generic[Result]):
    """Operators that build; `Result` is the handle they give: `Expr` of expressions, `Tensor` of whole tensors."""

    __slots__ = ()

    __array_priority__ = 1000.0

    @hide_internal_frames
    def _apply(self, op: str, *others: object, reflected: bool = False) -> Result:
        from tdsl.expr.arithmetic import apply

        operands = (*others, self) if reflected else (self, *others)
        return cast(Result, apply(op, *operands))

    def __add__(self, other: object) -> Result:
        return self._apply("add", other)

    def __radd__(self, other: object) -> Result:
        return self._apply("add", other, reflected=True)

    def __sub__(self, other: object) -> Result:
        return self._apply("sub", other)

    def __rsub__(self, other: object) -> Result:
        return self._apply("sub", other, reflected=True)

    def __mul__(self, other: object) -> Result:
        return self._apply("mul", other)

    def __rmul__(self, other: object) -> Result:
        return self._apply("mul", other, reflected=True)

    def __truediv__(self, other: object) -> Result:
        return self._apply("div", other)

    def __rtruediv__(self, other: object) -> Result:
        return self._apply("div", other, reflected=True)

    def __floordiv__(self, other: object) -> Result:
        return self._apply("floordiv", other)

    def __rfloordiv__(self, other: object) -> Result:
        return self._apply("floordiv", other, reflected=True)

    def __mod__(self, other: object) -> Result:
        return self._apply("mod", other)

    def __rmod__(self, other: object) -> Result:
        return self._apply("mod", other, reflected=True)

    def __divmod__(self, other: object) -> tuple[Result, Result]:
        return self._apply("floordiv", other), self._apply("mod", other)

    def __rdivmod__(self, other: object) -> tuple[Result, Result]:
        return self._apply("floordiv", other, reflected=True), self._apply("mod", other, reflected=True)

    def __pow__(self, other: object) -> Result:
        return self._apply("pow", other)

    def __rpow__(self, other: object) -> Result:
        return self._apply("pow", other, reflected=True)

    def __lshift__(self, other: object) -> Result:
        return self._apply("shl", other)

    def __rlshift__(self, other: object) -> Result:
        return self._apply("shl", other, reflected=True)

    def __rshift__(self, other: object) -> Result:
        return self._apply("shr", other)

    def __rrshift__(self, other: object) -> Result:
        return self._apply("shr", other, reflected=True)

    def __and__(self, other: object) -> Result:
        return self._apply("and", other)

    def __rand__(self, other: object) -> Result:
        return self._apply("and", other, reflected=True)

    def __or__(self, other: object) -> Result:
        return self._apply("or", other)

    def __ror__(self, other: object) -> Result:
        return self._apply("or", other, reflected=True)

    def __xor__(self, other: object) -> Result:
        return self._apply("xor", other)

    def __rxor__(self, other: object) -> Result:
        return self._apply("xor", other, reflected=True)

    def __lt__(self, other: object) -> Result:
        return self._apply("lt", other)

    def __le__(self, other: object) -> Result:
        return self._apply("le", other)

    def __gt__(self, other: object) -> Result:
        return self._apply("gt", other)

    def __ge__(self, other: object) -> Result:
        return self._apply("ge", other)

    def __neg__(self) -> Result:
        return self._apply("neg")

    def __pos__(self) -> Result:
        return self._apply("pos")

    def __invert__(self) -> Result:
        return self._apply("not")

    def __abs__(self) -> Result:
        return self._apply("abs")

    def __floor__(self) -> Result:
        return self._apply("floor")

    def __ceil__(self) -> Result:
        return self._apply("ceil")

    def __trunc__(self) -> Result:
        return self._apply("trunc")

    def __round__(self, digits: int | None = None) -> Result:
        if digits is not None:
            raise ArgumentTypeError(
                "E115",
                "round of an expression has no digits",
                where=here(),
                hint=("round(x), to even; or round(x * 100.0) / 100.0",),
            )
        return self._apply("round")

    @hide_internal_frames
    def astype(self, dtype: DType | str | type) -> Result:
        """The value converted to another dtype: int to int wraps, float to int truncates and saturates (D2).

        Errors: E201 no such dtype.
        """
        from tdsl.expr.arithmetic import convert

        return cast(Result, convert(self, dtype))

    @hide_internal_frames
    def __array_ufunc__(self, ufunc: Named, method: str, *inputs: object, **options: object) -> object:
        """NumPy's scalars and arrays leave their operators to us; its functions are refused, and ours named."""
        op = OPERATORS.get(ufunc.__name__)
        if op is None or method != "__call__" or options:
            reduces = method != "__call__"
            raise refused(ufunc.__name__, str(self), () if reduces else inputs, reduces)
        if op in ("eq", "ne") and type(self).__eq__ is object.__eq__:
            return op == "ne"  # tensors compare by identity, and no number is one
        if len(inputs) == 1:
            return self._apply(op)
        mine = next(place for place, value in enumerate(inputs) if value is self)
        return self._apply(op, inputs[1 - mine], reflected=mine == 1)

    @hide_internal_frames
    def __array_function__(
        self, function: Named, types: object, args: tuple[object, ...], options: dict[str, object]
    ) -> NoReturn:
        whole = all(isinstance(each, (Operators, int, float)) for each in args) and not options
        raise refused(function.__name__, str(self), args if whole else ())

    @hide_internal_frames
    def __array__(self, *dtype: object, **options: object) -> NoReturn:
        raise ArgumentTypeError(
            "E114",
            f"{self} is no array while it is declared",
            where=here(),
            why=("its values exist only when a kernel runs",),
            hint=("td.build(td.schedule(…))(…) computes it",),
        )

    @hide_internal_frames
    def __setitem__(self, index: object, value: object) -> NoReturn:
        raise ArgumentTypeError(
            "E114",
            f"{self} cannot be assigned to",
            where=here(),
            why=("a declaration says what an array is, once; elements exist only when a kernel runs",),
            hint=(
                f'U = td.update("U", {self}, over=…, at=(…), value=lambda U: …), a new value, point after point',
            ),
        )

    @hide_internal_frames
    def __bool__(self) -> NoReturn:
        raise BoolError(
            "E101",
            f"{self} has no truth value while it is declared",
            where=here(),
            why=(
                "if, and, or, not and a chained comparison ask for one; the value exists only when a kernel runs",
            ),
            hint=(
                "td.where(condition, a, b) instead of if; td.all(a, b), td.any(a, b), td.logical_not(a)",
                "td.all(0 <= i, i < n) instead of 0 <= i < n",
            ),
        )

    @hide_internal_frames
    def __float__(self) -> NoReturn:
        self._has_no_number("float")

    @hide_internal_frames
    def __int__(self) -> NoReturn:
        self._has_no_number("int")

    @hide_internal_frames
    def __len__(self) -> NoReturn:
        raise ArgumentTypeError(
            "E114",
            f"{self} has no length while it is declared",
            where=here(),
            hint=("A.shape[0] is the first extent of a tensor A",),
        )

    def _has_no_number(self, kind: str) -> NoReturn:
        dtype = "int64" if kind == "int" else "float64"
        raise ArgumentTypeError(
            "E114",
            f"{self} is no Python {kind} while it is declared",
            where=here(),
            why=("its value exists only when a kernel runs",),
            hint=(
                f'td.cast({self}, "{dtype}") is the value in another dtype',
                "td.exp, td.sqrt, … instead of math's",
            ),
        )

    @hide_internal_frames
    def __iter__(self) -> NoReturn:
        raise ArgumentTypeError(
            "E114",
            f"{self} cannot be iterated while it is declared",
            where=here(),
            why=("its elements exist only when a kernel runs",),
            hint=("an axis runs over elements: td.compute(…, lambda i: …), td.sum(…, over=k)",),
        )

"""What a hostile call is made of: whole numbers below a bound, asked for one by one, and what follows from them.

In: a function that gives a number in 0..n for a bound n: Hypothesis beyond a pipe, a list made before, or a generator. Out:
elements, extents, chances. 0 is always the simplest answer, so that numbers made smaller make a call simpler.
"""

from __future__ import annotations

import random
from collections.abc import Callable, MutableSequence, Sequence
from typing import TypeVar

T = TypeVar("T")
Ask = Callable[[int], int]


class Choices:
    """Choices made by asking for numbers."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def choice(self, options: Sequence[T]) -> T:
        """One of several, the first being the simplest."""
        return options[self.randrange(len(options))]

    def randrange(self, bound: int) -> int:
        """A number in 0..bound."""
        return self._ask(bound) if bound > 1 else 0

    def randint(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + self.randrange(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Whether something happens that happens so often; the simplest is that it does not."""
        return self.randrange(100) >= 100 - percent

    def shuffle(self, listed: MutableSequence[object]) -> None:
        """Puts a list into another order; the simplest is the one it has."""
        for last in range(len(listed) - 1, 0, -1):
            other = last - self.randrange(last + 1)
            listed[last], listed[other] = listed[other], listed[last]

    def contents(self) -> random.Random:
        """A generator for what fills arrays: of no interest one by one, so all of it is one number."""
        return random.Random(self.randrange(1 << 32))


def replayed(numbers: Sequence[int]) -> Choices:
    """The choices that were made before; what is asked beyond them is answered with the simplest."""
    left = list(reversed(numbers))
    return Choices(lambda bound: min(left.pop(), bound - 1) if left else 0)

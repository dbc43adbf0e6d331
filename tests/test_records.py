"""Records behave as the standard library's dataclasses with slots do, frozen or not."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field

import pytest

from tdsl import records


def classes(dataclass):
    @dataclass(frozen=True, slots=True)
    class Point:
        """A place."""

        x: int
        y: int = 0
        names: tuple[str, ...] = field(default_factory=lambda: ("a",))
        note: str = field(default="", compare=False, repr=False)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Named:
        name: str
        size: int = 1
        twice: int = field(init=False)

        def __post_init__(self):
            object.__setattr__(self, "twice", 2 * self.size)

    @dataclass(frozen=True, slots=True)
    class Wide(Point):
        z: float = 0.0

    @dataclass(frozen=True, slots=True)
    class Empty:
        pass

    @dataclass(frozen=True, slots=True)
    class Only:
        value: float

    @dataclass(frozen=True, slots=True, eq=False, repr=False)
    class Identity:
        value: int

    @dataclass(frozen=True, slots=True)
    class Own:
        value: int

        def __hash__(self):
            return 7

        def __repr__(self):
            return "own"

        def __eq__(self, other):
            return isinstance(other, type(self))

    return Point, Named, Wide, Empty, Only, Identity, Own


OURS, THEIRS = classes(records.dataclass), classes(dataclasses.dataclass)
NAN = float("nan")
ARGUMENTS = [
    (0, (1,), {}), (0, (1, 2), {"note": "n"}), (0, (1, 2, ("b",), "n"), {}), (0, (), {"x": 1, "y": 5}),
    (1, (), {"name": "n"}), (1, (), {"name": "n", "size": 4}), (2, (1, 2), {"z": 3.0}), (2, (1,), {}), (3, (), {}),
    (4, (NAN,), {}), (4, (1.5,), {}), (5, (1,), {}), (6, (1,), {}),
]  # fmt: skip


@pytest.mark.parametrize(("at", "args", "kwargs"), ARGUMENTS)
def test_values(at, args, kwargs):
    ours, theirs = OURS[at](*args, **kwargs), THEIRS[at](*args, **kwargs)
    if at != 5:
        assert repr(ours) == repr(theirs) and hash(ours) == hash(theirs)
        assert ours == OURS[at](*args, **kwargs) and ours != theirs and ours != args
    else:
        assert ours == ours and ours != OURS[at](*args, **kwargs) and "Identity object" in repr(ours)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs) or args == (NAN,)
    assert copy.copy(ours) is not ours
    for name in [one.name for one in dataclasses.fields(ours)]:
        assert getattr(ours, name) is getattr(theirs, name) or getattr(ours, name) == getattr(theirs, name)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(ours, name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot delete field '{name}'"):
            delattr(ours, name)
    with pytest.raises((AttributeError, TypeError)):
        ours.another = 1


@pytest.mark.parametrize("at", range(len(OURS)))
def test_classes(at):
    ours, theirs = OURS[at], THEIRS[at]
    for name in ("__match_args__", "__slots__", "__qualname__", "__module__"):
        assert getattr(ours, name) == getattr(theirs, name)
    parameters = [list(inspect.signature(kind).parameters) for kind in (ours, theirs)]
    assert parameters[0] == parameters[1]
    shown = [(f.name, f.type, f.default, f.init, f.kw_only, f.compare) for f in dataclasses.fields(ours)]
    assert shown == [
        (f.name, f.type, f.default, f.init, f.kw_only, f.compare) for f in dataclasses.fields(theirs)
    ]


@pytest.mark.parametrize(
    ("at", "args", "kwargs"), [(0, (), {}), (0, (1, 2, 3, 4, 5), {}), (1, ("n",), {}), (3, (1,), {})]
)
def test_wrong_arguments(at, args, kwargs):
    for kinds in (OURS, THEIRS):
        with pytest.raises(TypeError):
            kinds[at](*args, **kwargs)


def test_replacing_and_differing():
    one = OURS[0](1, 2, note="n")
    assert dataclasses.replace(one, x=3) == OURS[0](3, 2)
    assert one == OURS[0](1, 2, note="other") and one != OURS[0](1, 3)
    assert OURS[2](1, 2) != OURS[0](1, 2)  # another class
    assert len({OURS[0](1), OURS[0](1), OURS[0](2)}) == 2
    Point = OURS[0]
    match one:
        case Point(x, y):
            assert (x, y) == (1, 2)


@records.dataclass(frozen=True, slots=True)
class Travelling:
    """At the top of a module, so that pickle finds it."""

    x: int
    names: tuple[str, ...] = ()


def test_pickles():
    one = Travelling(1, ("a", "b"))
    assert pickle.loads(pickle.dumps(one)) == one and copy.deepcopy(one) == one


@pytest.mark.parametrize("dataclass", [records.dataclass, dataclasses.dataclass])
def test_values_that_change(dataclass):
    @dataclass(slots=True)
    class Counter:
        name: str
        seen: list[int] = field(default_factory=list)
        total: int = field(init=False, default=0)

    @dataclass(slots=True, eq=False)
    class Itself:
        x: int

    one, other = Counter("a"), Counter("a")
    one.total += 2
    one.seen.append(1)
    assert repr(one).endswith("Counter(name='a', seen=[1], total=2)") and other.seen == []
    assert one != other and other == Counter("a") and Counter.__hash__ is None
    assert copy.deepcopy(one) == one and dataclasses.replace(other, name="b").name == "b"
    assert Itself(1) != Itself(1) and len({Itself(1), Itself(1)}) == 2
    with pytest.raises(AttributeError):
        one.another = 1


@records.dataclass(frozen=True, slots=True)
class Hash:
    """Fields called like what the methods use."""

    hash: int
    other: int = 2
    set0: int = 3


def test_fields_called_like_what_methods_use():
    assert Hash(1) == Hash(1, 2, 3) != Hash(1, 2, 4) and hash(Hash(1)) == hash((1, 2, 3))
    assert (Hash(1, other=5).other, Hash(1, set0=6).set0) == (5, 6)


def test_what_is_no_record_is_the_standard_librarys():
    @records.dataclass()
    class Plain:
        x: int

    one = Plain(1)
    one.x = 2
    assert one == Plain(2)

    @records.dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        x: int

    assert Ordered(1) < Ordered(2)

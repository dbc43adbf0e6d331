"""What nodes and statements read, write and depend on: Loop IR in, sets of names out (in order of appearance)."""

from __future__ import annotations

from tdsl.expr.node import Binary, Const, Load, Node, Select, Var
from tdsl.expr.rewrite import walk
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

Names = dict[str, None]

UNBOUNDED = 1 << 30


Signature = tuple[tuple[str, ...], tuple[str, ...]]
"""The local variables that a node mentions, and the buffers that it reads."""


class Reads:
    """Remembers what each node of a kernel depends on (`known`), and what else is asked about it often.

    `native`: what partial.py found out about a vector loop, by identity, with the loop itself so that it lives on.
    """

    def __init__(self) -> None:
        self.known: dict[Node, Signature] = {}
        self._conjuncts: dict[Node, tuple[Node, ...]] = {}
        self._limited: dict[Node, tuple[tuple[str, Node], ...]] = {}
        self.native: dict[int, tuple[Statement, bool]] = {}
        self._written: dict[int, tuple[Statement, tuple[str, ...] | None]] = {}
        self._shared: dict[Node, tuple[Node, ...]] = {}
        self._repeats: dict[Node, bool] = {}
        self._load_nodes: dict[Node, frozenset[Node]] = {}

    def signature(self, root: Node) -> Signature:
        """The local variables and the buffers of a node and all below it."""
        known = self.known
        found = known.get(root)
        if found is not None:
            return found
        stack = [root]
        while stack:
            node = stack[-1]
            missing = [child for child in node.children if child not in known]
            if missing:
                stack += missing
                continue
            stack.pop()
            names: Names = {node.name: None} if isinstance(node, Var) and node.kind == "local" else {}
            buffers: Names = {node.buffer: None} if isinstance(node, Load) else {}
            for child in node.children:
                below = known[child]
                names.update(dict.fromkeys(below[0]))
                buffers.update(dict.fromkeys(below[1]))
            known[node] = (tuple(names), tuple(buffers))
        return known[root]

    def shared(self, select: Select) -> tuple[Node, ...]:
        """What reads memory and is evaluated whichever arm of a select is chosen: the largest such nodes.

        It may be evaluated once, before the arms; evaluated in each, conditions that build on each other would take
        twice as much code with every one.
        """
        if select not in self._shared:
            for node in walk(select):  # inner selects first
                if isinstance(node, Select) and node not in self._shared:
                    then, otherwise = self._surely(node.then), self._surely(node.otherwise)
                    common = [part for part in then if part in otherwise]
                    inner = {
                        child for part in common if not isinstance(part, Select) for child in part.children
                    }
                    self._shared[node] = tuple(part for part in common if part not in inner)
        return self._shared[select]

    def repeats_condition(self, select: Select) -> bool:
        """Whether all that the arms of a select read is surely read by its condition: nothing is left to be spared."""
        found = self._repeats.get(select)
        if found is None:
            for node in walk(select.cond):
                if isinstance(node, Select):
                    self.shared(node)
            known = self._surely(select.cond)
            read = (*self._every_load(select.then), *self._every_load(select.otherwise))
            found = self._repeats[select] = all(node in known for node in read)
        return found

    def _every_load(self, root: Node) -> frozenset[Node]:
        """The loads in an expression; one set for all that have the same."""
        if root not in self._load_nodes:
            for node in walk(root, skip=self._load_nodes):
                own = frozenset((node,)) if isinstance(node, Load) else frozenset[Node]()
                for child in node.children:
                    below = self._load_nodes[child]
                    own = own if below <= own else below if own <= below else own | below
                self._load_nodes[node] = own
        return self._load_nodes[root]

    def _surely(self, root: Node) -> dict[Node, None]:
        """The nodes that read memory and are evaluated whenever `root` is."""
        found: dict[Node, None] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            if node in found or not self.loads(node):
                continue
            found[node] = None
            stack += (node.cond, *self._shared[node]) if isinstance(node, Select) else node.children
        return found

    def conjuncts(self, cond: Node) -> tuple[Node, ...]:
        """The conditions that an `and` is made of, in order."""
        found = self._conjuncts.get(cond)
        if found is None:
            ordered: list[Node] = []
            stack = [cond]
            while stack:
                node = stack.pop()
                if isinstance(node, Binary) and node.op == "and" and node.dtype.is_bool:
                    stack += [node.rhs, node.lhs]
                else:
                    ordered.append(node)
            found = self._conjuncts[cond] = tuple(ordered)
        return found

    def limited(self, root: Node) -> tuple[tuple[str, Node], ...]:
        """The loads below a node whose last subscript is a min or max that reads nothing: buffer and subscript."""
        found = self._limited.get(root)
        if found is None:
            loads = [node for node in subnodes(root) if isinstance(node, Load) and node.index]
            found = self._limited[root] = tuple(
                (node.buffer, last)
                for node in loads
                if isinstance(last := node.index[-1], Binary)
                and last.op in ("min", "max")
                and not self.loads(last)
            )
        return found

    def straight(self, statement: Statement) -> tuple[str, ...] | None:
        """The buffers that a statement without loops and allocations writes; None for others."""
        found = self._written.get(id(statement))
        if found is None:
            inside = parts(statement)
            plain = all(isinstance(part, (Block, If, Let, Store)) for part in inside)
            found = self._written[id(statement)] = (statement, stored(statement) if plain else None)
        return found[1]

    def loads(self, root: Node) -> tuple[str, ...]:
        """The buffers that a node reads, itself or below."""
        return self.signature(root)[1]


def stored(statement: Statement) -> tuple[str, ...]:
    """The buffers that a statement writes; those it allocates itself too, since they hold other values next time."""
    return tuple(dict.fromkeys(part.buffer for part in parts(statement) if isinstance(part, Store)))


def parts(statement: Statement) -> list[Statement]:
    """The statement and everything inside it, in order."""
    found: list[Statement] = []
    stack = [statement]
    while stack:
        part = stack.pop()
        found.append(part)
        match part:
            case Block(statements):
                stack += reversed(statements)
            case If(_, then, otherwise):
                stack += [then] if otherwise is None else [otherwise, then]
            case For(body=body) | Let(body=body) | Allocate(body=body):
                stack.append(body)
            case Store() | Prefetch() | Barrier():
                pass
    return found


def weight(statement: Statement) -> int:
    """How many stores a statement is when it is written out; very many where it holds a loop that cannot be."""
    match statement:
        case Block(statements):
            return sum(weight(part) for part in statements)
        case If(_, then, otherwise):
            return weight(then) + (0 if otherwise is None else weight(otherwise))
        case Let(body=body) | For(kind="vector", body=body):
            return weight(body)
        case For(_, Const() as lower, Const() as upper, "unroll" | "serial", body):
            return max(int(upper.value) - int(lower.value), 0) * weight(body)
        case For() | Allocate():
            return UNBOUNDED
        case Store() | Barrier():
            return 1
        case Prefetch():
            return 0


def nodes(part: Statement) -> tuple[Node, ...]:
    """The nodes that stand in a statement itself, not in the statements inside it."""
    match part:
        case For(_, lower, upper):
            return (lower, upper)
        case If(cond):
            return (cond,)
        case Let(_, value):
            return (value,)
        case Allocate(extents=extents):
            return extents
        case Store(_, index, value):
            return (*index, value)
        case Prefetch(_, index):
            return index
        case Block() | Barrier():
            return ()


def subnodes(root: Node) -> list[Node]:
    """The node and everything below it, each once."""
    seen: dict[Node, None] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen[node] = None
            stack += reversed(node.children)
    return list(seen)


def depends_on(root: Node, names: Names) -> bool:
    """Whether a node mentions one of the local variables."""
    return any(
        isinstance(node, Var) and node.kind == "local" and node.name in names for node in subnodes(root)
    )


def is_lazy(reads: Reads, select: Select, safe: Names) -> bool:
    """Whether an arm of a select reads memory that its condition does not: it is only evaluated where it is chosen."""
    arms = (select.then, select.otherwise)
    read = [buffer for arm in arms for buffer in reads.loads(arm) if buffer not in safe]
    if not read:
        return False
    if not set(read) <= set(reads.loads(select.cond)):
        return True
    return not reads.repeats_condition(select)

"""The one rewriter: walks and rebuilds scalar expressions with an explicit stack; unchanged input is the same object.

In: a node and a rule (`Node -> Node`, itself where it does not apply). Out: the rewritten node. Each distinct node is
visited once, children before parents, so shared subexpressions cost nothing and depth is bounded by memory only.
Source of the scheme: tinygrad's `graph_rewrite`, xDSL's greedy pattern driver.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from tdsl.expr.node import Node, Read, Reduce, Var

Rule = Callable[[Node], Node]


def walk(*roots: Node, skip: Container[Node] = ()) -> Iterator[Node]:
    """Every distinct node of the expressions once, children before parents, in order of the operands.

    Nodes in `skip` are left out with what lies below them (unless it is reached otherwise).
    """
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if node in seen or node in skip:
            continue
        if ready or not node.children:
            seen.add(node)
            yield node
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node.children) if child not in seen)


def rewrite(node: Node, rule: Rule, memo: dict[Node, Node] | None = None) -> Node:
    """Rebuilds `node` bottom-up: `rule` is asked once for every distinct node, on its already rewritten operands.

    The result of a rule is taken as it is (not visited again); a caller that wants a fixed point repeats the call.

    Args:
        node: the expression.
        rule: gives a node's replacement, or the node itself.
        memo: results to reuse and to add to, for several expressions rewritten by the same rule.
    """
    done: dict[Node, Node] = {} if memo is None else memo
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        current, ready = stack.pop()
        if current in done:
            continue
        children = current.children
        if not ready and children:
            stack.append((current, True))
            stack.extend((child, False) for child in reversed(children) if child not in done)
            continue
        done[current] = rule(
            current.rebuilt(tuple(done[child] for child in children)) if children else current
        )
    return done[node]


def substitute(node: Node, mapping: Mapping[Node, Node]) -> Node:
    """Replaces every occurrence of a key (usually a `Var`) by its value, all at once; values are not visited again.

    An axis that a `Reduce` binds is its own inside that reduction and is not replaced there. Dtypes must agree.
    """
    if not mapping:
        return node
    done: dict[Node, Node] = dict(mapping)
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        current, ready = stack.pop()
        if current in done:
            continue
        if isinstance(current, Reduce) and (inner := _unshadowed(mapping, current.axes)) is not mapping:
            done[current] = current.rebuilt(tuple(substitute(child, inner) for child in current.operands))
            continue
        children = current.children
        if not ready and children:
            stack.append((current, True))
            stack.extend((child, False) for child in reversed(children) if child not in done)
            continue
        done[current] = current.rebuilt(tuple(done[child] for child in children)) if children else current
    return done[node]


def _unshadowed(mapping: Mapping[Node, Node], axes: Sequence[str]) -> Mapping[Node, Node]:
    """The mapping without the axes that a reduction binds; the same object where it binds none of them."""
    shadowed = [key for key in mapping if isinstance(key, Var) and key.kind == "axis" and key.name in axes]
    return {key: mapping[key] for key in mapping if key not in shadowed} if shadowed else mapping


def variables(*nodes: Node) -> tuple[Var, ...]:
    """Every `Var` that occurs, bound by a reduction or not, in order of first occurrence."""
    return tuple(node for node in walk(*nodes) if isinstance(node, Var))


def free_vars(node: Node) -> tuple[Var, ...]:
    """The `Var`s that occur outside the reductions that bind them, in order of first occurrence."""
    if not any(isinstance(part, Reduce) for part in walk(node)):
        return variables(node)
    free: dict[Node, dict[Var, None]] = {}
    for part in walk(node):
        names: dict[Var, None] = {part: None} if isinstance(part, Var) else {}
        for child in part.children:
            names.update(free[child])
        if isinstance(part, Reduce):
            names = {var: None for var in names if var.kind != "axis" or var.name not in part.axes}
        free[part] = names
    return tuple(free[node])


def reads(*nodes: Node) -> tuple[Read, ...]:
    """Every distinct `Read` that occurs, inner ones (in subscripts) first."""
    return tuple(node for node in walk(*nodes) if isinstance(node, Read))


def reductions(*nodes: Node) -> tuple[Reduce, ...]:
    """Every distinct `Reduce` that occurs, inner ones first."""
    return tuple(node for node in walk(*nodes) if isinstance(node, Reduce))

"""Functions by their expansions: a `Call` in, the value of its body out, and selects between a usual and a rare one.

The body of a function is one expression that all uses share; its parameters are bound to the arguments while it is
written. A function for rare arguments (arguments of sin beyond what a short reduction can take) costs as much as a
dozen others, so where a select chooses one, vector code branches around it unless a lane needs it.
"""

from __future__ import annotations

from collections.abc import Callable

from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.control import begin_branch, end_branch, merged, otherwise
from tdsl.codegen.llvm.types import value_type
from tdsl.codegen.llvm.values import Value, is_uniform
from tdsl.expr.functions.definition import RARE, definition
from tdsl.expr.node import Call, Node, Select

Evaluate = Callable[[Context, Node], Value]
Choose = Callable[[Value, Value], Value]


def call(ctx: Context, node: Call, evaluate: Evaluate) -> Value:
    """The value of a function of arguments that are known."""
    made = definition(node.name, node.dtype)
    arguments = [ctx.here[argument] for argument in node.args]
    outer = [ctx.variables.get(parameter.name) for parameter in made.parameters]
    for parameter, value in zip(made.parameters, arguments, strict=True):
        ctx.bind(parameter.name, value)
    result = evaluate(ctx, made.body)
    for parameter, value in zip(made.parameters, outer, strict=True):
        if value is None:
            del ctx.variables[parameter.name]
        else:
            ctx.bind(parameter.name, value)
    return result


def rare_arm(node: Select) -> Call | None:
    """The arm that is a function for rare arguments."""
    for arm in (node.otherwise, node.then):
        if isinstance(arm, Call) and arm.name in RARE:
            return arm
    return None


def usual_arm(node: Select) -> Node | None:
    """The arm beside a function for rare arguments; None where neither arm is one."""
    rare = rare_arm(node)
    return None if rare is None else node.then if rare is node.otherwise else node.otherwise


def rarely(
    ctx: Context, node: Select, cond: Value, usual: Value, evaluate: Evaluate, choose: Choose
) -> Value:
    """`usual` where no lane needs the other arm; else both, and `choose(then, otherwise)`, in a block of their own."""
    f, rare = ctx.f, rare_arm(node)
    assert rare is not None
    uniform = is_uniform(cond)
    lanes = 0 if uniform and is_uniform(usual) else ctx.lanes
    o = ctx.operations(0 if uniform else lanes)
    flag = ctx.text(cond, o.lanes)
    needed = flag if rare is node.then else o.invert(flag)
    branch = begin_branch(f, needed if uniform else ctx.any_lane(ctx.within_mask(needed)))
    mark = ctx.mark()
    other = evaluate(ctx, rare)
    chosen = choose(other, usual) if rare is node.then else choose(usual, other)
    texts = [ctx.text(chosen, lanes)]
    ctx.release(mark)
    otherwise(f, branch)
    texts.append(ctx.text(usual, lanes))  # in the arm: nothing may stand before the phi node
    end_branch(f, branch)
    return ctx.result(node.dtype, lanes, merged(f, branch, value_type(node.dtype, lanes), texts))

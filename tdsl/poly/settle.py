"""May we, if every stage inside another one makes as much there as it takes for that? A verdict with the regions it is of.

In: `model.Arranged`. Out: what `verdict.judge` says, and which stages make another region than usual. What is made in vain
may be what makes a schedule illegal, as it takes a place of a fold or meets a lane: then exactly what is read is made, in
however many pieces. Where that is too large to decide, everything is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tdsl.expr.build import ZERO, compare
from tdsl.expr.node import Node, size_var
from tdsl.poly.affine import NonAffine
from tdsl.poly.answers import PROVED, Refuted, Unknown, Verdict
from tdsl.poly.flow import program_parameters
from tdsl.poly.isl import TooLarge, budget
from tdsl.poly.looptree import Misplaced
from tdsl.poly.model import Arranged, Region
from tdsl.poly.nodes import monomial_node
from tdsl.poly.verdict import TOO_LARGE, Judgement, judge, verdict_in

CASES = 3
"""Sizes in products up to which a schedule is also judged case by case, each of them 0 or none."""

BY_FORM = ("placement", "scope", "cycle")
"""Refusals of where a stage stands, whatever it makes there."""

Regions = Mapping[str, Region]
"""stage -> what it makes, of those that make something else than usual"""


def settle(
    arranged: Arranged, *, explain: bool = True, suspect: Refuted | None = None
) -> tuple[Verdict, Regions]:
    """The verdict on an arrangement with the regions under which it is proved; none where it is not.

    The usual regions first, whatever it has: then what it has, then others.
    explain: off, a refutation may come without witness and condition. suspect: what to look at first.
    """
    usual = with_regions(arranged, {})
    judgement = Judgement(usual, explain=explain, spare=True, suspect=suspect)
    verdict = verdict_in(judgement)
    if verdict is PROVED:
        return verdict, {}
    before: Regions = {each.stage: each.region for each in arranged.arrangements if each.region != "usual"}
    for regions in _others(judgement, verdict, before):
        if judge(with_regions(arranged, regions), explain=False) is PROVED:
            return PROVED, regions
    if explain and isinstance(verdict, Refuted) and verdict.witness is None and judgement.copies.loose:
        verdict = judge(usual)
    if isinstance(verdict, Refuted) and verdict.witness is not None:
        return verdict, {}
    return _by_cases(usual, explain) or verdict, {}


def _by_cases(arranged: Arranged, explain: bool) -> Verdict | None:
    """The verdict where all sizes in products are positive, and where each of them is 0; None where that tells no more.

    A product of sizes is a parameter of its own, of which no convex fact says that it is 0 where one of its sizes is.
    """
    program = arranged.program
    products = [each for each in program_parameters(program) if len(each) > 1]
    least = {size.name: size.minimum for size in program.sizes}
    sizes = {var: None for each in products for var in each if var.kind == "size"}
    open_ = [var for var in sizes if not least.get(var.name, 0)]
    if not open_ or len(open_) > CASES or any(var.kind != "size" for each in products for var in each):
        return None
    cases: list[tuple[Node, ...]] = [tuple(compare("gt", var, ZERO) for var in open_)]
    for var in open_:
        gone = [monomial_node(each) for each in products if var in each]
        cases.append(tuple(compare("eq", node, ZERO) for node in (var, *gone)))
    found = (judge(_under(arranged, case), explain=explain) for case in cases)
    wrong = next((each for each in found if each is not PROVED), None)
    if wrong is None:
        return PROVED
    return wrong if isinstance(wrong, Refuted) and (wrong.witness is not None or not explain) else None


def _under(arranged: Arranged, facts: tuple[Node, ...]) -> Arranged:
    """An arrangement of the program with more known of its sizes."""
    program = arranged.program
    sizes = tuple(
        replace(size, minimum=1)
        if size.minimum == 0 and compare("gt", size_var(size.name), ZERO) in facts
        else size
        for size in program.sizes
    )
    return replace(arranged, program=replace(program, sizes=sizes, context=(*program.context, *facts)))


def with_regions(arranged: Arranged, regions: Regions) -> Arranged:
    """An arrangement whose stages make those regions, all others the usual ones."""
    changed = tuple(
        each if each.region == regions.get(each.stage, "usual")
        else replace(each, region=regions.get(each.stage, "usual"))
        for each in arranged.arrangements
    )  # fmt: skip
    return replace(arranged, arrangements=changed)


def exact_regions(arranged: Arranged) -> Regions:
    """That all stages inside others make what is read and no more; none where they do so anyway."""
    judgement = Judgement(with_regions(arranged, {}))
    placed = _placed(judgement)
    return dict.fromkeys(placed, "exact") if placed and _loose(judgement, placed) else {}


def _placed(judgement: Judgement) -> list[str]:
    """The stages inside others."""
    made = judgement.copies.tree.of_stage
    arrangements = judgement.arranged.arrangements
    return [each.stage for each in arrangements if each.compute is not None and each.stage in made]


def _others(judgement: Judgement, verdict: Verdict, before: Regions) -> Iterator[Regions]:
    """What else the stages inside others might make, the likeliest first."""
    tree, placed = judgement.copies.tree, _placed(judgement)
    if not placed:
        return
    if before:
        yield before
    if isinstance(verdict, Unknown):
        if verdict.fact == TOO_LARGE:
            yield dict.fromkeys(placed, "whole")
        return
    if not isinstance(verdict, Refuted) or verdict.kind in BY_FORM:
        return
    loose = _loose(judgement, placed)
    stages = {tree.statements[name].stage for name in verdict.statements}
    near = [stage for stage in placed if stage in loose and stage in stages]
    if near:
        yield {**before, **dict.fromkeys(near, "exact")}
    if loose and len(near) < len(placed):
        yield dict.fromkeys(placed, "exact")


def _loose(judgement: Judgement, placed: list[str]) -> set[str]:
    """The stages that make more than is read of them."""
    for stage in placed:
        try:
            with budget():
                judgement.copies.need(stage)
        except (TooLarge, Misplaced, NonAffine):
            continue
    return judgement.copies.loose

"""Convolutions and pooling of images: products over windows, and windows without products. Schedules and outputs in, one out."""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.axes import one_stage
from tdsl.schedules.elementwise import fresh, lanes_of, outer_parallel, vectorized
from tdsl.schedules.gemm import gemm_blocked, reuse_of
from tdsl.schedules.producers import inline_cheap, tried
from tdsl.schedules.products import each_stage
from tdsl.schedules.windows import is_window, planes_of, windows


@on_schedules
def convolutions(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Filters by a row of pixels in registers, every term of the window outside; of channels apart, whole windows written out.

    A pixel is read once for 8 filters and a weight once for 2 vectors of pixels; windows overlap, so images are not packed.
    Channels that each have filters of their own (depthwise) share nothing: rows of results share what windows share.

    Args:
        s: a schedule without steps. outputs: an operator's.

    Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures, 2018; Zhang et
    al., High Performance Depthwise and Pointwise Convolutions on Mobile Devices, 2020.
    """
    return each_stage(s, _blocked, _window)


def _blocked(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    s = tried(s, lambda s: _steps_apart(s, facts))
    return tried(s, lambda s: gemm_blocked(s, facts.name))


def _window(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    if not is_window(facts):
        return one_stage(s, facts)
    return tried(s, lambda s: windows(s, facts.name, planes_of(s, facts.name)))


def _steps_apart(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    """The image of a convolution that goes in steps, every pixel of one phase of a step beside the next of that phase.

    Lanes then read neighbours; without it each vector is picked out of as many as a step is long, for every filter tap.
    """
    reuse = reuse_of(facts)
    read = None if reuse is None else next(read for read in facts.reads if read.tensor == reuse.panel)
    if reuse is None or read is None or not read.subscripts or read.subscripts[-1] is None:
        return s
    step = read.subscripts[-1].get(reuse.column, 0)
    image = read.tensor
    if step < 2 or image not in s.stages() or s.describe(image).readers != (facts.name,):
        return s
    made = s.describe(image)
    if made.kind != "pure" or made.output or made.placed is not None:
        return s
    start, column = len(s.steps), made.data_axes[-1]
    s = s.layout(image, lambda *at: (*at[:-1], at[-1] % step, at[-1] // step))
    block, phase = fresh(s, image, f"{column}o", f"{column}i")
    s = s.split(image, column, step, into=(block, phase))
    s = s.reorder(image, *made.data_axes[:-1], phase, block)
    s = vectorized(s, image, block, lanes_of(s, made.bits), None)
    s = outer_parallel(s, image, made.data_axes[-2])[0]
    return s.because(f"columns {step} apart side by side: lanes read neighbours", since=start)


@on_schedules
def pools(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Tiles of rows by vectors of results in registers, every term of a small window written out, planes in parallel.

    Windows of many terms are reductions along their rows.

    Args:
        s: a schedule without steps. outputs: an operator's.
    """
    s = inline_cheap(s)
    for name in reversed(s.stages()):
        facts = s.describe(name)
        if facts.placed is not None or facts.inlined or not facts.axes:
            continue
        if is_window(facts):
            s = tried(s, lambda s, name=name: windows(s, name, planes_of(s, name)))
        else:
            s = one_stage(s, facts)
    return s

"""`a * b + c` with one rounding: three operands as text in, the result's name out.

Where the machine has it, `llvm.fma`. Elsewhere a product contracted by rule D5 rounds twice, and an explicit fma is
worked out exactly, never by libm's function. float32: the product is exact in float64, the sum is rounded to odd there
and then to float32 (Boldo, Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding
to odd", IEEE Trans. Computers 57(4), 2008). float64: by 128-bit integers, one lane after the other.
"""

from __future__ import annotations

from tdsl.codegen.llvm.operations import Operations, lane_of, with_lane
from tdsl.codegen.llvm.types import element_type, literal
from tdsl.dtypes import DTYPES, DType

EXACT_FMA = "tdsl_fma64"

EXACT_FMA_DECLARATIONS = (
    "declare i64 @llvm.ctlz.i64(i64, i1)",
    "declare i128 @llvm.ctlz.i128(i128, i1)",
    "declare i64 @llvm.smax.i64(i64, i64)",
    "declare i64 @llvm.smin.i64(i64, i64)",
    "declare i64 @llvm.umin.i64(i64, i64)",
)

EXACT_FMA_TEXT = f"""\
; x = significand * 2^exponent with 2^52 <= significand < 2^53, for finite x != 0, given by its bits
define internal {{ i64, i64 }} @{EXACT_FMA}_parts(i64 %bits) nounwind {{
  %field = lshr i64 %bits, 52
  %biased = and i64 %field, 2047
  %fraction = and i64 %bits, 4503599627370495
  %subnormal = icmp eq i64 %biased, 0
  %hidden = or i64 %fraction, 4503599627370496
  %raw = select i1 %subnormal, i64 %fraction, i64 %hidden
  %zeros = call i64 @llvm.ctlz.i64(i64 %raw, i1 false)
  %up = sub i64 %zeros, 11
  %shift = and i64 %up, 63
  %significand = shl i64 %raw, %shift
  %field.or.1 = select i1 %subnormal, i64 1, i64 %biased
  %least = sub i64 %field.or.1, 1075
  %exponent = sub i64 %least, %up
  %one = insertvalue {{ i64, i64 }} poison, i64 %significand, 0
  %both = insertvalue {{ i64, i64 }} %one, i64 %exponent, 1
  ret {{ i64, i64 }} %both
}}

; x / 2^count, the bits that fall off gathered in the last one
define internal i128 @{EXACT_FMA}_jam(i128 %x, i64 %count) nounwind {{
  %inside = call i64 @llvm.umin.i64(i64 %count, i64 127)
  %wide = zext i64 %inside to i128
  %kept = lshr i128 %x, %wide
  %back = shl i128 %kept, %wide
  %lost = icmp ne i128 %back, %x
  %sticky = zext i1 %lost to i128
  %result = or i128 %kept, %sticky
  ret i128 %result
}}

define internal double @{EXACT_FMA}(double %a, double %b, double %c) nounwind {{
entry:
  %product = fmul double %a, %b
  %plain = fadd double %product, %c
  %a.bits = bitcast double %a to i64
  %b.bits = bitcast double %b to i64
  %c.bits = bitcast double %c to i64
  %a.size = and i64 %a.bits, 9223372036854775807
  %b.size = and i64 %b.bits, 9223372036854775807
  %c.size = and i64 %c.bits, 9223372036854775807
  %a.odd = icmp uge i64 %a.size, 9218868437227405312
  %b.odd = icmp uge i64 %b.size, 9218868437227405312
  %c.odd = icmp uge i64 %c.size, 9218868437227405312
  %a.zero = icmp eq i64 %a.size, 0
  %b.zero = icmp eq i64 %b.size, 0
  %c.zero = icmp eq i64 %c.size, 0
  %odd = or i1 %a.odd, %b.odd
  %zero = or i1 %a.zero, %b.zero
  %simple = or i1 %odd, %zero
  br i1 %simple, label %give.plain, label %look
give.plain:
  ret double %plain
look:
  br i1 %c.odd, label %give.c, label %look.again
give.c:
  %quiet = fadd double %c, %c
  ret double %quiet
look.again:
  br i1 %c.zero, label %give.product, label %exact
give.product:
  ret double %product
exact:
  %pa = call {{ i64, i64 }} @{EXACT_FMA}_parts(i64 %a.bits)
  %pb = call {{ i64, i64 }} @{EXACT_FMA}_parts(i64 %b.bits)
  %pc = call {{ i64, i64 }} @{EXACT_FMA}_parts(i64 %c.bits)
  %ma = extractvalue {{ i64, i64 }} %pa, 0
  %mb = extractvalue {{ i64, i64 }} %pb, 0
  %mc = extractvalue {{ i64, i64 }} %pc, 0
  %ea = extractvalue {{ i64, i64 }} %pa, 1
  %eb = extractvalue {{ i64, i64 }} %pb, 1
  %ec = extractvalue {{ i64, i64 }} %pc, 1
  %ma.wide = zext i64 %ma to i128
  %mb.wide = zext i64 %mb to i128
  %mc.wide = zext i64 %mc to i128
  %mp = mul i128 %ma.wide, %mb.wide
  %q = shl i128 %mp, 20
  %eab = add i64 %ea, %eb
  %eq = sub i64 %eab, 20
  ; the addend against the product, whose last place is 2^eq: up by at most 73 places, else the product down
  %apart = sub i64 %ec, %eq
  %up.0 = call i64 @llvm.smax.i64(i64 %apart, i64 0)
  %up = call i64 @llvm.smin.i64(i64 %up.0, i64 73)
  %up.wide = zext i64 %up to i128
  %r.up = shl i128 %mc.wide, %up.wide
  %r.down.by = sub i64 %up, %apart
  %r.down = call i64 @llvm.smax.i64(i64 %r.down.by, i64 0)
  %r = call i128 @{EXACT_FMA}_jam(i128 %r.up, i64 %r.down)
  %q.down.by = sub i64 %apart, %up
  %q.down = call i64 @llvm.smax.i64(i64 %q.down.by, i64 0)
  %q.there = call i128 @{EXACT_FMA}_jam(i128 %q, i64 %q.down)
  %place = add i64 %eq, %q.down
  %signs = xor i64 %a.bits, %b.bits
  %differ.bits = xor i64 %signs, %c.bits
  %differ = icmp slt i64 %differ.bits, 0
  %sum = add i128 %q.there, %r
  %less = icmp ult i128 %q.there, %r
  %q.minus.r = sub i128 %q.there, %r
  %r.minus.q = sub i128 %r, %q.there
  %difference = select i1 %less, i128 %r.minus.q, i128 %q.minus.r
  %s = select i1 %differ, i128 %difference, i128 %sum
  %from.c = and i1 %differ, %less
  %sign.source = select i1 %from.c, i64 %c.bits, i64 %signs
  %sign = and i64 %sign.source, -9223372036854775808
  %gone = icmp eq i128 %s, 0
  br i1 %gone, label %give.zero, label %round
give.zero:
  ret double 0.0
round:
  %zeros.wide = call i128 @llvm.ctlz.i128(i128 %s, i1 true)
  %zeros = trunc i128 %zeros.wide to i64
  %length = sub i64 128, %zeros
  %top = add i64 %place, %length
  %last.normal = sub i64 %top, 53
  %last = call i64 @llvm.smax.i64(i64 %last.normal, i64 -1074)
  %drop = sub i64 %last, %place
  %tiny = icmp sgt i64 %drop, 127
  br i1 %tiny, label %give.signed.zero, label %fits
give.signed.zero:
  %signed.zero = bitcast i64 %sign to double
  ret double %signed.zero
fits:
  %down = call i64 @llvm.smax.i64(i64 %drop, i64 0)
  %raise.by = sub i64 0, %drop
  %raise.0 = call i64 @llvm.smax.i64(i64 %raise.by, i64 0)
  %raise = call i64 @llvm.smin.i64(i64 %raise.0, i64 127)
  %down.wide = zext i64 %down to i128
  %raise.wide = zext i64 %raise to i128
  %kept.down = lshr i128 %s, %down.wide
  %back = shl i128 %kept.down, %down.wide
  %rest = sub i128 %s, %back
  %unit = shl i128 1, %down.wide
  %half = lshr i128 %unit, 1
  %kept.wide = shl i128 %kept.down, %raise.wide
  %kept = trunc i128 %kept.wide to i64
  %over = icmp ugt i128 %rest, %half
  %even.tie = icmp eq i128 %rest, %half
  %has.half = icmp ne i128 %half, 0
  %tie = and i1 %even.tie, %has.half
  %last.bit = trunc i64 %kept to i1
  %tie.up = and i1 %tie, %last.bit
  %up.flag.0 = or i1 %over, %tie.up
  %up.flag = and i1 %up.flag.0, %has.half
  %carry = zext i1 %up.flag to i64
  %rounded = add i64 %kept, %carry
  %field.0 = add i64 %last, 1074
  %field = shl i64 %field.0, 52
  %magnitude.0 = add i64 %field, %rounded
  %magnitude = call i64 @llvm.umin.i64(i64 %magnitude.0, i64 9218868437227405312)
  %result.bits = or i64 %magnitude, %sign
  %result = bitcast i64 %result.bits to double
  ret double %result
}}
"""


def fma(o: Operations, dtype: DType, a: str, b: str, c: str, *, contracted: bool) -> str:
    """`a * b + c`; rounded once, or twice where it is only contracted and the machine has no such instruction."""
    element = element_type(dtype)
    if o.capabilities.fma:
        return o.intrinsic("llvm.fma", element, a, b, c)
    if contracted:
        return o.binary("fadd", element, o.binary("fmul", element, a, b), c)
    if dtype.bits == 32:
        return _exact_float32(o, a, b, c)
    if not o.lanes:
        return _exact_float64(o, a, b, c)
    f, result = o.f, "poison"
    for lane in range(o.lanes):
        parts = [lane_of(f, "double", o.lanes, x, lane) for x in (a, b, c)]
        result = with_lane(f, "double", o.lanes, result, lane, _exact_float64(o, *parts))
    return result


def _exact_float64(o: Operations, a: str, b: str, c: str) -> str:
    o.f.module.declarations.update(dict.fromkeys(EXACT_FMA_DECLARATIONS))
    o.f.module.texts[EXACT_FMA] = EXACT_FMA_TEXT
    return o.f.pure(
        "double", f"call double @{EXACT_FMA}(double %s, double %s, double %s) memory(none)", a, b, c
    )


def _exact_float32(o: Operations, a: str, b: str, c: str) -> str:
    x, y, z = (o.convert("fpext", "float", "double", operand) for operand in (a, b, c))
    odd = sum_to_odd(o, "double", o.binary("fmul", "double", x, y), z)
    return o.convert("fptrunc", "double", "float", odd)


def sum_to_odd(o: Operations, element: str, a: str, b: str) -> str:
    """`a + b` made odd where it is inexact: one place toward its error if its last bit is 0. Infinities and NaN stay.

    What is rounded from it to at least two bits less is rounded as from the exact sum.
    """
    total = o.binary("fadd", element, a, b)
    # Knuth's two-sum: the error of the addition, exact
    virtual = o.binary("fsub", element, total, a)
    there = o.binary("fsub", element, a, o.binary("fsub", element, total, virtual))
    error = o.binary("fadd", element, there, o.binary("fsub", element, b, virtual))
    width = 32 if element == "float" else 64
    integer, dtype = f"i{width}", DTYPES[f"float{width}"]
    zero = o.real(literal(0, dtype), element)
    bits = o.convert("bitcast", element, integer, total)
    even = o.compare("eq", integer, o.binary("and", integer, bits, o.integer(1, width)), o.integer(0, width))
    inexact = o.compare("one", element, error, zero)
    signs = o.binary("xor", integer, bits, o.convert("bitcast", element, integer, error))
    outward = o.compare("sge", integer, signs, o.integer(0, width))
    step = o.select(integer, outward, o.integer(1, width), o.integer(-1, width))
    moved = o.convert("bitcast", integer, element, o.binary("add", integer, bits, step))
    return o.select(element, o.binary("and", "i1", even, inexact), moved, total)

"""LLVM IR for measuring a machine: a target in, loops that show its arithmetic peak and its memory bandwidth out.

`fma_peak`: as many independent chains of fused multiply-adds as registers allow, carried by phi nodes. Both pipes of a
core with a latency of 4 to 5 cycles need 8 to 10 chains (Agner Fog, instruction tables); more do no harm.
`stream`: c = a and c = a + s b on float64, as STREAM has them (McCalpin), one chunk of the arrays a task.
"""

from __future__ import annotations

from tdsl.target import Target

FMA_ENTRY = "tdsl_fma_peak"
COPY_ENTRY = "tdsl_stream_copy"
TRIAD_ENTRY = "tdsl_stream_triad"
STEP_BYTES = 256
MEASUREMENT_ENTRIES = (FMA_ENTRY, COPY_ENTRY, TRIAD_ENTRY)


def chains(target: Target) -> int:
    """How many chains `fma_peak` keeps going: the vector registers but four."""
    return target.vector_registers - 4


def flop_per_iteration(target: Target) -> int:
    """Float32 operations of one iteration of `fma_peak`; a fused multiply-add counts as two."""
    return 2 * chains(target) * target.vector_bits // 32


def measurement_text(target: Target) -> str:
    """The module with all three kernels.

        void tdsl_fma_peak(float *values, int64 iterations)      /* reads 2 floats, writes a vector 64 bytes on */
        void tdsl_stream_copy(void *const *abc_and_chunk_bytes, int64 chunk)      /* a task */
        void tdsl_stream_triad(void *const *abc_and_chunk_bytes, int64 chunk)     /* a task */

    Chunks are multiples of 256 bytes, arrays aligned as float64.
    """
    return "\n".join((_fma_peak(target), _stream(target, COPY_ENTRY), _stream(target, TRIAD_ENTRY)))


def _fma_peak(target: Target) -> str:
    lanes = target.vector_bits // 32
    vector, numbers = f"<{lanes} x float>", range(chains(target))
    fused = f"@llvm.fma.v{lanes}f32" if target.has_fma else None
    lines = [f"declare {vector} {fused}({vector}, {vector}, {vector})"] if fused else []
    lines += [
        f"define void @{FMA_ENTRY}(ptr %values, i64 %iterations) nounwind {{",
        "entry:",
        "  %second = getelementptr float, ptr %values, i64 1",
        *_splat("x", "%values", lanes),
        *_splat("y", "%second", lanes),
        "  br label %loop",
        "loop:",
        "  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]",
    ]
    # Chains start apart, or they would all be one value to the compiler.
    lines += [f"  %a{n} = phi {vector} [ {_constant(lanes, n)}, %entry ], [ %b{n}, %loop ]" for n in numbers]
    for n in numbers:
        lines += _multiply_add(n, vector, fused)
    lines += [
        "  %i.next = add i64 %i, 1",
        "  %more = icmp slt i64 %i.next, %iterations",
        "  br i1 %more, label %loop, label %done",
        "done:",
        *(f"  %s{n} = fadd {vector} %{f's{n - 1}' if n else 'x'}, %b{n}" for n in numbers),
        "  %result = getelementptr i8, ptr %values, i64 64",
        f"  store {vector} %s{numbers[-1]}, ptr %result, align 4",
        "  ret void",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _multiply_add(n: int, vector: str, fused: str | None) -> list[str]:
    if fused:  # added to in place: Arm's instruction has no other form
        return [f"  %b{n} = call {vector} {fused}({vector} %x, {vector} %y, {vector} %a{n})"]
    return [f"  %m{n} = fmul {vector} %a{n}, %x", f"  %b{n} = fadd {vector} %m{n}, %y"]


def _splat(name: str, place: str, lanes: int) -> list[str]:
    vector = f"<{lanes} x float>"
    return [
        f"  %{name}.one = load float, ptr {place}, align 4",
        f"  %{name}.first = insertelement {vector} poison, float %{name}.one, i64 0",
        f"  %{name} = shufflevector {vector} %{name}.first, {vector} poison, <{lanes} x i32> zeroinitializer",
    ]


def _constant(lanes: int, value: int) -> str:
    return "<" + ", ".join([f"float {value}.0"] * lanes) + ">"


def _stream(target: Target, entry: str) -> str:
    lanes, unroll = target.vector_bits // 64, 8 * STEP_BYTES // target.vector_bits
    vector = f"<{lanes} x double>"
    lines = [
        f"define void @{entry}(ptr %arguments, i64 %chunk) nounwind {{",
        "entry:",
        *(
            f"  %{name}.at = getelementptr ptr, ptr %arguments, i64 {place}\n"
            f"  %{name}.all = load ptr, ptr %{name}.at, align 8"
            for place, name in enumerate("abc")
        ),
        "  %bytes.at = getelementptr i64, ptr %arguments, i64 3",
        "  %bytes = load i64, ptr %bytes.at, align 8",
        "  %start = mul i64 %chunk, %bytes",
        *(f"  %{name} = getelementptr i8, ptr %{name}.all, i64 %start" for name in "abc"),
        "  br label %loop",
        "loop:",
        "  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]",
    ]
    for n in range(unroll):
        lines += _stream_step(entry, vector, n, n * target.vector_bits // 8, lanes)
    lines += [
        f"  %i.next = add i64 %i, {STEP_BYTES}",
        "  %more = icmp slt i64 %i.next, %bytes",
        "  br i1 %more, label %loop, label %done",
        "done:",
        "  ret void",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _stream_step(entry: str, vector: str, n: int, offset: int, lanes: int) -> list[str]:
    """One vector, `offset` bytes behind %i: c = a, or c = a + 3 b."""
    lines = [f"  %o{n} = add i64 %i, {offset}"]
    lines += [f"  %{name}{n} = getelementptr i8, ptr %{name}, i64 %o{n}" for name in "abc"]
    lines += [f"  %va{n} = load {vector}, ptr %a{n}, align 8"]
    if entry == COPY_ENTRY:
        return [*lines, f"  store {vector} %va{n}, ptr %c{n}, align 8"]
    three = "<" + ", ".join(["double 3.0"] * lanes) + ">"
    return [
        *lines,
        f"  %vb{n} = load {vector}, ptr %b{n}, align 8",
        f"  %sb{n} = fmul {vector} %vb{n}, {three}",
        f"  %vc{n} = fadd {vector} %va{n}, %sb{n}",
        f"  store {vector} %vc{n}, ptr %c{n}, align 8",
    ]

"""Machine code as counts: kernels, loops and widths of a small disassembly written by hand."""

from benchmarks import sass

TEXT = """
\t.section\t.text.first_kernel,"ax",@progbits
        .global         first_kernel
.text.first_kernel:
        /*0000*/                   S2R R0, SR_TID.X ;
        /*0010*/                   LDG.E.128.CONSTANT R4, [R2.64] ;
.L_x_1:
        /*0020*/                   LDS.U.128 R8, [R1] ;
        /*0030*/              @!PT LDS RZ, [RZ] ;
.L_x_0:
        /*0040*/                   FFMA R9, R8, R9, R9 ;
        /*0050*/                   FFMA R10, R8, R9.reuse, R10 ;
        /*0060*/               @P0 BRA `(.L_x_0) ;
        /*0070*/                   FADD R3, R3, R4 ;
        /*0080*/              @!P1 BRA `(.L_x_1) ;
        /*0090*/                   HFMA2.MMA R1, -RZ, RZ, 0, 0 ;
        /*00a0*/                   STG.E [R2.64], R9 ;
        /*00b0*/                   EXIT ;
.L_x_2:
        /*00c0*/                   BRA `(.L_x_2);
        /*00d0*/                   NOP;
\t.section\t.text.second_kernel,"ax",@progbits
        /*0000*/                   STS.64 [R1], R2 ;
        /*0010*/                   EXIT ;
"""


def test_kernels_and_their_loops():
    found = sass.kernels(TEXT)
    assert list(found) == ["first_kernel", "second_kernel"]
    first = found["first_kernel"]
    assert first.loops == ((3, 6), (2, 8))
    assert [one.name for one in first.hot_loop] == ["FFMA", "FFMA", "BRA"]
    assert first.hot_loop[2].predicate == "@P0"


def test_a_kernel_without_a_loop_counts_whole():
    second = sass.kernels(TEXT)["second_kernel"]
    assert second.hot_loop == second.instructions
    assert sass.summary(second.instructions) == {"STS.64": 1, "EXIT": 1}


def test_what_never_runs_and_what_does_nothing_is_left_out():
    counts = sass.summary(sass.kernels(TEXT)["first_kernel"].instructions)
    assert counts["LDS.128"] == 1
    assert counts["LDS.32"] == 0
    assert counts["NOP"] == 0
    assert counts["LDG.128"] == 1
    assert counts["STG.32"] == 1


def test_a_constant_load_is_no_tensor_core():
    code = sass.kernels(TEXT)["first_kernel"].instructions
    assert sass.count(code, "HMMA") == 0
    assert sass.count(code, "FFMA") == 2

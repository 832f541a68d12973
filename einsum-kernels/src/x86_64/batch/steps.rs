//! The kernel whose lanes are steps of a large matrix and of a few columns, which are packed: a step reads a vector of every row of
//! X, and multiplies each by one of every column.
//!
//! Registers: `rax rcx rdx` the tile in X, Y, and C; `r8` tiles left; `r9 r10` the step in X and Y, `r11` steps left; `rsi` the step in
//! Y; `rbx rbp` that of rows, and three times that; `r13` the fourth row; `r12 r15` the first and fourth row that are fetched ahead;
//! `r14` a column in C.
//! `k1` has the lanes of a step that is not whole. `zmm0 … zmm5` hold X and `zmm7` Y, `zmm8 … zmm31` the sums, those of a column side
//! by side.

use crate::batch::StepsArguments;

/// # Safety
///
/// As [`Steps`](crate::batch::Steps).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx512<
    const ELEMENT: usize,
    const ROWS: usize,
    const COLUMNS: usize,
>(
    arguments: &StepsArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        ".set ROWS, {rows}",
        ".set COLUMNS, {columns}",
        crate::x86_64::text::element_instructions!(),
        r"
        # Calls a macro with the number of every column.
        .macro columns name, rest:vararg
            .irp j, 0, 1, 2, 3, 4, 5, 6, 7
                .if \j < COLUMNS
                    \name \j, \rest
                .endif
            .endr
        .endm
        # Calls a macro with every sum of a column, and sets `ROW`.
        .macro sums name, j, rest:vararg
            .set SUM, 0
            .irp sum, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31
                .if SUM / ROWS == \j
                    .set ROW, SUM - \j * ROWS
                    \name \sum, \rest
                .endif
                .set SUM, SUM + 1
            .endr
        .endm
        .macro row name, i, rest:vararg
            .if \i < ROWS
                \name \i, \rest
            .endif
        .endm
        .macro rows name
            row \name, 0, r9, r12
            row \name, 1, r9 + rbx, r12 + rbx
            row \name, 2, r9 + 2*rbx, r12 + 2*rbx
            row \name, 3, r13, r15
            row \name, 4, r13 + rbx, r15 + rbx
            row \name, 5, r13 + 2*rbx, r15 + 2*rbx
        .endm
        .macro load i, at, ahead
            f vmovup, zmm\i, [\at]
        .endm
        .macro load_ahead i, at, ahead
            f vmovup, zmm\i, [\at]
            prefetcht0 [\ahead]
        .endm
        .macro load_lanes i, at, ahead
            f vmovup, zmm\i {{k1}}{{z}}, [\at]
        .endm
        .macro multiply j, rest:vararg
            f vmovup, zmm7, [r10 + 64*\j]
            sums multiply_sum, \j
        .endm
        .macro multiply_lanes j, rest:vararg
            f vmovup, zmm7 {{k1}}{{z}}, [r10 + 64*\j]
            sums multiply_sum, \j
        .endm
        .macro multiply_sum sum, rest:vararg
            .set X, 0
            .irp x, zmm0, zmm1, zmm2, zmm3, zmm4, zmm5
                .if X == ROW
                    f vfmadd231p, \sum, \x, zmm7
                .endif
                .set X, X + 1
            .endr
        .endm
        # A step that reads rows and columns by these macros.
        .macro step load, multiply
            rows \load
            columns \multiply
            add r9, 64
            .if ROWS > 3
                add r13, 64
            .endif
            add r10, rsi
        .endm
        .macro clear j, rest:vararg
            sums clear_sum, \j
        .endm
        .macro clear_sum sum, rest:vararg
            vpxord \sum, \sum, \sum
        .endm
        .macro in_c name
            mov r9, rdx
            columns \name
        .endm
        .macro get j, rest:vararg
            sums get_sum, \j
            add r9, r14
        .endm
        .macro get_sum sum, rest:vararg
            f vmovup, \sum, [r9 + 64*ROW]
        .endm
        .macro turn j, rest:vararg
            sums turn_sum, \j
        .endm
        .macro turn_sum sum, rest:vararg
            f vpermp, \sum, zmm0, \sum
        .endm
        .macro put j, rest:vararg
            sums put_sum, \j
            add r9, r14
        .endm
        .macro put_sum sum, rest:vararg
            f vmovup, [r9 + 64*ROW], \sum
        .endm
        ",
        crate::x86_64::text::save_registers!(),
        r"
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov r8, [rdi + 24]
            mov rbx, [rdi + 48]
            lea rbp, [rbx + 2*rbx]
            mov rsi, [rdi + 56]
            mov r14, [rdi + 64]
            .p2align 4
        20: # A tile.
            cmp qword ptr [rdi + 88], 0
            jne 21f
            columns clear
            jmp 22f
        21:
            in_c get
        22:
            mov r9, rax
            mov r10, rcx
            .if ROWS > 3
                lea r13, [r9 + rbp]
            .endif
            mov r11, [rdi + 72]
            test r11, r11
            jz 30f
            kmovw k1, word ptr [rdi + 72]
            step load_lanes, multiply_lanes
        30:
            mov r11, [rdi + 32]
            test r11, r11
            jz 50f
            mov r12, [rdi + 96]
            test r12, r12
            jnz 40f
            .p2align 6
        31:
            step load, multiply
            dec r11
            jnz 31b
            jmp 50f
        40:
            add r12, r9
            lea r15, [r12 + rbp]
            .p2align 6
        41:
            step load_ahead, multiply
            add r12, 64
            add r15, 64
            dec r11
            jnz 41b
        50:
            mov r11, [rdi + 80]
            test r11, r11
            jz 60f
            kmovw k1, word ptr [rdi + 80]
            step load_lanes, multiply_lanes
        60:
            mov r11, [rdi + 104]
            test r11, r11
            jz 70f
            vmovdqu64 zmm0, [r11]
            columns turn
        70:
            in_c put
            add rax, [rdi + 40]
            add rdx, 64*ROWS
            dec r8
            jnz 20b
            ",
        crate::x86_64::text::restore_registers!(),
        r"
            .irp name, f, columns, sums, row, rows, load, load_ahead, load_lanes, multiply, multiply_lanes, multiply_sum, step, clear, clear_sum, in_c, get, get_sum, turn, turn_sum, put, put_sum
                .purgem \name
            .endr
        ",
        element = const ELEMENT,
        rows = const ROWS,
        columns = const COLUMNS,
    );
}

//! Kernels for a tile of products, whose lanes are points of a loop along which X and Y both have adjacent
//! elements: nothing is packed. Parts of complex numbers of Y are spread in registers.
//!
//! A lane of a sum of complex numbers has `(x.re y.re, x.im y.re)`, and one of another `(x.re y.im, x.im y.im)`, which are exchanged and added in the
//! end.
//!
//! Registers of all levels: `rax rcx` the lanes in X and Y, `rdx` in C; `rsi r8` the vector that is multiplied; `r9` vectors left,
//! `rbp` steps left; `r10 r11` one row of X and three, `rbx` a column of Y, `r12 r13` a step in both; `r14 r15` one row of C and
//! three.
//!
//! A level defines `sums`, which calls a macro for every sum of a column with its row and the numbers of its two vectors, and what
//! is done with one of these: `clear`, `multiply`, `join` its two vectors, `add_lanes` of the first, `put` it, or its lanes
//! `put_masked`; it reads a row of X, and a column of Y.

use crate::batch::AlignedArguments;
use crate::x86_64::text::{element_instructions, restore_registers, save_registers};

macro_rules! body {
    () => {
        concat!(
            r"
        .macro clear_all
            .irp column, 0, 1, 2
                .if \column < COLUMNS
                    sums clear, \column
                .endif
            .endr
        .endm
        # Multiplies a vector of all rows and columns.
        .macro multiply_all masked
            read_row 0, \masked, rsi
            .if ROWS > 1
                read_row 1, \masked, rsi + r10
            .endif
            .if ROWS > 2
                read_row 2, \masked, rsi + 2*r10
            .endif
            .if ROWS > 3
                read_row 3, \masked, rsi + r11
            .endif
            read_column \masked, r8
            sums multiply, 0
            .if COLUMNS > 1
                read_column \masked, r8 + rbx
                sums multiply, 1
            .endif
            .if COLUMNS > 2
                read_column \masked, r8 + 2*rbx
                sums multiply, 2
            .endif
        .endm
        .macro in_c name, row, vector
            .if \row == 0
                \name rbp, \vector
            .elseif \row == 1
                \name rbp + r14, \vector
            .elseif \row == 2
                \name rbp + 2*r14, \vector
            .else
                \name rbp + r15, \vector
            .endif
        .endm
        .macro finish row, direct, turned
            join \direct, \turned
            in_c put, \row, \direct
        .endm
        .macro finish_masked row, direct, turned
            join \direct, \turned
            in_c put_masked, \row, \direct
        .endm
        .macro finish_sum row, direct, turned
            join \direct, \turned
            add_lanes \direct
            in_c put_sum, \row, \direct
        .endm
        .macro put_sum at, vector
            .if COMPLEX && ELEMENT == 8
                vmovupd [\at], xmm\vector
            .elseif COMPLEX || ELEMENT == 8
                vmovsd qword ptr [\at], xmm\vector
            .else
                vmovss dword ptr [\at], xmm\vector
            .endif
        .endm
        .macro finish_all name
            mov rbp, rdx
            .irp column, 0, 1, 2
                .if \column < COLUMNS
                    .if \column > 0
                        add rbp, [rdi + 80]
                    .endif
                    sums \name, \column
                .endif
            .endr
        .endm
        # The products of a vector of lanes.
        .macro products masked
            clear_all
            mov rsi, rax
            mov r8, rcx
            mov rbp, [rdi + 32]
            .p2align 4
        33:
            multiply_all \masked
            add rsi, r12
            add r8, r13
            dec rbp
            jnz 33b
        .endm
        ",
            save_registers!(),
            r"
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov r10, [rdi + 40]
            lea r11, [r10 + 2*r10]
            mov rbx, [rdi + 48]
            mov r12, [rdi + 56]
            mov r13, [rdi + 64]
            mov r14, [rdi + 72]
            lea r15, [r14 + 2*r14]
            begin
            .if SUMMED
                clear_all
                mov rbp, [rdi + 32]
            20: # A step.
                mov rsi, rax
                mov r8, rcx
                mov r9, [rdi + 24]
                test r9, r9
                jz 40f
                .p2align 4
            30:
                multiply_all 0
                add rsi, VECTOR
                add r8, VECTOR
                dec r9
                jnz 30b
            40:
                cmp qword ptr [rdi + 88], 0
                je 50f
                multiply_all 1
            50:
                add rax, r12
                add rcx, r13
                dec rbp
                jnz 20b
                finish_all finish_sum
            .else
                mov r9, [rdi + 24]
                test r9, r9
                jz 40f
            20: # A vector of products.
                products 0
                finish_all finish
                add rax, VECTOR
                add rcx, VECTOR
                add rdx, VECTOR
                dec r9
                jnz 20b
            40:
                cmp qword ptr [rdi + 88], 0
                je 60f
                products 1
                finish_all finish_masked
            60:
            .endif
        ",
            restore_registers!(),
            r"
        .irp name, f, clear_all, multiply_all, in_c, finish, finish_masked, finish_sum, put_sum, finish_all, products
            .purgem \name
        .endr
        .irp name, sums, clear, read_row, read_column, multiply, join, add_lanes, put, put_masked, begin
            .purgem \name
        .endr
        ",
        )
    };
}

/// With AVX-512. `SUMMED`: the lanes are steps, else products. Vectors 0 to 11 and 12 to 23 are the sums, 24 to 27 rows of X, 28 and
/// 29 the parts of Y, 30 and 31 the signs; `k1` has the lanes of the last vector.
///
/// # Safety
///
/// As [`Aligned`](crate::batch::Aligned).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx512<
    const ELEMENT: usize,
    const ROWS: usize,
    const COLUMNS: usize,
    const SUMMED: usize,
    const COMPLEX: usize,
>(
    arguments: &AlignedArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        ".set ROWS, {rows}",
        ".set COLUMNS, {columns}",
        ".set SUMMED, {summed}",
        ".set COMPLEX, {complex}",
        ".set VECTOR, 64",
        element_instructions!(),
        r"
        .macro sums name, column
            .if \column == 0
                sums_of \name, 0, 12, 1, 13, 2, 14, 3, 15
            .elseif \column == 1
                sums_of \name, 4, 16, 5, 17, 6, 18, 7, 19
            .else
                sums_of \name, 8, 20, 9, 21, 10, 22, 11, 23
            .endif
        .endm
        .macro sums_of name, a, b, c, d, e, f, g, h
            \name 0, \a, \b
            .if ROWS > 1
                \name 1, \c, \d
            .endif
            .if ROWS > 2
                \name 2, \e, \f
            .endif
            .if ROWS > 3
                \name 3, \g, \h
            .endif
        .endm
        .macro begin
            kmovw k1, word ptr [rdi + 88]
            .if COMPLEX && ELEMENT == 4
                vpbroadcastq zmm30, qword ptr [rdi + 96]
                vpbroadcastq zmm31, qword ptr [rdi + 112]
            .elseif COMPLEX
                vbroadcastf64x2 zmm30, xmmword ptr [rdi + 96]
                vbroadcastf64x2 zmm31, xmmword ptr [rdi + 112]
            .endif
        .endm
        .macro clear row, direct, turned
            vpxord zmm\direct, zmm\direct, zmm\direct
            .if COMPLEX
                vpxord zmm\turned, zmm\turned, zmm\turned
            .endif
        .endm
        .macro read vector, masked, at
            .if \masked
                f vmovup, zmm\vector {{k1}}{{z}}, [\at]
            .else
                vmovups zmm\vector, [\at]
            .endif
        .endm
        .macro read_row row, masked, at
            of_row read, \row, \masked, \at
        .endm
        .macro of_row name, row, operands:vararg
            .if \row == 0
                \name 24, \operands
            .elseif \row == 1
                \name 25, \operands
            .elseif \row == 2
                \name 26, \operands
            .else
                \name 27, \operands
            .endif
        .endm
        .macro read_column masked, at
            read 29, \masked, \at
            .if COMPLEX && ELEMENT == 4
                vmovsldup zmm28, zmm29
                vmovshdup zmm29, zmm29
            .elseif COMPLEX
                vmovddup zmm28, zmm29
                vpermilpd zmm29, zmm29, 0xFF
            .endif
        .endm
        .macro multiply row, direct, turned
            of_row multiply_by, \row, \direct, \turned
        .endm
        .macro multiply_by x, direct, turned
            .if COMPLEX
                f vfmadd231p, zmm\direct, zmm\x, zmm28
                f vfmadd231p, zmm\turned, zmm\x, zmm29
            .else
                f vfmadd231p, zmm\direct, zmm\x, zmm29
            .endif
        .endm
        .macro join direct, turned
            .if COMPLEX && ELEMENT == 4
                vpermilps zmm\turned, zmm\turned, 0xB1
            .elseif COMPLEX
                vpermilpd zmm\turned, zmm\turned, 0x55
            .endif
            .if COMPLEX
                vpxord zmm\direct, zmm\direct, zmm30
                vpxord zmm\turned, zmm\turned, zmm31
                f vaddp, zmm\direct, zmm\direct, zmm\turned
            .endif
        .endm
        .macro add_lanes direct
            vextractf64x4 ymm28, zmm\direct, 1
            f vaddp, ymm\direct, ymm\direct, ymm28
            vextractf64x2 xmm28, ymm\direct, 1
            f vaddp, xmm\direct, xmm\direct, xmm28
            .if COMPLEX == 0 || ELEMENT == 4
                vpermilpd xmm28, xmm\direct, 1
                f vaddp, xmm\direct, xmm\direct, xmm28
            .endif
            .if COMPLEX == 0 && ELEMENT == 4
                vmovshdup xmm28, xmm\direct
                vaddps xmm\direct, xmm\direct, xmm28
            .endif
        .endm
        .macro put at, vector
            vmovups [\at], zmm\vector
        .endm
        .macro put_masked at, vector
            f vmovup, [\at] {{k1}}, zmm\vector
        .endm
        ",
        body!(),
        r"
        .irp name, sums_of, read, of_row, multiply_by
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        rows = const ROWS,
        columns = const COLUMNS,
        summed = const SUMMED,
        complex = const COMPLEX,
    );
}

/// With AVX2 and FMA, for two rows and columns. Vectors 0 to 3 and 4 to 7 are the sums, 8 and 9 rows of X, 10 and 11 the parts of Y,
/// 12 and 13 the signs; 15 has the lanes of the last vector.
///
/// # Safety
///
/// As [`Aligned`](crate::batch::Aligned).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx2<
    const ELEMENT: usize,
    const ROWS: usize,
    const COLUMNS: usize,
    const SUMMED: usize,
    const COMPLEX: usize,
>(
    arguments: &AlignedArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        ".set ROWS, {rows}",
        ".set COLUMNS, {columns}",
        ".set SUMMED, {summed}",
        ".set COMPLEX, {complex}",
        ".set VECTOR, 32",
        element_instructions!(),
        r"
        .macro sums name, column
            .if \column == 0
                \name 0, 0, 4
            .else
                \name 0, 2, 6
            .endif
            .if ROWS > 1 && \column == 0
                \name 1, 1, 5
            .elseif ROWS > 1
                \name 1, 3, 7
            .endif
        .endm
        .macro begin
            mov r9, [rdi + 88]
            test r9, r9
            jz 22f
            vmovdqu ymm15, [r9]
        22:
            .if COMPLEX && ELEMENT == 4
                vbroadcastsd ymm12, [rdi + 96]
                vbroadcastsd ymm13, [rdi + 112]
            .elseif COMPLEX
                vbroadcastf128 ymm12, [rdi + 96]
                vbroadcastf128 ymm13, [rdi + 112]
            .endif
        .endm
        .macro clear row, direct, turned
            vxorps ymm\direct, ymm\direct, ymm\direct
            .if COMPLEX
                vxorps ymm\turned, ymm\turned, ymm\turned
            .endif
        .endm
        .macro read vector, masked, at
            .if \masked
                f vmaskmovp, ymm\vector, ymm15, [\at]
            .else
                vmovups ymm\vector, [\at]
            .endif
        .endm
        .macro read_row row, masked, at
            .if \row == 0
                read 8, \masked, \at
            .else
                read 9, \masked, \at
            .endif
        .endm
        .macro read_column masked, at
            read 11, \masked, \at
            .if COMPLEX && ELEMENT == 4
                vmovsldup ymm10, ymm11
                vmovshdup ymm11, ymm11
            .elseif COMPLEX
                vmovddup ymm10, ymm11
                vpermilpd ymm11, ymm11, 0xF
            .endif
        .endm
        .macro multiply row, direct, turned
            .if \row == 0
                multiply_by 8, \direct, \turned
            .else
                multiply_by 9, \direct, \turned
            .endif
        .endm
        .macro multiply_by x, direct, turned
            .if COMPLEX
                f vfmadd231p, ymm\direct, ymm\x, ymm10
                f vfmadd231p, ymm\turned, ymm\x, ymm11
            .else
                f vfmadd231p, ymm\direct, ymm\x, ymm11
            .endif
        .endm
        .macro join direct, turned
            .if COMPLEX && ELEMENT == 4
                vpermilps ymm\turned, ymm\turned, 0xB1
            .elseif COMPLEX
                vpermilpd ymm\turned, ymm\turned, 5
            .endif
            .if COMPLEX
                vxorps ymm\direct, ymm\direct, ymm12
                vxorps ymm\turned, ymm\turned, ymm13
                f vaddp, ymm\direct, ymm\direct, ymm\turned
            .endif
        .endm
        .macro add_lanes direct
            vextractf128 xmm10, ymm\direct, 1
            f vaddp, xmm\direct, xmm\direct, xmm10
            .if COMPLEX == 0 || ELEMENT == 4
                vpermilpd xmm10, xmm\direct, 1
                f vaddp, xmm\direct, xmm\direct, xmm10
            .endif
            .if COMPLEX == 0 && ELEMENT == 4
                vmovshdup xmm10, xmm\direct
                vaddps xmm\direct, xmm\direct, xmm10
            .endif
        .endm
        .macro put at, vector
            vmovups [\at], ymm\vector
        .endm
        .macro put_masked at, vector
            f vmaskmovp, [\at], ymm15, ymm\vector
        .endm
        ",
        body!(),
        r"
        .irp name, read, multiply_by
            .purgem \name
        .endr
        ",
        element = const ELEMENT,
        rows = const ROWS,
        columns = const COLUMNS,
        summed = const SUMMED,
        complex = const COMPLEX,
    );
}

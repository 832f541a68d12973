//! Kernels that run many small products side by side, one a lane: up to four rows of C share what is read of Y. All
//! products can have X in common, whose elements then fill all lanes.
//!
//! Only the last vector is masked, as the processor does not fetch ahead what masked loads read.
//!
//! Registers: `rax rcx rdx` the vector of products in X, Y, and C; `r8` vectors left, `rbx` columns left, `r11` steps
//! left; `r9 r10` the step in X and Y; `rsi rbp` the rows of X and three times that, `r12` the steps of X; `r13 r14` the
//! column in Y and C; `r15` the rows of C, or the imaginary parts of X. Vectors 4 to 7 are the sums, 8 to 11 those of imaginary parts, 15 a product of
//! integers.

use crate::batch::LanesArguments;
use crate::x86_64::INTEGER;
use crate::x86_64::text::{
    arithmetic, element_instructions, no_arithmetic, restore_registers, save_registers,
};

/// What both levels have in common: `$v` is a vector, `$bytes` its size. A level defines `last_mask`, and, masked if
/// `MASKED`, `read` and `write` of a vector and `multiply_add` and `multiply_subtract`, which multiply by what they read of X: a vector, or if
/// `SHARED` an element.
macro_rules! body {
    ($v:literal, $bytes:literal) => {
        concat!(
            element_instructions!(),
            arithmetic!(),
            r"
        .macro rows name, base, row, three
            \name 0, 4, 8, \base
            .if ROWS > 1
                \name 1, 5, 9, \base+\row
            .endif
            .if ROWS > 2
                \name 2, 6, 10, \base+2*\row
            .endif
            .if ROWS > 3
                \name 3, 7, 11, \base+\three
            .endif
        .endm
        .macro clear i, sum, other, at
            vxorps xmm\sum, xmm\sum, xmm\sum
            .if COMPLEX
                vxorps xmm\other, xmm\other, xmm\other
            .endif
        .endm
        ",
            // Complex: vectors 0 to 3 hold y.re, ±y.re, ±y.im, and ±±y.im.
            ".macro multiply i, sum, other, at\n",
            r"multiply_add \sum, 0, \at", "\n",
            ".if COMPLEX\n",
            r"multiply_add \other, 2, \at", "\n",
            ".endif\n",
            ".endm\n",
            ".macro multiply_imaginary i, sum, other, at\n",
            r"multiply_subtract \sum, 3, \at", "\n",
            r"multiply_add \other, 1, \at", "\n",
            ".endm\n",
            ".macro scale i, sum, other, at\n",
            r"product ", $v, r"\sum, ", $v, r"\sum, ", $v, "12\n",
            ".endm\n",
            ".macro store i, sum, other, at\n",
            r"write \at, \sum", "\n",
            ".endm\n",
            ".macro store_imaginary i, sum, other, at\n",
            r"write \at, \other", "\n",
            ".endm\n",
            save_registers!(),
            r"
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov rsi, [rdi + 48]
            lea rbp, [rsi + 2*rsi]
            mov r12, [rdi + 64]
            ",
            ".if COMPLEX\n",
            "f vbroadcasts, ", $v, "13, [rdi+136]\n",
            "f vbroadcasts, ", $v, "14, [rdi+144]\n",
            ".endif\n",
            r"
        .macro products
        20: # A vector of products.
            mov rbx, [rdi + 40]
            mov r13, rcx
            mov r14, rdx
            .p2align 4
        30: # A column.
            rows clear, 0, 0, 0
            mov r9, rax
            mov r10, r13
            mov r11, [rdi + 32]
            .p2align 4
        40: # A step.
            read 0, r10
            ",
            ".if COMPLEX\n",
            "mov r15, [rdi + 120]\n",
            "read 2, r10+r15\n",
            "f vmulp, ", $v, "1, ", $v, "0, ", $v, "13\n",
            "f vmulp, ", $v, "2, ", $v, "2, ", $v, "14\n",
            "f vmulp, ", $v, "3, ", $v, "2, ", $v, "13\n",
            ".endif\n",
            r"
            rows multiply, r9, rsi, rbp
            .if COMPLEX
                mov r15, [rdi + 112]
                add r15, r9
                rows multiply_imaginary, r15, rsi, rbp
            .endif
            add r9, r12
            add r10, [rdi + 72]
            dec r11
            jnz 40b
            ",
            ".if COMPLEX == 0\n",
            "f vbroadcasts, ", $v, "12, [rdi+104]\n",
            "rows scale, 0, 0, 0\n",
            ".endif\n",
            r"
            mov r15, [rdi + 56]
            lea r9, [r15 + 2*r15]
            rows store, r14, r15, r9
            .if COMPLEX
                mov r10, [rdi + 128]
                add r10, r14
                rows store_imaginary, r10, r15, r9
            .endif
            add r13, [rdi + 80]
            add r14, [rdi + 88]
            dec rbx
            jnz 30b
            ",
            ".if SHARED == 0\n",
            "add rax, ", $bytes, "\n",
            ".endif\n",
            "add rcx, ", $bytes, "\n",
            "add rdx, ", $bytes, "\n",
            r"
            dec r8
            jnz 20b
        .endm
            mov r8, [rdi + 24]
            test r8, r8
            jz 60f
            .set MASKED, 0
            products
        60:
            cmp qword ptr [rdi + 96], 0
            je 70f
            mov r8d, 1
            last_mask
            .set MASKED, 1
            products
        70:
            ",
            restore_registers!(),
            r"
            .irp name, f, rows, clear, multiply, multiply_imaginary, scale, store, store_imaginary, products, last_mask, read, write, multiply_add, multiply_subtract
                .purgem \name
            .endr
        ",
            no_arithmetic!(),
        )
    };
}

/// With AVX-512: `k1` has the lanes.
///
/// # Safety
///
/// As [`Lanes`](crate::batch::Lanes).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx512<
    const ELEMENT: usize,
    const ROWS: usize,
    const KIND: usize,
>(
    arguments: &LanesArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element} & {bytes}",
        ".set INTEGER, {element} & {integer}",
        ".set ROWS, {rows}",
        ".set COMPLEX, {kind} & 1",
        ".set SHARED, {kind} >> 1",
        r"
        .macro last_mask
            kmovw k1, word ptr [rdi + 96]
        .endm
        .macro read vector, at
            .if MASKED
                f vmovup, zmm\vector {{k1}}{{z}}, [\at]
            .else
                f vmovup, zmm\vector, [\at]
            .endif
        .endm
        .macro write at, vector
            .if MASKED
                f vmovup, [\at] {{k1}}, zmm\vector
            .else
                f vmovup, [\at], zmm\vector
            .endif
        .endm
        .macro multiply_add sum, factor, at
            .if SHARED && ELEMENT == 4
                fma zmm\sum, zmm15, zmm\factor, dword ptr [\at]{{1to16}}
            .elseif SHARED
                fma zmm\sum, zmm15, zmm\factor, qword ptr [\at]{{1to8}}
            .elseif MASKED
                fma_masked k1, zmm\sum, zmm15, zmm\factor, [\at]
            .else
                fma zmm\sum, zmm15, zmm\factor, [\at]
            .endif
        .endm
        .macro multiply_subtract sum, factor, at
            .if SHARED && ELEMENT == 4
                vfnmadd231ps zmm\sum, zmm\factor, dword ptr [\at]{{1to16}}
            .elseif SHARED
                vfnmadd231pd zmm\sum, zmm\factor, qword ptr [\at]{{1to8}}
            .elseif MASKED
                f vfnmadd231p, zmm\sum {{k1}}, zmm\factor, [\at]
            .else
                f vfnmadd231p, zmm\sum, zmm\factor, [\at]
            .endif
        .endm
        ",
        body!("zmm", 64),
        element = const ELEMENT,
        bytes = const INTEGER - 1,
        integer = const INTEGER,
        rows = const ROWS,
        kind = const KIND,
    );
}

/// With AVX2 and FMA: vector 15 has the lanes.
///
/// # Safety
///
/// As [`Lanes`](crate::batch::Lanes).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx2<
    const ELEMENT: usize,
    const ROWS: usize,
    const KIND: usize,
>(
    arguments: &LanesArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        ".set INTEGER, 0",
        ".set ROWS, {rows}",
        ".set COMPLEX, {kind} & 1",
        ".set SHARED, {kind} >> 1",
        r"
        .macro last_mask
            mov r9, [rdi + 96]
            vmovdqu ymm15, [r9]
        .endm
        .macro read vector, at
            .if MASKED
                f vmaskmovp, ymm\vector, ymm15, [\at]
            .else
                f vmovup, ymm\vector, [\at]
            .endif
        .endm
        .macro write at, vector
            .if MASKED
                f vmaskmovp, [\at], ymm15, ymm\vector
            .else
                f vmovup, [\at], ymm\vector
            .endif
        .endm
        .macro read_x at
            .if SHARED
                f vbroadcasts, ymm12, [\at]
            .else
                read 12, \at
            .endif
        .endm
        .macro multiply_add sum, factor, at
            read_x \at
            f vfmadd231p, ymm\sum, ymm\factor, ymm12
        .endm
        .macro multiply_subtract sum, factor, at
            read_x \at
            f vfnmadd231p, ymm\sum, ymm\factor, ymm12
        .endm
        ",
        body!("ymm", 32),
        r".purgem read_x",
        element = const ELEMENT,
        rows = const ROWS,
        kind = const KIND,
    );
}

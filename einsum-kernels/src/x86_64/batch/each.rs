//! Kernels that run one small product after the other, with its rows in the lanes of one vector: a step reads a vector
//! of X and multiplies it by an element of Y for every column.
//!
//! Registers: `rax rcx rdx` the product in X, Y, and C; `r8` products left; `r9 r10` the step in X and Y, `r11` steps
//! left; `rsi r12` the steps of k, `rbx` that of columns in Y, `r14` in C; `rbp` and, in C, `r15` three times these;
//! `r13` the fifth column; `r15` how far X is fetched ahead. Vector 0 holds X, vector 1 X with its parts exchanged if complex, vector 2 an element in all lanes.

use core::arch::naked_asm;

use crate::batch::EachArguments;
use crate::x86_64::text::{element_instructions, put_lanes, return_to_caller, save_registers};

/// What all levels have in common. A level defines `begin` once a call, `steps` and `stores` once a product, and `clear`,
/// `multiply`, `scale`, `add_old`, and `store` for a column's sums and place.
macro_rules! body {
    () => {
        concat!(
            element_instructions!(),
            r"
        .macro places name, base, step, three, fifth
            \name 0, \base
            .if COLUMNS > 1
                \name 1, \base+\step
            .endif
            .if COLUMNS > 2
                \name 2, \base+2*\step
            .endif
            .if COLUMNS > 3
                \name 3, \base+\three
            .endif
            .if COLUMNS > 4
                \name 4, \fifth
            .endif
            .if COLUMNS > 5
                \name 5, \fifth+\step
            .endif
            .if COLUMNS > 6
                \name 6, \fifth+2*\step
            .endif
            .if COLUMNS > 7
                \name 7, \fifth+\three
            .endif
        .endm
        .macro in_c name
            places \name, rdx, r14, r15, r13
        .endm
        # All steps, which read X by `load`.
        .macro steps_by load
            .p2align 4
        30:
            \load
            prefetcht0 [r9 + r15]
            .if COLUMNS > 4
                lea r13, [r10 + 4*rbx]
            .endif
            places multiply, r10, rbx, rbp, r13
            add r9, rsi
            add r10, r12
            dec r11
            jnz 30b
        .endm
            ",
            save_registers!(),
            r"
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov r8, [rdi + 24]
            mov rsi, [rdi + 64]
            mov r12, [rdi + 72]
            mov rbx, [rdi + 80]
            mov r14, [rdi + 88]
            lea rbp, [rbx + 2*rbx]
            begin
            .p2align 4
        20: # A product.
            in_c clear
            mov r9, rax
            mov r10, rcx
            mov r11, [rdi + 32]
            mov r15, [rdi + 160]
            steps
            lea r15, [r14 + 2*r14]
            .if COLUMNS > 4
                lea r13, [rdx + 4*r14]
            .endif
            test byte ptr [rdi + 104], 3
            jz 50f
            test byte ptr [rdi + 104], 1
            jz 40f
            factor [rdi+112]
            in_c scale
        40:
            test byte ptr [rdi + 104], 2
            jz 50f
            factor [rdi+120]
            in_c add_old
        50:
            stores
            add rax, [rdi + 40]
            add rcx, [rdi + 48]
            add rdx, [rdi + 56]
            dec r8
            jnz 20b
            ",
            return_to_caller!(),
            r"
            .irp name, f, places, in_c, steps_by, begin, steps, clear, load, multiply, factor, scale, add_old, store, stores
                .purgem \name
            .endr
        "
        )
    };
}

/// Writes the kernels for vectors `$v`, with AVX-512. `k1` has the lanes.
macro_rules! avx512 {
    ($name:ident, $v:literal, $bytes:tt) => {
        /// # Safety
        ///
        /// As [`Each`](crate::batch::Each).
        #[unsafe(naked)]
        pub(super) unsafe extern "sysv64" fn $name<
            const ELEMENT: usize,
            const COLUMNS: usize,
            const COMPLEX: usize,
        >(
            arguments: &EachArguments,
        ) {
            naked_asm!(
                ".set ELEMENT, {element}",
                ".set COLUMNS, {columns}",
                ".set COMPLEX, {complex}",
                ".macro begin",
                "kmovw k1, word ptr [rdi + 96]",
                ".if COMPLEX",
                ".if ELEMENT == 4",
                concat!("vpbroadcastq ", $v, "30, qword ptr [rdi + 128]"),
                concat!("vpbroadcastq ", $v, "31, qword ptr [rdi + 144]"),
                concat!(".elseif ", $bytes, " == 16"),
                "vmovupd xmm30, [rdi + 128]",
                "vmovupd xmm31, [rdi + 144]",
                ".else",
                concat!(pair!($bytes), " ", $v, "30, xmmword ptr [rdi + 128]"),
                concat!(pair!($bytes), " ", $v, "31, xmmword ptr [rdi + 144]"),
                ".endif",
                ".endif",
                ".endm",
                ".macro clear j, at",
                concat!("vpxord ", $v, r"1\j, ", $v, r"1\j, ", $v, r"1\j"),
                ".if COMPLEX",
                concat!("vpxord ", $v, r"2\j, ", $v, r"2\j, ", $v, r"2\j"),
                ".endif",
                ".endm",
                ".macro load",
                concat!("f vmovup, ", $v, "0 {{k1}}{{z}}, [r9]"),
                ".if COMPLEX",
                ".if ELEMENT == 4",
                concat!("vpermilps ", $v, "1, ", $v, "0, 0xB1"),
                ".else",
                concat!("vpermilpd ", $v, "1, ", $v, "0, 0x55"),
                ".endif",
                ".endif",
                ".endm",
                ".macro steps",
                "steps_by load",
                ".endm",
                ".macro multiply j, at",
                ".if ELEMENT == 4",
                concat!("vfmadd231ps ", $v, r"1\j, ", $v, r"0, dword ptr [\at]", lanes!($bytes 4)),
                ".else",
                concat!("vfmadd231pd ", $v, r"1\j, ", $v, r"0, qword ptr [\at]", lanes!($bytes 8)),
                ".endif",
                ".if COMPLEX && ELEMENT == 4",
                concat!("vfmadd231ps ", $v, r"2\j, ", $v, r"1, dword ptr [\at + 4]", lanes!($bytes 4)),
                ".elseif COMPLEX",
                concat!("vfmadd231pd ", $v, r"2\j, ", $v, r"1, qword ptr [\at + 8]", lanes!($bytes 8)),
                ".endif",
                ".endm",
                ".macro factor place",
                ".if ELEMENT == 4",
                concat!("vbroadcastss ", $v, r"2, dword ptr \place"),
                ".else",
                concat!("vpbroadcastq ", $v, r"2, qword ptr \place"),
                ".endif",
                ".endm",
                ".macro scale j, at",
                concat!("f vmulp, ", $v, r"1\j, ", $v, r"1\j, ", $v, "2"),
                ".endm",
                ".macro add_old j, at",
                concat!("f vfmadd231p, ", $v, r"1\j {{k1}}, ", $v, r"2, [\at]"),
                ".endm",
                ".macro store j, at",
                ".if COMPLEX",
                concat!("vpxord ", $v, r"1\j, ", $v, r"1\j, ", $v, "30"),
                concat!("vpxord ", $v, r"2\j, ", $v, r"2\j, ", $v, "31"),
                concat!("f vaddp, ", $v, r"1\j, ", $v, r"1\j, ", $v, r"2\j"),
                ".endif",
                concat!(r"f vmovup, [\at] {{k1}}, ", $v, r"1\j"),
                ".endm",
                ".macro stores",
                "in_c store",
                ".endm",
                body!(),
                element = const ELEMENT,
                columns = const COLUMNS,
                complex = const COMPLEX,
            )
        }
    };
}

macro_rules! lanes {
    (64 4) => {
        "{{1to16}}"
    };
    (64 8) => {
        "{{1to8}}"
    };
    (32 4) => {
        "{{1to8}}"
    };
    (32 8) => {
        "{{1to4}}"
    };
    (16 4) => {
        "{{1to4}}"
    };
    (16 8) => {
        "{{1to2}}"
    };
}

macro_rules! pair {
    (64) => {
        "vbroadcastf64x2"
    };
    (32) => {
        "vbroadcastf64x2"
    };
    // Never assembled.
    (16) => {
        "vmovupd"
    };
}

avx512!(avx512_64, "zmm", 64);
avx512!(avx512_32, "ymm", 32);
avx512!(avx512_16, "xmm", 16);

/// With AVX2 and FMA, vectors of 32 bytes. `ymm3` has the mask, `ymm4 … ymm11` the sums, `ymm12` and `ymm13` the signs.
///
/// # Safety
///
/// As [`Each`](crate::batch::Each).
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn avx2<
    const ELEMENT: usize,
    const COLUMNS: usize,
    const COMPLEX: usize,
>(
    arguments: &EachArguments,
) {
    naked_asm!(
        ".set ELEMENT, {element}",
        ".set COLUMNS, {columns}",
        ".set COMPLEX, {complex}",
        r"
        ",
        put_lanes!(),
        r"
        .macro begin
            mov r9, [rdi + 96]
            vmovdqu ymm3, [r9]
            .if COMPLEX && ELEMENT == 4
                vbroadcastsd ymm12, [rdi + 128]
                vbroadcastsd ymm13, [rdi + 144]
            .elseif COMPLEX
                vbroadcastf128 ymm12, [rdi + 128]
                vbroadcastf128 ymm13, [rdi + 144]
            .endif
        .endm
        # The two sums of a column.
        .macro with_sums name, j, at
            .if \j == 0
                \name ymm4, ymm8, \at
            .elseif \j == 1
                \name ymm5, ymm9, \at
            .elseif \j == 2
                \name ymm6, ymm10, \at
            .elseif \j == 3
                \name ymm7, ymm11, \at
            .elseif \j == 4
                \name ymm8, ymm8, \at
            .elseif \j == 5
                \name ymm9, ymm9, \at
            .elseif \j == 6
                \name ymm10, ymm10, \at
            .else
                \name ymm11, ymm11, \at
            .endif
        .endm
        .macro clear j, at
            with_sums clear_sums, \j, \at
        .endm
        .macro clear_sums first, second, at
            vxorps \first, \first, \first
            .if COMPLEX
                vxorps \second, \second, \second
            .endif
        .endm
        .macro load
            f vmaskmovp, ymm0, ymm3, [r9]
            exchange_parts
        .endm
        .macro load_whole
            f vmovup, ymm0, [r9]
            exchange_parts
        .endm
        .macro exchange_parts
            .if COMPLEX && ELEMENT == 4
                vpermilps ymm1, ymm0, 0xB1
            .elseif COMPLEX
                vpermilpd ymm1, ymm0, 5
            .endif
        .endm
        # Whether all lanes exist. Instructions with masks are slow.
        .macro compare_mask by
            mov \by, [rdi + 96]
            cmp dword ptr [\by + 28], 0
        .endm
        .macro steps
            compare_mask r11
            mov r11, [rdi + 32]
            je 32f
            steps_by load_whole
            jmp 34f
        32:
            steps_by load
        34:
        .endm
        .macro multiply j, at
            with_sums multiply_sums, \j, \at
        .endm
        .macro multiply_sums first, second, at
            f vbroadcasts, ymm2, [\at]
            f vfmadd231p, \first, ymm0, ymm2
            .if COMPLEX
                f vbroadcasts, ymm2, [\at + ELEMENT]
                f vfmadd231p, \second, ymm1, ymm2
            .endif
        .endm
        .macro factor place
            f vbroadcasts, ymm2, \place
        .endm
        .macro scale j, at
            with_sums scale_sums, \j, \at
        .endm
        .macro scale_sums first, second, at
            f vmulp, \first, \first, ymm2
        .endm
        .macro add_old j, at
            with_sums add_old_sums, \j, \at
        .endm
        .macro add_old_sums first, second, at
            f vmaskmovp, ymm0, ymm3, [\at]
            f vfmadd231p, \first, ymm0, ymm2
        .endm
        .macro store j, at
            with_sums store_sums, \j, \at
        .endm
        .macro store_sums first, second, at
            join_sums \first, \second
            vmovaps ymm0, \first
            put_lanes 0, 2, r11d, \at
        .endm
        .macro store_whole j, at
            with_sums store_whole_sums, \j, \at
        .endm
        .macro store_whole_sums first, second, at
            join_sums \first, \second
            f vmovup, [\at], \first
        .endm
        .macro join_sums first, second
            .if COMPLEX
                vxorps \first, \first, ymm12
                vxorps \second, \second, ymm13
                f vaddp, \first, \first, \second
            .endif
        .endm
        .macro stores
            compare_mask r9
            je 52f
            in_c store_whole
            jmp 54f
        52:
            f vmovmskp, r11d, ymm3
            in_c store
        54:
        .endm
        ",
        body!(),
        ".irp name, with_sums, clear_sums, multiply_sums, scale_sums, add_old_sums, store_sums, store_whole_sums",
        r".purgem \name",
        ".endr",
        ".irp name, put_lanes, load_whole, exchange_parts, compare_mask, store_whole, join_sums",
        r".purgem \name",
        ".endr",
        element = const ELEMENT,
        columns = const COLUMNS,
        complex = const COMPLEX,
    )
}

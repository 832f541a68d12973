//! With AVX2 and FMA, vectors of 32 bytes.
//!
//! `ymm0` holds X, `ymm1` X with its parts exchanged if complex, `ymm2` an element in all lanes, `ymm3` the mask; `ymm4 … ymm11`
//! the sums, `ymm12` and `ymm13` the signs.

use crate::batch::EachArguments;
use crate::x86_64::text::put_lanes;

/// # Safety
///
/// As [`Each`](crate::batch::Each).
#[inline(never)]
pub(in super::super) unsafe extern "sysv64" fn each<
    const ELEMENT: usize,
    const COLUMNS: usize,
    const COMPLEX: usize,
>(
    arguments: &EachArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
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
            steps_by load_whole, fetch_x
            jmp 34f
        32:
            steps_by load, fetch_x
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
        .macro expects
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
    );
}

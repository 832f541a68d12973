//! Micro-kernels for AVX2 and FMA: tiles of up to 2 vectors and 6 columns.
//!
//! Registers: `ymm0` and `ymm1` vectors of X, `ymm2` an element of Y in all lanes (or a vector of Y), `ymm3` a mask,
//! `ymm4 … ymm15` the sums, 2 for each column. Masks are read from memory each time: `rdx` and `rsi`, which tiles of 2
//! vectors have to spare, point to them. Masked loads cost time, so that there are kernels without; to write what a mask
//! has, `r8d` and `r9d` get its bits, a vector each.

use super::text::{put_lanes, shared_body, shared_macros};
use super::{LANES, UNMASKED};
use crate::table::Arguments;

/// # Safety
///
/// As [`Kernel`](crate::table::Kernel).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn sweep<
    const ELEMENT: usize,
    const VECTORS: usize,
    const COLUMNS: usize,
    const KIND: usize,
>(
    arguments: *mut Arguments,
) {
    crate::assembly!(
        "rdi" = arguments;
        ".set ELEMENT, {element}",
        ".set VECTORS, {vectors}",
        ".set COLUMNS, {columns}",
        ".set KIND, {kind}",
        ".set VECTOR, 32",
        ".set PAIRS, 0",
        ".set SPARE, KIND == {unmasked}",
        shared_macros!(),
        put_lanes!(),
        r"
        .macro vectors name
            \name 0, rax
            .if VECTORS > 1
                \name 1, rcx
            .endif
        .endm
        .macro columns name
            \name 0, r8, ymm4, ymm5
            .if COLUMNS > 1
                \name 1, r9, ymm6, ymm7
            .endif
            .if COLUMNS > 2
                \name 2, r10, ymm8, ymm9
            .endif
            .if COLUMNS > 3
                \name 3, r11, ymm10, ymm11
            .endif
            .if COLUMNS > 4
                \name 4, r12, ymm12, ymm13
            .endif
            .if COLUMNS > 5
                \name 5, r13, ymm14, ymm15
            .endif
        .endm
        # Calls a macro for every vector's accumulator of a column.
        .macro each name, a, b
            \name 0, rax, rdx, \a
            .if VECTORS > 1
                \name 1, rcx, rsi, \b
            .endif
        .endm
        .macro use_mask i, entry
            .if KIND != {unmasked}
                .if \i == 0
                    mov rdx, [\entry + 16]
                .else
                    mov rsi, [\entry + 40]
                .endif
            .endif
        .endm
        .macro loops
            cmp qword ptr [rdi + 88], 0
            jne 32f
            step_loop 0, 0
            jmp 40f
        32:
            step_loop 0, 1
        .endm
        .macro load i, pointer
            .if KIND == {unmasked}
                f vmovup, ymm\i, [\pointer + r14]
            .else
                .if \i == 0
                    vmovdqu ymm3, [rdx]
                .else
                    vmovdqu ymm3, [rsi]
                .endif
                f vmaskmovp, ymm\i, ymm3, [\pointer + r14]
            .endif
        .endm
        .macro clear_one i, pointer, mask, sum
            f vxorp, \sum, \sum, \sum
        .endm
        .macro clear j, pointer, sums:vararg
            each clear_one, \sums
        .endm
        .macro multiply_one i, pointer, mask, sum
            f vfmadd231p, \sum, ymm\i, ymm2
        .endm
        .macro multiply j, pointer, sums:vararg
            .if KIND == {lanes}
                .if VECTORS > 1
                    vmovdqu ymm3, [rdx]
                .endif
                f vmaskmovp, ymm2, ymm3, [\pointer + r14]
            .else
                f vbroadcasts, ymm2, [\pointer + r14]
            .endif
            each multiply_one, \sums
        .endm
        .macro factor place
            f vbroadcasts, ymm2, \place
        .endm
        .macro scale_one i, pointer, mask, sum
            f vmulp, \sum, \sum, ymm2
        .endm
        .macro scale j, pointer, sums:vararg
            each scale_one, \sums
        .endm
        .macro add_one i, pointer, mask, sum
            .if KIND == {unmasked}
                f vfmadd231p, \sum, ymm2, [\pointer + r15]
            .else
                vmovdqu ymm3, [\mask]
                f vmaskmovp, ymm0, ymm3, [\pointer + r15]
                f vfmadd231p, \sum, ymm2, ymm0
            .endif
        .endm
        .macro add_old j, pointer, sums:vararg
            mov r15, [rbp + 16*\j + 8]
            each add_one, \sums
        .endm
        # Of a vector that lacks lanes, the bits of those that it has are in a register.
        .macro store_one i, pointer, mask, sum
            .if KIND == {unmasked}
                f vmovup, [\pointer + r15], \sum
            .else
                cmp dword ptr [\mask + 28], 0
                je 61f
                f vmovup, [\pointer + r15], \sum
                jmp 62f
            61:
                vmovaps ymm2, \sum
                .if \i == 0
                    put_lanes 2, 3, r8d, \pointer + r15
                .else
                    put_lanes 2, 3, r9d, \pointer + r15
                .endif
            62:
            .endif
        .endm
        .macro store j, pointer, sums:vararg
            .if \j == 0 && KIND != {unmasked}
                vmovdqu ymm3, [rdx]
                f vmovmskp, r8d, ymm3
                .if VECTORS > 1
                    vmovdqu ymm3, [rsi]
                    f vmovmskp, r9d, ymm3
                .endif
            .endif
            mov r15, [rbp + 16*\j + 8]
            each store_one, \sums
        .endm
        ",
        shared_body!(),
        ".irp name, clear_one, multiply_one, scale_one, add_one, store_one, put_lanes",
        r".purgem \name",
        ".endr",
        element = const ELEMENT,
        vectors = const VECTORS,
        columns = const COLUMNS,
        kind = const KIND,
        lanes = const LANES,
        unmasked = const UNMASKED,
    );
}

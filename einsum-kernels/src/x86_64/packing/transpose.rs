//! Eight rows become columns: a run of elements, or one run after the other.

use crate::packing::Pair;
use crate::x86_64::text::{restore_registers, save_registers};

/// The bytes from which on runs of elements are long.
const LONG: usize = 96;

/// Defines `interleave`, which transposes a vector's part of 8 rows, and `move`, an element of one, for elements of `ELEMENT`
/// bytes.
///
/// Four columns of 4 bytes, or two of 8, are read from the rows `i` and `i + 4`, or `i + 2`, into the halves of a
/// vector; interleaving such vectors yields whole columns. What is left over is copied element by element.
macro_rules! transposing {
    () => {
        r"
        .macro point_to pointer, i
            mov \pointer, [rdx + 16*\i]
            add \pointer, rsi
        .endm
        .macro read i, low, high
            vmovups xmm\i, [\low + r14]
            vinsertf128 ymm\i, ymm\i, [\high + r14], 1
        .endm
        .macro move pointer, i
            .if ELEMENT == 4
                mov esi, [\pointer + r14]
                mov [rdi + 4*\i], esi
            .elseif ELEMENT == 8
                mov rsi, [\pointer + r14]
                mov [rdi + 8*\i], rsi
            .else
                vmovups xmm0, [\pointer + r14]
                vmovups [rdi + 16*\i], xmm0
            .endif
        .endm
        .macro interleave
            .if ELEMENT == 4
                read 0, rax, rbx
                read 1, r9, rbp
                read 2, r10, r12
                read 3, r11, r13
                vunpcklps ymm4, ymm0, ymm1
                vunpckhps ymm5, ymm0, ymm1
                vunpcklps ymm6, ymm2, ymm3
                vunpckhps ymm7, ymm2, ymm3
                vunpcklpd ymm0, ymm4, ymm6
                vunpckhpd ymm1, ymm4, ymm6
                vunpcklpd ymm2, ymm5, ymm7
                vunpckhpd ymm3, ymm5, ymm7
                vmovups [rdi], ymm0
                vmovups [rdi + rcx], ymm1
                vmovups [rdi + 2*rcx], ymm2
                vmovups [rdi + r15], ymm3
                lea rdi, [rdi + 4*rcx]
            .else
                read 0, rax, r10
                read 1, r9, r11
                read 2, rbx, r12
                read 3, rbp, r13
                vunpcklpd ymm4, ymm0, ymm1
                vunpckhpd ymm5, ymm0, ymm1
                vunpcklpd ymm6, ymm2, ymm3
                vunpckhpd ymm7, ymm2, ymm3
                vmovups [rdi], ymm4
                vmovups [rdi + 32], ymm6
                vmovups [rdi + rcx], ymm5
                vmovups [rdi + rcx + 32], ymm7
                lea rdi, [rdi + 2*rcx]
            .endif
            add r14, 16
        .endm
        .macro move_all
            move rax, 0
            move r9, 1
            move r10, 2
            move r11, 3
            move rbx, 4
            move rbp, 5
            move r12, 6
            move r13, 7
            add rdi, rcx
            add r14, ELEMENT
        .endm
        .macro point_to_all
            point_to rax, 0
            point_to r9, 1
            point_to r10, 2
            point_to r11, 3
            point_to rbx, 4
            point_to rbp, 5
            point_to r12, 6
            point_to r13, 7
        .endm
        "
    };
}

/// Removes them.
macro_rules! end_transposing {
    () => {
        r"
        .irp name, point_to, read, move, interleave, move_all, point_to_all
            .purgem \name
        .endr
        "
    };
}

/// # Safety
///
/// The processor has AVX2; all elements named in [`Transpose`](crate::packing::Transpose) can be read and written.
#[inline(never)]
pub(super) unsafe extern "sysv64" fn transpose<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    rows: *const Pair,
    step: isize,
    columns: usize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = rows, "rcx" = step, "r8" = columns;
        ".set ELEMENT, {element}",
        transposing!(),
        save_registers!(),
        r"
            point_to_all
            xor r14d, r14d
        .if ELEMENT < 16
            lea r15, [rcx + 2*rcx]
            # Long runs: the rows after these are fetched into the caches, if they are as far apart.
            mov rdx, r9
            sub rdx, rax
            shl rdx, 3
            cmp r8, {long}/ELEMENT
            jb 35f
        30:
            lea rsi, [rdx + r14]
            .irp pointer, rax, r9, r10, r11, rbx, rbp, r12, r13
                prefetcht0 [\pointer + rsi]
            .endr
            interleave
            sub r8, 16/ELEMENT
            cmp r8, 16/ELEMENT
            jae 30b
        35:
            sub r8, 16/ELEMENT
            jb 40f
        36:
            interleave
            sub r8, 16/ELEMENT
            jae 36b
        40:
            add r8, 16/ELEMENT
        .endif
            test r8, r8
            jz 90f
        50:
            move_all
            dec r8
            jnz 50b
        90:
        ",
        restore_registers!(),
        end_transposing!(),
        element = const ELEMENT,
        long = const LONG,
    );
}

/// # Safety
///
/// As [`transpose`], for [`TransposeRuns`](crate::packing::TransposeRuns).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn transpose_runs<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    rows: *const Pair,
    step: isize,
    columns: usize,
    reads: *const Pair,
    count: usize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = rows, "rcx" = step, "r8" = columns, "r9" = reads, "rax" = count;
        ".set ELEMENT, {element}",
        transposing!(),
        save_registers!(),
        r"
            # The runs left, where the next is said, and its length.
            push rax
            push r9
            push r8
            test rax, rax
            je 90f
            point_to_all
            lea r15, [rcx + 2*rcx]
        20: # A run.
            mov rsi, [rsp + 8]
            mov r14, [rsi]
            mov r8, [rsp]
        .if ELEMENT < 16
            sub r8, 16/ELEMENT
            jb 40f
        36:
            interleave
            sub r8, 16/ELEMENT
            jae 36b
        40:
            add r8, 16/ELEMENT
            jz 60f
        .endif
        50:
            move_all
            dec r8
            jnz 50b
        60:
            mov r8, [rsp]
            shl r8, 4
            add [rsp + 8], r8
            dec qword ptr [rsp + 16]
            jnz 20b
        90:
            add rsp, 24
        ",
        restore_registers!(),
        end_transposing!(),
        element = const ELEMENT,
    );
}

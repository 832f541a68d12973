//! With AVX-512, for 2 or 3 vectors of real numbers: every element of Y is read for several vectors at once, so that units that
//! multiply do not wait for those that read.
//!
//! `k1` has the lanes of the last vector, the others have all. [`sums`] has the other registers.

use crate::batch::EachArguments;
use crate::x86_64::sums::{purge_sums, sums};

/// The fewest steps that take long enough to fetch what C holds.
const EXPECTING: usize = 64;

/// # Safety
///
/// As [`Each`](crate::batch::Each).
#[inline(never)]
pub(in super::super) unsafe extern "sysv64" fn each<
    const ELEMENT: usize,
    const VECTORS: usize,
    const COLUMNS: usize,
>(
    arguments: &EachArguments,
) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        ".set VECTORS, {vectors}",
        ".set COLUMNS, {columns}",
        sums!(),
        r"
        .macro begin
            kmovw k1, word ptr [rdi + 96]
        .endm
        .macro load
            f vmovup, zmm0, [r9]
            f vmovup, zmm1, [r9 + 64]
            .if VECTORS > 2
                f vmovup, zmm2, [r9 + 128]
            .endif
        .endm
        .macro load_masked
            f vmovup, zmm0, [r9]
            .if VECTORS > 2
                f vmovup, zmm1, [r9 + 64]
                f vmovup, zmm2 {{k1}}{{z}}, [r9 + 128]
            .else
                f vmovup, zmm1 {{k1}}{{z}}, [r9 + 64]
            .endif
        .endm
        .macro steps
            mov r13, [rdi + 168]
            test r13, r13
            jz 33f
            mov r15, r13
            cmp qword ptr [rdi + 176], 0
            je 38f
            add r15, rcx
            jmp 34f
        33:
            test r15, r15
            jz 35f
            add r15, rax
        34:
            steps_at_known_distances fetch
            steps_that_may_keep fetch, fetch_and_keep
            jmp 32f
        35:
            steps_at_known_distances
            mov r15, rax
            steps_that_may_keep fetch, fetch_and_keep
            jmp 32f
        38:
            steps_that_may_keep fetch_columns, fetch_columns_and_keep
        32:
        .endm
        # Where all lanes exist, nothing is kept, and Y is adjacent along steps, or across columns, what is read is at known distances from
        # few registers. Processors that run two threads on a core have little time for instructions to spare.
        .macro steps_at_known_distances fetch
            .if COLUMNS > 4
                cmp qword ptr [rdi + 192], 0
                jne 39f
            .endif
            cmp dword ptr [rdi + 96], (1 << (64 / ELEMENT)) - 1
            jne 39f
            cmp r12, ELEMENT
            je 37f
            cmp rbx, ELEMENT
            jne 39f
            lea r13, [r12 + 2*r12]
            lea rbx, [rsi + 2*rsi]
            steps_in_fours step_across, rbx, advance_across, \fetch
            mov ebx, ELEMENT
            jmp 32f
        37:
            .if COLUMNS > 4
                lea r13, [r10 + 4*rbx]
            .endif
            lea r12, [rsi + 2*rsi]
            steps_in_fours step_along, r12, advance_along, \fetch
            mov r12d, ELEMENT
            jmp 32f
        39:
        .endm
        .macro steps_in_fours step, three, advance, fetch
            sub r11, 4
            jb 44f
            .p2align 6
        43:
            \step r9, 0
            \fetch
            \step r9+rsi, 1
            \fetch
            \step r9+2*rsi, 2
            \fetch
            \step r9+\three, 3
            \fetch
            lea r9, [r9 + 4*rsi]
            \advance 4
            sub r11, 4
            jae 43b
        44:
            add r11, 4
            jz 46f
        45:
            \step r9, 0
            add r9, rsi
            \advance 1
            dec r11
            jnz 45b
        46:
        .endm
        .macro load_at x
            f vmovup, zmm0, [\x]
            f vmovup, zmm1, [\x + 64]
            .if VECTORS > 2
                f vmovup, zmm2, [\x + 128]
            .endif
        .endm
        .macro step_along x, step
            .set ALONG, \step*ELEMENT
            load_at \x
            places multiply_along, r10, rbx, rbp, r13
        .endm
        .macro multiply_along j, at
            multiply \j, \at+ALONG
        .endm
        .macro advance_along steps
            add r10, \steps*ELEMENT
            .if COLUMNS > 4
                add r13, \steps*ELEMENT
            .endif
        .endm
        .macro step_across x, step
            load_at \x
            .if \step == 0
                each_across r10
            .elseif \step == 1
                each_across r10+r12
            .elseif \step == 2
                each_across r10+2*r12
            .else
                each_across r10+r13
            .endif
        .endm
        .macro each_across first
            .irp j, 0, 1, 2, 3, 4, 5, 6, 7
                .if \j < COLUMNS
                    multiply \j, \first+\j*ELEMENT
                .endif
            .endr
        .endm
        .macro advance_across steps
            lea r10, [r10 + \steps*r12]
        .endm
        # X is only kept for many columns, which tiles share evenly.
        .macro steps_that_may_keep fetch, fetch_and_keep
            .if COLUMNS > 4
                cmp qword ptr [rdi + 192], 0
                je 36f
                mov rax, [rdi + 192]
                steps_that_fetch \fetch_and_keep
                jmp 32f
            36:
            .endif
            steps_that_fetch \fetch
        .endm
        # A copy of X, whose vectors begin with cache lines. There is only this product, so that `rax` is free.
        .macro keep
            vmovups [rax], zmm0
            vmovups [rax + 64], zmm1
            .if VECTORS > 2
                vmovups [rax + 128], zmm2
            .endif
            add rax, 64*VECTORS
        .endm
        .macro fetch_and_keep
            fetch
            keep
        .endm
        .macro fetch_columns_and_keep
            fetch_columns
            keep
        .endm
        # A mask takes time of the units that multiply, on some processors.
        .macro steps_that_fetch fetch
            cmp dword ptr [rdi + 96], (1 << (64 / ELEMENT)) - 1
            je 31f
            steps_by load_masked, \fetch
            jmp 32f
        31:
            steps_by load, \fetch
        .endm
        .macro fetch
            prefetcht0 [r15]
            add r15, [rdi + 176]
        .endm
        # X, and one column after the other, then the first again.
        .macro fetch_columns
            mov r13, [rdi + 160]
            prefetcht0 [r9 + r13]
            prefetcht0 [r10 + r15]
            add r15, rbx
            cmp r15, [rdi + 184]
            cmove r15, [rdi + 168]
        .endm
        .macro add_old j, at
            with_sums add_old_sums, \j, \at
        .endm
        .macro add_old_sums a, b, c, at
            f vfmadd231p, \a, zmm3, [\at]
            .if VECTORS > 2
                f vfmadd231p, \b, zmm3, [\at + 64]
                f vfmadd231p, \c {{k1}}, zmm3, [\at + 128]
            .else
                f vfmadd231p, \b {{k1}}, zmm3, [\at + 64]
            .endif
        .endm
        .macro store j, at
            with_sums store_sums, \j, \at
        .endm
        .macro store_sums a, b, c, at
            f vmovup, [\at], \a
            .if VECTORS > 2
                f vmovup, [\at + 64], \b
                f vmovup, [\at + 128] {{k1}}, \c
            .else
                f vmovup, [\at + 64] {{k1}}, \b
            .endif
        .endm
        .macro stores
            in_c store
        .endm
        # What C holds had better be on its way while the sums are formed, if there is time for that.
        .macro expects
            test byte ptr [rdi + 104], 2
            jz 25f
            cmp qword ptr [rdi + 32], {expecting}
            jb 25f
            lea r15, [r14 + 2*r14]
            .if COLUMNS > 4
                lea r13, [rdx + 4*r14]
            .endif
            in_c expect
        25:
        .endm
        .macro expect j, at
            prefetcht0 [\at]
            prefetcht0 [\at + 64]
            .if VECTORS > 2
                prefetcht0 [\at + 128]
            .endif
        .endm
        ",
        body!(),
        purge_sums!(),
        ".purgem load_masked",
        ".irp name, steps_that_may_keep, steps_that_fetch, fetch, fetch_columns",
        r".purgem \name",
        ".endr",
        ".irp name, steps_at_known_distances, steps_in_fours, load_at, step_along, multiply_along, advance_along",
        r".purgem \name",
        ".endr",
        ".irp name, step_across, each_across, advance_across",
        r".purgem \name",
        ".endr",
        ".irp name, keep, fetch_and_keep, fetch_columns_and_keep",
        r".purgem \name",
        ".endr",
        ".purgem add_old_sums",
        ".purgem store_sums",
        ".purgem expect",
        element = const ELEMENT,
        vectors = const VECTORS,
        columns = const COLUMNS,
        expecting = const EXPECTING,
    );
}

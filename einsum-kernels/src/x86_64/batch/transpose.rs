//! Transposes between arrays of products and panels, with AVX2: 4x4 elements at a time, where the last block of a side is
//! moved back; sides below 4 one element at a time.

use crate::x86_64::text::{restore_registers, save_registers};

/// # Safety
///
/// As [`Transpose`](crate::batch::Transpose).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn transpose<const ELEMENT: usize>(
    to: *mut u8,
    from: *const u8,
    to_row: isize,
    from_row: isize,
    rows: usize,
    columns: usize,
) {
    crate::assembly!(
        "rdi" = to, "rsi" = from, "rdx" = to_row, "rcx" = from_row, "r8" = rows, "r9" = columns;
        ".set ELEMENT, {element}",
        r"
        # How far the next block of 4 starts, with this many elements left, of which 4 are done.
        .macro next left, by, done
            sub \left, 4
            jle \done
            mov \by, rax
            cmp \left, rax
            cmovl \by, \left
            cmovl \left, rax
        .endm
        .macro one
            .if ELEMENT == 4
                mov eax, [r10]
                mov [r11], eax
            .else
                mov rax, [r10]
                mov [r11], rax
            .endif
            add r10, rbx
            add r11, rbp
        .endm
        ",
        save_registers!(),
        r"
            cmp r8, 4
            jb 50f
            cmp r9, 4
            jb 50f
            mov eax, 4
            lea rbx, [rcx + 2*rcx]
            lea rbp, [rdx + 2*rdx]
        20: # Four rows.
            mov r10, rsi
            mov r11, rdi
            mov r13, r9
            .p2align 4
        30: # Four columns of them.
            vmovups xmm0, [r10]
            vmovups xmm1, [r10 + rcx]
            .if ELEMENT == 4
                vmovups xmm2, [r10 + 2*rcx]
                vmovups xmm3, [r10 + rbx]
                vunpcklps xmm4, xmm0, xmm1
                vunpckhps xmm5, xmm0, xmm1
                vunpcklps xmm6, xmm2, xmm3
                vunpckhps xmm7, xmm2, xmm3
                vunpcklpd xmm0, xmm4, xmm6
                vunpckhpd xmm1, xmm4, xmm6
                vunpcklpd xmm2, xmm5, xmm7
                vunpckhpd xmm3, xmm5, xmm7
                vmovups [r11], xmm0
                vmovups [r11 + rdx], xmm1
                vmovups [r11 + 2*rdx], xmm2
                vmovups [r11 + rbp], xmm3
            .else
                vmovups xmm2, [r10 + 16]
                vmovups xmm3, [r10 + rcx + 16]
                vinsertf128 ymm0, ymm0, [r10 + 2*rcx], 1
                vinsertf128 ymm1, ymm1, [r10 + rbx], 1
                vinsertf128 ymm2, ymm2, [r10 + 2*rcx + 16], 1
                vinsertf128 ymm3, ymm3, [r10 + rbx + 16], 1
                vunpcklpd ymm4, ymm0, ymm1
                vunpckhpd ymm5, ymm0, ymm1
                vunpcklpd ymm6, ymm2, ymm3
                vunpckhpd ymm7, ymm2, ymm3
                vmovups [r11], ymm4
                vmovups [r11 + rdx], ymm5
                vmovups [r11 + 2*rdx], ymm6
                vmovups [r11 + rbp], ymm7
            .endif
            next r13, r14, 40f
            lea r10, [r10 + ELEMENT*r14]
            imul r14, rdx
            add r11, r14
            jmp 30b
        40:
            next r8, r14, 90f
            lea rdi, [rdi + ELEMENT*r14]
            imul r14, rcx
            add rsi, r14
            jmp 20b
        50: # The longer side is the inner loop: rbx and rbp its steps, r12 and r13 those of the other.
            mov rbx, rcx
            mov ebp, ELEMENT
            mov r12d, ELEMENT
            mov r13, rdx
            cmp r8, r9
            jae 60f
            xchg rbx, r12
            xchg rbp, r13
            xchg r8, r9
        60:
            mov r10, rsi
            mov r11, rdi
            mov r14, r8
            sub r14, 4
            jb 75f
            .p2align 4
        70:
            one
            one
            one
            one
            sub r14, 4
            jae 70b
        75:
            add r14, 4
            jz 85f
        80:
            one
            dec r14
            jnz 80b
        85:
            add rsi, r12
            add rdi, r13
            dec r9
            jnz 60b
        90:
        ",
        restore_registers!(),
        r"
            .purgem next
            .purgem one
        ",
        element = const ELEMENT,
    );
}

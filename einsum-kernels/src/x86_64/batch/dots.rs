//! Kernels that multiply many small matrices by a vector each, where both have adjacent elements along k: the lanes are
//! steps, and four rows are summed across lanes at once.
//!
//! Registers: `rax rcx rdx` the product in X, Y, and C; `r8` products left; `r9` the first of four rows, `r10 r11 rbx` the
//! others; `r12` rows left; `rsi` the place in C; `r13` the bytes of whole vectors, `r14` those done. `k1` has the lanes of
//! the last vector, `k2` the rows.

use crate::batch::DotsArguments;
use crate::x86_64::text::{element_instructions, restore_registers, save_registers};

/// With AVX-512.
///
/// # Safety
///
/// As [`Dots`](crate::batch::Dots).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn avx512<const ELEMENT: usize>(arguments: &DotsArguments) {
    crate::assembly!(
        "rdi" = &raw const *arguments;
        ".set ELEMENT, {element}",
        element_instructions!(),
        save_registers!(),
        r"
            mov rax, [rdi]
            mov rcx, [rdi + 8]
            mov rdx, [rdi + 16]
            mov r8, [rdi + 24]
            mov r13, [rdi + 40]
            kmovw k1, word ptr [rdi + 48]
            f vbroadcasts, zmm15, [rdi + 56]
            .p2align 4
        20: # A product.
            mov r9, rax
            mov rsi, rdx
            mov r12, [rdi + 32]
        30: # Four rows, of which some may not exist: these repeat the last.
            mov rbp, [rdi + 88]
            xor r14d, r14d
            mov r10, r9
            cmp r12, 2
            cmovae r14, rbp
            add r10, r14
            xor r14d, r14d
            mov r11, r10
            cmp r12, 3
            cmovae r14, rbp
            add r11, r14
            xor r14d, r14d
            mov rbx, r11
            cmp r12, 4
            cmovae r14, rbp
            add rbx, r14
            f vmovup, zmm8 {{k1}}{{z}}, [rcx + r13]
            f vmulp, zmm0 {{k1}}{{z}}, zmm8, [r9 + r13]
            f vmulp, zmm1 {{k1}}{{z}}, zmm8, [r10 + r13]
            f vmulp, zmm2 {{k1}}{{z}}, zmm8, [r11 + r13]
            f vmulp, zmm3 {{k1}}{{z}}, zmm8, [rbx + r13]
            xor r14d, r14d
            cmp r14, r13
            je 50f
        40: # A whole vector of steps.
            vmovups zmm8, [rcx + r14]
            f vfmadd231p, zmm0, zmm8, [r9 + r14]
            f vfmadd231p, zmm1, zmm8, [r10 + r14]
            f vfmadd231p, zmm2, zmm8, [r11 + r14]
            f vfmadd231p, zmm3, zmm8, [rbx + r14]
            add r14, 64
            cmp r14, r13
            jne 40b
        50: # Sums across lanes: of two rows each, then of four, then of the four parts of a vector.
            .if ELEMENT == 4
                vunpcklps zmm4, zmm0, zmm1
                vunpckhps zmm5, zmm0, zmm1
                vunpcklps zmm6, zmm2, zmm3
                vunpckhps zmm7, zmm2, zmm3
                vaddps zmm4, zmm4, zmm5
                vaddps zmm6, zmm6, zmm7
                vunpcklpd zmm0, zmm4, zmm6
                vunpckhpd zmm1, zmm4, zmm6
                vaddps zmm0, zmm0, zmm1
                vextractf64x4 ymm1, zmm0, 1
                vaddps ymm0, ymm0, ymm1
                vextractf128 xmm1, ymm0, 1
                vaddps xmm0, xmm0, xmm1
                vmulps xmm0, xmm0, xmm15
            .else
                vunpcklpd zmm4, zmm0, zmm1
                vunpckhpd zmm5, zmm0, zmm1
                vunpcklpd zmm6, zmm2, zmm3
                vunpckhpd zmm7, zmm2, zmm3
                vaddpd zmm4, zmm4, zmm5
                vaddpd zmm6, zmm6, zmm7
                vextractf64x4 ymm5, zmm4, 1
                vextractf64x4 ymm7, zmm6, 1
                vaddpd ymm4, ymm4, ymm5
                vaddpd ymm6, ymm6, ymm7
                vperm2f128 ymm0, ymm4, ymm6, 0x20
                vperm2f128 ymm1, ymm4, ymm6, 0x31
                vaddpd ymm0, ymm0, ymm1
                vmulpd ymm0, ymm0, ymm15
            .endif
            cmp r12, 4
            jb 60f
            .if ELEMENT == 4
                vmovups [rsi], xmm0
            .else
                vmovups [rsi], ymm0
            .endif
            lea r9, [r9 + 4*rbp]
            add rsi, 4*ELEMENT
            sub r12, 4
            jnz 30b
            jmp 70f
        60: # The last one to three rows.
            mov rbx, rcx
            mov ecx, r12d
            mov r14d, 1
            shl r14d, cl
            dec r14d
            mov rcx, rbx
            kmovw k2, r14d
            .if ELEMENT == 4
                vmovups [rsi] {{k2}}, xmm0
            .else
                vmovupd [rsi] {{k2}}, ymm0
            .endif
        70:
            add rax, [rdi + 64]
            add rcx, [rdi + 72]
            add rdx, [rdi + 80]
            dec r8
            jnz 20b
        ",
        restore_registers!(),
        r"
            .purgem f
        ",
        element = const ELEMENT,
    );
}

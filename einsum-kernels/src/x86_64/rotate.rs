//! The rotation of packed complex numbers, see [`rotate`](crate::rotate), with AVX2 and FMA.

use super::text::element_instructions;
use crate::rotate::Factors;

/// # Safety
///
/// The processor has AVX2 and FMA; else as [`Rotate`](crate::rotate::Rotate).
#[inline(never)]
pub(super) unsafe extern "sysv64" fn rotate<const ELEMENT: usize>(
    panel: *mut u8,
    steps: usize,
    bytes: usize,
    factors: *const Factors,
) {
    crate::assembly!(
        "rdi" = panel, "rsi" = steps, "rdx" = bytes, "rcx" = factors;
        ".set ELEMENT, {element}",
        element_instructions!(),
        r"
        # Exchanges real and imaginary parts.
        .macro exchange to, from
            .if ELEMENT == 4
                vpermilps \to, \from, 0xb1
            .else
                vpermilpd \to, \from, 0x5
            .endif
        .endm
            test rsi, rsi
            jz 90f
            vmovups ymm3, [rcx]
            vmovups ymm4, [rcx + 32]
            vmovups ymm5, [rcx + 64]
            mov r8, [rcx + 96]
        20: # A step.
            lea r9, [rdi + rdx]
            xor eax, eax
        30:
            vmovups ymm0, [rdi + rax]
            f vmulp, ymm1, ymm0, ymm3
            test r8, r8
            jz 40f
            exchange ymm2, ymm0
            f vfmadd231p, ymm1, ymm2, ymm4
        40:
            vmovups [rdi + rax], ymm1
            exchange ymm2, ymm1
            f vmulp, ymm2, ymm2, ymm5
            vmovups [r9 + rax], ymm2
            add rax, 32
            cmp rax, rdx
            jb 30b
            lea rdi, [rdi + 2*rdx]
            dec rsi
            jnz 20b
        90:
            vzeroupper
        .purgem f
        .purgem exchange
        ",
        element = const ELEMENT,
    );
}

//! Transposition with AVX2: blocks of 8x8 elements of 4 bytes, of 4x4 of 8.

use crate::stream::text::function;

/// Writes a kernel that lets `block` transpose a block from rcx (steps r8, 3 steps r9, and from the fourth row rdx) to
/// rax (steps r10, 3 steps r11, from the fourth row rbx).
macro_rules! transpose_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), $side:literal, block: [$($block:expr),*]) => {
        function!(
            $(#[$doc])*
            $name($type),
            macros: [],
            body: [
                // r14, r15: source and output at the block of u; r13: u left; r12: v left; rbp: the side.
                "mov r14, [rdi + X]",
                "mov r15, [rdi + OUT]",
                "mov r13, [rdi + LEN]",
                "mov r8, [rdi + X_STEP]",
                "mov r10, [rdi + OUT_ROW]",
                "lea r9, [r8 + 2*r8]",
                "lea r11, [r10 + 2*r10]",
                concat!("mov ebp, ", $side),
                "2:",
                "mov rcx, r14",
                "mov rax, r15",
                "mov r12, [rdi + ROWS]",
                ".p2align 4",
                "3:",
                "lea rdx, [rcx + 4*r8]",
                "lea rbx, [rax + 4*r10]",
                $($block,)*
                // Step by a side, or as far as the last block begins.
                "sub r12, rbp",
                "jle 4f",
                "mov rsi, rbp",
                "cmp r12, rbp",
                "cmovl rsi, r12",
                "cmovl r12, rbp",
                "lea rcx, [rcx + SIZE*rsi]",
                "imul rsi, r10",
                "add rax, rsi",
                "jmp 3b",
                "4:",
                "sub r13, rbp",
                "jle 5f",
                "mov rsi, rbp",
                "cmp r13, rbp",
                "cmovl rsi, r13",
                "cmovl r13, rbp",
                "lea r15, [r15 + SIZE*rsi]",
                "imul rsi, r8",
                "add r14, rsi",
                "jmp 2b",
                "5:",
            ]
        );
    };
}

/// The side of the blocks of elements of 4 bytes, and of 8.
pub(in crate::stream) const SIDE_4: usize = 8;
pub(in crate::stream) const SIDE_8: usize = 4;

transpose_kernel!(
    /// Elements of 4 bytes. Half a block at a time: a register holds 4 columns of rows i and i + 4, so that unpacking
    /// inside the 128-bit lanes is all that is left to do.
    transpose_4(f32), 8, block: [
        "vmovups xmm0, [rcx]",
        "vmovups xmm1, [rcx + r8]",
        "vmovups xmm2, [rcx + 2*r8]",
        "vmovups xmm3, [rcx + r9]",
        "vinsertf128 ymm0, ymm0, [rdx], 1",
        "vinsertf128 ymm1, ymm1, [rdx + r8], 1",
        "vinsertf128 ymm2, ymm2, [rdx + 2*r8], 1",
        "vinsertf128 ymm3, ymm3, [rdx + r9], 1",
        "vmovups xmm4, [rcx + 16]",
        "vmovups xmm5, [rcx + r8 + 16]",
        "vmovups xmm6, [rcx + 2*r8 + 16]",
        "vmovups xmm7, [rcx + r9 + 16]",
        "vinsertf128 ymm4, ymm4, [rdx + 16], 1",
        "vinsertf128 ymm5, ymm5, [rdx + r8 + 16], 1",
        "vinsertf128 ymm6, ymm6, [rdx + 2*r8 + 16], 1",
        "vinsertf128 ymm7, ymm7, [rdx + r9 + 16], 1",
        "vunpcklps ymm8, ymm0, ymm1",
        "vunpckhps ymm9, ymm0, ymm1",
        "vunpcklps ymm10, ymm2, ymm3",
        "vunpckhps ymm11, ymm2, ymm3",
        "vunpcklps ymm12, ymm4, ymm5",
        "vunpckhps ymm13, ymm4, ymm5",
        "vunpcklps ymm14, ymm6, ymm7",
        "vunpckhps ymm15, ymm6, ymm7",
        "vunpcklpd ymm0, ymm8, ymm10",
        "vunpckhpd ymm1, ymm8, ymm10",
        "vunpcklpd ymm2, ymm9, ymm11",
        "vunpckhpd ymm3, ymm9, ymm11",
        "vunpcklpd ymm4, ymm12, ymm14",
        "vunpckhpd ymm5, ymm12, ymm14",
        "vunpcklpd ymm6, ymm13, ymm15",
        "vunpckhpd ymm7, ymm13, ymm15",
        "vmovups [rax], ymm0",
        "vmovups [rax + r10], ymm1",
        "vmovups [rax + 2*r10], ymm2",
        "vmovups [rax + r11], ymm3",
        "vmovups [rbx], ymm4",
        "vmovups [rbx + r10], ymm5",
        "vmovups [rbx + 2*r10], ymm6",
        "vmovups [rbx + r11], ymm7"
    ]
);

transpose_kernel!(
    /// Elements of 8 bytes. A register holds 2 columns of rows i and i + 2.
    transpose_8(f64), 4, block: [
        "vmovups xmm0, [rcx]",
        "vmovups xmm1, [rcx + r8]",
        "vmovups xmm2, [rcx + 16]",
        "vmovups xmm3, [rcx + r8 + 16]",
        "vinsertf128 ymm0, ymm0, [rcx + 2*r8], 1",
        "vinsertf128 ymm1, ymm1, [rcx + r9], 1",
        "vinsertf128 ymm2, ymm2, [rcx + 2*r8 + 16], 1",
        "vinsertf128 ymm3, ymm3, [rcx + r9 + 16], 1",
        "vunpcklpd ymm4, ymm0, ymm1",
        "vunpckhpd ymm5, ymm0, ymm1",
        "vunpcklpd ymm6, ymm2, ymm3",
        "vunpckhpd ymm7, ymm2, ymm3",
        "vmovups [rax], ymm4",
        "vmovups [rax + r10], ymm5",
        "vmovups [rax + 2*r10], ymm6",
        "vmovups [rax + r11], ymm7"
    ]
);

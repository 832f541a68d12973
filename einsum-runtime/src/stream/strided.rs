//! Kernels over rows of elements at any steps, one element at a time: what no vector kernel takes.

use super::text::function;

/// Writes a kernel that lets `element` compute `\v` from the elements at `\x` and `\y`, and the old one at `\o`.
macro_rules! strided_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), $mov:expr, element: $element:tt) => {
        function!(
            $(#[$doc])*
            $name($type),
            macros: ["ELEMENT" "v, o, x, y": $element],
            body: [
                // rax, rsi, rbx: elements of out, x, y; r8: elements left; r9: rows left; r10, r11, r12: steps.
                "mov r9, [rdi + ROWS]",
                "mov r10, [rdi + OUT_STEP]",
                "mov r11, [rdi + X_STEP]",
                "mov r12, [rdi + Y_STEP]",
                "mov rdx, [rdi + OUT]",
                "mov rcx, [rdi + X]",
                "mov rbx, [rdi + Y]",
                concat!($mov, " xmm14, [rdi + ALPHA]"),
                concat!($mov, " xmm15, [rdi + BETA]"),
                "2:",
                "mov rax, rdx",
                "mov rsi, rcx",
                "push rbx",
                "mov r8, [rdi + LEN]",
                "sub r8, 4",
                "jl 4f",
                // Four at a time, so that more loads that miss the cache are under way; rbp, r13, r14: the third.
                ".p2align 4",
                "3:",
                "lea rbp, [rax + 2*r10]",
                "lea r13, [rsi + 2*r11]",
                "lea r14, [rbx + 2*r12]",
                "ELEMENT xmm0, rax, rsi, rbx",
                "ELEMENT xmm1, rax+r10, rsi+r11, rbx+r12",
                "ELEMENT xmm2, rbp, r13, r14",
                "ELEMENT xmm3, rbp+r10, r13+r11, r14+r12",
                concat!($mov, " [rax], xmm0"),
                concat!($mov, " [rax + r10], xmm1"),
                concat!($mov, " [rbp], xmm2"),
                concat!($mov, " [rbp + r10], xmm3"),
                "lea rax, [rbp + 2*r10]",
                "lea rsi, [r13 + 2*r11]",
                "lea rbx, [r14 + 2*r12]",
                "sub r8, 4",
                "jge 3b",
                "4:",
                "add r8, 4",
                "jz 6f",
                "5:",
                "ELEMENT xmm0, rax, rsi, rbx",
                concat!($mov, " [rax], xmm0"),
                "add rax, r10",
                "add rsi, r11",
                "add rbx, r12",
                "dec r8",
                "jnz 5b",
                "6:",
                "pop rbx",
                "add rdx, [rdi + OUT_ROW]",
                "add rcx, [rdi + X_ROW]",
                "add rbx, [rdi + Y_ROW]",
                "dec r9",
                "jnz 2b",
            ]
        );
    };
}

macro_rules! strided_kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            strided_kernel!(
                /// `out = x`
                copy($type), concat!("vmovs", $s),
                element: [concat!("vmovs", $s, r" \v, [\x]")]
            );
            strided_kernel!(
                /// `out = x · y`
                multiply($type), concat!("vmovs", $s),
                element: [
                    concat!("vmovs", $s, r" \v, [\x]"),
                    concat!("vmuls", $s, r" \v, \v, [\y]")
                ]
            );
            strided_kernel!(
                /// `out = alpha · x`
                scale($type), concat!("vmovs", $s),
                element: [concat!("vmuls", $s, r" \v, xmm14, [\x]")]
            );
            strided_kernel!(
                /// `out = beta · out + alpha · x`
                blend($type), concat!("vmovs", $s),
                element: [
                    concat!("vmuls", $s, r" xmm5, xmm15, [\o]"),
                    concat!("vmuls", $s, r" \v, xmm14, [\x]"),
                    concat!("vadds", $s, r" \v, xmm5, \v")
                ]
            );
        }
    };
}
strided_kernels!(f32, f32, "s");
strided_kernels!(f64, f64, "d");

strided_kernel!(
    /// `out = x`, of 16 bytes
    copy_16([f64; 2]), "vmovups", element: [r"vmovups \v, [\x]"]
);

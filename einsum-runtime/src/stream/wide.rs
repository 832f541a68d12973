//! Kernels that form dot products of long rows, as [`across`](super::across) has them, in vectors of 64 bytes: a line of memory
//! then takes one load. Two streams of rows are read.

use super::text::row_function;

/// `out[r, s] += Σ_j term(x[r, s, j], y[r, s, j])` for two streams s. `k1` is the mask of the last vector.
macro_rules! across_two {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal, term: $term:tt, masked: $masked:tt) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: ["TERM" "sum, x, y": $term "MASKED" "sum, x, y": $masked],
            before: [
                "mov r11, r8",
                "and r11, 63",
                ".if SIZE == 4",
                "shr r11, 2",
                ".else",
                "shr r11, 3",
                ".endif",
                "mov ebx, -1",
                "bzhi ebx, ebx, r11d",
                "kmovw k1, ebx",
                "mov rsi, [rdi + X_STREAM]",
                "mov r14, [rdi + Y_STREAM]",
            ],
            row: [
                "lea rdx, [rcx + rsi]",
                "lea r13, [r12 + r14]",
                "vxorps xmm0, xmm0, xmm0",
                "vxorps xmm1, xmm1, xmm1",
                "vxorps xmm2, xmm2, xmm2",
                "vxorps xmm3, xmm3, xmm3",
                "vxorps xmm4, xmm4, xmm4",
                "vxorps xmm5, xmm5, xmm5",
                "vxorps xmm6, xmm6, xmm6",
                "vxorps xmm7, xmm7, xmm7",
                "xor r11d, r11d",
                "lea rbp, [r8 - 256]",
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                "TERM zmm0, rcx+r11, r12+r11",
                "TERM zmm4, rdx+r11, r13+r11",
                "TERM zmm1, rcx+r11+64, r12+r11+64",
                "TERM zmm5, rdx+r11+64, r13+r11+64",
                "TERM zmm2, rcx+r11+128, r12+r11+128",
                "TERM zmm6, rdx+r11+128, r13+r11+128",
                "TERM zmm3, rcx+r11+192, r12+r11+192",
                "TERM zmm7, rdx+r11+192, r13+r11+192",
                "add r11, 256",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                "add rbp, 192",
                "cmp r11, rbp",
                "jg 6f",
                "5:",
                "TERM zmm0, rcx+r11, r12+r11",
                "TERM zmm4, rdx+r11, r13+r11",
                "add r11, 64",
                "cmp r11, rbp",
                "jle 5b",
                "6:",
                "cmp r11, r8",
                "jge 7f",
                "MASKED zmm1, rcx+r11, r12+r11",
                "MASKED zmm5, rdx+r11, r13+r11",
                "7:",
                concat!("vaddp", $s, " zmm0, zmm0, zmm1"),
                concat!("vaddp", $s, " zmm2, zmm2, zmm3"),
                concat!("vaddp", $s, " zmm4, zmm4, zmm5"),
                concat!("vaddp", $s, " zmm6, zmm6, zmm7"),
                concat!("vaddp", $s, " zmm0, zmm0, zmm2"),
                concat!("vaddp", $s, " zmm4, zmm4, zmm6"),
                "vextractf64x4 ymm1, zmm0, 1",
                "vextractf64x4 ymm5, zmm4, 1",
                concat!("vaddp", $s, " ymm0, ymm0, ymm1"),
                concat!("vaddp", $s, " ymm4, ymm4, ymm5"),
                concat!("vhaddp", $s, " ymm0, ymm0, ymm4"),
                "vextractf128 xmm1, ymm0, 1",
                concat!("vaddp", $s, " xmm0, xmm0, xmm1"),
                ".if SIZE == 4",
                "vhaddps xmm0, xmm0, xmm0",
                "vmovshdup xmm1, xmm0",
                ".else",
                "vpermilpd xmm1, xmm0, 1",
                ".endif",
                "mov r10, [rdi + OUT_STREAM]",
                concat!("vadds", $s, " xmm0, xmm0, [rax]"),
                concat!("vmovs", $s, " [rax], xmm0"),
                concat!("vadds", $s, " xmm1, xmm1, [rax + r10]"),
                concat!("vmovs", $s, " [rax + r10], xmm1"),
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

macro_rules! kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            across_two!(
                /// `out[r, s] += Σ_j x[r, s, j] · y[r, s, j]`
                dot_two_rows($type), $s,
                term: [
                    concat!("vmovup", $s, r" zmm8, [\x]"),
                    concat!("vfmadd231p", $s, r" \sum, zmm8, [\y]")
                ],
                masked: [
                    concat!("vmovup", $s, r" zmm8{{k1}}{{z}}, [\x]"),
                    concat!("vmovup", $s, r" zmm9{{k1}}{{z}}, [\y]"),
                    concat!("vfmadd231p", $s, r" \sum, zmm8, zmm9")
                ]
            );
        }
    };
}
kernels!(f32, f32, "s");
kernels!(f64, f64, "d");

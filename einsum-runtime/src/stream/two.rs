//! Kernels that form dot products of rows in two streams, as [`across`](super::across) has them in one and in four: both sources
//! come from memory then, and four streams of each are more than it likes. In vectors of 64 bytes a line of memory takes one load.

use super::text::{MASKS, row_function};

/// `out[r, s] += Σ_j x[r, s, j] · y[r, s, j]` for two streams s, in vectors `$v`, of so many bytes. `mask`: finds that of the last
/// vector, whose bytes are in `r11`; `masked`: multiplies such; `fold`: adds up the parts of vectors 0 and 4 in vectors of 32 bytes.
macro_rules! dot_two {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal, $v:literal $bytes:literal,
     mask: [$($mask:expr),*], masked: $masked:tt, fold: [$($fold:expr),*]
     $(, symbol: $symbol:ident = $of:path)?) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: [
                "TERM" "sum, x, y": [
                    concat!("vmovups ", $v, r"8, [\x]"),
                    concat!("vfmadd231p", $s, r" \sum, ", $v, r"8, [\y]")
                ]
                "MASKED" "sum, x, y": $masked
            ],
            before: [
                concat!(".set VECTOR, ", $bytes),
                "mov r11, r8",
                "and r11, VECTOR - 1",
                $($mask,)*
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
                "lea rbp, [r8 - 4*VECTOR]",
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                concat!("TERM ", $v, "0, rcx+r11, r12+r11"),
                concat!("TERM ", $v, "4, rdx+r11, r13+r11"),
                concat!("TERM ", $v, "1, rcx+r11+VECTOR, r12+r11+VECTOR"),
                concat!("TERM ", $v, "5, rdx+r11+VECTOR, r13+r11+VECTOR"),
                concat!("TERM ", $v, "2, rcx+r11+2*VECTOR, r12+r11+2*VECTOR"),
                concat!("TERM ", $v, "6, rdx+r11+2*VECTOR, r13+r11+2*VECTOR"),
                concat!("TERM ", $v, "3, rcx+r11+3*VECTOR, r12+r11+3*VECTOR"),
                concat!("TERM ", $v, "7, rdx+r11+3*VECTOR, r13+r11+3*VECTOR"),
                "add r11, 4*VECTOR",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                "add rbp, 3*VECTOR",
                "cmp r11, rbp",
                "jg 6f",
                "5:",
                concat!("TERM ", $v, "0, rcx+r11, r12+r11"),
                concat!("TERM ", $v, "4, rdx+r11, r13+r11"),
                "add r11, VECTOR",
                "cmp r11, rbp",
                "jle 5b",
                "6:",
                "cmp r11, r8",
                "jge 7f",
                concat!("MASKED ", $v, "1, rcx+r11, r12+r11"),
                concat!("MASKED ", $v, "5, rdx+r11, r13+r11"),
                "7:",
                concat!("vaddp", $s, " ", $v, "0, ", $v, "0, ", $v, "1"),
                concat!("vaddp", $s, " ", $v, "2, ", $v, "2, ", $v, "3"),
                concat!("vaddp", $s, " ", $v, "4, ", $v, "4, ", $v, "5"),
                concat!("vaddp", $s, " ", $v, "6, ", $v, "6, ", $v, "7"),
                concat!("vaddp", $s, " ", $v, "0, ", $v, "0, ", $v, "2"),
                concat!("vaddp", $s, " ", $v, "4, ", $v, "4, ", $v, "6"),
                $($fold,)*
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
            $(, symbol: $symbol = $of)?
        );
    };
}

macro_rules! kernels {
    ($module:ident, $type:ty, $s:literal, $shift:literal) => {
        pub(super) mod $module {
            use super::*;

            dot_two!(
                /// In vectors of 32 bytes; `ymm15` is the mask.
                dot_two_rows($type), $s, "ymm" 32,
                mask: [
                    "lea rdx, [rip + {masks} + 32]",
                    "sub rdx, r11",
                    "vmovups ymm15, [rdx]"
                ],
                masked: [
                    r"vmaskmovps ymm8, ymm15, [\x]",
                    r"vmaskmovps ymm9, ymm15, [\y]",
                    concat!("vfmadd231p", $s, r" \sum, ymm8, ymm9")
                ],
                fold: [],
                symbol: masks = MASKS
            );

            dot_two!(
                /// In vectors of 64 bytes, with AVX-512; `k1` is the mask.
                dot_two_rows_wide($type), $s, "zmm" 64,
                mask: [
                    // The number of its lanes, which shifts are told in `cl`.
                    "mov rdx, rcx",
                    "mov rcx, r11",
                    concat!("shr ecx, ", $shift),
                    "mov ebx, -1",
                    "shl ebx, cl",
                    "not ebx",
                    "mov rcx, rdx",
                    "kmovw k1, ebx"
                ],
                masked: [
                    concat!("vmovup", $s, r" zmm8{{k1}}{{z}}, [\x]"),
                    concat!("vmovup", $s, r" zmm9{{k1}}{{z}}, [\y]"),
                    concat!("vfmadd231p", $s, r" \sum, zmm8, zmm9")
                ],
                fold: [
                    "vextractf64x4 ymm1, zmm0, 1",
                    "vextractf64x4 ymm5, zmm4, 1",
                    concat!("vaddp", $s, " ymm0, ymm0, ymm1"),
                    concat!("vaddp", $s, " ymm4, ymm4, ymm5")
                ]
            );
        }
    };
}
kernels!(f32, f32, "s", 2);
kernels!(f64, f64, "d", 3);

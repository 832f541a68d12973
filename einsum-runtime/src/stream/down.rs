//! Kernels that add rows to one row of sums, of one source or of products of two, as assembler.
//!
//! `row` prepares the factor `\by` of a row; `first` and `single_first` compute the first term of a sum, `term` and
//! `single` add others. Of each kernel there is one that reads four streams of rows at a time: see
//! [`across`](super::across).

use super::text::{point_to_streams, row_function};

/// `out[j] += Σ_r term(x[r, j], y[r, j])`
macro_rules! down {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal,
     row: $row:tt, first: $first:tt, single_first: $first1:tt) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: ["ROW" "by, y": $row "FIRST" "sum, x, y, by": $first "FIRST1" "sum, x, y, by": $first1],
            before: [],
            row: [
                "ROW ymm12, r12",
                "xor r11d, r11d",
                "lea rbp, [r8 - 64]",
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                "FIRST ymm0, rcx+r11, r12+r11, ymm12",
                "FIRST ymm1, rcx+r11+32, r12+r11+32, ymm12",
                concat!("vaddp", $s, " ymm0, ymm0, [rax + r11]"),
                concat!("vaddp", $s, " ymm1, ymm1, [rax + r11 + 32]"),
                "vmovups [rax + r11], ymm0",
                "vmovups [rax + r11 + 32], ymm1",
                "add r11, 64",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                "cmp r11, r8",
                "jge 6f",
                "5:",
                "FIRST1 xmm0, rcx+r11, r12+r11, xmm12",
                concat!("vadds", $s, " xmm0, xmm0, [rax + r11]"),
                concat!("vmovs", $s, " [rax + r11], xmm0"),
                "add r11, SIZE",
                "cmp r11, r8",
                "jl 5b",
                "6:",
            ],
            output: []
        );
    };
}

/// `out[j] += Σ_r Σ_s term(x[r, s, j], y[r, s, j])` for four streams s: the sums are loaded and stored once for four
/// rows.
macro_rules! down_four {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal, row: $row:tt,
     first: $first:tt, term: $term:tt, single_first: $first1:tt, single: $term1:tt) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: [
                "ROW" "by, y": $row
                "FIRST" "sum, x, y, by": $first
                "TERM" "sum, x, y, by": $term
                "FIRST1" "sum, x, y, by": $first1
                "TERM1" "sum, x, y, by": $term1
            ],
            before: [],
            row: [
                point_to_streams!(),
                "ROW ymm12, r12",
                "ROW ymm13, r13",
                "ROW ymm14, r14",
                "ROW ymm15, r15",
                "xor r11d, r11d",
                "lea rbp, [r8 - 64]",
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                "FIRST ymm0, rcx+r11, r12+r11, ymm12",
                "FIRST ymm1, rsi+r11, r14+r11, ymm14",
                "FIRST ymm2, rcx+r11+32, r12+r11+32, ymm12",
                "FIRST ymm3, rsi+r11+32, r14+r11+32, ymm14",
                "TERM ymm0, rdx+r11, r13+r11, ymm13",
                "TERM ymm1, rbx+r11, r15+r11, ymm15",
                "TERM ymm2, rdx+r11+32, r13+r11+32, ymm13",
                "TERM ymm3, rbx+r11+32, r15+r11+32, ymm15",
                concat!("vaddp", $s, " ymm0, ymm0, ymm1"),
                concat!("vaddp", $s, " ymm2, ymm2, ymm3"),
                concat!("vaddp", $s, " ymm0, ymm0, [rax + r11]"),
                concat!("vaddp", $s, " ymm2, ymm2, [rax + r11 + 32]"),
                "vmovups [rax + r11], ymm0",
                "vmovups [rax + r11 + 32], ymm2",
                "add r11, 64",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                "cmp r11, r8",
                "jge 6f",
                "5:",
                "FIRST1 xmm0, rcx+r11, r12+r11, xmm12",
                "FIRST1 xmm1, rsi+r11, r14+r11, xmm14",
                "TERM1 xmm0, rdx+r11, r13+r11, xmm13",
                "TERM1 xmm1, rbx+r11, r15+r11, xmm15",
                concat!("vadds", $s, " xmm0, xmm0, xmm1"),
                concat!("vadds", $s, " xmm0, xmm0, [rax + r11]"),
                concat!("vmovs", $s, " [rax + r11], xmm0"),
                "add r11, SIZE",
                "cmp r11, r8",
                "jl 5b",
                "6:",
            ],
            output: []
        );
    };
}

macro_rules! kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            down!(
                /// `out[j] += Σ_r x[r, j]`
                add_rows($type), $s,
                row: [],
                first: [r"vmovups \sum, [\x]"],
                single_first: [concat!("vmovs", $s, r" \sum, [\x]")]
            );

            down_four!(
                /// As `add_rows`, of four streams.
                add_four_rows($type), $s,
                row: [],
                first: [r"vmovups \sum, [\x]"],
                term: [concat!("vaddp", $s, r" \sum, \sum, [\x]")],
                single_first: [concat!("vmovs", $s, r" \sum, [\x]")],
                single: [concat!("vadds", $s, r" \sum, \sum, [\x]")]
            );

            down!(
                /// `out[j] += Σ_r x[r, j] · y[r, j]`
                multiply_add_rows($type), $s,
                row: [],
                first: [
                    r"vmovups \sum, [\x]",
                    concat!("vmulp", $s, r" \sum, \sum, [\y]")
                ],
                single_first: [
                    concat!("vmovs", $s, r" \sum, [\x]"),
                    concat!("vmuls", $s, r" \sum, \sum, [\y]")
                ]
            );

            down_four!(
                /// As `multiply_add_rows`, of four streams.
                multiply_add_four_rows($type), $s,
                row: [],
                first: [
                    r"vmovups \sum, [\x]",
                    concat!("vmulp", $s, r" \sum, \sum, [\y]")
                ],
                term: [
                    r"vmovups ymm8, [\x]",
                    concat!("vfmadd231p", $s, r" \sum, ymm8, [\y]")
                ],
                single_first: [
                    concat!("vmovs", $s, r" \sum, [\x]"),
                    concat!("vmuls", $s, r" \sum, \sum, [\y]")
                ],
                single: [
                    concat!("vmovs", $s, r" xmm8, [\x]"),
                    concat!("vfmadd231s", $s, r" \sum, xmm8, [\y]")
                ]
            );

            down!(
                /// `out[j] += Σ_r x[r, j] · y[r, 0]`
                scale_add_rows($type), $s,
                row: [concat!("vbroadcasts", $s, r" \by, [\y]")],
                first: [concat!("vmulp", $s, r" \sum, \by, [\x]")],
                single_first: [concat!("vmuls", $s, r" \sum, \by, [\x]")]
            );

            down_four!(
                /// As `scale_add_rows`, of four streams.
                scale_add_four_rows($type), $s,
                row: [concat!("vbroadcasts", $s, r" \by, [\y]")],
                first: [concat!("vmulp", $s, r" \sum, \by, [\x]")],
                term: [concat!("vfmadd231p", $s, r" \sum, \by, [\x]")],
                single_first: [concat!("vmuls", $s, r" \sum, \by, [\x]")],
                single: [concat!("vfmadd231s", $s, r" \sum, \by, [\x]")]
            );
        }
    };
}
kernels!(f32, f32, "s");
kernels!(f64, f64, "d");

//! Kernels that form the sum of every row, of one source or of products of two, as assembler. They add to what the
//! output holds.
//!
//! `term` adds terms at `\x` and `\y` to a vector of sums, `masked` those of a last, partial vector, `single` one
//! term.
//!
//! Of each kernel there is one that reads four streams of rows at a time, `x_stream` and `y_stream` apart: where these lie far
//! apart in memory, four arrive faster than one. If two sources are read from memory, two streams of each do; of many
//! long rows those of both arrive faster still one after the other, with what comes next fetched.

use super::text::{MASKS, point_to_streams, row_function};

/// How many bytes ahead rows that come from memory are fetched: about what arrives while a line is on its way.
macro_rules! ahead {
    () => {
        ".set AHEAD, 8192"
    };
}

/// Adds vectors 1 to 7 to vector 0. `ADD` adds vectors.
macro_rules! add_eight {
    () => {
        r"
        ADD ymm0, ymm0, ymm4
        ADD ymm1, ymm1, ymm5
        ADD ymm2, ymm2, ymm6
        ADD ymm3, ymm3, ymm7
        ADD ymm0, ymm0, ymm1
        ADD ymm2, ymm2, ymm3
        ADD ymm0, ymm0, ymm2
        "
    };
}

/// Adds the terms from `r11` on to vector 0, and its elements to the output.
macro_rules! rest_of_row {
    () => {
        r"
        lea rbp, [r8 - 32]
        cmp r11, rbp
        jg 6f
        5:
        TERM ymm0, rcx+r11, r12+r11
        add r11, 32
        cmp r11, rbp
        jle 5b
        6:
        vextractf128 xmm1, ymm0, 1
        ADD xmm0, xmm0, xmm1
        vpermilpd xmm1, xmm0, 1
        ADD xmm0, xmm0, xmm1
        .if SIZE == 4
        vmovshdup xmm1, xmm0
        vaddss xmm0, xmm0, xmm1
        .endif
        cmp r11, r8
        jge 8f
        7:
        SINGLE xmm0, rcx+r11, r12+r11
        add r11, SIZE
        cmp r11, r8
        jl 7b
        8:
        .if SIZE == 4
        vaddss xmm0, xmm0, [rax]
        vmovss [rax], xmm0
        .else
        vaddsd xmm0, xmm0, [rax]
        vmovsd [rax], xmm0
        .endif
        "
    };
}

/// `out[r] += Σ_j term(x[r, j], y[r, j])`: `out_row` is the step between sums.
///
/// A row is read in four pieces at once, with two vectors of sums each: additions do not wait for each other. `r10` is
/// the bytes of a piece.
macro_rules! across {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal, term: $term:tt, single: $single:tt) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: [
                "TERM" "sum, x, y": $term
                "SINGLE" "sum, x, y": $single
                "ADD" "to, x, y": [concat!("vaddp", $s, r" \to, \x, \y")]
            ],
            before: [],
            row: [
                "vxorps xmm0, xmm0, xmm0",
                "xor r11d, r11d",
                "mov r10, r8",
                "shr r10, 8",
                "jz 4f",
                "shl r10, 6",
                "vxorps xmm1, xmm1, xmm1",
                "vxorps xmm2, xmm2, xmm2",
                "vxorps xmm3, xmm3, xmm3",
                "vxorps xmm4, xmm4, xmm4",
                "vxorps xmm5, xmm5, xmm5",
                "vxorps xmm6, xmm6, xmm6",
                "vxorps xmm7, xmm7, xmm7",
                "lea rdx, [rcx + r10]",
                "lea rsi, [rcx + 2*r10]",
                "lea rbx, [rdx + 2*r10]",
                "lea r13, [r12 + r10]",
                "lea r14, [r12 + 2*r10]",
                "lea r15, [r13 + 2*r10]",
                ".p2align 4",
                "3:",
                "TERM ymm0, rcx+r11, r12+r11",
                "TERM ymm1, rdx+r11, r13+r11",
                "TERM ymm2, rsi+r11, r14+r11",
                "TERM ymm3, rbx+r11, r15+r11",
                "TERM ymm4, rcx+r11+32, r12+r11+32",
                "TERM ymm5, rdx+r11+32, r13+r11+32",
                "TERM ymm6, rsi+r11+32, r14+r11+32",
                "TERM ymm7, rbx+r11+32, r15+r11+32",
                "add r11, 64",
                "cmp r11, r10",
                "jl 3b",
                add_eight!(),
                "shl r11, 2",
                "4:",
                rest_of_row!(),
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

/// `out[r] += Σ_j term(x[r, j], y[r, j])`, in order, of rows that both come from memory: what is `AHEAD` bytes on is fetched.
macro_rules! across_ahead {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal, term: $term:tt, single: $single:tt) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: [
                "TERM" "sum, x, y": $term
                "SINGLE" "sum, x, y": $single
                "ADD" "to, x, y": [concat!("vaddp", $s, r" \to, \x, \y")]
            ],
            before: [ahead!()],
            row: [
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
                "prefetcht0 [rcx + r11 + AHEAD]",
                "prefetcht0 [rcx + r11 + AHEAD + 64]",
                "prefetcht0 [rcx + r11 + AHEAD + 128]",
                "prefetcht0 [rcx + r11 + AHEAD + 192]",
                "prefetcht0 [r12 + r11 + AHEAD]",
                "prefetcht0 [r12 + r11 + AHEAD + 64]",
                "prefetcht0 [r12 + r11 + AHEAD + 128]",
                "prefetcht0 [r12 + r11 + AHEAD + 192]",
                "TERM ymm0, rcx+r11, r12+r11",
                "TERM ymm1, rcx+r11+32, r12+r11+32",
                "TERM ymm2, rcx+r11+64, r12+r11+64",
                "TERM ymm3, rcx+r11+96, r12+r11+96",
                "TERM ymm4, rcx+r11+128, r12+r11+128",
                "TERM ymm5, rcx+r11+160, r12+r11+160",
                "TERM ymm6, rcx+r11+192, r12+r11+192",
                "TERM ymm7, rcx+r11+224, r12+r11+224",
                "add r11, 256",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                add_eight!(),
                rest_of_row!(),
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

/// `out[r, s] += Σ_j term(x[r, s, j], y[r, s, j])` for four streams s. ymm15 is the mask of the last vector.
macro_rules! across_four {
    ($(#[$doc:meta])* $kernel:ident($type:ty), $s:literal, term: $term:tt, masked: $masked:tt) => {
        row_function!(
            $(#[$doc])*
            $kernel($type),
            macros: ["TERM" "sum, x, y": $term "MASKED" "sum, x, y": $masked],
            before: [
                "mov r11, r8",
                "and r11, 31",
                "lea rdx, [rip + {masks} + 32]",
                "sub rdx, r11",
                "vmovups ymm15, [rdx]",
            ],
            row: [
                point_to_streams!(),
                "vxorps xmm0, xmm0, xmm0",
                "vxorps xmm1, xmm1, xmm1",
                "vxorps xmm2, xmm2, xmm2",
                "vxorps xmm3, xmm3, xmm3",
                "vxorps xmm4, xmm4, xmm4",
                "vxorps xmm5, xmm5, xmm5",
                "vxorps xmm6, xmm6, xmm6",
                "vxorps xmm7, xmm7, xmm7",
                "xor r11d, r11d",
                "lea rbp, [r8 - 64]",
                "cmp r11, rbp",
                "jg 4f",
                ".p2align 4",
                "3:",
                "TERM ymm0, rcx+r11, r12+r11",
                "TERM ymm1, rdx+r11, r13+r11",
                "TERM ymm2, rsi+r11, r14+r11",
                "TERM ymm3, rbx+r11, r15+r11",
                "TERM ymm4, rcx+r11+32, r12+r11+32",
                "TERM ymm5, rdx+r11+32, r13+r11+32",
                "TERM ymm6, rsi+r11+32, r14+r11+32",
                "TERM ymm7, rbx+r11+32, r15+r11+32",
                "add r11, 64",
                "cmp r11, rbp",
                "jle 3b",
                "4:",
                "add rbp, 32",
                "cmp r11, rbp",
                "jg 5f",
                "TERM ymm0, rcx+r11, r12+r11",
                "TERM ymm1, rdx+r11, r13+r11",
                "TERM ymm2, rsi+r11, r14+r11",
                "TERM ymm3, rbx+r11, r15+r11",
                "add r11, 32",
                "5:",
                "cmp r11, r8",
                "jge 6f",
                "MASKED ymm4, rcx+r11, r12+r11",
                "MASKED ymm5, rdx+r11, r13+r11",
                "MASKED ymm6, rsi+r11, r14+r11",
                "MASKED ymm7, rbx+r11, r15+r11",
                "6:",
                concat!("vaddp", $s, " ymm0, ymm0, ymm4"),
                concat!("vaddp", $s, " ymm1, ymm1, ymm5"),
                concat!("vaddp", $s, " ymm2, ymm2, ymm6"),
                concat!("vaddp", $s, " ymm3, ymm3, ymm7"),
                concat!("vhaddp", $s, " ymm0, ymm0, ymm1"),
                concat!("vhaddp", $s, " ymm2, ymm2, ymm3"),
                ".if SIZE == 4",
                "vhaddps ymm0, ymm0, ymm2",
                "vextractf128 xmm1, ymm0, 1",
                "vaddps xmm0, xmm0, xmm1",
                "vpermilpd xmm1, xmm0, 1",
                "vmovshdup xmm2, xmm0",
                "vmovshdup xmm3, xmm1",
                ".else",
                "vextractf128 xmm1, ymm0, 1",
                "vaddpd xmm0, xmm0, xmm1",
                "vextractf128 xmm3, ymm2, 1",
                "vaddpd xmm1, xmm2, xmm3",
                "vpermilpd xmm2, xmm0, 1",
                "vpermilpd xmm3, xmm1, 1",
                ".endif",
                "mov r10, [rdi + OUT_STREAM]",
                "lea rdx, [rax + r10]",
                "lea rsi, [rax + 2*r10]",
                "lea rbx, [rdx + 2*r10]",
                concat!("vadds", $s, " xmm0, xmm0, [rax]"),
                concat!("vmovs", $s, " [rax], xmm0"),
                concat!("vadds", $s, " xmm2, xmm2, [rdx]"),
                concat!("vmovs", $s, " [rdx], xmm2"),
                concat!("vadds", $s, " xmm1, xmm1, [rsi]"),
                concat!("vmovs", $s, " [rsi], xmm1"),
                concat!("vadds", $s, " xmm3, xmm3, [rbx]"),
                concat!("vmovs", $s, " [rbx], xmm3"),
            ],
            output: ["add rax, [rdi + OUT_ROW]"],
            symbol: masks = MASKS
        );
    };
}

macro_rules! kernels {
    ($module:ident, $type:ty, $s:literal) => {
        pub(super) mod $module {
            use super::*;

            across!(
                /// `out[r] += Σ_j x[r, j]`
                sum_rows($type), $s,
                term: [concat!("vaddp", $s, r" \sum, \sum, [\x]")],
                single: [concat!("vadds", $s, r" \sum, \sum, [\x]")]
            );

            across_ahead!(
                /// As `dot_rows`, of rows that both come from memory.
                dot_rows_ahead($type), $s,
                term: [
                    r"vmovups ymm8, [\x]",
                    concat!("vfmadd231p", $s, r" \sum, ymm8, [\y]")
                ],
                single: [
                    concat!("vmovs", $s, r" xmm8, [\x]"),
                    concat!("vfmadd231s", $s, r" \sum, xmm8, [\y]")
                ]
            );

            across_four!(
                /// As `sum_rows`, of four streams.
                sum_four_rows($type), $s,
                term: [concat!("vaddp", $s, r" \sum, \sum, [\x]")],
                masked: [
                    r"vmaskmovps ymm8, ymm15, [\x]",
                    concat!("vaddp", $s, r" \sum, \sum, ymm8")
                ]
            );

            across!(
                /// `out[r] += Σ_j x[r, j] · y[r, j]`
                dot_rows($type), $s,
                term: [
                    r"vmovups ymm8, [\x]",
                    concat!("vfmadd231p", $s, r" \sum, ymm8, [\y]")
                ],
                single: [
                    concat!("vmovs", $s, r" xmm8, [\x]"),
                    concat!("vfmadd231s", $s, r" \sum, xmm8, [\y]")
                ]
            );

            across_four!(
                /// As `dot_rows`, of four streams.
                dot_four_rows($type), $s,
                term: [
                    r"vmovups ymm8, [\x]",
                    concat!("vfmadd231p", $s, r" \sum, ymm8, [\y]")
                ],
                masked: [
                    r"vmaskmovps ymm8, ymm15, [\x]",
                    r"vmaskmovps ymm9, ymm15, [\y]",
                    concat!("vfmadd231p", $s, r" \sum, ymm8, ymm9")
                ]
            );
        }
    };
}
kernels!(f32, f32, "s");
kernels!(f64, f64, "d");

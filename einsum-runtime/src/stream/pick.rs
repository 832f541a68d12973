//! Kernels over rows of every third to seventh element, with AVX-512: of each vector that such a row has elements in,
//! these go to their places in one.
//!
//! Element `i` of a vector of `W` is element `s·i mod W` of vector `s·i / W` of the source: the permutation is the same for
//! all vectors, and the mask `k1 … k7` says whose element each is. What lies between the elements is read too. It belongs to
//! the same memory, as elements lie on both sides of it.

use super::text::row_function;

/// The steps that there are kernels for.
pub(super) const STEPS: core::ops::RangeInclusive<isize> = 3..=7;

macro_rules! pick_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), $permute:literal, $register:literal,
     lanes: [$wide:literal, $shift:literal]) => {
        row_function!(
            $(#[$doc])*
            $name($type),
            macros: [],
            // zmm31: where elements come from; r13: the step in bytes, r14: in elements, r15: that of whole vectors.
            before: [
                "mov rbp, r8",
                "sub rbp, 64",
                "mov r13, [rdi + X_STEP]",
                "mov rax, r13",
                "xor edx, edx",
                "mov r10d, SIZE",
                "div r10",
                "mov r14, rax",
                "mov r15, rax",
                "shl r15, 6",
                "mov rax, 0x0706050403020100",
                "vmovq xmm31, rax",
                "mov rax, 0x0f0e0d0c0b0a0908",
                "vmovq xmm30, rax",
                "vpunpcklqdq xmm31, xmm31, xmm30",
                concat!("vpmovzxb", $wide, " zmm31, xmm31"),
                "vpbroadcastd zmm30, r14d",
                "vpmulld zmm31, zmm31, zmm30",
                concat!("vpsrl", $wide, " zmm30, zmm31, ", $shift),
                // The numbers of the vectors.
                "vpxorq zmm29, zmm29, zmm29",
                "vpternlogd zmm28, zmm28, zmm28, 0xff",
                ".irp mask, k1, k2, k3, k4, k5, k6, k7",
                concat!(r"vpcmpeq", $wide, r" \mask, zmm30, zmm29"),
                concat!("vpsub", $wide, " zmm29, zmm29, zmm28"),
                ".endr",
                "mov rax, [rdi + OUT]",
            ],
            row: [
                "xor r11d, r11d",
                "mov rsi, rcx",
                // Of the last element nothing behind it is read.
                "cmp r11, rbp",
                "jge 4f",
                ".p2align 4",
                "3:",
                concat!($permute, " zmm0 {{k1}}{{z}}, zmm31, [rsi]"),
                concat!($permute, " zmm0 {{k2}}, zmm31, [rsi + 64]"),
                concat!($permute, " zmm0 {{k3}}, zmm31, [rsi + 128]"),
                "cmp r14, 4",
                "jb 33f",
                concat!($permute, " zmm0 {{k4}}, zmm31, [rsi + 192]"),
                "je 33f",
                concat!($permute, " zmm0 {{k5}}, zmm31, [rsi + 256]"),
                "cmp r14, 6",
                "jb 33f",
                concat!($permute, " zmm0 {{k6}}, zmm31, [rsi + 320]"),
                "je 33f",
                concat!($permute, " zmm0 {{k7}}, zmm31, [rsi + 384]"),
                "33:",
                "vmovups [rax + r11], zmm0",
                "add rsi, r15",
                "add r11, 64",
                "cmp r11, rbp",
                "jl 3b",
                "4:",
                "cmp r11, r8",
                "jge 6f",
                "5:",
                concat!("mov ", $register, ", [rsi]"),
                concat!("mov [rax + r11], ", $register),
                "add rsi, r13",
                "add r11, SIZE",
                "cmp r11, r8",
                "jl 5b",
                "6:",
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

pick_kernel!(
    /// `out = x`, whose elements are 3 to 7 apart. Needs AVX-512.
    pick_4(f32), "vpermps", "r10d", lanes: ["d", "4"]
);
pick_kernel!(
    /// `out = x`, whose elements are 3 to 7 apart. Needs AVX-512.
    pick_8(f64), "vpermpd", "r10", lanes: ["q", "3"]
);

//! Kernels over rows of every other element: windows of step two read such rows.
//!
//! What lies between the elements is read too. It belongs to the same memory, as elements lie on both sides of it, and is
//! not used.

use super::text::row_function;

macro_rules! halve_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), $take:literal, $move:literal, $register:literal) => {
        row_function!(
            $(#[$doc])*
            $name($type),
            macros: [],
            // Rows that lie apart are too short for the processor to foresee those that follow: they are fetched ahead.
            before: ["mov rbp, r8", "sub rbp, 32", "mov rdx, [rdi + X_ROW]", "shl rdx, 2"],
            row: [
                "xor r11d, r11d",
                "lea rsi, [rcx + rdx]",
                // Of the last element nothing behind it is read.
                "cmp r11, rbp",
                "jge 4f",
                ".p2align 4",
                "3:",
                "vmovups ymm0, [rcx + 2*r11]",
                concat!($take, " ymm0, ymm0, [rcx + 2*r11 + 32]", $move),
                "vpermpd ymm0, ymm0, 0xd8",
                "vmovups [rax + r11], ymm0",
                "prefetcht0 [rsi + 2*r11]",
                "add r11, 32",
                "cmp r11, rbp",
                "jl 3b",
                "4:",
                "cmp r11, r8",
                "jge 6f",
                "5:",
                concat!("mov ", $register, ", [rcx + 2*r11]"),
                concat!("mov [rax + r11], ", $register),
                "add r11, SIZE",
                "cmp r11, r8",
                "jl 5b",
                "6:",
            ],
            output: ["add rax, [rdi + OUT_ROW]"]
        );
    };
}

halve_kernel!(
    /// `out = x`, whose elements are two apart. Needs AVX2.
    halve_4(f32), "vshufps", ", 0x88", "r10d"
);
halve_kernel!(
    /// `out = x`, whose elements are two apart. Needs AVX2.
    halve_8(f64), "vunpcklpd", "", "r10"
);

//! Transposition with AVX-512, in blocks whose rows are lines of the caches on both sides: 16x16 elements of 4 bytes, 8x8 of
//! 8, 4x4 of 16.
//!
//! Where all rows begin at the same place of a line, blocks after the first begin with one: every line is then read, and
//! written, once. So no line has to stay in a cache until its other part is wanted, and lines of the output may bypass the
//! caches.

use super::turn::{columns, turn_4, turn_8, turn_16, unpack_4, unpack_8};
use crate::stream::text::function;

/// Writes a kernel that takes blocks from rcx (steps r8, 3 steps r9, from the fourth, eighth, and twelfth row rdx, rsi, rbx) to
/// zmm16 and following, a row of the output each, and stores these with `store` (steps r10, 3 steps r11; rows as above, from
/// rax on).
///
/// If the output bypasses the caches, its rows must be a multiple of a line apart.
macro_rules! lines_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), side: $side:literal, long: $long:literal, shift: $shift:literal,
     macros: [$($macros:tt)*], block: [$($block:expr),* $(,)?], store: [$($store:expr),* $(,)?]) => {
        function!(
            $(#[$doc])*
            $name($type),
            macros: [$($macros)* "STORE" "move": [$($store),*]],
            body: [
                // r14, r15: source and output at the block of u; r13: u left; r12: v left.
                "mov r14, [rdi + X]",
                "mov r15, [rdi + OUT]",
                "mov r13, [rdi + LEN]",
                "mov r8, [rdi + X_STEP]",
                "mov r10, [rdi + OUT_ROW]",
                "lea r9, [r8 + 2*r8]",
                "lea r11, [r10 + 2*r10]",
                "2:",
                "mov rcx, r14",
                "mov rax, r15",
                "mov r12, [rdi + ROWS]",
                ".p2align 4",
                "3:",
                "lea rdx, [rcx + 4*r8]",
                "lea rsi, [rcx + 8*r8]",
                "lea rbx, [rdx + 8*r8]",
                $($block,)*
                "lea rdx, [rax + 4*r10]",
                "lea rsi, [rax + 8*r10]",
                "lea rbx, [rdx + 8*r10]",
                "cmp qword ptr [rdi + BYPASS], 0",
                "je 30f",
                "test al, 63",
                "jnz 30f",
                "STORE vmovntps",
                "jmp 31f",
                "30:",
                "STORE vmovups",
                "31:",
                concat!("sub r12, ", $side),
                "jle 4f",
                // Step by a side, or to the next line of the source, or as far as the last block begins.
                concat!("mov ebp, ", $side),
                "test r8b, 63",
                "jnz 32f",
                "mov rdx, rcx",
                "neg rdx",
                "and edx, 63",
                "jz 32f",
                concat!("cmp qword ptr [rdi + ROWS], ", $long),
                "jb 32f",
                "test edx, SIZE - 1",
                "jnz 32f",
                concat!("shr edx, ", $shift),
                "mov ebp, edx",
                "32:",
                "cmp rbp, r12",
                "cmovg rbp, r12",
                "sub r12, rbp",
                concat!("add r12, ", $side),
                "mov rdx, rbp",
                concat!("shl rdx, ", $shift),
                "add rcx, rdx",
                "imul rbp, r10",
                "add rax, rbp",
                "jmp 3b",
                "4:",
                concat!("sub r13, ", $side),
                "jle 5f",
                // The same, of the output.
                concat!("mov ebp, ", $side),
                "test r10b, 63",
                "jnz 42f",
                "mov rdx, r15",
                "neg rdx",
                "and edx, 63",
                "jz 42f",
                concat!("cmp qword ptr [rdi + LEN], ", $long),
                "jb 42f",
                "test edx, SIZE - 1",
                "jnz 42f",
                concat!("shr edx, ", $shift),
                "mov ebp, edx",
                "42:",
                "cmp rbp, r13",
                "cmovg rbp, r13",
                "sub r13, rbp",
                concat!("add r13, ", $side),
                "mov rdx, rbp",
                concat!("shl rdx, ", $shift),
                "add r15, rdx",
                "imul rbp, r8",
                "add r14, rbp",
                "jmp 2b",
                "5:",
            ]
        );
    };
}

lines_kernel!(
    /// Elements of 4 bytes.
    lines_4(f32), side: "16", long: "128", shift: "2",
    macros: [
        "LOAD" "n, low, high": [r"vmovups ymm\n, [\low]", r"vinsertf64x4 zmm\n, zmm\n, [\high], 1"]
    ],
    block: [
        "LOAD 0, rcx, rdx",
        "LOAD 1, rcx+r8, rdx+r8",
        "LOAD 2, rcx+2*r8, rdx+2*r8",
        "LOAD 3, rcx+r9, rdx+r9",
        "LOAD 4, rsi, rbx",
        "LOAD 5, rsi+r8, rbx+r8",
        "LOAD 6, rsi+2*r8, rbx+2*r8",
        "LOAD 7, rsi+r9, rbx+r9",
        "LOAD 8, rcx+32, rdx+32",
        "LOAD 9, rcx+r8+32, rdx+r8+32",
        "LOAD 10, rcx+2*r8+32, rdx+2*r8+32",
        "LOAD 11, rcx+r9+32, rdx+r9+32",
        "LOAD 12, rsi+32, rbx+32",
        "LOAD 13, rsi+r8+32, rbx+r8+32",
        "LOAD 14, rsi+2*r8+32, rbx+2*r8+32",
        "LOAD 15, rsi+r9+32, rbx+r9+32",
        turn_4!(),
    ],
    store: [
        r"\move [rax], zmm16",
        r"\move [rax + r10], zmm17",
        r"\move [rax + 2*r10], zmm18",
        r"\move [rax + r11], zmm19",
        r"\move [rdx], zmm20",
        r"\move [rdx + r10], zmm21",
        r"\move [rdx + 2*r10], zmm22",
        r"\move [rdx + r11], zmm23",
        r"\move [rsi], zmm24",
        r"\move [rsi + r10], zmm25",
        r"\move [rsi + 2*r10], zmm26",
        r"\move [rsi + r11], zmm27",
        r"\move [rbx], zmm28",
        r"\move [rbx + r10], zmm29",
        r"\move [rbx + 2*r10], zmm30",
        r"\move [rbx + r11], zmm31",
    ]
);

lines_kernel!(
    /// Elements of 8 bytes.
    lines_8(f64), side: "8", long: "64", shift: "3",
    macros: [
        "LOAD" "n, low, high": [r"vmovups ymm\n, [\low]", r"vinsertf64x4 zmm\n, zmm\n, [\high], 1"]
    ],
    block: [
        "LOAD 0, rcx, rcx+2*r8",
        "LOAD 1, rcx+r8, rcx+r9",
        "LOAD 2, rdx, rdx+2*r8",
        "LOAD 3, rdx+r8, rdx+r9",
        "LOAD 4, rcx+32, rcx+2*r8+32",
        "LOAD 5, rcx+r8+32, rcx+r9+32",
        "LOAD 6, rdx+32, rdx+2*r8+32",
        "LOAD 7, rdx+r8+32, rdx+r9+32",
        turn_8!(),
    ],
    store: [
        r"\move [rax], zmm16",
        r"\move [rax + r10], zmm17",
        r"\move [rax + 2*r10], zmm18",
        r"\move [rax + r11], zmm19",
        r"\move [rdx], zmm20",
        r"\move [rdx + r10], zmm21",
        r"\move [rdx + 2*r10], zmm22",
        r"\move [rdx + r11], zmm23",
    ]
);

lines_kernel!(
    /// Elements of 16 bytes.
    lines_16([f64; 2]), side: "4", long: "32", shift: "4",
    macros: [],
    block: [
        "vmovups zmm0, [rcx]",
        "vmovups zmm1, [rcx + r8]",
        "vmovups zmm2, [rcx + 2*r8]",
        "vmovups zmm3, [rcx + r9]",
        turn_16!(),
    ],
    store: [
        r"\move [rax], zmm16",
        r"\move [rax + r10], zmm17",
        r"\move [rax + 2*r10], zmm18",
        r"\move [rax + r11], zmm19",
    ]
);

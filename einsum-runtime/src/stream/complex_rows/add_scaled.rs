//! Rows times a factor each, added to a row of sums.

use num_complex::Complex;

use super::{ComplexRows, complex_kernel};

/// Writes the kernels of a type: `p` is the suffix of packed instructions; `load` moves an element to an xmm register, whose rest it
/// clears, and back;
/// `broadcast` fills a ymm register with an element; `part` with a part of one; `swap` with `mask` makes
/// x' of x.
macro_rules! kernels {
    ($real:ident, p: $p:literal, load: $load:literal, broadcast: $broadcast:literal, part: $part:literal, swap: $swap:literal, mask: $mask:literal) => {
        pub(super) mod $real {
            use super::*;

            complex_kernel!(
                /// See [`ADD_SCALED`](super::super::ComplexSums::ADD_SCALED).
                add_scaled(Complex<$real>):
                // rcx, rdx: the first row's x and y; rsi, r10, r11, rax: four rows; r8: the offset of an element;
                // r9: rows left; rbx: the sums; rbp: the bytes of a row. ymm6, ymm7: signs; ymm8 … ymm15: factors.
                ".macro FACTORS direct, turned",
                concat!($part, " \\direct, [rdx]"),
                concat!($part, " \\turned, [rdx + {size}/2]"),
                "vxorps \\direct, \\direct, ymm6",
                "vxorps \\turned, \\turned, ymm7",
                "add rdx, [rdi + {y_row}]",
                ".endm",
                ".macro TERM row, r, i, j, mov",
                "\\mov \\r\\()1, [\\row + r8]",
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()1, \\r\\()\\i"),
                concat!($swap, " \\r\\()1, \\r\\()1, ", $mask),
                concat!("vfmadd231p", $p, " \\r\\()0, \\r\\()1, \\r\\()\\j"),
                ".endm",
                ".macro FOUR r, mov",
                "\\mov \\r\\()0, [rbx + r8]",
                "TERM rsi, \\r, 8, 9, \\mov",
                "TERM r10, \\r, 10, 11, \\mov",
                "TERM r11, \\r, 12, 13, \\mov",
                "TERM rax, \\r, 14, 15, \\mov",
                "\\mov [rbx + r8], \\r\\()0",
                ".endm",
                ".macro ONE r, mov",
                "\\mov \\r\\()0, [rbx + r8]",
                "TERM rsi, \\r, 8, 9, \\mov",
                "\\mov [rbx + r8], \\r\\()0",
                ".endm",
                "push rbx",
                "push rbp",
                "push r12",
                "mov rbx, [rdi + {out}]",
                "mov rcx, [rdi + {x}]",
                "mov rdx, [rdi + {y}]",
                "mov r9, [rdi + {rows}]",
                "mov rbp, [rdi + {len}]",
                "imul rbp, rbp, {size}",
                "lea r12, [rbp - 32]",
                concat!($broadcast, " ymm6, [rdi + {factors}]"),
                concat!($broadcast, " ymm7, [rdi + {factors} + {size}]"),
                "2:",
                "mov rsi, rcx",
                "cmp r9, 4",
                "jl 20f",
                "FACTORS ymm8, ymm9",
                "FACTORS ymm10, ymm11",
                "FACTORS ymm12, ymm13",
                "FACTORS ymm14, ymm15",
                "mov r8, [rdi + {x_row}]",
                "lea r10, [rsi + r8]",
                "lea r11, [r10 + r8]",
                "lea rax, [r11 + r8]",
                "lea rcx, [rax + r8]",
                "xor r8d, r8d",
                "3:",
                "cmp r8, r12",
                "jg 4f",
                "FOUR ymm, vmovups",
                "add r8, 32",
                "jmp 3b",
                "4:",
                "cmp r8, rbp",
                "jge 5f",
                concat!("FOUR xmm, ", $load),
                "add r8, {size}",
                "jmp 4b",
                "5:",
                "sub r9, 4",
                "jnz 2b",
                "jmp 9f",
                // A single row.
                "20:",
                "FACTORS ymm8, ymm9",
                "add rcx, [rdi + {x_row}]",
                "xor r8d, r8d",
                "6:",
                "cmp r8, r12",
                "jg 7f",
                "ONE ymm, vmovups",
                "add r8, 32",
                "jmp 6b",
                "7:",
                "cmp r8, rbp",
                "jge 8f",
                concat!("ONE xmm, ", $load),
                "add r8, {size}",
                "jmp 7b",
                "8:",
                "dec r9",
                "jnz 2b",
                "9:",
                "pop r12",
                "pop rbp",
                "pop rbx",
                "vzeroupper",
                ".purgem FACTORS",
                ".purgem TERM",
                ".purgem FOUR",
                ".purgem ONE",
            );
        }
    };
}
kernels!(f32, p: "s", load: "vmovsd", broadcast: "vbroadcastsd", part: "vbroadcastss", swap: "vpermilps", mask: "0xB1");
kernels!(f64, p: "d", load: "vmovupd", broadcast: "vbroadcastf128", part: "vbroadcastsd", swap: "vpermilpd", mask: "0x5");

//! Kernels that interleave two to seven rows, or take them apart, with AVX-512: the planes of an image become its pixels, and
//! the other way round.
//!
//! Of so many vectors as there are rows, the elements belong to as many vectors of the output. Each of these takes what is its
//! own from one vector after the other, by tables.
//!
//! As for [`transpose`](super::transpose), `len` counts what is adjacent in the output, and `rows` what is adjacent in the
//! source. One of them is the kernel's number of rows, the other [`LONG`] or more; nothing lies between those few and the next
//! of the long side, in the output if they are interleaved, in the source if they are taken apart. Past the caches, the rows
//! that are taken apart must be a multiple of a line apart.

use super::rows::RowKernel;
use super::text::function;

/// The numbers of rows that there are kernels for, in order.
pub(super) const COUNTS: core::ops::RangeInclusive<usize> = 2..=7;

/// So few rows are interleaved faster than in blocks of registers, wherever they are. The steps for others are as many as their
/// squares.
pub(super) const FEW: usize = 5;

/// The lanes of the longest vector.
const LANES: usize = 16;

/// The fewest elements of a row.
pub(super) const LONG: usize = LANES;

/// For every vector of the output, and of the source but the first, by lanes: the place in what has come from the vectors
/// before, followed by this one.
type Places<const COUNT: usize, const STEPS: usize> = [[[u8; LANES]; STEPS]; COUNT];

/// The places of interleaving, and of taking apart.
type Tables<const COUNT: usize, const STEPS: usize> = [Places<COUNT, STEPS>; 2];

/// Returns the tables for vectors of `lanes` elements.
const fn tables<const COUNT: usize, const STEPS: usize>(lanes: usize) -> Tables<COUNT, STEPS> {
    assert!(STEPS + 1 == COUNT && lanes <= LANES);
    let mut tables = [[[[0; LANES]; STEPS]; COUNT]; 2];
    let mut vector = 0;
    while vector < COUNT {
        let mut lane = 0;
        while lane < lanes {
            let interleaved = vector * lanes + lane;
            let apart = lane * COUNT + vector;
            let [woven, taken] = &mut tables;
            put(&mut woven[vector], lane, [interleaved % COUNT, interleaved / COUNT], lanes);
            put(&mut taken[vector], lane, [apart / lanes, apart % lanes], lanes);
            lane += 1;
        }
        vector += 1;
    }
    tables
}

/// Lets a lane come from a place of a vector of the source.
const fn put(steps: &mut [[u8; LANES]], lane: usize, [from, place]: [usize; 2], lanes: usize) {
    let mut step = 0;
    while step < steps.len() {
        let at = match from {
            0 if step == 0 => place,
            _ if from == step + 1 => lanes + place,
            _ => lane,
        };
        #[expect(clippy::cast_possible_truncation, reason = "less than twice the lanes")]
        let at = at as u8;
        steps[step][lane] = at;
        step += 1;
    }
}

macro_rules! weave_kernel {
    ($name:ident($type:ty), count: $count:literal, tables: $tables:ident, $permute:literal,
     lanes: [$wide:literal, $lanes:literal]) => {
        static $tables: Tables<$count, { $count - 1 }> = tables($lanes);

        function!(
            /// Interleaves rows, or takes them apart.
            $name($type),
            macros: [
                // The vector n of the output, whose places are in registers where these are few.
                "VECTOR" "v, n, first, second": [
                    r".if \n < COUNT",
                    r"vmovaps \v, zmm0",
                    ".if COUNT <= 3",
                    concat!($permute, r" \v, \first, zmm1"),
                    ".if COUNT == 3",
                    concat!($permute, r" \v, \second, zmm2"),
                    ".endif",
                    ".else",
                    ".irp step, 1, 2, 3, 4, 5, 6",
                    r".if \step < COUNT",
                    concat!("vpmovzxb", $wide, r" zmm31, [r14 + 16*(\n*(COUNT - 1) + \step - 1)]"),
                    concat!($permute, r" \v, zmm31, zmm\step"),
                    ".endif",
                    ".endr",
                    ".endif",
                    ".endif"
                ]
                "STORE" "move": [
                    r"\move [rax], zmm22",
                    r"\move [rax + rsi], zmm23",
                    ".if COUNT > 2",
                    r"\move [rax + 2*rsi], zmm24",
                    ".endif",
                    ".if COUNT > 3",
                    r"\move [rax + r15], zmm25",
                    ".endif",
                    "lea r11, [rax + 4*rsi]",
                    ".if COUNT > 4",
                    r"\move [r11], zmm26",
                    ".endif",
                    ".if COUNT > 5",
                    r"\move [r11 + rsi], zmm27",
                    ".endif",
                    ".if COUNT > 6",
                    r"\move [r11 + 2*rsi], zmm28",
                    ".endif"
                ]
            ],
            body: [
                concat!(".set COUNT, ", $count),
                // rdx, rsi: from one vector of the source, and of the output, to the next; r8, r10: from one element of
                // the long side to the next, rbx and r12: of a vector's; r9: elements left of the long side.
                "lea rax, [rip + {tables}]",
                "mov r9, [rdi + ROWS]",
                "mov rdx, [rdi + X_STEP]",
                "mov esi, 64",
                "mov r8d, SIZE",
                "mov r10d, COUNT*SIZE",
                "cmp qword ptr [rdi + LEN], COUNT",
                "je 2f",
                "add rax, 16*COUNT*(COUNT - 1)",
                "mov r9, [rdi + LEN]",
                "mov edx, 64",
                "mov rsi, [rdi + OUT_ROW]",
                "xchg r8, r10",
                "2:",
                "mov r14, rax",
                concat!("vpmovzxb", $wide, " zmm16, [rax]"),
                concat!("vpmovzxb", $wide, " zmm17, [rax + 16]"),
                ".if COUNT == 3",
                concat!("vpmovzxb", $wide, " zmm18, [rax + 32]"),
                concat!("vpmovzxb", $wide, " zmm19, [rax + 48]"),
                concat!("vpmovzxb", $wide, " zmm20, [rax + 64]"),
                concat!("vpmovzxb", $wide, " zmm21, [rax + 80]"),
                ".endif",
                "lea rbp, [rdx + 2*rdx]",
                "lea r15, [rsi + 2*rsi]",
                "mov rcx, [rdi + X]",
                "mov rax, [rdi + OUT]",
                "mov r13, [rdi + BYPASS]",
                concat!("imul rbx, r8, ", $lanes),
                concat!("imul r12, r10, ", $lanes),
                ".p2align 4",
                "3:",
                "vmovups zmm0, [rcx]",
                "vmovups zmm1, [rcx + rdx]",
                ".if COUNT > 2",
                "vmovups zmm2, [rcx + 2*rdx]",
                ".endif",
                ".if COUNT > 3",
                "vmovups zmm3, [rcx + rbp]",
                ".endif",
                "lea r11, [rcx + 4*rdx]",
                ".if COUNT > 4",
                "vmovups zmm4, [r11]",
                ".endif",
                ".if COUNT > 5",
                "vmovups zmm5, [r11 + rdx]",
                ".endif",
                ".if COUNT > 6",
                "vmovups zmm6, [r11 + 2*rdx]",
                ".endif",
                ".if COUNT == 2",
                "VECTOR zmm22, 0, zmm16, zmm16",
                "VECTOR zmm23, 1, zmm17, zmm17",
                ".else",
                "VECTOR zmm22, 0, zmm16, zmm17",
                "VECTOR zmm23, 1, zmm18, zmm19",
                "VECTOR zmm24, 2, zmm20, zmm21",
                "VECTOR zmm25, 3, zmm31, zmm31",
                "VECTOR zmm26, 4, zmm31, zmm31",
                "VECTOR zmm27, 5, zmm31, zmm31",
                "VECTOR zmm28, 6, zmm31, zmm31",
                ".endif",
                "test r13, r13",
                "jnz 5f",
                "STORE vmovups",
                "4:",
                concat!("sub r9, ", $lanes),
                "jle 9f",
                "add rcx, rbx",
                "add rax, r12",
                concat!("cmp r9, ", $lanes),
                "jge 3b",
                "jmp 8f",
                // What bypasses the caches has whole lines: the first block is followed by one that begins with a line.
                "5:",
                "test al, 63",
                "jnz 6f",
                "STORE vmovntps",
                "jmp 4b",
                "6:",
                "STORE vmovups",
                concat!("cmp r9, ", $lanes),
                "jle 4b",
                "push rax",
                "xor r11d, r11d",
                "7:",
                "inc r11d",
                "add rax, r10",
                "test al, 63",
                "jz 71f",
                concat!("cmp r11d, ", $lanes),
                "jb 7b",
                "pop rax",
                "xor r13d, r13d",
                "jmp 4b",
                "71:",
                "sub r9, r11",
                "imul r11, r8",
                "add rcx, r11",
                "add rsp, 8",
                concat!("cmp r9, ", $lanes),
                "jge 3b",
                // The last block is moved back.
                "8:",
                concat!("sub r9, ", $lanes),
                "imul r8, r9",
                "imul r10, r9",
                "add rcx, r8",
                "add rax, r10",
                concat!("mov r9d, ", $lanes),
                "jmp 3b",
                "9:",
            ],
            symbol: tables = $tables
        );
    };
}

/// Kernels for elements of 4 bytes, by the number of rows.
pub(super) mod f32 {
    use super::{RowKernel, Tables, function, tables};

    pub(in crate::stream) const KERNELS: [RowKernel<f32>; 6] = [two, three, four, five, six, seven];

    weave_kernel!(two(f32), count: 2, tables: TWO, "vpermt2ps", lanes: ["d", 16]);
    weave_kernel!(three(f32), count: 3, tables: THREE, "vpermt2ps", lanes: ["d", 16]);
    weave_kernel!(four(f32), count: 4, tables: FOUR, "vpermt2ps", lanes: ["d", 16]);
    weave_kernel!(five(f32), count: 5, tables: FIVE, "vpermt2ps", lanes: ["d", 16]);
    weave_kernel!(six(f32), count: 6, tables: SIX, "vpermt2ps", lanes: ["d", 16]);
    weave_kernel!(seven(f32), count: 7, tables: SEVEN, "vpermt2ps", lanes: ["d", 16]);
}

/// Kernels for elements of 8 bytes, by the number of rows.
pub(super) mod f64 {
    use super::{RowKernel, Tables, function, tables};

    pub(in crate::stream) const KERNELS: [RowKernel<f64>; 6] = [two, three, four, five, six, seven];

    weave_kernel!(two(f64), count: 2, tables: TWO, "vpermt2pd", lanes: ["q", 8]);
    weave_kernel!(three(f64), count: 3, tables: THREE, "vpermt2pd", lanes: ["q", 8]);
    weave_kernel!(four(f64), count: 4, tables: FOUR, "vpermt2pd", lanes: ["q", 8]);
    weave_kernel!(five(f64), count: 5, tables: FIVE, "vpermt2pd", lanes: ["q", 8]);
    weave_kernel!(six(f64), count: 6, tables: SIX, "vpermt2pd", lanes: ["q", 8]);
    weave_kernel!(seven(f64), count: 7, tables: SEVEN, "vpermt2pd", lanes: ["q", 8]);
}

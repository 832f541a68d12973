//! Transposition with AVX-512 of rows that are listed: where each of them begins, in the source and in the output. They may be
//! those of several loops. A second source can multiply the elements on their way.
//!
//! Blocks are those of the kernels for whole lines, 16x16 elements of 4 bytes or 8x8 of 8.
//!
//! A kernel comes in two: for arrays in a cache, and for arrays far away. The second one fetches what comes next in each row of
//! the source, since no processor foresees so many rows at once, and its lines of the output may bypass the caches.

use core::mem::offset_of;

use super::turn::{columns, turn_4, turn_8, unpack_4, unpack_8};
use crate::stream::rows::Bypass;

/// The arguments of a kernel: `out[v, u] = x[u, v] · y[u, v]`, with adjacent u in the output and adjacent v in x. The lists
/// are of offsets in bytes.
#[repr(C)]
pub(in crate::stream) struct Listed<T> {
    pub(in crate::stream) out: *mut T,
    pub(in crate::stream) x: *const T,
    pub(in crate::stream) y: *const T,
    /// The steps of u and of v: each a block's side or more.
    pub(in crate::stream) columns: usize,
    pub(in crate::stream) rows: usize,
    /// The offset in x, and in y, of every step of u; and that in the output of every step of v.
    pub(in crate::stream) x_list: *const isize,
    pub(in crate::stream) y_list: *const isize,
    pub(in crate::stream) out_list: *const isize,
    /// Whether lines of the output bypass the caches. Far kernels ask: offsets in the output are multiples of a line then, and
    /// the caller fences.
    pub(in crate::stream) bypass: Bypass,
}

/// # Safety
///
/// The machine has AVX-512. As the arguments say, the output can be written, and the sources that the kernel uses can be read;
/// the output overlaps no source.
pub(in crate::stream) type ListedKernel<T> = unsafe extern "sysv64" fn(&Listed<T>);

/// The kernels of a type: without y, with adjacent v in y, and with a y that is the same for all v.
pub(in crate::stream) struct ListedKernels<T> {
    pub(in crate::stream) copy: Reach<T>,
    pub(in crate::stream) multiply: Reach<T>,
    pub(in crate::stream) multiply_by: Reach<T>,
}

/// A kernel for arrays in a cache, and for arrays far away.
#[derive(Clone, Copy)]
pub(in crate::stream) struct Reach<T> {
    pub(in crate::stream) near: ListedKernel<T>,
    pub(in crate::stream) far: ListedKernel<T>,
}

/// Rows of the output that `move` stores.
macro_rules! store {
    ($move:literal, [$(($row:literal, $register:literal))*]) => {
        concat!($(
            "mov rdx, [r15 + 8*", $row, "]\n",
            $move, " [rax + rdx], zmm", $register, "\n",
        )*)
    };
}

/// As [`store!`], past the caches if these are whole lines that do so.
macro_rules! store_past {
    ($rows:tt) => {
        concat!(
            "cmp qword ptr [rdi + BYPASS], 0\n",
            "je 30f\n",
            "test al, 63\n",
            "jnz 30f\n",
            store!("vmovntps", $rows),
            "jmp 31f\n",
            "30:\n",
            store!("vmovups", $rows),
            "31:\n",
        )
    };
}

/// Writes a kernel. `LOAD low, high, row, far` loads a block's first and second half of a row into `low` and `high`, with those
/// of the row `far` beside them. The lists of x and y are at r14 and r13, x and y themselves at rcx and r12. `turn` leaves rows
/// of the output in zmm16 and following, which `store` stores; their list is at r15.
macro_rules! listed_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), side: $side:literal, shift: $shift:literal, store: $store:expr,
     load: [$($line:expr),* $(,)?], loads: [$($load:literal),* $(,)?], turn: $turn:expr, step_y: $step_y:literal) => {
        $(#[$doc])*
        #[inline(never)]
        unsafe extern "sysv64" fn $name(arguments: &Listed<$type>) {
            einsum_kernels::assembly!(
                "rdi" = &raw const *arguments;
                ".set BYPASS, {bypass}",
                ".macro LOAD low, high, row, far",
                $($line,)*
                ".endm",
                "push rbx",
                "push rbp",
                "push r12",
                "push r13",
                "push r14",
                "push r15",
                // rax: the output at the block of u; r8, r9: u and v left; r15: the output's list.
                "mov r8, [rdi + {columns}]",
                "mov r14, [rdi + {x_list}]",
                "mov r13, [rdi + {y_list}]",
                "mov rax, [rdi + {out}]",
                "2:",
                "mov rcx, [rdi + {x}]",
                "mov r12, [rdi + {y}]",
                "mov r15, [rdi + {out_list}]",
                "mov r9, [rdi + {rows}]",
                ".p2align 4",
                "3:",
                $(concat!("LOAD ", $load),)*
                $turn,
                $store,
                // Step by a side, or as far as the last block begins.
                concat!("sub r9, ", $side),
                "jle 4f",
                concat!("mov ebp, ", $side),
                "cmp rbp, r9",
                "cmovg rbp, r9",
                "sub r9, rbp",
                concat!("add r9, ", $side),
                "lea r15, [r15 + 8*rbp]",
                concat!("shl rbp, ", $shift),
                "add rcx, rbp",
                $step_y,
                "jmp 3b",
                "4:",
                concat!("sub r8, ", $side),
                "jle 5f",
                concat!("mov ebp, ", $side),
                "cmp rbp, r8",
                "cmovg rbp, r8",
                "sub r8, rbp",
                concat!("add r8, ", $side),
                "lea r14, [r14 + 8*rbp]",
                "lea r13, [r13 + 8*rbp]",
                concat!("shl rbp, ", $shift),
                "add rax, rbp",
                "jmp 2b",
                "5:",
                "pop r15",
                "pop r14",
                "pop r13",
                "pop r12",
                "pop rbp",
                "pop rbx",
                "vzeroupper",
                ".purgem LOAD",
                out = const offset_of!(Listed<$type>, out),
                x = const offset_of!(Listed<$type>, x),
                y = const offset_of!(Listed<$type>, y),
                columns = const offset_of!(Listed<$type>, columns),
                rows = const offset_of!(Listed<$type>, rows),
                x_list = const offset_of!(Listed<$type>, x_list),
                y_list = const offset_of!(Listed<$type>, y_list),
                out_list = const offset_of!(Listed<$type>, out_list),
                bypass = const offset_of!(Listed<$type>, bypass),
            );
        }
    };
}

/// Writes a kernel for arrays in a cache and one for arrays far away. The second one fetches as well what `fetch` says.
macro_rules! reach {
    (@both [$near:ident $far:ident]) => {
        Reach { near: $near, far: $far }
    };
    (@write $type:ty, [$near:ident $far:ident], side: $side:literal, shift: $shift:literal, rows: $rows:tt, load: [$($line:expr),* $(,)?],
     fetch: [$($fetch:literal),*], loads: $loads:tt, turn: $turn:expr, step_y: $step_y:literal) => {
        listed_kernel!(
            $near($type), side: $side, shift: $shift, store: store!("vmovups", $rows), load: [$($line),*], loads: $loads,
            turn: $turn, step_y: $step_y
        );
        listed_kernel!(
            $far($type), side: $side, shift: $shift, store: store_past!($rows), load: [$($line,)* $($fetch,)*], loads: $loads,
            turn: $turn, step_y: $step_y
        );
    };
}

/// Writes the kernels of a type. What is fetched is two lines on in a row: from its middle on, a block reads two.
macro_rules! listed_kernels {
    ($kernels:ident($type:ty): $copy:tt $multiply:tt $multiply_by:tt, side: $side:literal, shift: $shift:literal,
     rows: $rows:tt, multiply: $mul:literal, all: $all:literal, loads: $loads:tt, turn: $turn:expr) => {
        pub(in crate::stream) const $kernels: ListedKernels<$type> = ListedKernels {
            copy: reach!(@both $copy),
            multiply: reach!(@both $multiply),
            multiply_by: reach!(@both $multiply_by),
        };

        reach!(
            @write $type, $copy, side: $side, shift: $shift, rows: $rows,
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"vmovups ymm\low, [rcx + rdx]",
                r"vmovups ymm\high, [rcx + rdx + 32]",
                r"vinsertf64x4 zmm\low, zmm\low, [rcx + rsi], 1",
                r"vinsertf64x4 zmm\high, zmm\high, [rcx + rsi + 32], 1",
            ],
            fetch: ["prefetcht0 [rcx + rdx + 128]", "prefetcht0 [rcx + rsi + 128]"],
            loads: $loads, turn: $turn, step_y: ""
        );
        reach!(
            @write $type, $multiply, side: $side, shift: $shift, rows: $rows,
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"mov r10, [r13 + 8*\row]",
                r"mov r11, [r13 + 8*\far]",
                r"vmovups ymm\low, [rcx + rdx]",
                r"vmovups ymm\high, [rcx + rdx + 32]",
                "vmovups ymm30, [rcx + rsi]",
                "vmovups ymm31, [rcx + rsi + 32]",
                concat!($mul, r" ymm\low, ymm\low, [r12 + r10]"),
                concat!($mul, r" ymm\high, ymm\high, [r12 + r10 + 32]"),
                concat!($mul, " ymm30, ymm30, [r12 + r11]"),
                concat!($mul, " ymm31, ymm31, [r12 + r11 + 32]"),
                r"vinsertf64x4 zmm\low, zmm\low, ymm30, 1",
                r"vinsertf64x4 zmm\high, zmm\high, ymm31, 1",
            ],
            fetch: [
                "prefetcht0 [rcx + rdx + 128]", "prefetcht0 [rcx + rsi + 128]", "prefetcht0 [r12 + r10 + 128]",
                "prefetcht0 [r12 + r11 + 128]"
            ],
            loads: $loads, turn: $turn, step_y: "add r12, rbp"
        );
        reach!(
            @write $type, $multiply_by, side: $side, shift: $shift, rows: $rows,
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"mov r10, [r13 + 8*\row]",
                r"mov r11, [r13 + 8*\far]",
                concat!($all, " ymm28, [r12 + r10]"),
                concat!($all, " ymm29, [r12 + r11]"),
                concat!($mul, r" ymm\low, ymm28, [rcx + rdx]"),
                concat!($mul, r" ymm\high, ymm28, [rcx + rdx + 32]"),
                concat!($mul, " ymm30, ymm29, [rcx + rsi]"),
                concat!($mul, " ymm31, ymm29, [rcx + rsi + 32]"),
                r"vinsertf64x4 zmm\low, zmm\low, ymm30, 1",
                r"vinsertf64x4 zmm\high, zmm\high, ymm31, 1",
            ],
            fetch: ["prefetcht0 [rcx + rdx + 128]", "prefetcht0 [rcx + rsi + 128]"],
            loads: $loads, turn: $turn, step_y: ""
        );
    };
}

listed_kernels!(
    KERNELS_4(f32): [copy_4 copy_4_far] [multiply_4 multiply_4_far] [multiply_by_4 multiply_by_4_far],
    side: "16", shift: "2",
    rows: [(0, 16) (1, 17) (2, 18) (3, 19) (4, 20) (5, 21) (6, 22) (7, 23)
           (8, 24) (9, 25) (10, 26) (11, 27) (12, 28) (13, 29) (14, 30) (15, 31)],
    multiply: "vmulps", all: "vbroadcastss",
    loads: [
        "0, 8, 0, 4", "1, 9, 1, 5", "2, 10, 2, 6", "3, 11, 3, 7", "4, 12, 8, 12", "5, 13, 9, 13",
        "6, 14, 10, 14", "7, 15, 11, 15",
    ],
    turn: turn_4!()
);
listed_kernels!(
    KERNELS_8(f64): [copy_8 copy_8_far] [multiply_8 multiply_8_far] [multiply_by_8 multiply_by_8_far],
    side: "8", shift: "3",
    rows: [(0, 16) (1, 17) (2, 18) (3, 19) (4, 20) (5, 21) (6, 22) (7, 23)],
    multiply: "vmulpd", all: "vbroadcastsd",
    loads: ["0, 4, 0, 2", "1, 5, 1, 3", "2, 6, 4, 6", "3, 7, 5, 7"],
    turn: turn_8!()
);

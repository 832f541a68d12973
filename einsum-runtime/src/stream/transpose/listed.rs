//! Transposition with AVX-512 of rows that are listed: where each of them begins, in the source and in the output. They may be
//! those of several loops. A second source can multiply the elements on their way: real numbers, integers, and complex ones.
//!
//! Blocks are those of the kernels for whole lines, 16x16 elements of 4 bytes, 8x8 of 8, or 4x4 of 16.
//!
//! Kernels for arrays far away fetch what comes next in each row of the sources, since no processor foresees so many rows at once,
//! and their lines of the output may bypass the caches.

use core::mem::offset_of;

use super::LINE;
use super::turn::{columns, turn_4, turn_8, turn_16, unpack_4, unpack_8};
use crate::stream::rows::Bypass;

/// The arguments of a kernel: `out[v, u] = x[u, v] · y[u, v]`, with adjacent u in the output and adjacent v in x. The lists
/// are of offsets in bytes.
#[repr(C)]
pub(in crate::stream) struct Listed<T> {
    pub(in crate::stream) out: *mut T,
    pub(in crate::stream) x: *const T,
    pub(in crate::stream) y: *const T,
    /// The steps of u and of v: each a block's side or more, but for kernels that mask. For these, what lists lack of a side is
    /// their first step again.
    pub(in crate::stream) columns: usize,
    pub(in crate::stream) rows: usize,
    /// The offset in x, and in y, of every step of u; and that in the output of every step of v.
    pub(in crate::stream) x_list: *const isize,
    pub(in crate::stream) y_list: *const isize,
    pub(in crate::stream) out_list: *const isize,
    /// The bits that change signs of products of complex numbers: see [`signs`].
    pub(in crate::stream) signs: [T; 2],
    pub(in crate::stream) masks: Masks,
    /// Whether lines of the output bypass the caches. Far kernels ask: offsets in the output are multiples of a line then, and
    /// the caller fences.
    pub(in crate::stream) bypass: Bypass,
}

/// Which lanes of a block there are, where it is smaller than one: of the halves of rows of the sources (or of the whole ones, if
/// elements have 16 bytes), and of rows of the output.
#[derive(Clone, Copy)]
#[repr(C)]
pub(in crate::stream) struct Masks {
    rows: [usize; 2],
    columns: usize,
}

impl Masks {
    /// Returns the masks of `columns` steps of u and `rows` of v, of elements of `size` bytes.
    pub(in crate::stream) fn of(columns: usize, rows: usize, size: usize) -> Self {
        let (line, half) = (LINE / size, LINE / 2 / size);
        // Lanes have 8 bytes at most.
        let lanes = |count: usize| (1 << (count * size.div_ceil(8))) - 1;
        let rows = rows.min(line);
        let [first, second] =
            if size == 16 { [rows, 0] } else { [rows.min(half), rows.saturating_sub(half)] };
        let columns = lanes(columns.min(line));
        Masks { rows: [lanes(first), lanes(second)], columns }
    }
}

/// # Safety
///
/// The machine has AVX-512. As the arguments say, the output can be written, and the sources that the kernel uses can be read;
/// the output overlaps no source.
pub(in crate::stream) type ListedKernel<T> = unsafe extern "sysv64" fn(&Listed<T>);

/// Kernels that multiply: with adjacent v in y, and with a y that is the same for all v.
pub(in crate::stream) struct ListedProducts<T> {
    pub(in crate::stream) multiply: ListedKernel<T>,
    pub(in crate::stream) multiply_by: ListedKernel<T>,
    /// The same two, of blocks that may be smaller than a side.
    pub(in crate::stream) masked: [ListedKernel<T>; 2],
    /// The same two for arrays far away, if there are such kernels.
    pub(in crate::stream) far: Option<[ListedKernel<T>; 2]>,
}

/// Rows of the output that `move` stores, under a mask.
macro_rules! store {
    ($move:literal, $mask:literal, [$(($row:literal, $register:literal))*]) => {
        concat!($(
            "mov rdx, [r15 + 8*", $row, "]\n",
            $move, " [rax + rdx]", $mask, ", zmm", $register, "\n",
        )*)
    };
}

/// The same without a mask, past the caches if these are whole lines that do so.
macro_rules! store_past {
    ($rows:tt) => {
        concat!(
            "cmp qword ptr [rdi + BYPASS], 0\n",
            "je 30f\n",
            "test al, 63\n",
            "jnz 30f\n",
            store!("vmovntps", "", $rows),
            "jmp 31f\n",
            "30:\n",
            store!("vmovups", "", $rows),
            "31:\n",
        )
    };
}

/// Writes a kernel. Before all else it does `begin`, with the signs at rdx. `LOAD low, high, row, far` loads a block's first and
/// second half of a row into `low` and `high`, with those of the row `far` beside them. The lists of x and y are at r14 and r13,
/// x and y themselves at rcx and r12. `turn` leaves rows of the output in zmm16 and following, which `store` stores; their list
/// is at r15.
macro_rules! listed_kernel {
    ($(#[$doc:meta])* $name:ident($type:ty), side: $side:literal, shift: $shift:literal, store: $store:expr, begin: $begin:expr,
     load: [$($line:expr),* $(,)?], loads: [$($load:literal),* $(,)?], turn: $turn:expr, step_y: $step_y:literal) => {
        $(#[$doc])*
        #[inline(never)]
        pub(in crate::stream) unsafe extern "sysv64" fn $name(arguments: &Listed<$type>) {
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
                "mov rdx, [rdi + {masks}]",
                "kmovd k1, edx",
                "mov rdx, [rdi + {masks} + 8]",
                "kmovd k2, edx",
                "mov rdx, [rdi + {masks} + 16]",
                "kmovd k3, edx",
                "lea rdx, [rdi + {signs}]",
                $begin,
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
                signs = const offset_of!(Listed<$type>, signs),
                masks = const offset_of!(Listed<$type>, masks),
                bypass = const offset_of!(Listed<$type>, bypass),
            );
        }
    };
}

/// Writes the kernels that move elements of a size: in a cache, and far away. What is fetched is two lines on in a row: where a
/// block begins inside of a line, it reads two.
macro_rules! listed_copy {
    ($near:ident $far:ident($type:ty), side: $side:literal, shift: $shift:literal, rows: $rows:tt, loads: $loads:tt,
     turn: $turn:expr) => {
        listed_copy!($near($type), $side, $shift, $loads, $turn, store!("vmovups", "", $rows), []);
        listed_copy!(
            $far($type), $side, $shift, $loads, $turn, store_past!($rows),
            ["prefetcht0 [rcx + rdx + 128]", "prefetcht0 [rcx + rsi + 128]"]
        );
    };
    ($name:ident($type:ty), $side:literal, $shift:literal, $loads:tt, $turn:expr, $store:expr, [$($fetch:literal),*]) => {
        listed_kernel!(
            $name($type), side: $side, shift: $shift, store: $store, begin: "",
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"vmovups ymm\low, [rcx + rdx]",
                r"vmovups ymm\high, [rcx + rdx + 32]",
                r"vinsertf64x4 zmm\low, zmm\low, [rcx + rsi], 1",
                r"vinsertf64x4 zmm\high, zmm\high, [rcx + rsi + 32], 1",
                $($fetch,)*
            ],
            loads: $loads, turn: $turn, step_y: ""
        );
    };
}

/// Writes the kernels that multiply elements of a type, whole blocks or with masks: of halves of rows, and of what is stored. The
/// rows are stored in `order`; with masks from the last one on, as those that there are not lie where the first one does.
macro_rules! listed_products {
    ($kernels:ident($type:ty): $multiply:ident $multiply_by:ident $masked:ident $masked_by:ident $far:ident $far_by:ident, side: $side:literal,
     shift: $shift:literal, rows: $rows:tt, last_first: $last_first:tt, multiply: $mul:literal, all: $all:literal, p: $p:literal,
     loads: $loads:tt, turn: $turn:expr) => {
        pub(in crate::stream) const $kernels: ListedProducts<$type> = ListedProducts {
            multiply: $multiply,
            multiply_by: $multiply_by,
            masked: [$masked, $masked_by],
            far: Some([$far, $far_by]),
        };

        listed_products!(
            $multiply $multiply_by ($type), $side, $shift, $mul, $all, $p, $loads, $turn, store!($p, "", $rows), "", "", [] []
        );
        listed_products!(
            $masked $masked_by ($type), $side, $shift, $mul, $all, $p, $loads, $turn, store!($p, "{{k3}}", $last_first),
            "{{k1}}{{z}}", "{{k2}}{{z}}", [] []
        );
        listed_products!(
            $far $far_by ($type), $side, $shift, $mul, $all, $p, $loads, $turn, store_past!($rows), "", "",
            ["prefetcht0 [rcx + rdx + 128]", "prefetcht0 [rcx + rsi + 128]"]
            ["prefetcht0 [r12 + r10 + 128]", "prefetcht0 [r12 + r11 + 128]"]
        );
    };
    ($multiply:ident $multiply_by:ident ($type:ty), $side:literal, $shift:literal, $mul:literal, $all:literal, $p:literal,
     $loads:tt, $turn:expr, $store:expr, $k1:literal, $k2:literal, [$($fetch_x:literal),*] [$($fetch_y:literal),*]) => {
        listed_kernel!(
            $multiply($type), side: $side, shift: $shift, store: $store, begin: "",
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"mov r10, [r13 + 8*\row]",
                r"mov r11, [r13 + 8*\far]",
                concat!($p, r" ymm\low", $k1, ", [rcx + rdx]"),
                concat!($p, r" ymm\high", $k2, ", [rcx + rdx + 32]"),
                concat!($p, " ymm30", $k1, ", [rcx + rsi]"),
                concat!($p, " ymm31", $k2, ", [rcx + rsi + 32]"),
                concat!($mul, r" ymm\low", $k1, r", ymm\low, [r12 + r10]"),
                concat!($mul, r" ymm\high", $k2, r", ymm\high, [r12 + r10 + 32]"),
                concat!($mul, " ymm30", $k1, ", ymm30, [r12 + r11]"),
                concat!($mul, " ymm31", $k2, ", ymm31, [r12 + r11 + 32]"),
                r"vinsertf64x4 zmm\low, zmm\low, ymm30, 1",
                r"vinsertf64x4 zmm\high, zmm\high, ymm31, 1",
                $($fetch_x,)*
                $($fetch_y,)*
            ],
            loads: $loads, turn: $turn, step_y: "add r12, rbp"
        );
        listed_kernel!(
            $multiply_by($type), side: $side, shift: $shift, store: $store, begin: "",
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"mov r10, [r13 + 8*\row]",
                r"mov r11, [r13 + 8*\far]",
                concat!($all, " ymm28, [r12 + r10]"),
                concat!($all, " ymm29, [r12 + r11]"),
                concat!($mul, r" ymm\low", $k1, ", ymm28, [rcx + rdx]"),
                concat!($mul, r" ymm\high", $k2, ", ymm28, [rcx + rdx + 32]"),
                concat!($mul, " ymm30", $k1, ", ymm29, [rcx + rsi]"),
                concat!($mul, " ymm31", $k2, ", ymm29, [rcx + rsi + 32]"),
                r"vinsertf64x4 zmm\low, zmm\low, ymm30, 1",
                r"vinsertf64x4 zmm\high, zmm\high, ymm31, 1",
                $($fetch_x,)*
            ],
            loads: $loads, turn: $turn, step_y: ""
        );
    };
}

/// Writes the kernels of elements of 4 bytes, of 8, and of complex ones, whose rows are halves of a line beside each other, or
/// lines.
macro_rules! of_4 {
    ($macro:ident!($($head:tt)*) $(, multiply: $mul:literal, all: $all:literal, p: $p:literal)?) => {
        $macro!(
            $($head)*, side: "16", shift: "2",
            rows: [(0, 16) (1, 17) (2, 18) (3, 19) (4, 20) (5, 21) (6, 22) (7, 23)
                   (8, 24) (9, 25) (10, 26) (11, 27) (12, 28) (13, 29) (14, 30) (15, 31)],
            $(last_first: [(15, 31) (14, 30) (13, 29) (12, 28) (11, 27) (10, 26) (9, 25) (8, 24)
                           (7, 23) (6, 22) (5, 21) (4, 20) (3, 19) (2, 18) (1, 17) (0, 16)],
            multiply: $mul, all: $all, p: $p,)?
            loads: [
                "0, 8, 0, 4", "1, 9, 1, 5", "2, 10, 2, 6", "3, 11, 3, 7", "4, 12, 8, 12", "5, 13, 9, 13",
                "6, 14, 10, 14", "7, 15, 11, 15",
            ],
            turn: turn_4!()
        );
    };
}
macro_rules! of_8 {
    ($macro:ident!($($head:tt)*) $(, multiply: $mul:literal, all: $all:literal, p: $p:literal)?) => {
        $macro!(
            $($head)*, side: "8", shift: "3",
            rows: [(0, 16) (1, 17) (2, 18) (3, 19) (4, 20) (5, 21) (6, 22) (7, 23)],
            $(last_first: [(7, 23) (6, 22) (5, 21) (4, 20) (3, 19) (2, 18) (1, 17) (0, 16)],
            multiply: $mul, all: $all, p: $p,)?
            loads: ["0, 4, 0, 2", "1, 5, 1, 3", "2, 6, 4, 6", "3, 7, 5, 7"],
            turn: turn_8!()
        );
    };
}
of_4!(listed_copy!(copy_4 copy_4_far(f32)));
of_8!(listed_copy!(copy_8 copy_8_far(f64)));
of_4!(listed_products!(PRODUCTS_F32(f32): multiply_f32 multiply_by_f32 masked_f32 masked_by_f32 far_f32 far_by_f32), multiply: "vmulps", all: "vbroadcastss", p: "vmovups");
of_8!(listed_products!(PRODUCTS_F64(f64): multiply_f64 multiply_by_f64 masked_f64 masked_by_f64 far_f64 far_by_f64), multiply: "vmulpd", all: "vbroadcastsd", p: "vmovupd");
of_4!(listed_products!(PRODUCTS_I32(f32): multiply_i32 multiply_by_i32 masked_i32 masked_by_i32 far_i32 far_by_i32), multiply: "vpmulld", all: "vbroadcastss", p: "vmovups");
of_8!(listed_products!(PRODUCTS_I64(f64): multiply_i64 multiply_by_i64 masked_i64 masked_by_i64 far_i64 far_by_i64), multiply: "vpmullq", all: "vbroadcastsd", p: "vmovupd");

/// Returns the bits that change signs of products of complex numbers, whose real parts are `zero` or `minus`, as are their
/// imaginary parts, if x, or y, is conjugated.
///
/// A product is `(x.re, x.im) · (y.re, y.re) + (x.im, x.re) · (-y.im, y.im)`: the first bits are those of `(y.re, y.re)`, the
/// second ones those of `(y.im, y.im)`.
pub(in crate::stream) fn signs<T>(x: bool, y: bool, of: impl Fn(bool, bool) -> T) -> [T; 2] {
    [of(false, x), of(x == y, y)]
}

/// Makes the parts of the complex factors in zmm28, twice each: real ones in zmm24, and imaginary ones in zmm25. The bits that
/// change their signs are in zmm26 and zmm27.
macro_rules! parts {
    ($($part:literal),*) => {
        concat!($($part, "\n",)* "vpxorq zmm24, zmm24, zmm26\n", "vpxorq zmm25, zmm25, zmm27\n")
    };
}

/// Multiplies a register by such factors, without fused operations: the bits are those of the plain loops.
macro_rules! times {
    ($x:literal, $p:literal, $swap:literal) => {
        concat!(
            "vpermil",
            $p,
            " zmm31, ",
            $x,
            ", ",
            $swap,
            "\n",
            "vmul",
            $p,
            " zmm31, zmm31, zmm25\n",
            "vmul",
            $p,
            " ",
            $x,
            ", ",
            $x,
            ", zmm24\n",
            "vadd",
            $p,
            " ",
            $x,
            ", ",
            $x,
            ", zmm31\n",
        )
    };
}

/// Writes the kernels that multiply complex numbers: rows of x, then the factors of the first register and of the second one, if
/// these are others, for y with adjacent v and for one that is the same for all v.
macro_rules! listed_complex {
    ($multiply:ident $multiply_by:ident ($type:ty), side: $side:literal, shift: $shift:literal, rows: $rows:tt,
     store: $k3:literal, loads: $loads:tt, turn: $turn:expr, real: $p:literal, swap: $swap:literal, parts: $parts:tt,
     signs: $signs:literal, x: [$($x:expr),*], y: [$($low:expr),*] [$($high:expr),*], by: [$($all:expr),*] [$($other:expr),*]) => {
        listed_kernel!(
            $multiply($type), side: $side, shift: $shift, store: store!("vmovupd", $k3, $rows), begin: $signs,
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"mov r10, [r13 + 8*\row]",
                r"mov r11, [r13 + 8*\far]",
                $($x,)*
                $($low,)*
                parts! $parts,
                times!(r"zmm\low", $p, $swap),
                $($high,)*
                parts! $parts,
                times!(r"zmm\high", $p, $swap),
            ],
            loads: $loads, turn: $turn, step_y: "add r12, rbp"
        );
        listed_kernel!(
            $multiply_by($type), side: $side, shift: $shift, store: store!("vmovupd", $k3, $rows), begin: $signs,
            load: [
                r"mov rdx, [r14 + 8*\row]",
                r"mov rsi, [r14 + 8*\far]",
                r"mov r10, [r13 + 8*\row]",
                r"mov r11, [r13 + 8*\far]",
                $($x,)*
                $($all,)*
                parts! $parts,
                times!(r"zmm\low", $p, $swap),
                $($other,)*
                times!(r"zmm\high", $p, $swap),
            ],
            loads: $loads, turn: $turn, step_y: ""
        );
    };
}

macro_rules! listed_c32 {
    ($multiply:ident $multiply_by:ident, $rows:tt, $k1:literal, $k2:literal, $k3:literal) => {
        listed_complex!(
            $multiply $multiply_by (f64), side: "8", shift: "3", rows: $rows, store: $k3,
            loads: ["0, 4, 0, 2", "1, 5, 1, 3", "2, 6, 4, 6", "3, 7, 5, 7"],
            turn: turn_8!(),
            real: "ps", swap: "0xB1", parts: ("vmovsldup zmm24, zmm28", "vmovshdup zmm25, zmm28"),
            signs: "vbroadcastsd zmm26, [rdx]\nvbroadcastsd zmm27, [rdx + 8]",
            x: [
                concat!(r"vmovupd ymm\low", $k1, ", [rcx + rdx]"),
                concat!(r"vmovupd ymm\high", $k2, ", [rcx + rdx + 32]"),
                concat!("vmovupd ymm30", $k1, ", [rcx + rsi]"),
                concat!("vmovupd ymm31", $k2, ", [rcx + rsi + 32]"),
                r"vinsertf64x4 zmm\low, zmm\low, ymm30, 1",
                r"vinsertf64x4 zmm\high, zmm\high, ymm31, 1"
            ],
            y: [
                concat!("vmovupd ymm28", $k1, ", [r12 + r10]"),
                concat!("vmovupd ymm29", $k1, ", [r12 + r11]"),
                "vinsertf64x4 zmm28, zmm28, ymm29, 1"
            ] [
                concat!("vmovupd ymm28", $k2, ", [r12 + r10 + 32]"),
                concat!("vmovupd ymm29", $k2, ", [r12 + r11 + 32]"),
                "vinsertf64x4 zmm28, zmm28, ymm29, 1"
            ],
            by: [
                "vbroadcastsd ymm28, [r12 + r10]",
                "vbroadcastsd ymm29, [r12 + r11]",
                "vinsertf64x4 zmm28, zmm28, ymm29, 1"
            ] []
        );
    };
}
listed_c32!(
    multiply_c32 multiply_by_c32,
    [(0, 16) (1, 17) (2, 18) (3, 19) (4, 20) (5, 21) (6, 22) (7, 23)], "", "", ""
);
listed_c32!(
    masked_c32 masked_by_c32,
    [(7, 23) (6, 22) (5, 21) (4, 20) (3, 19) (2, 18) (1, 17) (0, 16)],
    "{{k1}}{{z}}", "{{k2}}{{z}}", "{{k3}}"
);
pub(in crate::stream) const PRODUCTS_C32: ListedProducts<f64> = ListedProducts {
    multiply: multiply_c32,
    multiply_by: multiply_by_c32,
    masked: [masked_c32, masked_by_c32],
    far: None,
};

macro_rules! listed_c64 {
    ($multiply:ident $multiply_by:ident, $rows:tt, $k1:literal, $k3:literal) => {
        listed_complex!(
            $multiply $multiply_by ([f64; 2]), side: "4", shift: "4", rows: $rows, store: $k3,
            loads: ["0, 1, 0, 1", "2, 3, 2, 3"],
            turn: turn_16!(),
            real: "pd", swap: "0x55", parts: ("vmovddup zmm24, zmm28", "vpermilpd zmm25, zmm28, 0xFF"),
            signs: "vbroadcastf64x2 zmm26, [rdx]\nvbroadcastf64x2 zmm27, [rdx + 16]",
            x: [
                concat!(r"vmovupd zmm\low", $k1, ", [rcx + rdx]"),
                concat!(r"vmovupd zmm\high", $k1, ", [rcx + rsi]")
            ],
            y: [concat!("vmovupd zmm28", $k1, ", [r12 + r10]")] [concat!("vmovupd zmm28", $k1, ", [r12 + r11]")],
            by: ["vbroadcastf64x2 zmm28, [r12 + r10]"] [
                "vbroadcastf64x2 zmm28, [r12 + r11]",
                parts!("vmovddup zmm24, zmm28", "vpermilpd zmm25, zmm28, 0xFF")
            ]
        );
    };
}
listed_c64!(multiply_c64 multiply_by_c64, [(0, 16) (1, 17) (2, 18) (3, 19)], "", "");
listed_c64!(
    masked_c64 masked_by_c64, [(3, 19) (2, 18) (1, 17) (0, 16)], "{{k1}}{{z}}", "{{k3}}"
);
pub(in crate::stream) const PRODUCTS_C64: ListedProducts<[f64; 2]> = ListedProducts {
    multiply: multiply_c64,
    multiply_by: multiply_by_c64,
    masked: [masked_c64, masked_by_c64],
    far: None,
};

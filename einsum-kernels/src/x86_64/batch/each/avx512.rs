//! With AVX-512, for vectors of 64 bytes and shorter ones. `k1` has the lanes.
//!
//! Vector 0 holds X, 1 X with its parts exchanged if complex, 2 an element in all lanes, 3 a product of integers; 10 to 17 the sums, and the second ones of
//! complex numbers 20 to 23; 30 and 31 the signs.

use crate::batch::EachArguments;
use crate::x86_64::INTEGER;
use crate::x86_64::text::{arithmetic, no_arithmetic};

/// Writes the kernels for vectors `$v`.
macro_rules! avx512 {
    ($name:ident, $v:literal, $bytes:tt) => {
        /// # Safety
        ///
        /// As [`Each`](crate::batch::Each).
        #[inline(never)]
        pub(in super::super) unsafe extern "sysv64" fn $name<
            const ELEMENT: usize,
            const COLUMNS: usize,
            const COMPLEX: usize,
        >(
            arguments: &EachArguments,
        ) {
            crate::assembly!(
                "rdi" = &raw const *arguments;
                ".set ELEMENT, {element} & {bytes}",
                ".set INTEGER, {element} & {integer}",
                ".set COLUMNS, {columns}",
                ".set COMPLEX, {complex}",
                arithmetic!(),
                ".macro begin",
                "kmovw k1, word ptr [rdi + 96]",
                ".if COMPLEX",
                ".if ELEMENT == 4",
                concat!("vpbroadcastq ", $v, "30, qword ptr [rdi + 128]"),
                concat!("vpbroadcastq ", $v, "31, qword ptr [rdi + 144]"),
                concat!(".elseif ", $bytes, " == 16"),
                "vmovupd xmm30, [rdi + 128]",
                "vmovupd xmm31, [rdi + 144]",
                ".else",
                concat!(pair!($bytes), " ", $v, "30, xmmword ptr [rdi + 128]"),
                concat!(pair!($bytes), " ", $v, "31, xmmword ptr [rdi + 144]"),
                ".endif",
                ".endif",
                ".endm",
                ".macro clear j, at",
                concat!("vpxord ", $v, r"1\j, ", $v, r"1\j, ", $v, r"1\j"),
                ".if COMPLEX",
                concat!("vpxord ", $v, r"2\j, ", $v, r"2\j, ", $v, r"2\j"),
                ".endif",
                ".endm",
                ".macro load",
                concat!("f vmovup, ", $v, "0, [r9]"),
                "flip",
                ".endm",
                ".macro load_masked",
                concat!("f vmovup, ", $v, "0 {{k1}}{{z}}, [r9]"),
                "flip",
                ".endm",
                ".macro flip",
                ".if COMPLEX",
                ".if ELEMENT == 4",
                concat!("vpermilps ", $v, "1, ", $v, "0, 0xB1"),
                ".else",
                concat!("vpermilpd ", $v, "1, ", $v, "0, 0x55"),
                ".endif",
                ".endif",
                ".endm",
                // A mask takes time of the units that multiply, on some processors.
                ".macro steps",
                ".if INTEGER == 0",
                concat!("cmp dword ptr [rdi + 96], (1 << (", $bytes, " / ELEMENT)) - 1"),
                "je 31f",
                "steps_by load_masked, fetch_x",
                "jmp 32f",
                "31:",
                "steps_by load, fetch_x",
                "32:",
                ".else",
                "steps_by load_masked, fetch_x",
                ".endif",
                ".endm",
                ".macro multiply j, at",
                ".if ELEMENT == 4",
                concat!("fma ", $v, r"1\j, ", $v, "3, ", $v, r"0, dword ptr [\at]", lanes!($bytes 4)),
                ".else",
                concat!("fma ", $v, r"1\j, ", $v, "3, ", $v, r"0, qword ptr [\at]", lanes!($bytes 8)),
                ".endif",
                ".if COMPLEX && ELEMENT == 4",
                concat!("vfmadd231ps ", $v, r"2\j, ", $v, r"1, dword ptr [\at + 4]", lanes!($bytes 4)),
                ".elseif COMPLEX",
                concat!("vfmadd231pd ", $v, r"2\j, ", $v, r"1, qword ptr [\at + 8]", lanes!($bytes 8)),
                ".endif",
                ".endm",
                ".macro factor place",
                ".if ELEMENT == 4",
                concat!("vbroadcastss ", $v, r"2, dword ptr \place"),
                ".else",
                concat!("vpbroadcastq ", $v, r"2, qword ptr \place"),
                ".endif",
                ".endm",
                ".macro scale j, at",
                concat!("product ", $v, r"1\j, ", $v, r"1\j, ", $v, "2"),
                ".endm",
                ".macro add_old j, at",
                concat!("fma_masked k1, ", $v, r"1\j, ", $v, "3, ", $v, r"2, [\at]"),
                ".endm",
                ".macro store j, at",
                ".if COMPLEX",
                concat!("vpxord ", $v, r"1\j, ", $v, r"1\j, ", $v, "30"),
                concat!("vpxord ", $v, r"2\j, ", $v, r"2\j, ", $v, "31"),
                concat!("f vaddp, ", $v, r"1\j, ", $v, r"1\j, ", $v, r"2\j"),
                ".endif",
                concat!(r"f vmovup, [\at] {{k1}}, ", $v, r"1\j"),
                ".endm",
                ".macro expects",
                ".endm",
                ".macro stores",
                "in_c store",
                ".endm",
                body!(),
                ".purgem load_masked",
                ".purgem flip",
                no_arithmetic!(),
                element = const ELEMENT,
                bytes = const INTEGER - 1,
                integer = const INTEGER,
                columns = const COLUMNS,
                complex = const COMPLEX,
            );
        }
    };
}

macro_rules! lanes {
    (64 4) => {
        "{{1to16}}"
    };
    (64 8) => {
        "{{1to8}}"
    };
    (32 4) => {
        "{{1to8}}"
    };
    (32 8) => {
        "{{1to4}}"
    };
    (16 4) => {
        "{{1to4}}"
    };
    (16 8) => {
        "{{1to2}}"
    };
}

macro_rules! pair {
    (64) => {
        "vbroadcastf64x2"
    };
    (32) => {
        "vbroadcastf64x2"
    };
    // Never assembled.
    (16) => {
        "vmovupd"
    };
}

avx512!(of_64, "zmm", 64);
avx512!(of_32, "ymm", 32);
avx512!(of_16, "xmm", 16);

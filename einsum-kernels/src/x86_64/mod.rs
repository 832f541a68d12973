//! The micro-kernels of [`table`](super::table) for x86-64: functions of nothing but assembly, so that they are as fast in debug builds.
//!
//! One generic function a level, `avx512::sweep` and `avx2::sweep`, is instantiated for every element size, number
//! of vectors and columns, and kind.

use core::mem::offset_of;

use super::table::{Arguments, ColumnEntry, KernelSet, StepEntry, VectorEntry};

mod avx2;
mod avx512;
pub mod batch;
pub mod channels;
mod even;
mod long;
pub mod packing;
pub mod positions;
mod rotate;
pub mod rows;
mod sums;
pub mod taps;
mod text;
pub mod tiny;

/// Kinds of kernels: elements of Y are broadcast; lanes that do not exist are left alone.
const MASKED: usize = 0;

/// Vectors of Y are read; masked.
const LANES: usize = 1;

/// As [`MASKED`], but C is written with stores that bypass the caches, and all lanes exist.
const STREAMING: usize = 2;

/// As [`MASKED`], but all lanes exist.
const UNMASKED: usize = 3;

/// As [`MASKED`], for 1 or 2 vectors, but every column is a pair.
const PAIRED: usize = 4;

/// As [`UNMASKED`], for panels of X.
const PANEL: usize = 5;

/// Likewise, if steps are adjacent in Y.
const ADJACENT: usize = 6;

/// Likewise, if a step of Y is as long as the most columns of a tile.
const COPIED: usize = 7;

/// Added to a kind, for 2 vectors of AVX-512: an element of Y is broadcast as part of every multiplication.
const IN_PLACE: usize = 8;

/// Added to the size of an element: elements are integers, whose products and sums wrap.
const INTEGER: usize = 16;

/// Lists kernels by vectors, each with a kind, and columns.
macro_rules! rows {
    ($level:ident, $element:literal, [$($vectors:literal $kind:expr),*]) => {
        &[$([
            $level::sweep::<$element, $vectors, 1, { $kind }>,
            $level::sweep::<$element, $vectors, 2, { $kind }>,
            $level::sweep::<$element, $vectors, 3, { $kind }>,
            $level::sweep::<$element, $vectors, 4, { $kind }>,
            $level::sweep::<$element, $vectors, 5, { $kind }>,
            $level::sweep::<$element, $vectors, 6, { $kind }>,
        ]),*]
    };
    ($level:ident, $element:literal, $kind:expr, [$($vectors:literal)*]) => {
        rows!($level, $element, [$($vectors $kind),*])
    };
}

/// Lists kernels by columns, at equal distances.
macro_rules! even {
    ($element:literal, $vectors:literal) => {
        [
            even::sweep::<$element, $vectors, 1>,
            even::sweep::<$element, $vectors, 2>,
            even::sweep::<$element, $vectors, 3>,
            even::sweep::<$element, $vectors, 4>,
            even::sweep::<$element, $vectors, 5>,
            even::sweep::<$element, $vectors, 6>,
            even::sweep::<$element, $vectors, 7>,
            even::sweep::<$element, $vectors, 8>,
        ]
    };
}

/// Lists kernels of one vector by columns, at equal distances.
macro_rules! long {
    ($element:literal, $($columns:literal)*) => {
        [$(long::sweep::<$element, $columns>),*]
    };
    ($element:literal) => {
        long!($element, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28)
    };
}

/// The kernels for AVX-512. `$pair`: the kind of those for 2 vectors; `$even`, `$long`: those for columns at equal distances;
/// `$panels`: those for panels.
macro_rules! avx512 {
    ($element:literal, $pair:expr, $even:expr, $long:expr, $panels:expr) => {
        KernelSet {
            element: $element,
            width: 64 / $element,
            broadcast: rows!(avx512, $element, [1 MASKED, 2 MASKED | $pair, 3 MASKED, 4 MASKED]),
            masked: rows!(avx512, $element, [1 MASKED, 2 MASKED | $pair, 3 MASKED, 4 MASKED]),
            lanes: rows!(avx512, $element, LANES, [1 2 3 4]),
            streaming: Some(rows!(
                avx512,
                $element,
                [1 STREAMING, 2 STREAMING | $pair, 3 STREAMING, 4 STREAMING]
            )),
            paired: Some(rows!(avx512, $element, [1 PAIRED, 2 PAIRED | $pair])),
            panels: $panels,
            even: $even,
            long: $long,
            rotate: rotate::rotate::<$element>,
            mask: |lanes| (1 << lanes) - 1,
        }
    };
}

macro_rules! sets {
    ($($avx512:ident $halved:ident $avx2:ident: $element:literal, $mask:ident;)*) => { $(
        pub static $avx512: KernelSet = avx512!(
            $element,
            0,
            Some(&[even!($element, 1), even!($element, 2), even!($element, 3)]),
            Some(&long!($element)),
            Some([
                rows!(avx512, $element, [1 MASKED, 2 MASKED, 3 PANEL, 4 PANEL]),
                rows!(avx512, $element, [1 MASKED, 2 MASKED, 3 ADJACENT, 4 ADJACENT]),
                rows!(avx512, $element, [1 MASKED, 2 MASKED, 3 COPIED, 4 COPIED]),
            ])
        );
        /// For processors that carry out a multiplication by halves.
        pub static $halved: KernelSet = avx512!($element, IN_PLACE, None, None, None);
        pub static $avx2: KernelSet = KernelSet {
            element: $element,
            width: 32 / $element,
            broadcast: rows!(avx2, $element, UNMASKED, [1 2]),
            masked: rows!(avx2, $element, MASKED, [1 2]),
            lanes: rows!(avx2, $element, LANES, [1 2]),
            streaming: None,
            paired: None,
            panels: None,
            even: None,
            long: None,
            rotate: rotate::rotate::<$element>,
            mask: $mask,
        };
    )* };
}
sets! {
    F32_AVX512 F32_AVX512_HALVED F32_AVX2: 4, address_of_mask_32;
    F64_AVX512 F64_AVX512_HALVED F64_AVX2: 8, address_of_mask_64;
}

macro_rules! integer_sets {
    ($($avx512:ident: $element:literal, $integer:literal;)*) => { $(
        pub static $avx512: KernelSet = KernelSet {
            element: $element,
            width: 64 / $element,
            broadcast: rows!(avx512, $integer, MASKED, [1 2 3 4]),
            masked: rows!(avx512, $integer, MASKED, [1 2 3 4]),
            lanes: rows!(avx512, $integer, LANES, [1 2 3 4]),
            streaming: None,
            paired: None,
            panels: None,
            even: None,
            long: None,
            rotate: rotate::rotate::<$element>,
            mask: |lanes| (1 << lanes) - 1,
        };
    )* };
}
integer_sets! {
    I32_AVX512: 4, 20;
    I64_AVX512: 8, 24;
}

/// For masked loads: lanes that exist, then as many that do not. A mask starts somewhere within.
static MASKS_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
static MASKS_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

/// Returns where the mask of so many of 8 lanes is.
pub fn address_of_mask_32(lanes: usize) -> usize {
    (&raw const MASKS_32[8 - lanes]).addr()
}

/// Returns where the mask of so many of 4 lanes is.
pub fn address_of_mask_64(lanes: usize) -> usize {
    (&raw const MASKS_64[4 - lanes]).addr()
}

// The assembly's numbers.
const _: () = {
    assert!(size_of::<VectorEntry>() == 24 && offset_of!(VectorEntry, x) == 0);
    assert!(offset_of!(VectorEntry, c) == 8 && offset_of!(VectorEntry, mask) == 16);
    assert!(size_of::<ColumnEntry>() == 16 && offset_of!(ColumnEntry, y) == 0);
    assert!(offset_of!(ColumnEntry, c) == 8);
    assert!(size_of::<StepEntry>() == 16 && offset_of!(StepEntry, x) == 0);
    assert!(offset_of!(StepEntry, y) == 8);
    assert!(offset_of!(Arguments, x) == 0 && offset_of!(Arguments, y) == 8);
    assert!(offset_of!(Arguments, c) == 16 && offset_of!(Arguments, vectors) == 24);
    assert!(offset_of!(Arguments, columns) == 32 && offset_of!(Arguments, steps) == 40);
    assert!(offset_of!(Arguments, steps_end) == 48 && offset_of!(Arguments, tiles) == 56);
    assert!(offset_of!(Arguments, finish) == 64 && offset_of!(Arguments, alpha) == 72);
    assert!(offset_of!(Arguments, beta) == 80 && offset_of!(Arguments, x_ahead) == 88);
    assert!(offset_of!(Arguments, y_ahead) == 96 && offset_of!(Arguments, y_ahead_step) == 104);
    assert!(offset_of!(Arguments, x_step) == 128 && offset_of!(Arguments, y_step) == 136);
    assert!(offset_of!(Arguments, y_apart) == 112 && offset_of!(Arguments, c_apart) == 120);
};

//! The kernels of [`batch`](crate::batch) for x86-64.

use core::mem::offset_of;

use crate::batch::{
    AlignedArguments, AlignedSet, BatchSet, DotsArguments, EachArguments, EachSet, LanesArguments,
    Narrow, PicksArguments, PicksSet, StepsArguments, StepsOf, Thin,
};

mod aligned;
mod dots;
mod each;
mod lanes;
mod narrow;
mod picks;
mod steps;
mod transpose;

const REAL: usize = 0;
const COMPLEX: usize = 1;
/// For [`lanes`]: all products have X in common.
const SHARED: usize = 2;

macro_rules! each {
    ($level:ident::$name:ident, $element:literal, $kind:ident: $($columns:literal)*) => {
        [$(each::$level::$name::<$element, $columns, $kind>),*]
    };
    ($level:ident::$name:ident, $bytes:literal, $element:literal) => {
        EachSet {
            bytes: $bytes,
            real: each!($level::$name, $element, REAL: 1 2 3 4 5 6 7 8),
            complex: each!($level::$name, $element, COMPLEX: 1 2 3 4),
        }
    };
}

macro_rules! tall {
    ($element:literal, $vectors:literal) => {
        [
            each::tall::each::<$element, $vectors, 1>,
            each::tall::each::<$element, $vectors, 2>,
            each::tall::each::<$element, $vectors, 3>,
            each::tall::each::<$element, $vectors, 4>,
            each::tall::each::<$element, $vectors, 5>,
            each::tall::each::<$element, $vectors, 6>,
            each::tall::each::<$element, $vectors, 7>,
            each::tall::each::<$element, $vectors, 8>,
        ]
    };
}

macro_rules! thin {
    ($element:literal: $($columns:literal $vectors:literal;)*) => {
        [$(Thin { vectors: $vectors, each: each::thin::each::<$element, $vectors, $columns> }),*]
    };
    // As many vectors as there are registers for, up to 6, but fewer where the sums of 8 do not wait for each other.
    ($element:literal) => { thin!($element: 1 6; 2 4; 3 6; 4 6; 5 4; 6 4; 7 3; 8 3;) };
}

macro_rules! steps {
    ($element:literal: $($columns:literal $rows:literal;)*) => {
        [$(StepsOf {
            rows: [$rows, 2, 1],
            kernels: [
                steps::avx512::<$element, $rows, $columns>,
                steps::avx512::<$element, 2, $columns>,
                steps::avx512::<$element, 1, $columns>,
            ],
        }),*]
    };
    // As many rows as there are registers for, up to 6.
    ($element:literal) => { steps!($element: 1 6; 2 6; 3 6; 4 6; 5 4; 6 4; 7 3; 8 3;) };
}

macro_rules! lanes {
    ($name:ident, $element:literal, $kind:expr) => {
        [
            lanes::$name::<$element, 1, { $kind }>,
            lanes::$name::<$element, 2, { $kind }>,
            lanes::$name::<$element, 3, { $kind }>,
            lanes::$name::<$element, 4, { $kind }>,
        ]
    };
}

macro_rules! aligned {
    ($level:ident, $element:literal, $summed:literal, $kind:ident: $($rows:literal)* by $columns:tt) => {
        &[$(aligned!(row $level, $element, $rows, $summed, $kind: $columns)),*]
    };
    (
        row $level:ident, $element:literal, $rows:literal, $summed:literal, $kind:ident:
        [$($columns:literal)*]
    ) => {
        &[$(aligned::$level::<$element, $rows, $columns, $summed, $kind>),*]
    };
    (avx512, $element:literal) => {
        AlignedSet {
            complex: [
                aligned!(avx512, $element, 0, COMPLEX: 1 2 3 4 by [1 2 3]),
                aligned!(avx512, $element, 1, COMPLEX: 1 2 3 4 by [1 2 3]),
            ],
            real: aligned!(avx512, $element, 1, REAL: 1 2 3 4 by [1 2 3]),
        }
    };
    (avx2, $element:literal) => {
        AlignedSet {
            complex: [
                aligned!(avx2, $element, 0, COMPLEX: 1 2 by [1 2]),
                aligned!(avx2, $element, 1, COMPLEX: 1 2 by [1 2]),
            ],
            // Tiles of as few sums would wait for what they read.
            real: &[],
        }
    };
}

macro_rules! picks {
    ($element:literal, $vectors:literal, $of_y:literal, $kind:ident: $($steps:literal)*) => {
        &[$(picks::avx512::<$element, $vectors, $of_y, $steps, $kind>),*]
    };
    ($element:literal, $complex:expr) => {
        PicksSet {
            unary: [
                picks!($element, 1, 0, REAL: 1 2 3 4 5 6 7 8),
                picks!($element, 2, 0, REAL: 1 2 3 4),
            ],
            binary: [
                [
                    picks!($element, 1, 1, REAL: 1 2 3 4 5 6 7 8),
                    picks!($element, 1, 2, REAL: 1 2 3 4 5 6 7 8),
                ],
                [picks!($element, 2, 1, REAL: 1 2 3 4), picks!($element, 2, 2, REAL: 1 2 3 4)],
            ],
            complex: $complex,
        }
    };
    ($element:literal) => {
        picks!(
            $element,
            [
                [picks!($element, 1, 1, COMPLEX: 2 4 6 8), picks!($element, 1, 2, COMPLEX: 2 4 6 8)],
                [picks!($element, 2, 1, COMPLEX: 2 4), picks!($element, 2, 2, COMPLEX: 2 4)],
            ]
        )
    };
}

/// The kernels for AVX-512.
macro_rules! avx512 {
    ($element:literal, $tall:expr, $thin:expr) => {
        BatchSet {
            each: &[
                each!(avx512::of_16, 16, $element),
                each!(avx512::of_32, 32, $element),
                each!(avx512::of_64, 64, $element),
            ],
            tall: $tall,
            thin: $thin,
            real: lanes!(avx512, $element, REAL),
            complex: lanes!(avx512, $element, COMPLEX),
            real_shared: lanes!(avx512, $element, SHARED),
            complex_shared: lanes!(avx512, $element, COMPLEX | SHARED),
            transpose: transpose::transpose::<$element>,
            narrow: Some(Narrow {
                pack: narrow::pack::<$element>,
                unpack: narrow::unpack::<$element>,
            }),
            dots: Some(dots::avx512::<$element>),
            aligned: Some(aligned!(avx512, $element)),
            steps: Some(steps!($element)),
            picks: Some(&picks!($element)),
        }
    };
}

macro_rules! sets {
    ($($avx512:ident $halved:ident $avx2:ident: $element:literal;)*) => { $(
        pub static $avx512: BatchSet =
            avx512!($element, Some([tall!($element, 2), tall!($element, 3)]), Some(thin!($element)));
        /// For processors that carry out a multiplication by halves.
        pub static $halved: BatchSet = avx512!($element, None, None);
        pub static $avx2: BatchSet = BatchSet {
            each: &[each!(avx2::each, 32, $element)],
            tall: None,
            thin: None,
            real: lanes!(avx2, $element, REAL),
            complex: lanes!(avx2, $element, COMPLEX),
            real_shared: lanes!(avx2, $element, SHARED),
            complex_shared: lanes!(avx2, $element, COMPLEX | SHARED),
            transpose: transpose::transpose::<$element>,
            narrow: None,
            dots: None,
            aligned: Some(aligned!(avx2, $element)),
            steps: None,
            picks: None,
        };
    )* };
}
sets! {
    F32_AVX512 F32_AVX512_HALVED F32_AVX2: 4;
    F64_AVX512 F64_AVX512_HALVED F64_AVX2: 8;
}

/// Kernels of integers. There are no complex ones: those for real numbers are in their places.
macro_rules! integer_each {
    ($name:ident, $bytes:literal, $integer:literal) => {
        EachSet {
            bytes: $bytes,
            real: each!(avx512::$name, $integer, REAL: 1 2 3 4 5 6 7 8),
            complex: each!(avx512::$name, $integer, REAL: 1 2 3 4),
        }
    };
}

macro_rules! integer_sets {
    ($($avx512:ident: $element:literal, $integer:literal;)*) => { $(
        pub static $avx512: BatchSet = BatchSet {
            each: &[
                integer_each!(of_16, 16, $integer),
                integer_each!(of_32, 32, $integer),
                integer_each!(of_64, 64, $integer),
            ],
            tall: None,
            thin: None,
            real: lanes!(avx512, $integer, REAL),
            complex: lanes!(avx512, $integer, REAL),
            real_shared: lanes!(avx512, $integer, SHARED),
            complex_shared: lanes!(avx512, $integer, SHARED),
            transpose: transpose::transpose::<$element>,
            narrow: Some(Narrow {
                pack: narrow::pack::<$element>,
                unpack: narrow::unpack::<$element>,
            }),
            dots: None,
            aligned: None,
            steps: None,
            picks: Some(&picks!($integer, [[&[]; 2]; 2])),
        };
    )* };
}
integer_sets! {
    I32_AVX512: 4, 20;
    I64_AVX512: 8, 24;
}

// The assembly's numbers.
const _: () = {
    assert!(offset_of!(EachArguments, x) == 0 && offset_of!(EachArguments, y) == 8);
    assert!(offset_of!(EachArguments, c) == 16 && offset_of!(EachArguments, products) == 24);
    assert!(offset_of!(EachArguments, steps) == 32 && offset_of!(EachArguments, x_product) == 40);
    assert!(offset_of!(EachArguments, y_product) == 48);
    assert!(offset_of!(EachArguments, c_product) == 56 && offset_of!(EachArguments, x_step) == 64);
    assert!(offset_of!(EachArguments, y_step) == 72 && offset_of!(EachArguments, y_column) == 80);
    assert!(offset_of!(EachArguments, c_column) == 88 && offset_of!(EachArguments, mask) == 96);
    assert!(offset_of!(EachArguments, finish) == 104 && offset_of!(EachArguments, alpha) == 112);
    assert!(offset_of!(EachArguments, beta) == 120 && offset_of!(EachArguments, signs) == 128);
    assert!(offset_of!(EachArguments, x_ahead) == 160);
    assert!(offset_of!(EachArguments, y_ahead) == 168);
    assert!(offset_of!(EachArguments, ahead_step) == 176);
    assert!(offset_of!(EachArguments, y_ahead_end) == 184);
    assert!(offset_of!(AlignedArguments, x) == 0 && offset_of!(AlignedArguments, y) == 8);
    assert!(offset_of!(AlignedArguments, c) == 16 && offset_of!(AlignedArguments, vectors) == 24);
    assert!(offset_of!(AlignedArguments, steps) == 32);
    assert!(offset_of!(AlignedArguments, x_row) == 40);
    assert!(offset_of!(AlignedArguments, y_column) == 48);
    assert!(offset_of!(AlignedArguments, x_step) == 56);
    assert!(offset_of!(AlignedArguments, y_step) == 64);
    assert!(offset_of!(AlignedArguments, c_row) == 72);
    assert!(offset_of!(AlignedArguments, c_column) == 80);
    assert!(offset_of!(AlignedArguments, last_mask) == 88);
    assert!(offset_of!(AlignedArguments, signs) == 96);
    assert!(offset_of!(StepsArguments, x) == 0 && offset_of!(StepsArguments, y) == 8);
    assert!(offset_of!(StepsArguments, c) == 16 && offset_of!(StepsArguments, tiles) == 24);
    assert!(offset_of!(StepsArguments, steps) == 32 && offset_of!(StepsArguments, x_tile) == 40);
    assert!(offset_of!(StepsArguments, x_row) == 48 && offset_of!(StepsArguments, y_step) == 56);
    assert!(offset_of!(StepsArguments, c_column) == 64 && offset_of!(StepsArguments, head) == 72);
    assert!(offset_of!(StepsArguments, rest) == 80 && offset_of!(StepsArguments, adds) == 88);
    assert!(offset_of!(StepsArguments, x_ahead) == 96 && offset_of!(StepsArguments, turn) == 104);
    assert!(offset_of!(DotsArguments, x) == 0 && offset_of!(DotsArguments, y) == 8);
    assert!(offset_of!(DotsArguments, c) == 16 && offset_of!(DotsArguments, products) == 24);
    assert!(offset_of!(DotsArguments, rows) == 32 && offset_of!(DotsArguments, whole) == 40);
    assert!(offset_of!(DotsArguments, mask) == 48 && offset_of!(DotsArguments, alpha) == 56);
    assert!(offset_of!(DotsArguments, x_product) == 64);
    assert!(offset_of!(DotsArguments, y_product) == 72);
    assert!(offset_of!(DotsArguments, c_product) == 80 && offset_of!(DotsArguments, x_row) == 88);
    assert!(offset_of!(PicksArguments, x) == 0 && offset_of!(PicksArguments, y) == 8);
    assert!(offset_of!(PicksArguments, c) == 16 && offset_of!(PicksArguments, blocks) == 24);
    assert!(offset_of!(PicksArguments, x_block) == 32);
    assert!(offset_of!(PicksArguments, y_block) == 40);
    assert!(offset_of!(PicksArguments, c_block) == 48);
    assert!(offset_of!(PicksArguments, x_masks) == 56);
    assert!(offset_of!(PicksArguments, y_masks) == 72);
    assert!(offset_of!(PicksArguments, c_masks) == 88);
    assert!(offset_of!(PicksArguments, alpha) == 104);
    assert!(offset_of!(PicksArguments, lanes) == 112 && offset_of!(PicksArguments, adds) == 120);
    assert!(offset_of!(PicksArguments, signs) == 128);
    assert!(offset_of!(LanesArguments, x) == 0 && offset_of!(LanesArguments, y) == 8);
    assert!(offset_of!(LanesArguments, c) == 16 && offset_of!(LanesArguments, vectors) == 24);
    assert!(offset_of!(LanesArguments, steps) == 32 && offset_of!(LanesArguments, columns) == 40);
    assert!(offset_of!(LanesArguments, x_row) == 48 && offset_of!(LanesArguments, c_row) == 56);
    assert!(offset_of!(LanesArguments, x_step) == 64 && offset_of!(LanesArguments, y_step) == 72);
    assert!(offset_of!(LanesArguments, y_column) == 80);
    assert!(offset_of!(LanesArguments, c_column) == 88);
    assert!(offset_of!(LanesArguments, last_mask) == 96);
    assert!(offset_of!(LanesArguments, alpha) == 104 && offset_of!(LanesArguments, x_part) == 112);
    assert!(offset_of!(LanesArguments, y_part) == 120 && offset_of!(LanesArguments, c_part) == 128);
    assert!(offset_of!(LanesArguments, signs) == 136);
};

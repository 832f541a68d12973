//! Every kernel of every level against one multiplication at a time: all tiles, all masks, all ways into C, on
//! integer-valued data with exact equality. What must not be read is NaN, and what must not be written is watched.

use super::*;
use crate::guarded::Guarded;
use crate::kernel::level::{Level, halves_vectors, on_every_level};
use crate::kernel::plain;

trait Number: Copy + PartialEq + core::fmt::Debug {
    fn of(value: i32) -> Self;
    fn nan() -> Self;
    fn is_nan(self) -> bool;
    fn add_product(self, x: Self, y: Self) -> Self;
    fn bits(self) -> u64;
}

macro_rules! number {
    ($($float:ident)*) => { $(
        impl Number for $float {
            fn of(value: i32) -> Self {
                value as $float
            }
            fn nan() -> Self {
                $float::NAN
            }
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            fn add_product(self, x: Self, y: Self) -> Self {
                self + x * y
            }
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
        }
    )* };
}
number!(f32 f64);

macro_rules! integer {
    ($($integer:ident: $bits:ident),*) => { $(
        impl Number for $integer {
            /// Large, so that products wrap.
            fn of(value: i32) -> Self {
                (value as $integer).wrapping_mul($integer::MAX / 5)
            }
            fn nan() -> Self {
                $integer::MIN + 77
            }
            fn is_nan(self) -> bool {
                self == Self::nan()
            }
            fn add_product(self, x: Self, y: Self) -> Self {
                self.wrapping_add(x.wrapping_mul(y))
            }
            fn bits(self) -> u64 {
                u64::from(self as $bits)
            }
        }
    )* };
}
integer!(i32: u32, i64: u64);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Broadcast,
    Masked,
    Lanes,
    Streaming,
    /// On panels, with steps that lie anyhow in Y, are adjacent, or copied.
    Panels(usize),
    /// As masked, with steps that are known to be adjacent in Y.
    Adjacent,
    Paired,
    Even,
    Long,
}

pub(crate) fn sets(level: Level) -> [&'static KernelSet; 2] {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            use crate::kernel::x86_64::{
                F32_AVX512, F32_AVX512_HALVED, F64_AVX512, F64_AVX512_HALVED,
            };
            if halves_vectors() {
                [&F32_AVX512_HALVED, &F64_AVX512_HALVED]
            } else {
                [&F32_AVX512, &F64_AVX512]
            }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => {
            use crate::kernel::x86_64::{F32_AVX2, F64_AVX2};
            [&F32_AVX2, &F64_AVX2]
        }
        _ => [&plain::F32, &plain::F64],
    }
}

/// A fixed sequence of small integers.
fn small(seed: usize) -> i32 {
    (seed.wrapping_mul(2_654_435_761) >> 7 & 7) as i32 - 3
}

#[derive(Clone, Copy, Debug)]
struct Tile {
    kind: Kind,
    vectors: usize,
    columns: usize,
    tiles: usize,
    steps: usize,
    /// The lanes of each vector that exist.
    lanes: [usize; 4],
    finish: usize,
}

/// The steps between the first elements of vectors, columns, and steps, in elements: room for a vector, without gaps.
struct Strides {
    vector: usize,
    column: usize,
    step: usize,
}

/// Checks a kernel that fetches X ahead, and does not.
fn check<T: Number>(set: &KernelSet, tile: Tile) {
    for x_ahead in [0, 64] {
        check_ahead::<T>(set, tile, x_ahead);
    }
}

fn check_ahead<T: Number>(set: &KernelSet, tile: Tile, x_ahead: isize) {
    let Tile { kind, vectors, columns, tiles, steps, lanes, finish } = tile;
    let (width, of_table) = (set.width, columns * tiles);
    // A column of the table stands for itself and for one behind all of them.
    let n = if kind == Kind::Paired { 2 * of_table } else { of_table };
    let x_strides = Strides { vector: width, column: 0, step: vectors * width + 1 };
    let y_strides = match kind {
        Kind::Panels(1) | Kind::Adjacent => Strides { vector: 0, column: steps + width, step: 1 },
        Kind::Panels(2) => Strides { vector: 0, column: steps * COLUMNS + 1, step: COLUMNS },
        _ => Strides { vector: 0, column: width + 1, step: n * (width + 1) + 2 },
    };
    let c_strides = Strides { vector: width, column: vectors * width, step: 0 };
    // Broadcasting kernels read one element of Y, the others as many lanes as the first vector has.
    let y_lanes = if kind == Kind::Lanes { lanes[0] } else { 1 };
    let mut x = vec![T::nan(); x_strides.step * steps + width];
    let mut y = vec![T::nan(); y_strides.step * steps + y_strides.column * n + width];
    for k in 0..steps {
        for (i, &lanes) in lanes[..vectors].iter().enumerate() {
            for l in 0..lanes {
                let at = i * x_strides.vector + k * x_strides.step + l;
                x[at] = T::of(small(at));
            }
        }
        for j in 0..n {
            for l in 0..y_lanes {
                let at = j * y_strides.column + k * y_strides.step + l;
                y[at] = T::of(small(at + 5));
            }
        }
    }
    // Nothing can be read behind the last element that exists.
    let end = |memory: &[T]| memory.iter().rposition(|x| !x.is_nan()).map_or(0, |last| last + 1);
    let (x, y) = (Guarded::of(&x[..end(&x)]), Guarded::of(&y[..end(&y)]));
    // Aligned for streaming stores: vectors are at multiples of their size from the first aligned one.
    let mut memory = vec![T::nan(); vectors * width * n + 2 * width];
    let first = memory.as_ptr().align_offset(width * set.element);
    for (at, c) in memory.iter_mut().enumerate() {
        if finish & ADD != 0 {
            *c = T::of(small(at + 11));
        }
    }
    let (alpha, beta) = (T::of(3), T::of(-2));
    let mut expected = memory.clone();
    for j in 0..n {
        for (i, &lanes) in lanes[..vectors].iter().enumerate() {
            for l in 0..lanes {
                let mut sum = T::of(0);
                for k in 0..steps {
                    let y_lane = if kind == Kind::Lanes { l } else { 0 };
                    let x = x[i * x_strides.vector + k * x_strides.step + l];
                    sum = sum.add_product(x, y[j * y_strides.column + k * y_strides.step + y_lane]);
                }
                let c = &mut expected[first + i * c_strides.vector + j * c_strides.column + l];
                let scaled =
                    if finish & SCALE != 0 { T::of(0).add_product(alpha, sum) } else { sum };
                *c = if finish & ADD != 0 { scaled.add_product(beta, *c) } else { scaled };
            }
        }
    }

    let bytes = |elements: usize| (elements * set.element).cast_signed();
    let vector_table: Vec<VectorEntry> = (0..vectors)
        .map(|i| VectorEntry {
            x: bytes(i * x_strides.vector),
            c: bytes(i * c_strides.vector),
            mask: (set.mask)(lanes[i]),
        })
        .collect();
    let column_table: Vec<ColumnEntry> = (0..of_table)
        .map(|j| ColumnEntry { y: bytes(j * y_strides.column), c: bytes(j * c_strides.column) })
        .collect();
    let step_table: Vec<StepEntry> = (0..steps)
        .map(|k| StepEntry { x: bytes(k * x_strides.step), y: bytes(k * y_strides.step) })
        .collect();
    let apart = if matches!(kind, Kind::Even | Kind::Long) { 1 } else { of_table };
    let mut arguments = Arguments {
        x: x.as_ptr().cast(),
        y: y.as_ptr().cast(),
        c: memory[first..].as_mut_ptr().cast(),
        vectors: vector_table.as_ptr(),
        columns: column_table.as_ptr(),
        steps: step_table.as_ptr(),
        steps_end: step_table.as_ptr_range().end,
        tiles,
        finish,
        alpha: alpha.bits(),
        beta: beta.bits(),
        x_ahead,
        y_ahead: -64,
        y_ahead_step: 8,
        y_apart: bytes(apart * y_strides.column),
        c_apart: bytes(apart * c_strides.column),
        x_step: bytes(x_strides.step),
        y_step: if kind == Kind::Adjacent { bytes(1) } else { 0 },
    };
    let kernel = match kind {
        Kind::Broadcast => set.broadcast[vectors - 1][columns - 1],
        Kind::Masked | Kind::Adjacent => set.masked[vectors - 1][columns - 1],
        Kind::Lanes => set.lanes[vectors - 1][columns - 1],
        Kind::Streaming => {
            set.streaming.expect("the caller has checked that")[vectors - 1][columns - 1]
        }
        Kind::Panels(of_y) => {
            set.panels.expect("the caller has checked that")[of_y][vectors - 1][columns - 1]
        }
        Kind::Paired => set.paired.expect("the caller has checked that")[vectors - 1][columns - 1],
        Kind::Even => set.even.expect("the caller has checked that")[vectors - 1][columns - 1],
        Kind::Long => set.long.expect("the caller has checked that")[columns - 1],
    };
    // SAFETY: the level is this machine's, and the tables stay inside the vectors.
    unsafe { kernel(&raw mut arguments) };
    let same = |(a, b): (&T, &T)| a == b || (a.is_nan() && b.is_nan());
    assert!(memory.iter().zip(&expected).all(same), "{width} x {}: {tile:?}", set.element);
    assert_eq!((arguments.tiles, arguments.columns), (0, column_table.as_ptr_range().end));
}

fn check_set<T: Number>(set: &KernelSet) {
    let width = set.width;
    for vectors in 1..=set.broadcast.len() {
        let most = if vectors == 1 { LONG_COLUMNS } else { EVEN_COLUMNS };
        for columns in 1..=most {
            for tiles in [1, 2] {
                for steps in [0, 1, 2, 5, 11] {
                    for finish in [0, SCALE, ADD, SCALE | ADD] {
                        let lanes = [width; 4];
                        let kind = Kind::Broadcast;
                        check_tile::<T>(
                            set,
                            Tile { kind, vectors, columns, tiles, steps, lanes, finish },
                        );
                    }
                }
            }
        }
    }
}

/// Checks the kernels of a tile's size, whose vectors may lack lanes.
fn check_tile<T: Number>(set: &KernelSet, full: Tile) {
    let Tile { vectors, columns, finish, .. } = full;
    let width = set.width;
    let is_narrow = columns <= COLUMNS;
    if is_narrow {
        check::<T>(set, full);
        if finish == 0 && set.streaming.is_some() {
            check::<T>(set, Tile { kind: Kind::Streaming, ..full });
        }
        for of_y in 0..set.panels.map_or(0, |panels| panels.len()) {
            check::<T>(set, Tile { kind: Kind::Panels(of_y), ..full });
        }
    }
    for lanes in 1..=width {
        if is_narrow {
            check::<T>(set, Tile { kind: Kind::Lanes, lanes: [lanes; 4], ..full });
        }
        for partial in [0, vectors - 1] {
            let mut mixed = full.lanes;
            mixed[partial] = lanes;
            if is_narrow {
                check::<T>(set, Tile { kind: Kind::Masked, lanes: mixed, ..full });
                if set.panels.is_some() {
                    check::<T>(set, Tile { kind: Kind::Adjacent, lanes: mixed, ..full });
                }
            }
            if is_narrow && set.paired.is_some_and(|rows| vectors <= rows.len()) {
                check::<T>(set, Tile { kind: Kind::Paired, lanes: mixed, ..full });
            }
            let is_even = columns <= EVEN_COLUMNS;
            if is_even && set.even.is_some_and(|rows| vectors <= rows.len()) {
                check::<T>(set, Tile { kind: Kind::Even, lanes: mixed, ..full });
            }
            if vectors == 1 && set.long.is_some() {
                check::<T>(set, Tile { kind: Kind::Long, lanes: mixed, ..full });
            }
        }
    }
}

#[test]
fn kernels_of_f32() {
    on_every_level(|level| check_set::<f32>(sets(level)[0]));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn kernels_of_integers() {
    use crate::kernel::x86_64::{I32_AVX512, I64_AVX512};

    on_every_level(|level| {
        if level == Level::Avx512 {
            check_set::<i32>(&I32_AVX512);
            check_set::<i64>(&I64_AVX512);
        }
    });
}

#[test]
fn kernels_of_f64() {
    on_every_level(|level| check_set::<f64>(sets(level)[1]));
}

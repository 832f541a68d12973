//! The interface of the kernels for batches of small products: one call runs all products of a batch, or a block of it.
//!
//! ```text
//! C[b, i, j] (+)= Σ_k X[b, i, k] · Y[b, k, j]
//! ```
//!
//! Six ways to fill vectors: the lanes are rows i of one product ([`EachArguments`]); they are products b
//! ([`LanesArguments`]), for which arrays whose products are not adjacent are transposed ([`Transpose`]) into panels; they
//! are steps k of a matrix times a vector ([`DotsArguments`]), or times a few ([`StepsArguments`]); for complex numbers products or
//! steps that are adjacent in X and Y ([`AlignedArguments`]); or all elements of C ([`PicksArguments`]).
//!
//! All steps are in bytes, all extents 1 or more. The assembly knows the offsets of the fields, 8 bytes each.

/// One product after the other, or one tile of columns; the lanes are rows, adjacent in X and in C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct EachArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    pub products: usize,
    /// The extent of k.
    pub steps: usize,
    /// From one product to the next.
    pub x_product: isize,
    pub y_product: isize,
    pub c_product: isize,
    /// Along k.
    pub x_step: isize,
    pub y_step: isize,
    /// Along j.
    pub y_column: isize,
    pub c_column: isize,
    /// The lanes that exist, as [`KernelSet::mask`](super::table::KernelSet::mask) has it.
    pub mask: usize,
    /// As in [`Arguments`](super::table::Arguments); 0 for complex numbers.
    pub finish: usize,
    pub alpha: u64,
    pub beta: u64,
    /// For complex numbers, of which `(x.re y.re, x.im y.re)` and `(x.im y.im, x.re y.im)` are summed: the bits that change the
    /// signs of these sums. A pair of numbers each, twice if they have 4 bytes.
    pub signs: [[u64; 2]; 2],
    /// Every step, X is fetched into the caches at this distance: the processor does not foresee masked loads.
    pub x_ahead: isize,
    /// If not 0, for 2 or 3 vectors of real numbers, Y is fetched in its place: in the first step at this distance from where the
    /// product's Y starts, ...
    pub y_ahead: isize,
    /// ... and for these vectors this much further ahead every step; if X is, a step of X. If 0, a line of every column is fetched
    /// in turn, at that distance from where the step is, ...
    pub ahead_step: isize,
    /// ... until the distance is this one, as far from that as a tile has columns.
    pub y_ahead_end: isize,
    /// If not null, for 2 or 3 vectors of real numbers, more than 4 columns, and one product: where X is copied to, step by step, in
    /// whole vectors.
    pub keep: *mut u8,
}

/// Products side by side: every array has adjacent lanes, one a product.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LanesArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    /// The number of vectors that have all lanes.
    pub vectors: usize,
    /// The extents of k and of j.
    pub steps: usize,
    pub columns: usize,
    /// Along i.
    pub x_row: isize,
    pub c_row: isize,
    /// Along k.
    pub x_step: isize,
    pub y_step: isize,
    /// Along j.
    pub y_column: isize,
    pub c_column: isize,
    /// The lanes of one vector more, as [`KernelSet::mask`](super::table::KernelSet::mask) has it, or 0 if there is none.
    pub last_mask: usize,
    /// An element, in the lowest bytes, that sums are multiplied by; not for complex numbers.
    pub alpha: u64,
    /// For complex numbers: from real parts to imaginary parts.
    pub x_part: isize,
    pub y_part: isize,
    pub c_part: isize,
    /// For complex numbers: the signs of the imaginary parts of X and of Y, as numbers in the lowest bytes.
    pub signs: [u64; 2],
}

/// One matrix times a vector after the other; the lanes are steps, adjacent in X and in Y. Rows are adjacent in C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DotsArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    pub products: usize,
    pub rows: usize,
    /// The bytes of the steps before those of the last vector.
    pub whole: usize,
    /// The lanes of the last vector, one or more.
    pub mask: usize,
    /// An element, in the lowest bytes, that sums are multiplied by.
    pub alpha: u64,
    /// From one product to the next.
    pub x_product: isize,
    pub y_product: isize,
    pub c_product: isize,
    /// From one row to the next.
    pub x_row: isize,
}

/// A tile of products whose lanes are adjacent in X and in Y: steps, whose sum is one element of C for each row and column, or, of
/// complex numbers, products, which are adjacent in C as well.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct AlignedArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    /// The number of vectors that have all lanes.
    pub vectors: usize,
    /// The extent of k, but for the lanes.
    pub steps: usize,
    /// Along i and j.
    pub x_row: isize,
    pub y_column: isize,
    /// Along k.
    pub x_step: isize,
    pub y_step: isize,
    /// Along i and j.
    pub c_row: isize,
    pub c_column: isize,
    /// The lanes of one vector more, as [`KernelSet::mask`](super::table::KernelSet::mask) has it, or 0 if there is none.
    pub last_mask: usize,
    /// As in [`EachArguments`].
    pub signs: [[u64; 2]; 2],
}

/// Tiles of rows of a large matrix X times a few columns Y; the lanes are steps, adjacent in X, and packed in Y: the vectors of all
/// columns for one step follow each other. C gets the sums of every lane, a vector for each row of a column, side by side.
///
/// Before all whole vectors of steps there may be one with the last lanes only, and after them one with the first. Other lanes are
/// not read.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct StepsArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    pub tiles: usize,
    /// The whole vectors of steps.
    pub steps: usize,
    /// From one tile of rows to the next, and from row to row.
    pub x_tile: isize,
    pub x_row: isize,
    /// From one vector of steps to the next.
    pub y_step: isize,
    /// From column to column.
    pub c_column: isize,
    /// The lanes of the vector before, in the form of [`KernelSet::mask`](super::table::KernelSet::mask), or 0 if there is none.
    pub head: usize,
    /// Those of the vector after, or 0.
    pub rest: usize,
    /// Not 0 if sums are added to those in C.
    pub adds: usize,
    /// If not 0, X is fetched into the caches at this distance.
    pub x_ahead: isize,
    /// If not null, lanes change places at last: where each comes from, an integer of the size of an element.
    pub turn: *const u8,
}

/// Blocks of points for each of which every array has elements in at most two vectors; the lanes are elements of C. Y may be
/// missing, C is then a sum of elements of X. If there are products, and blocks do not step along C, the sums of all of them
/// are added to it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PicksArguments {
    pub x: *const u8,
    pub y: *const u8,
    pub c: *mut u8,
    pub blocks: usize,
    /// From one block to the next.
    pub x_block: isize,
    pub y_block: isize,
    pub c_block: isize,
    /// The lanes that exist of each array's two vectors, a bit each. Others are neither read nor written.
    pub x_masks: [usize; 2],
    pub y_masks: [usize; 2],
    pub c_masks: [usize; 2],
    /// An element, in the lowest bytes, that sums of products are multiplied by, if they are not added to C.
    pub alpha: u64,
    /// For every step and every vector of C: the lanes of X, and of Y, that its lanes are multiplied from. A lane is an integer
    /// of the size of an element, and those of the second vector follow those of the first.
    pub lanes: *const [u64; 8],
    /// Not 0 if sums are added to C.
    pub adds: usize,
    /// For complex numbers, of which each step is two, one for each part of X: the bits that change the signs of the products of real
    /// parts of X, and of imaginary ones, in the form of [`EachArguments`].
    pub signs: [[u64; 2]; 2],
}

/// A kernel that runs one product after the other.
///
/// # Safety
///
/// The processor has the kernel's level; X and Y can be read and C written, and read if `finish` adds, at all points of
/// the loops; elements of C are distinct and do not overlap X or Y.
pub type Each = unsafe extern "sysv64" fn(&EachArguments);

/// A kernel that runs products side by side.
///
/// # Safety
///
/// As [`Each`].
pub type Lanes = unsafe extern "sysv64" fn(&LanesArguments);

/// A kernel that runs one matrix times a vector after the other.
///
/// # Safety
///
/// As [`Each`].
pub type Dots = unsafe extern "sysv64" fn(&DotsArguments);

/// A kernel that runs a tile of products along lanes that X and Y have in common.
///
/// # Safety
///
/// As [`Each`].
pub type Aligned = unsafe extern "sysv64" fn(&AlignedArguments);

/// A kernel that runs tiles of rows.
///
/// # Safety
///
/// As [`Each`].
pub type Steps = unsafe extern "sysv64" fn(&StepsArguments);

/// A kernel that runs blocks of points.
///
/// # Safety
///
/// As [`Each`], for what the masks name. C can be read if sums are added to it. `lanes` has two vectors for every step and vector of C.
pub type Picks = unsafe extern "sysv64" fn(&PicksArguments);

/// `transpose(to, from, to_row, from_row, rows, columns)` copies `from[r][c]` to `to[c][r]`, where elements of a row are
/// adjacent.
///
/// # Safety
///
/// The processor has AVX2; all elements of `from` can be read, and of `to` written; these do not overlap.
pub type Transpose = unsafe extern "sysv64" fn(*mut u8, *const u8, isize, isize, usize, usize);

/// [`Transpose`] for vectors of products, of which the fifth argument is the number, and numbers of each, which the sixth
/// is: `pack` has products as rows of `from`, and `unpack` as columns.
#[derive(Clone, Copy)]
pub struct Narrow {
    pub pack: Transpose,
    pub unpack: Transpose,
}

/// The most columns of a call of [`Each`], for real and for complex numbers.
pub const COLUMNS: usize = 8;
pub const COMPLEX_COLUMNS: usize = 4;

/// The most steps times vectors of C of the kernels [`Picks`].
pub const PICKS: usize = 8;

/// The most rows of a call of [`Lanes`].
pub const ROWS: usize = 4;

/// Kernels for vectors of one size.
pub struct EachSet {
    /// The bytes of a vector.
    pub bytes: usize,
    /// By the number of columns, less one.
    pub real: [Each; COLUMNS],
    pub complex: [Each; COMPLEX_COLUMNS],
}

/// A kernel for whole vectors of real numbers, the mask is not looked at. Every line of X is fetched ahead, unless that is at a
/// distance of 0.
#[derive(Clone, Copy)]
pub struct Thin {
    /// The vectors of a product.
    pub vectors: usize,
    pub each: Each,
}

/// Kernels for tiles of rows, from many to 1.
#[derive(Clone, Copy)]
pub struct StepsOf {
    pub rows: [usize; 3],
    pub kernels: [Steps; 3],
}

/// Kernels by the number of vectors of C, that of vectors of Y, and that of steps, less one each. With two vectors of C there
/// are half as many steps, and of complex numbers as well.
pub struct PicksSet {
    pub unary: [&'static [Picks]; 2],
    pub binary: [[&'static [Picks]; 2]; 2],
    pub complex: [[&'static [Picks]; 2]; 2],
}

/// Kernels by the number of rows, and that of columns, less one each.
pub type AlignedOf = [&'static [Aligned]];

/// Kernels for lanes that X and Y have in common.
pub struct AlignedSet {
    /// With lanes that are products, and that are steps.
    pub complex: [&'static AlignedOf; 2],
    /// With lanes that are steps, if there are such kernels.
    pub real: &'static AlignedOf,
}

/// All kernels of one real element type and level.
pub struct BatchSet {
    /// By increasing size of vectors, the last that of the level.
    pub each: &'static [EachSet],
    /// For 2 and 3 of these vectors of real numbers, by the number of columns, less one; the mask is the last one's.
    pub tall: Option<[[Each; COLUMNS]; 2]>,
    /// For few columns of a large matrix, by the number of columns, less one.
    pub thin: Option<[Thin; COLUMNS]>,
    /// By the number of rows, less one.
    pub real: [Lanes; ROWS],
    pub complex: [Lanes; ROWS],
    /// For products that have X in common, from whose elements `x_row` and `x_step` lead to others.
    pub real_shared: [Lanes; ROWS],
    pub complex_shared: [Lanes; ROWS],
    pub transpose: Transpose,
    /// For whole vectors of products, if there are such.
    pub narrow: Option<Narrow>,
    pub dots: Option<Dots>,
    pub aligned: Option<AlignedSet>,
    /// By the number of columns, less one.
    pub steps: Option<[StepsOf; COLUMNS]>,
    pub picks: Option<&'static PicksSet>,
}

impl BatchSet {
    /// Returns the kernels with the smallest vectors of at least `bytes` bytes, which must not be more than the level's.
    #[inline]
    pub fn each_of(&self, bytes: usize) -> &EachSet {
        let mut i = 0;
        while self.each[i].bytes < bytes {
            i += 1;
        }
        &self.each[i]
    }
}

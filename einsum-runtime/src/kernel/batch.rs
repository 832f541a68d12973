//! The interface of the kernels for batches of small products: one call runs all products of a batch, or a block of it.
//!
//! ```text
//! C[b, i, j] (+)= Σ_k X[b, i, k] · Y[b, k, j]
//! ```
//!
//! Three ways to fill vectors: the lanes are rows i of one product ([`EachArguments`]); they are products b
//! ([`LanesArguments`]), for which arrays whose products are not adjacent are transposed ([`Transpose`]) into panels; or
//! they are steps k of a matrix times a vector ([`DotsArguments`]).
//!
//! All steps are in bytes, all extents 1 or more. The assembly knows the offsets of the fields, 8 bytes each.

/// One product after the other; the lanes are rows, adjacent in X and in C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EachArguments {
    pub(crate) x: *const u8,
    pub(crate) y: *const u8,
    pub(crate) c: *mut u8,
    pub(crate) products: usize,
    /// The extent of k.
    pub(crate) steps: usize,
    /// From one product to the next.
    pub(crate) x_product: isize,
    pub(crate) y_product: isize,
    pub(crate) c_product: isize,
    /// Along k.
    pub(crate) x_step: isize,
    pub(crate) y_step: isize,
    /// Along j.
    pub(crate) y_column: isize,
    pub(crate) c_column: isize,
    /// The lanes that exist, as [`KernelSet::mask`](super::table::KernelSet::mask) has it.
    pub(crate) mask: usize,
    /// As in [`Arguments`](super::table::Arguments); 0 for complex numbers.
    pub(crate) finish: usize,
    pub(crate) alpha: u64,
    pub(crate) beta: u64,
    /// For complex numbers, of which `(x.re y.re, x.im y.re)` and `(x.im y.im, x.re y.im)` are summed: the bits that change the
    /// signs of these sums. A pair of numbers each, twice if they have 4 bytes.
    pub(crate) signs: [[u64; 2]; 2],
    /// Every step, X is fetched into the caches at this distance: the processor does not foresee masked loads.
    pub(crate) x_ahead: isize,
}

/// Products side by side: every array has adjacent lanes, one a product.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct LanesArguments {
    pub(crate) x: *const u8,
    pub(crate) y: *const u8,
    pub(crate) c: *mut u8,
    /// The number of vectors that have all lanes.
    pub(crate) vectors: usize,
    /// The extents of k and of j.
    pub(crate) steps: usize,
    pub(crate) columns: usize,
    /// Along i.
    pub(crate) x_row: isize,
    pub(crate) c_row: isize,
    /// Along k.
    pub(crate) x_step: isize,
    pub(crate) y_step: isize,
    /// Along j.
    pub(crate) y_column: isize,
    pub(crate) c_column: isize,
    /// The lanes of one vector more, as [`KernelSet::mask`](super::table::KernelSet::mask) has it, or 0 if there is none.
    pub(crate) last_mask: usize,
    /// An element, in the lowest bytes, that sums are multiplied by; not for complex numbers.
    pub(crate) alpha: u64,
    /// For complex numbers: from real parts to imaginary parts.
    pub(crate) x_part: isize,
    pub(crate) y_part: isize,
    pub(crate) c_part: isize,
    /// For complex numbers: the signs of the imaginary parts of X and of Y, as numbers in the lowest bytes.
    pub(crate) signs: [u64; 2],
}

/// One matrix times a vector after the other; the lanes are steps, adjacent in X and in Y. Rows are adjacent in C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct DotsArguments {
    pub(crate) x: *const u8,
    pub(crate) y: *const u8,
    pub(crate) c: *mut u8,
    pub(crate) products: usize,
    pub(crate) rows: usize,
    /// The bytes of the steps before those of the last vector.
    pub(crate) whole: usize,
    /// The lanes of the last vector, one or more.
    pub(crate) mask: usize,
    /// An element, in the lowest bytes, that sums are multiplied by.
    pub(crate) alpha: u64,
    /// From one product to the next.
    pub(crate) x_product: isize,
    pub(crate) y_product: isize,
    pub(crate) c_product: isize,
    /// From one row to the next.
    pub(crate) x_row: isize,
}

/// A kernel that runs one product after the other.
///
/// # Safety
///
/// The processor has the kernel's level; X and Y can be read and C written, and read if `finish` adds, at all points of
/// the loops; elements of C are distinct and do not overlap X or Y.
pub(crate) type Each = unsafe extern "sysv64" fn(&EachArguments);

/// A kernel that runs products side by side.
///
/// # Safety
///
/// As [`Each`].
pub(crate) type Lanes = unsafe extern "sysv64" fn(&LanesArguments);

/// A kernel that runs one matrix times a vector after the other.
///
/// # Safety
///
/// As [`Each`].
pub(crate) type Dots = unsafe extern "sysv64" fn(&DotsArguments);

/// `transpose(to, from, to_row, from_row, rows, columns)` copies `from[r][c]` to `to[c][r]`, where elements of a row are
/// adjacent.
///
/// # Safety
///
/// The processor has AVX2; all elements of `from` can be read, and of `to` written; these do not overlap.
pub(crate) type Transpose =
    unsafe extern "sysv64" fn(*mut u8, *const u8, isize, isize, usize, usize);

/// [`Transpose`] for vectors of products, of which the fifth argument is the number, and numbers of each, which the sixth
/// is: `pack` has products as rows of `from`, and `unpack` as columns.
#[derive(Clone, Copy)]
pub(crate) struct Narrow {
    pub(crate) pack: Transpose,
    pub(crate) unpack: Transpose,
}

/// The most columns of a call of [`Each`], for real and for complex numbers.
pub(crate) const COLUMNS: usize = 8;
pub(crate) const COMPLEX_COLUMNS: usize = 4;

/// The most rows of a call of [`Lanes`].
pub(crate) const ROWS: usize = 4;

/// Kernels for vectors of one size.
pub(crate) struct EachSet {
    /// The bytes of a vector.
    pub(crate) bytes: usize,
    /// By the number of columns, less one.
    pub(crate) real: [Each; COLUMNS],
    pub(crate) complex: [Each; COMPLEX_COLUMNS],
}

/// All kernels of one real element type and level.
pub(crate) struct BatchSet {
    /// By increasing size of vectors, the last that of the level.
    pub(crate) each: &'static [EachSet],
    /// By the number of rows, less one.
    pub(crate) real: [Lanes; ROWS],
    pub(crate) complex: [Lanes; ROWS],
    /// For products that have X in common, from whose elements `x_row` and `x_step` lead to others.
    pub(crate) real_shared: [Lanes; ROWS],
    pub(crate) complex_shared: [Lanes; ROWS],
    pub(crate) transpose: Transpose,
    /// For whole vectors of products, if there are such.
    pub(crate) narrow: Option<Narrow>,
    pub(crate) dots: Option<Dots>,
}

impl BatchSet {
    /// Returns the kernels with the smallest vectors of at least `bytes` bytes, which must not be more than the level's.
    #[inline]
    pub(crate) fn each_of(&self, bytes: usize) -> &EachSet {
        let mut i = 0;
        while self.each[i].bytes < bytes {
            i += 1;
        }
        &self.each[i]
    }
}

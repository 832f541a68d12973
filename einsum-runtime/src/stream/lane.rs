//! The kernels of each type: [`Width`] moves elements whatever they mean, [`Lane`] computes.

use super::rows::{self, RowKernel};
use super::transpose::{ListedKernel, ListedProducts};
use super::{across, apart, double, down, halve, pick, strided, transpose, two, weave};
use crate::kernel::Mode;

/// Elements that kernels copy.
pub(super) trait Width: Copy + Sync {
    /// Copies rows, by numbers of this type each.
    const COPY: RowKernel<Self>;
    /// Fills rows with their first element, if there is such a kernel.
    const FILL: Option<RowKernel<Self>>;
    /// Transposes tiles from a side on, if there is such a kernel.
    const TRANSPOSE: Option<(RowKernel<Self>, usize)>;
    /// As [`TRANSPOSE`](Self::TRANSPOSE), in blocks whose sides are a line. It needs AVX-512.
    const TRANSPOSE_LINES: RowKernel<Self>;
    /// As [`TRANSPOSE_LINES`](Self::TRANSPOSE_LINES), of rows that are listed, in a cache and far away, if there are such kernels.
    const LISTED: Option<[ListedKernel<Self>; 2]>;
    /// Copies the whole lines of rows past the caches.
    const LEAVE: RowKernel<Self>;
    /// Copies what [`LEAVE`](Self::LEAVE) leaves out at the beginning of rows, and at their end. They need AVX-512.
    const LEAVE_ENDS: [RowKernel<Self>; 2];
    /// Copies rows of every other element, if there is such a kernel.
    const HALVE: Option<RowKernel<Self>>;
    /// Copies rows to every other element, if there is such a kernel. It needs AVX-512.
    const DOUBLE: Option<RowKernel<Self>>;
    /// Copies rows of elements at one of [`pick::STEPS`], if there is such a kernel. It needs AVX-512.
    const PICK: Option<RowKernel<Self>>;
    /// Interleaves rows, or takes them apart, for each of their [numbers](weave::COUNTS), if there are such kernels. They need
    /// AVX-512.
    const WEAVE: Option<[RowKernel<Self>; 6]>;
    /// Copies rows of elements at any steps.
    const STRIDED_COPY: RowKernel<Self>;
}

/// Real numbers that kernels compute with.
pub(super) trait Lane: Width {
    const ZERO: Self;
    const ONE: Self;
    /// Products of rows that are listed, on their way to an output in another order. They need AVX-512.
    const LISTED_PRODUCTS: ListedProducts<Self>;
    const MULTIPLY: RowKernel<Self>;
    const MULTIPLY_BY: RowKernel<Self>;
    const MULTIPLY_THREE: RowKernel<Self>;
    const MULTIPLY_TWO_BY: RowKernel<Self>;
    const MULTIPLY_BY_TWO: RowKernel<Self>;
    const SCALE: RowKernel<Self>;
    const BLEND: RowKernel<Self>;
    const STRIDED_MULTIPLY: RowKernel<Self>;
    const STRIDED_SCALE: RowKernel<Self>;
    const STRIDED_BLEND: RowKernel<Self>;
    /// Sums of elements that lie apart: assigned, scaled, and added to the scaled output.
    const SUM_APART: [RowKernel<Self>; 3];
    /// Kernels of sums: of one stream of rows, and of four.
    const SUM: [RowKernel<Self>; 2];
    /// Of rows of two sources that both come from memory in order.
    const DOT_AHEAD: RowKernel<Self>;
    const ADD: [RowKernel<Self>; 2];
    const DOT: [RowKernel<Self>; 2];
    /// Of one stream of rows, and of two, of sources that both come from memory.
    const DOT_OF_TWO: [RowKernel<Self>; 2];
    /// Of two streams of long rows. It needs AVX-512.
    const DOT_WIDE: RowKernel<Self>;
    const MULTIPLY_ADD: [RowKernel<Self>; 2];
    const SCALE_ADD: [RowKernel<Self>; 2];

    /// Returns the kernel that lets rows enter an output at steps of `step`, and its factors.
    fn kernel_to_put(step: isize, mode: Mode<Self>) -> (RowKernel<Self>, [Self; 2])
    where
        Self: PartialEq,
    {
        let adjacent = step == 1;
        match mode {
            Mode::Assign if adjacent => (Self::COPY, [Self::ONE; 2]),
            Mode::Assign => (Self::STRIDED_COPY, [Self::ONE; 2]),
            Mode::Scale { alpha, beta } => {
                let kernel = match (beta == Self::ZERO, adjacent) {
                    (true, true) => Self::SCALE,
                    (true, false) => Self::STRIDED_SCALE,
                    (false, true) => Self::BLEND,
                    (false, false) => Self::STRIDED_BLEND,
                };
                (kernel, [alpha, beta])
            }
        }
    }
}

macro_rules! lane {
    ($type:ident, $transpose:expr, $lines:path, $listed:expr, $products:path, $leave:path, $leave_ends:expr, $halve:path, $pick:path, $double:path) => {
        impl Width for $type {
            const COPY: RowKernel<Self> = rows::$type::copy;
            const FILL: Option<RowKernel<Self>> = Some(rows::$type::fill);
            const TRANSPOSE: Option<(RowKernel<Self>, usize)> = Some($transpose);
            const TRANSPOSE_LINES: RowKernel<Self> = $lines;
            const LISTED: Option<[ListedKernel<Self>; 2]> = Some($listed);
            const LEAVE: RowKernel<Self> = $leave;
            const LEAVE_ENDS: [RowKernel<Self>; 2] = $leave_ends;
            const HALVE: Option<RowKernel<Self>> = Some($halve);
            const PICK: Option<RowKernel<Self>> = Some($pick);
            const DOUBLE: Option<RowKernel<Self>> = Some($double);
            const WEAVE: Option<[RowKernel<Self>; 6]> = Some(weave::$type::KERNELS);
            const STRIDED_COPY: RowKernel<Self> = strided::$type::copy;
        }

        impl Lane for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LISTED_PRODUCTS: ListedProducts<Self> = $products;
            const MULTIPLY: RowKernel<Self> = rows::$type::multiply;
            const MULTIPLY_BY: RowKernel<Self> = rows::$type::multiply_by;
            const MULTIPLY_THREE: RowKernel<Self> = rows::$type::multiply_three;
            const MULTIPLY_TWO_BY: RowKernel<Self> = rows::$type::multiply_two_by;
            const MULTIPLY_BY_TWO: RowKernel<Self> = rows::$type::multiply_by_two;
            const SCALE: RowKernel<Self> = rows::$type::scale;
            const BLEND: RowKernel<Self> = rows::$type::blend;
            const STRIDED_MULTIPLY: RowKernel<Self> = strided::$type::multiply;
            const STRIDED_SCALE: RowKernel<Self> = strided::$type::scale;
            const STRIDED_BLEND: RowKernel<Self> = strided::$type::blend;
            const SUM_APART: [RowKernel<Self>; 3] =
                [apart::$type::sum, apart::$type::scale, apart::$type::blend];
            const SUM: [RowKernel<Self>; 2] =
                [across::$type::sum_rows, across::$type::sum_four_rows];
            const DOT_AHEAD: RowKernel<Self> = across::$type::dot_rows_ahead;
            const ADD: [RowKernel<Self>; 2] = [down::$type::add_rows, down::$type::add_four_rows];
            const DOT: [RowKernel<Self>; 2] =
                [across::$type::dot_rows, across::$type::dot_four_rows];
            const DOT_OF_TWO: [RowKernel<Self>; 2] =
                [across::$type::dot_rows, two::$type::dot_two_rows];
            const DOT_WIDE: RowKernel<Self> = two::$type::dot_two_rows_wide;
            const MULTIPLY_ADD: [RowKernel<Self>; 2] =
                [down::$type::multiply_add_rows, down::$type::multiply_add_four_rows];
            const SCALE_ADD: [RowKernel<Self>; 2] =
                [down::$type::scale_add_rows, down::$type::scale_add_four_rows];
        }
    };
}
lane!(
    f32,
    (transpose::transpose_4, transpose::SIDE_4),
    transpose::lines_4,
    [transpose::copy_4, transpose::copy_4_far],
    transpose::PRODUCTS_F32,
    transpose::leave_4,
    [transpose::leave_first_4, transpose::leave_last_4],
    halve::halve_4,
    pick::pick_4,
    double::double_4
);
lane!(
    f64,
    (transpose::transpose_8, transpose::SIDE_8),
    transpose::lines_8,
    [transpose::copy_8, transpose::copy_8_far],
    transpose::PRODUCTS_F64,
    transpose::leave_8,
    [transpose::leave_first_8, transpose::leave_last_8],
    halve::halve_8,
    pick::pick_8,
    double::double_8
);

/// Elements of 16 bytes.
impl Width for [f64; 2] {
    const COPY: RowKernel<Self> = strided::copy_16;
    const FILL: Option<RowKernel<Self>> = None;
    const TRANSPOSE: Option<(RowKernel<Self>, usize)> = None;
    const TRANSPOSE_LINES: RowKernel<Self> = transpose::lines_16;
    const LISTED: Option<[ListedKernel<Self>; 2]> = None;
    const LEAVE: RowKernel<Self> = transpose::leave_16;
    const LEAVE_ENDS: [RowKernel<Self>; 2] = [transpose::leave_first_16, transpose::leave_last_16];
    const HALVE: Option<RowKernel<Self>> = None;
    const PICK: Option<RowKernel<Self>> = None;
    const WEAVE: Option<[RowKernel<Self>; 6]> = None;
    const DOUBLE: Option<RowKernel<Self>> = None;
    const STRIDED_COPY: RowKernel<Self> = strided::copy_16;
}

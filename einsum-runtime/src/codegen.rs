//! The exact surface that emitted code may name; the facade re-exports it as `__private`. Not covered by semver.

pub use crate::argument::{Argument, array_argument, array_output, scalar_argument, scalar_output};
pub use crate::bind::{Like, Same, SameOutput};
pub use crate::bind::{
    ellipsis_operand, ellipsis_operand_like, ellipsis_output, ellipsis_view_operand, operand,
    operand_like, output, scalar, scalar_like, view_operand,
};
pub use crate::direct::{Along, AlongMut, Row, few1, few2, few3, few4};
pub use crate::direct::{AnyArithmetic, Arithmetic, Missing, OfElement};
pub use crate::direct::{
    sum1, sum2, sum3, sum4, sums_into1, sums_into2, sums_into3, sums_into4, sums1, sums2, sums3,
    sums4,
};
pub use crate::element::Element;
pub use crate::ellipsis::{NoEllipsis, Rest, wider};
pub use crate::encoded::Encoded;
pub use crate::error::ShapeError;
pub use crate::function::{Results, Single, Slot, Slots, accumulate, call};
pub use crate::new_array::Rank;
pub use crate::operand::{Borrowed, Operand, Viewable};
pub use crate::outcome::{must_use, raise};
pub use crate::output::{Output, OutputPlace};
pub use crate::output_view::{BoundMut, OutputView};
pub use crate::program::{Access, Array as Term, NONE, Nest, Program, WINDOWS, Window};
pub use crate::rank::{AnyAxes, Axes, HasRank, Is, IsOutput, With, Without};
pub use crate::result::{Checked, NewResult, Place, checked, checked_view, einsum};
pub use crate::source::Source;
pub use crate::static_extent::{
    AnyExtent, AnyExtents, AreStatic, Extent, ExtentAt, Extents, LetterAgrees, LetterEqual,
    NameAgrees, NameEqual, agree_letter, agree_letter_given, agree_name, agree_name_given,
};
pub use crate::view::{Bound, Erased, View};

pub use crate::output::scalar_view_mut;
pub use core::marker::PhantomData;
pub use ndarray::{
    Array, ArrayRef, ArrayView, ArrayViewMut, DimMax, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6,
    IxDyn, aview0,
};

//! docs to come
#![forbid(unsafe_code)]

pub use einsum_runtime::{Element, Operand, Output, ShapeError, scalar_operand};
pub use ndarray;

#[doc(hidden)]
pub mod __private {
    pub use einsum_macros::{
        einsum_grad_impl, einsum_impl, einsum_into_impl, einsum_view_impl, try_einsum_impl,
    };
    pub use einsum_runtime::codegen::*;
}

/// Computes an einsum.
#[macro_export]
macro_rules! einsum {
    ($($call:tt)*) => { $crate::__private::einsum_impl!(($crate) $($call)*) };
}

/// try
#[macro_export]
macro_rules! try_einsum {
    ($($call:tt)*) => { $crate::__private::try_einsum_impl!(($crate) $($call)*) };
}

/// into
#[macro_export]
macro_rules! einsum_into {
    ($($call:tt)*) => { $crate::__private::einsum_into_impl!(($crate) $($call)*) };
}

/// grad
#[macro_export]
macro_rules! einsum_grad {
    ($($call:tt)*) => { $crate::__private::einsum_grad_impl!(($crate) $($call)*) };
}

/// view
#[macro_export]
macro_rules! einsum_view {
    ($($call:tt)*) => { $crate::__private::einsum_view_impl!(($crate) $($call)*) };
}

//! What becomes of the checks of a call: a value, an error, a panic.

use crate::error::ShapeError;

/// Returns `value`, which rustc then warns about if nobody uses it.
#[inline]
#[must_use = "an einsum makes a new value, and `einsum_into!` writes to an existing array"]
pub fn must_use<T>(value: T) -> T {
    value
}

/// Panics with the text of `error`, at the caller's line.
///
/// The type is that of the value which there is none of; `!` would take part in the inference of numeric types.
#[cold]
#[inline(never)]
#[track_caller]
pub fn raise<T>(error: ShapeError) -> T {
    panic!("{error}")
}

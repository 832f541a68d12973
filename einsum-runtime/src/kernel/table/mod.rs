//! The interface of the micro-kernels.

pub(crate) use einsum_kernels::table::*;

#[cfg(test)]
mod tests;

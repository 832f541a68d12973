//! The interface of the primitives that fill panels and tables.

pub(crate) use einsum_kernels::packing::*;

#[cfg(test)]
mod tests;

//! Kernels for x86-64: naked functions, so that they are as fast in debug builds. Here is what knows of nests; the engine's are
//! those of `einsum_kernels`.

pub(crate) use einsum_kernels::x86_64::*;

pub(crate) mod tiny;

//! Kernels for x86-64: naked functions, so that they are as fast in debug builds. Here are those of tiny nests; the engine's are
//! in `einsum_kernels`.

pub(crate) use einsum_kernels::x86_64::*;

pub(crate) mod walk;

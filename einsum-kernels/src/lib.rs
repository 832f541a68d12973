//! The assembly of the contraction engine, of stencils, and of tiny nests, and the arguments and tables that these read: see
//! `engine`, `window`, and `kernel/tiny` in `einsum-runtime`,
//! its only user, for what it is used for. Not covered by semver.
//!
//! A crate of its own because it depends on no other: it is compiled while the runtime waits for its dependencies.

#![no_std]
// What it says is said where it is used.
#![allow(missing_docs)]
#![allow(
    clippy::macro_metavars_in_unsafe,
    reason = "`assembly!` is the body of unsafe functions, whose contracts are those of the text that it takes"
)]

#[cfg(target_arch = "x86_64")]
mod assembly;
#[cfg(target_arch = "x86_64")]
pub mod batch;
#[cfg(target_arch = "x86_64")]
pub mod channels;
pub mod packing;
#[cfg(target_arch = "x86_64")]
pub mod positions;
pub mod rotate;
#[cfg(target_arch = "x86_64")]
pub mod rows;
pub mod table;
#[cfg(target_arch = "x86_64")]
pub mod taps;
#[cfg(target_arch = "x86_64")]
pub mod tiny;
#[cfg(target_arch = "x86_64")]
pub mod x86_64;

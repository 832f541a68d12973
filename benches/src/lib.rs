//! What the benchmarks share: data, an oracle, and races of einloom against other ways to compute
//! the same.
//!
//! A race's contestants are verified against the oracle before the clock starts. Criterion times
//! einloom; in each of its rounds the other contestants run as well, so that all meet the same
//! machine in the same state, and a ratio is a median over rounds.

mod data;
mod machine;
mod oracle;
mod race;
mod record;

pub use data::{Number, Values, integers, matrix, nested, zeros};
pub use machine::{Fma, fma_calls};
pub use oracle::einsum;
pub use race::{Bench, Race};
pub use record::record;

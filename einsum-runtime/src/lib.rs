//! What the code emitted by einloom's macros calls: operands, shapes, and kernels.
//!
//! Users depend on the facade `einloom`, which re-exports the traits [`Operand`], [`Output`], and [`Element`], the
//! error [`ShapeError`], and the macro [`scalar_operand!`]. Emitted code names [`codegen`] only.
//!
//! Emitted code is safe code in the user's crate, hence every function here checks what its loops rely on.

#![allow(unsafe_code)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, unused_imports, reason = "much is there for kernels that only x86-64 has")
)]

// From what the user wrote to checked views.
mod element;
mod nested;
mod operand;
mod output;
mod rank;
mod static_extent;

// What a call computes, and the shapes that it takes.
mod check;
mod ellipsis;
mod error;
mod infer;
mod layout;
mod outcome;
mod program;
mod source;

// From views to kernels: `bind` makes views, `argument` those of emitted functions, `execute` runs nests, `nest` lays
// their loops over arrays, `kernel`, `stream`, and `engine` run the loops.
mod affine;
mod argument;
mod bind;
mod blocked;
mod body;
mod direct;
mod encoded;
mod engine;
mod execute;
mod function;
mod fused;
#[cfg(test)]
mod guarded;
mod intermediate;
mod kept;
mod kernel;
mod matrix_product;
mod memory;
mod nest;
mod new_array;
#[cfg(test)]
mod oracle;
mod output_view;
mod rearrange;
mod result;
mod sort;
#[cfg(target_arch = "x86_64")]
mod staged;
#[cfg(target_arch = "x86_64")]
mod stream;
mod threads;
#[cfg(test)]
mod verification;
mod view;
mod window;

#[doc(hidden)]
pub mod codegen;

pub use element::Element;
pub use error::ShapeError;
pub use operand::Operand;
pub use output::Output;

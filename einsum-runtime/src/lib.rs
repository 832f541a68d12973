//! What the code emitted by einloom's macros calls: operands, shapes, and kernels.
//!
//! Users depend on the facade `einloom`, which re-exports the traits [`Operand`], [`Output`], and [`Element`], the
//! error [`ShapeError`], and the macro [`scalar_operand!`]. Emitted code names [`codegen`] only.
//!
//! Emitted code is safe code in the user's crate, hence every function here checks what its loops rely on.

#![allow(unsafe_code)]

// From what the user wrote to checked views.
mod element;
mod nested;
mod operand;
mod output;
mod rank;
mod static_extent;

// Shapes and their errors.
mod ellipsis;
mod error;
mod layout;
mod shape;
mod source;

// From views to kernels: `bind` makes views, `nest` lays loops over them, `kernel` and `engine` run the loops.
mod bind;
mod engine;
mod fresh;
mod kernel;
mod memory;
mod nest;
mod output_view;
mod rearrange;
mod run;
#[cfg(target_arch = "x86_64")]
mod stream;
mod threads;
mod view;

#[doc(hidden)]
pub mod codegen;

pub use element::Element;
pub use error::ShapeError;
pub use operand::Operand;
pub use output::Output;

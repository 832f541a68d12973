//! What flows between the stages, one file each: plain data with `Display` and `verify`.

pub mod ast;
pub mod call;
pub mod expr;
pub mod function;
pub mod graph;
pub mod plan;
pub mod program;
pub mod request;
pub mod signature;

pub use ast::{Ast, Form};
pub use call::Call;
pub use expr::{Expr, IndexId};
pub use function::Function;
pub use graph::Graph;
pub use plan::Plan;
pub use program::Program;
pub use request::{Request, Wanted};
pub use signature::Signature;

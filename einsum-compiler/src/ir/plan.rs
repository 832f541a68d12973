//! The plan: for each result the steps of its contraction path.

use std::fmt;

use super::expr::{ArrayId, Expr, IndexId};
use crate::plan::Cost;

/// The expression with paths for each of its products.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is computed.
    pub expr: Expr,
    /// For each product the paths of which one or another is the cheapest, depending on extents that
    /// only run time knows. At least one.
    pub paths: Vec<Vec<Path>>,
}

/// The steps that compute one product. The last one writes its output.
#[derive(Clone, Debug)]
pub struct Path {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// Multiplications and additions of all steps.
    pub cost: Cost,
}

/// `result = Σ source` or `result = Σ source · source`, summed over the indices that `result` lacks.
#[derive(Clone, Debug)]
pub struct Step {
    /// One or two.
    pub sources: Vec<Source>,
    /// What it makes.
    pub result: StepResult,
}

/// What a step makes.
#[derive(Clone, Debug)]
pub enum StepResult {
    /// The next intermediate of the path, with these axes.
    Intermediate(Vec<IndexId>),
    /// The product's output.
    Output,
}

/// A source of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tensor.
    pub tensor: TensorId,
    /// Whether its elements are conjugated.
    pub conj: bool,
}

/// A tensor that a step can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorId {
    /// An array of the call.
    Array(ArrayId),
    /// The intermediate of this number in its path.
    Intermediate(usize),
}

impl Plan {
    /// Asserts that every step reads tensors that exist, each intermediate is read once, and only
    /// the last step of a path writes the output.
    pub fn verify(&self) {
        debug_assert_eq!(self.paths.len(), self.expr.products.len());
        debug_assert!(self.paths.iter().all(|alternatives| !alternatives.is_empty()));
        for path in self.paths.iter().flatten() {
            let mut unread = Vec::new();
            for (number, step) in path.steps.iter().enumerate() {
                debug_assert!((1..=2).contains(&step.sources.len()));
                for source in &step.sources {
                    if let TensorId::Intermediate(made) = source.tensor {
                        debug_assert!(unread.contains(&made), "intermediate {made} is not there");
                        unread.retain(|&other| other != made);
                    }
                }
                let last = number + 1 == path.steps.len();
                debug_assert_eq!(last, matches!(step.result, StepResult::Output));
                if !last {
                    unread.push(number);
                }
            }
            debug_assert!(unread.is_empty());
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = |indices: &[IndexId]| {
            let labels: Vec<&str> =
                indices.iter().map(|index| self.expr.indices[index.0].label.as_str()).collect();
            labels.join(" ")
        };
        for path in self.paths.iter().flatten() {
            writeln!(f, "path, {} operations", path.cost)?;
            for (number, step) in path.steps.iter().enumerate() {
                match &step.result {
                    StepResult::Intermediate(indices) => {
                        write!(f, "  t{number}[{}] =", labels(indices))?;
                    }
                    StepResult::Output => f.write_str("  output =")?,
                }
                for (position, source) in step.sources.iter().enumerate() {
                    f.write_str(if position > 0 { " * " } else { " " })?;
                    f.write_str(if source.conj { "conj " } else { "" })?;
                    match source.tensor {
                        TensorId::Array(array) => {
                            write!(f, "{}", self.expr.arrays[array.0].role)?;
                        }
                        TensorId::Intermediate(made) => write!(f, "t{made}")?,
                    }
                }
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

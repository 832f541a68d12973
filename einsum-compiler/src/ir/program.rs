//! The program: loop nests whose bodies are kernels, ready to be emitted or interpreted.

use std::fmt;

use super::expr::{Axis, Expr, IndexId};
use super::plan::TensorId;

/// Loop nests for every result of the expression.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is computed: extents, arrays, outputs.
    pub expr: Expr,
    /// For each product its alternatives: each computes it, and which is the cheapest depends on the
    /// extents. At least one.
    pub bodies: Vec<Vec<Body>>,
}

/// Nests that compute one product, run in order: the last writes its output, and nest `n` before it
/// makes intermediate `n`.
pub type Body = Vec<Nest>;

/// One loop nest: `target[…] = Σ Π sources[…]`.
#[derive(Clone, Debug)]
pub struct Nest {
    /// What runs inside.
    pub kernel: Kernel,
    /// The loops along named indices, those of the target first.
    pub kept: Vec<IndexId>,
    /// The loops that are summed over.
    pub summed: Vec<IndexId>,
    /// One or two.
    pub sources: Vec<Access>,
    /// What is written.
    pub target: Access,
    /// Whether the target is the product's output instead of an intermediate.
    pub writes_output: bool,
}

/// What runs inside a nest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// One source, nothing summed: permutation, diagonal, broadcast.
    Copy,
    /// One source, something summed.
    Reduce,
    /// Two sources, nothing summed: elementwise and outer products.
    Multiply,
    /// Two sources, something summed.
    Contract,
}

/// How a nest walks a tensor.
#[derive(Clone, Debug)]
pub struct Access {
    /// The tensor; for a target it is ignored.
    pub tensor: TensorId,
    /// Whether its elements are conjugated.
    pub conj: bool,
    /// For each axis but the ellipsis the number of its loop, kept loops first.
    pub axes: Vec<AxisLoop>,
    /// How many of `axes` stand before the ellipsis, if the tensor has one.
    pub ellipsis: Option<usize>,
}

/// The loop of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisLoop {
    /// The axis runs along the loop of this number.
    Loop(usize),
    /// The axis has extent one and no loop.
    Unit,
    /// A window or composed axis, with the numbers of the loops of its indices.
    Several(Axis, Vec<usize>),
}

impl AxisLoop {
    /// The loops that move along the axis.
    #[must_use]
    pub fn loops(&self) -> &[usize] {
        match self {
            AxisLoop::Loop(number) => std::slice::from_ref(number),
            AxisLoop::Unit => &[],
            AxisLoop::Several(_, numbers) => numbers,
        }
    }
}

impl Nest {
    /// The index of a loop, kept loops first.
    #[must_use]
    pub fn loop_index(&self, number: usize) -> IndexId {
        *self.kept.get(number).unwrap_or_else(|| &self.summed[number - self.kept.len()])
    }
}

impl Program {
    /// Asserts that every kept loop moves the target, no summed loop does, and every loop moves a
    /// source or broadcasts.
    pub fn verify(&self) {
        debug_assert!(self.bodies.iter().all(|alternatives| !alternatives.is_empty()));
        for nest in self.bodies.iter().flatten().flatten() {
            let moves = |access: &Access, number| {
                access.axes.iter().any(|axis| axis.loops().contains(&number))
            };
            for (number, _) in nest.kept.iter().enumerate() {
                debug_assert!(moves(&nest.target, number));
            }
            let loops = nest.kept.len() + nest.summed.len();
            for access in nest.sources.iter().chain([&nest.target]) {
                for axis in &access.axes {
                    debug_assert!(axis.loops().iter().all(|number| *number < loops));
                }
            }
            for axis in &nest.target.axes {
                let kept = nest.kept.len();
                debug_assert!(axis.loops().iter().all(|number| *number < kept));
            }
            for number in nest.kept.len()..loops {
                debug_assert!(nest.sources.iter().any(|source| moves(source, number)));
            }
        }
    }

    fn write_access(
        &self,
        f: &mut fmt::Formatter<'_>,
        nest: &Nest,
        access: &Access,
    ) -> fmt::Result {
        f.write_str("[")?;
        for (position, axis) in access.axes.iter().enumerate() {
            if access.ellipsis == Some(position) {
                f.write_str("... ")?;
            }
            match axis {
                AxisLoop::Loop(number) => {
                    write!(f, "{} ", self.expr.indices[nest.loop_index(*number).0].label)?;
                }
                AxisLoop::Unit => f.write_str("1 ")?,
                AxisLoop::Several(axis, _) => write!(f, "({}) ", self.expr.axis_text(axis))?,
            }
        }
        f.write_str(if access.ellipsis == Some(access.axes.len()) { "...]" } else { "]" })
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bodies = self.bodies.iter().enumerate();
        for (result, body) in
            bodies.flat_map(|(n, alternatives)| alternatives.iter().map(move |body| (n, body)))
        {
            writeln!(f, "result {result}")?;
            for (number, nest) in body.iter().enumerate() {
                f.write_str("  for")?;
                for index in nest.kept.iter().chain(&nest.summed) {
                    write!(f, " {}", self.expr.indices[index.0].label)?;
                }
                write!(f, ": {:?} ", nest.kernel)?;
                match nest.writes_output {
                    true => f.write_str("output")?,
                    false => write!(f, "t{number}")?,
                }
                self.write_access(f, nest, &nest.target)?;
                f.write_str(if nest.summed.is_empty() { " =" } else { " +=" })?;
                for (position, source) in nest.sources.iter().enumerate() {
                    f.write_str(if position > 0 { " * " } else { " " })?;
                    f.write_str(if source.conj { "conj " } else { "" })?;
                    match source.tensor {
                        TensorId::Array(array) => {
                            write!(f, "{}", self.expr.arrays[array.0].role)?;
                        }
                        TensorId::Intermediate(made) => write!(f, "t{made}")?,
                    }
                    self.write_access(f, nest, source)?;
                }
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

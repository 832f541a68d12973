//! The program: loop nests whose bodies are kernels, ready to be emitted or interpreted.

use std::fmt;

use super::expr::{ArrayId, Expr, IndexId};
use super::plan::Output;

/// Loop nests that make all results of a call.
#[derive(Clone, Debug)]
pub struct Program {
    /// Extents and arrays. Only arrays that are taken are read.
    pub expr: Expr,
    /// The results in order.
    pub results: Vec<Output>,
    /// Alternatives: each makes all results, and which is the cheapest depends on the extents. At least one.
    pub bodies: Vec<Body>,
}

/// Nests that run in order. Intermediates are numbered as they are made.
pub type Body = Vec<Nest>;

/// One loop nest: `target[…] += Π sources[…]`, where the first nest of a target assigns.
#[derive(Clone, Debug)]
pub struct Nest {
    /// What runs inside.
    pub kernel: Kernel,
    /// The loops along named indices, those of the target first.
    pub kept: Vec<IndexId>,
    /// The loops that are summed over.
    pub summed: Vec<IndexId>,
    /// One or two; none in a nest that fills its target with zeros.
    pub sources: Vec<Access>,
    /// What is written.
    pub target: Access,
    /// The operands to whose broadcast the target's ellipsis extends; none without an ellipsis.
    pub ellipsis: Vec<ArrayId>,
    /// Whether an earlier nest has written the target.
    pub adds: bool,
}

/// What a nest reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorId {
    /// An array of the call.
    Array(ArrayId),
    /// The intermediate of this number in its body.
    Intermediate(usize),
    /// The result of this number, which is only written.
    Result(usize),
}

/// What runs inside a nest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// No source: zeros.
    Zero,
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
    /// The tensor.
    pub tensor: TensorId,
    /// Whether its elements are conjugated.
    pub conj: bool,
    /// For each axis but the ellipsis the number of its loop, kept loops first.
    pub axes: Vec<AxisLoop>,
    /// How many of `axes` stand before the ellipsis, if the tensor has one.
    pub ellipsis: Option<usize>,
}

/// The loop of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisLoop {
    /// The axis runs along the loop of this number.
    Loop(usize),
    /// The axis has extent one and no loop.
    Unit,
}

impl Nest {
    /// The index of a loop, kept loops first.
    #[must_use]
    pub fn loop_index(&self, number: usize) -> IndexId {
        *self.kept.get(number).unwrap_or_else(|| &self.summed[number - self.kept.len()])
    }
}

impl Nest {
    fn verify(&self) {
        let (kept, loops) = (self.kept.len(), self.kept.len() + self.summed.len());
        let walks = |access: &Access, number| access.axes.contains(&AxisLoop::Loop(number));
        for number in 0..kept {
            debug_assert!(walks(&self.target, number));
        }
        for access in self.sources.iter().chain([&self.target]) {
            for axis in &access.axes {
                debug_assert!(!matches!(axis, AxisLoop::Loop(number) if *number >= loops));
            }
        }
        for number in kept..loops {
            debug_assert!(!walks(&self.target, number));
            debug_assert!(self.sources.iter().any(|source| walks(source, number)));
        }
    }
}

impl Program {
    /// The number of operations of a body with these extents of the indices: the points of all loops.
    #[must_use]
    pub fn operations(body: &Body, extents: &[usize]) -> f64 {
        let points = |nest: &Nest| -> f64 {
            let indices = nest.kept.iter().chain(&nest.summed);
            #[expect(clippy::cast_precision_loss, reason = "costs are estimates")]
            indices.map(|index| extents[index.0] as f64).product()
        };
        body.iter().map(points).sum()
    }

    /// Asserts that every kept loop moves the target, no summed loop does, every loop moves a
    /// source or broadcasts, what is read has been made, and every result is.
    pub fn verify(&self) {
        debug_assert!(!self.bodies.is_empty());
        for body in &self.bodies {
            for (position, nest) in body.iter().enumerate() {
                nest.verify();
                let made = |tensor: TensorId| {
                    body[..position].iter().any(|earlier| earlier.target.tensor == tensor)
                };
                debug_assert_eq!(nest.adds, made(nest.target.tensor));
                for source in &nest.sources {
                    debug_assert!(match source.tensor {
                        TensorId::Array(array) => self.expr.arrays[array.0].is_taken,
                        TensorId::Intermediate(_) => made(source.tensor),
                        TensorId::Result(_) => false,
                    });
                }
            }
            for result in (0..self.results.len()).map(TensorId::Result) {
                debug_assert!(body.iter().any(|nest| nest.target.tensor == result));
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
            }
        }
        f.write_str(if access.ellipsis == Some(access.axes.len()) { "...]" } else { "]" })
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, body) in self.bodies.iter().enumerate() {
            writeln!(f, "body {number}")?;
            for nest in body {
                f.write_str("  for")?;
                for index in nest.kept.iter().chain(&nest.summed) {
                    write!(f, " {}", self.expr.indices[index.0].label)?;
                }
                write!(f, ": {:?} {}", nest.kernel, self.shown(nest.target.tensor))?;
                self.write_access(f, nest, &nest.target)?;
                let assigns = nest.summed.is_empty() && !nest.adds;
                f.write_str(if assigns { " =" } else { " +=" })?;
                for (position, source) in nest.sources.iter().enumerate() {
                    f.write_str(if position > 0 { " * " } else { " " })?;
                    f.write_str(if source.conj { "conj " } else { "" })?;
                    f.write_str(&self.shown(source.tensor))?;
                    self.write_access(f, nest, source)?;
                }
                f.write_str(if nest.sources.is_empty() { " 0\n" } else { "\n" })?;
            }
        }
        Ok(())
    }
}

impl Program {
    fn shown(&self, tensor: TensorId) -> String {
        match tensor {
            TensorId::Array(array) => self.expr.arrays[array.0].role.to_string(),
            TensorId::Intermediate(made) => format!("t{made}"),
            TensorId::Result(result) => format!("result {result}"),
        }
    }
}

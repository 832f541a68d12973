//! The graph of steps: intermediates and results, each a sum of products of at most two tensors.
//!
//! All orders of contraction and all derivatives have this form, so that they follow each other: a gradient is a graph, and
//! so is the tangent of a gradient.

use std::fmt;

use super::expr::{ArrayId, Expr, IndexId, Term};

/// Tensors, each computed from arrays of the call and from tensors before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The tensors in an order in which they can be computed.
    pub tensors: Vec<Tensor>,
    /// The results of the call: positions in `tensors`.
    pub results: Vec<usize>,
}

/// An intermediate or a result: the sum of its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its axes.
    pub axes: Term,
    /// The operands to whose broadcast its ellipsis extends; none without an ellipsis.
    pub ellipsis: Vec<ArrayId>,
    /// What is added up; zero if there is none.
    pub steps: Vec<Step>,
}

/// `Σ source` or `Σ source · source`, summed over the indices that its tensor lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// One or two.
    pub sources: Vec<Source>,
}

/// A source of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The tensor.
    pub tensor: TensorId,
    /// Whether its elements are conjugated.
    pub conj: bool,
}

/// A tensor that a step can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TensorId {
    /// An array of the call.
    Array(ArrayId),
    /// The tensor of this number in its graph.
    Made(usize),
}

impl Source {
    /// An array as it is.
    #[must_use]
    pub fn array(array: ArrayId) -> Self {
        Source { tensor: TensorId::Array(array), conj: false }
    }
}

impl Graph {
    /// The axes of a tensor.
    #[must_use]
    pub fn axes<'a>(&'a self, expr: &'a Expr, tensor: TensorId) -> &'a Term {
        match tensor {
            TensorId::Array(ArrayId(array)) => &expr.arrays[array].term,
            TensorId::Made(made) => &self.tensors[made].axes,
        }
    }

    /// The distinct indices of a source.
    #[must_use]
    pub fn indices(&self, expr: &Expr, source: &Source) -> Vec<IndexId> {
        self.axes(expr, source.tensor).indices()
    }

    /// The operands to whose broadcast a tensor's ellipsis extends.
    #[must_use]
    pub fn ellipsis(&self, expr: &Expr, tensor: TensorId) -> Vec<ArrayId> {
        match tensor {
            TensorId::Array(array) => expr.ellipsis_of(array),
            TensorId::Made(made) => self.tensors[made].ellipsis.clone(),
        }
    }

    /// Adds a tensor that is to be read, unless there is an equal one already, and returns it.
    ///
    /// Readers go by index, so that the order of axes makes no difference.
    pub fn share(&mut self, tensor: Tensor) -> TensorId {
        let steps = |tensor: &Tensor| -> Vec<Vec<Source>> {
            let sorted = |step: &Step| {
                let mut sources = step.sources.clone();
                sources.sort_unstable();
                sources
            };
            tensor.steps.iter().map(sorted).collect()
        };
        let own = steps(&tensor);
        let indices = |term: &Term| {
            let mut indices = term.indices();
            indices.sort_unstable();
            indices
        };
        let is_plain = |term: &Term| term.axes.len() == term.indices().len();
        let is_same = |other: &Tensor| {
            let has_axes = other.axes == tensor.axes
                || is_plain(&other.axes)
                    && is_plain(&tensor.axes)
                    && indices(&other.axes) == indices(&tensor.axes);
            has_axes
                && other.ellipsis == tensor.ellipsis
                && other.steps.len() == own.len()
                && steps(other) == own
        };
        let found = self.tensors.iter().position(is_same);
        TensorId::Made(found.unwrap_or_else(|| {
            self.tensors.push(tensor);
            self.tensors.len() - 1
        }))
    }

    /// Adds a tensor of its own, and returns its number.
    pub fn add(&mut self, tensor: Tensor) -> usize {
        self.tensors.push(tensor);
        self.tensors.len() - 1
    }

    /// The product of one or two sources as a step of a tensor with axes `target`: sources are first summed over the
    /// indices that they alone have, and a sum is not repeated along an index that it lacks.
    pub fn contraction(
        &mut self,
        expr: &Expr,
        mut sources: Vec<Source>,
        target: &Term,
        ellipsis: &[ArrayId],
    ) -> Step {
        if let [first, second] = sources[..] {
            sources = vec![
                self.without_lone(expr, first, second, target),
                self.without_lone(expr, second, first, target),
            ];
        }
        let mut available: Vec<IndexId> = Vec::new();
        for index in sources.iter().flat_map(|source| self.indices(expr, source)) {
            if !available.contains(&index) {
                available.push(index);
            }
        }
        let sums = available.iter().any(|index| !target.contains(*index));
        let repeats = target.indices().iter().any(|index| !available.contains(index));
        if sums && repeats {
            available.retain(|index| target.contains(*index));
            let (axes, ellipsis) = (expr.along(available), ellipsis.to_vec());
            let ellipsis = if expr.ellipsis_position(&axes).is_some() { ellipsis } else { vec![] };
            let tensor = self.share(Tensor { axes, ellipsis, steps: vec![Step { sources }] });
            sources = vec![Source { tensor, conj: false }];
        }
        Step { sources }
    }

    /// Sums a source over the indices that neither the other source nor the target has.
    fn without_lone(
        &mut self,
        expr: &Expr,
        source: Source,
        other: Source,
        target: &Term,
    ) -> Source {
        let others = self.indices(expr, &other);
        let own = self.indices(expr, &source);
        let kept = own.iter().filter(|index| others.contains(index) || target.contains(**index));
        let kept: Vec<IndexId> = kept.copied().collect();
        if kept.len() == own.len() { source } else { self.sum(expr, source, kept) }
    }

    /// Sums a source over all but some of its indices.
    pub fn sum(&mut self, expr: &Expr, source: Source, kept: Vec<IndexId>) -> Source {
        let axes = expr.along(kept);
        let ellipsis = match expr.ellipsis_position(&axes) {
            Some(_) => self.ellipsis(expr, source.tensor),
            None => Vec::new(),
        };
        let steps = vec![Step { sources: vec![Source { conj: false, ..source }] }];
        Source { tensor: self.share(Tensor { axes, ellipsis, steps }), ..source }
    }

    /// Leaves only what the results need, none of which is then read.
    #[must_use]
    pub fn pruned(mut self) -> Graph {
        self.separate_results();
        let mut needed = vec![false; self.tensors.len()];
        for &result in &self.results {
            needed[result] = true;
        }
        for number in (0..self.tensors.len()).rev() {
            if needed[number] {
                for made in self.tensors[number].reads() {
                    needed[made] = true;
                }
            }
        }
        let mut place = vec![usize::MAX; self.tensors.len()];
        let mut tensors: Vec<Tensor> = Vec::new();
        for (number, mut tensor) in self.tensors.into_iter().enumerate() {
            if !needed[number] {
                continue;
            }
            for source in tensor.steps.iter_mut().flat_map(|step| &mut step.sources) {
                if let TensorId::Made(made) = &mut source.tensor {
                    *made = place[*made];
                }
            }
            place[number] = tensors.len();
            tensors.push(tensor);
        }
        let results = self.results.iter().map(|&result| place[result]).collect();
        Graph { tensors, results }
    }

    /// Makes a copy of each result that is read or wanted twice.
    fn separate_results(&mut self) {
        for number in 0..self.results.len() {
            let result = self.results[number];
            let is_read =
                self.tensors.iter().any(|tensor| tensor.reads().any(|made| made == result));
            if is_read || self.results[..number].contains(&result) {
                let source = Source { tensor: TensorId::Made(result), conj: false };
                let steps = vec![Step { sources: vec![source] }];
                let copy = Tensor { steps, ..self.tensors[result].clone() };
                self.results[number] = self.add(copy);
            }
        }
    }

    /// Asserts that steps read what is there, and nobody reads a result.
    pub fn verify(&self, expr: &Expr) {
        for (number, tensor) in self.tensors.iter().enumerate() {
            debug_assert!(tensor.reads().all(|made| made < number));
            debug_assert!(tensor.reads().all(|made| !self.results.contains(&made)));
            debug_assert!(tensor.steps.iter().all(|step| (1..=2).contains(&step.sources.len())));
            let has_ellipsis = expr.ellipsis_position(&tensor.axes).is_some();
            debug_assert_eq!(has_ellipsis, !tensor.ellipsis.is_empty());
        }
        for (position, result) in self.results.iter().enumerate() {
            debug_assert!(!self.results[..position].contains(result));
        }
    }

    /// Writes one line a step.
    pub fn write(&self, expr: &Expr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, tensor) in self.tensors.iter().enumerate() {
            let kind = if self.results.contains(&number) { "result" } else { "tensor" };
            write!(f, "{kind} {number}[")?;
            expr.write_term(f, &tensor.axes)?;
            f.write_str("] =")?;
            for (position, step) in tensor.steps.iter().enumerate() {
                f.write_str(if position > 0 { " +" } else { "" })?;
                for (position, source) in step.sources.iter().enumerate() {
                    f.write_str(if position > 0 { " *" } else { "" })?;
                    f.write_str(if source.conj { " conj" } else { "" })?;
                    match source.tensor {
                        TensorId::Array(array) => write!(f, " {}", expr.arrays[array.0].role)?,
                        TensorId::Made(made) => write!(f, " {made}")?,
                    }
                }
            }
            f.write_str(if tensor.steps.is_empty() { " 0\n" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Tensor {
    /// The tensors that its steps read.
    pub fn reads(&self) -> impl Iterator<Item = usize> {
        let sources = self.steps.iter().flat_map(|step| &step.sources);
        sources.filter_map(|source| match source.tensor {
            TensorId::Made(made) => Some(made),
            TensorId::Array(_) => None,
        })
    }
}

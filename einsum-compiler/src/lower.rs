//! Steps to loop nests: [`Plan`] to [`Program`].
//!
//! Each step becomes one nest: a loop for every index, those of the target first and in the order
//! of its axes, and a kernel named after what the nest does. A result is made as soon as what it is made of is there.

use crate::ir::expr::{ArrayId, Axis, Expr, IndexId, Role, Term};
use crate::ir::graph::{self, Graph, Source, Step, Tensor};
use crate::ir::plan::{Output, Plan};
use crate::ir::program::{Access, AxisLoop, Body, Kernel, Nest, Program, TensorId};
use crate::ir::request::Request;

/// Lowers every graph of a plan.
pub(crate) fn lower(plan: Plan, request: &Request) -> Program {
    let Plan { mut expr, results, graphs } = plan;
    if request.lean {
        take_only_needed(&mut expr, &results, &graphs);
    }
    let bodies = graphs.iter().map(|graph| lower_graph(&expr, graph)).collect();
    Program { expr, results, bodies }
}

/// Marks the arrays that no graph needs: an operand that is not read can still tell the extent of an index, or the axes of
/// an ellipsis.
fn take_only_needed(expr: &mut Expr, results: &[Output], graphs: &[Graph]) {
    let steps = || graphs.iter().flat_map(|graph| &graph.tensors).flat_map(|tensor| &tensor.steps);
    let is_read = |number: usize| {
        let array = graph::TensorId::Array(ArrayId(number));
        steps().any(|step| step.sources.iter().any(|source| source.tensor == array))
    };
    let has_ellipsis = |number: usize| expr.ellipsis_position(&expr.arrays[number].term).is_some();
    let mut taken: Vec<bool> = (0..expr.arrays.len())
        .map(|number| match expr.arrays[number].role {
            Role::Operand(_) => is_read(number) || has_ellipsis(number),
            Role::Cotangent | Role::Tangent(_) => is_read(number),
            Role::Output(_) => true,
        })
        .collect();
    let axes = graphs.iter().flat_map(|graph| &graph.tensors).map(|tensor| &tensor.axes);
    let mut used: Vec<IndexId> = Vec::new();
    for index in axes.chain(results.iter().map(|output| &output.axes)).flat_map(Term::indices) {
        if !used.contains(&index) {
            used.push(index);
        }
    }
    for index in used {
        let index = &expr.indices[index.0];
        let is_known = index.given.is_some()
            || index.is_ellipsis
            || index.sites.iter().any(|site| taken[site.array.0]);
        if !is_known && let Some(site) = index.sites.first() {
            taken[site.array.0] = true;
        }
    }
    for (array, &is_taken) in expr.arrays.iter_mut().zip(&taken) {
        array.is_taken = is_taken;
    }
    for index in &mut expr.indices {
        index.sites.retain(|site| taken[site.array.0]);
    }
}

fn lower_graph(expr: &Expr, graph: &Graph) -> Body {
    let mut lowering = Lowering { expr, graph, numbers: vec![None; graph.tensors.len()], made: 0 };
    let mut body = Body::new();
    let mut results: Vec<(usize, usize)> = graph.results.iter().copied().enumerate().collect();
    let mut make_results = |lowering: &Lowering<'_>, body: &mut Body| {
        results.retain(|&(result, tensor)| {
            let tensor = &graph.tensors[tensor];
            let is_ready = tensor.reads().all(|made| lowering.numbers[made].is_some());
            if is_ready {
                body.extend(lowering.tensor(TensorId::Result(result), tensor));
            }
            !is_ready
        });
    };
    make_results(&lowering, &mut body);
    for (number, tensor) in graph.tensors.iter().enumerate() {
        if !graph.results.contains(&number) {
            let target = TensorId::Intermediate(lowering.made);
            body.extend(lowering.tensor(target, tensor));
            lowering.numbers[number] = Some(lowering.made);
            lowering.made += 1;
            make_results(&lowering, &mut body);
        }
    }
    body
}

struct Lowering<'a> {
    expr: &'a Expr,
    graph: &'a Graph,
    /// Which intermediate each tensor of the graph is, once it has been made.
    numbers: Vec<Option<usize>>,
    made: usize,
}

impl Lowering<'_> {
    /// Lowers the steps of a tensor.
    fn tensor(&self, target: TensorId, tensor: &Tensor) -> Vec<Nest> {
        if tensor.steps.is_empty() {
            return vec![self.step(target, tensor, &Step { sources: Vec::new() }, false)];
        }
        let steps = tensor.steps.iter().enumerate();
        steps.map(|(number, step)| self.step(target, tensor, step, number > 0)).collect()
    }

    fn step(&self, into: TensorId, tensor: &Tensor, step: &Step, adds: bool) -> Nest {
        let expr = self.expr;
        let term = |source: &Source| self.graph.axes(expr, source.tensor).clone();
        let terms: Vec<Term> = step.sources.iter().map(term).collect();
        let of_target = tensor.axes.indices();
        let mut summed: Vec<IndexId> = Vec::new();
        for index in terms.iter().flat_map(Term::indices) {
            if !of_target.contains(&index) && !summed.contains(&index) {
                summed.push(index);
            }
        }
        let kernel = match (step.sources.len(), summed.is_empty()) {
            (0, _) => Kernel::Zero,
            (1, true) => Kernel::Copy,
            (1, false) => Kernel::Reduce,
            (_, true) => Kernel::Multiply,
            (_, false) => Kernel::Contract,
        };
        // The axes of the ellipsis have their own loops, whose number only run time knows.
        let named = |index: &IndexId| !expr.indices[index.0].is_ellipsis;
        let kept: Vec<IndexId> = of_target.into_iter().filter(named).collect();
        summed.retain(named);
        let loops: Vec<IndexId> = kept.iter().chain(&summed).copied().collect();
        let access = |term: &Term, tensor: TensorId, conj: bool| Access {
            tensor,
            conj,
            axes: expr.named_axes(term).map(|axis| axis_loop(axis, &loops)).collect(),
            ellipsis: expr.ellipsis_position(term),
        };
        let sources = step.sources.iter().zip(&terms);
        let sources =
            sources.map(|(source, term)| access(term, self.number(source), source.conj)).collect();
        let target = access(&tensor.axes, into, false);
        let ellipsis = tensor.ellipsis.clone();
        Nest { kernel, kept, summed, sources, target, ellipsis, adds }
    }

    fn number(&self, source: &Source) -> TensorId {
        match source.tensor {
            graph::TensorId::Array(array) => TensorId::Array(array),
            graph::TensorId::Made(made) => {
                let number = self.numbers[made];
                TensorId::Intermediate(number.expect("a step reads what has been made"))
            }
        }
    }
}

fn axis_loop(axis: Axis, loops: &[IndexId]) -> AxisLoop {
    match axis {
        Axis::Unit => AxisLoop::Unit,
        Axis::Index(index) => {
            let number = loops.iter().position(|other| *other == index);
            AxisLoop::Loop(number.expect("every index of a step has a loop"))
        }
    }
}

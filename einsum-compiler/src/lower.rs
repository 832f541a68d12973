//! Steps to loop nests: [`Plan`] to [`Program`].
//!
//! Each step becomes one nest: a loop for every index, those of the target first and in the order
//! of its axes, and a kernel named after what the nest does.

use crate::ir::expr::{ArrayId, Axis, Expr, IndexId, Product, Term};
use crate::ir::plan::{Path, Plan, Source, Step, StepResult, TensorId};
use crate::ir::program::{Access, AxisLoop, Kernel, Nest, Program};

/// Lowers every step of a plan.
pub(crate) fn lower(plan: Plan) -> Program {
    let Plan { expr, paths } = plan;
    let bodies = paths.iter().zip(&expr.products);
    let lowered = |(alternatives, product): (&Vec<Path>, &Product)| {
        alternatives.iter().map(|path| lower_path(&expr, product, path)).collect()
    };
    let bodies = bodies.map(lowered).collect();
    Program { expr, bodies }
}

fn lower_path(expr: &Expr, product: &Product, path: &Path) -> Vec<Nest> {
    let term_of = |source: &Source| match source.tensor {
        TensorId::Array(ArrayId(array)) => expr.arrays[array].term.clone(),
        TensorId::Intermediate(made) => match &path.steps[made].result {
            StepResult::Intermediate(indices) => term_along(indices),
            StepResult::Output => product.output.clone(),
        },
    };
    path.steps.iter().map(|step| lower_step(expr, product, step, term_of)).collect()
}

fn term_along(indices: &[IndexId]) -> Term {
    Term { axes: indices.iter().copied().map(Axis::Index).collect() }
}

fn lower_step(
    expr: &Expr,
    product: &Product,
    step: &Step,
    term_of: impl Fn(&Source) -> Term,
) -> Nest {
    let target = match &step.result {
        StepResult::Intermediate(indices) => term_along(indices),
        StepResult::Output => product.output.clone(),
    };
    let terms: Vec<Term> = step.sources.iter().map(term_of).collect();
    let of_target = target.indices();
    let mut summed: Vec<IndexId> = Vec::new();
    for index in terms.iter().flat_map(Term::indices) {
        if !of_target.contains(&index) && !summed.contains(&index) {
            summed.push(index);
        }
    }
    let kernel = match (step.sources.len(), summed.is_empty()) {
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
    let access = |term: &Term, source: Source| Access {
        tensor: source.tensor,
        conj: source.conj,
        axes: expr.named_axes(term).map(|axis| axis_loop(axis, &loops)).collect(),
        ellipsis: expr.ellipsis_position(term),
    };
    let sources = step.sources.iter().zip(&terms).map(|(source, term)| access(term, *source));
    // A target is found by its nest.
    let nobody = Source { tensor: TensorId::Intermediate(usize::MAX), conj: false };
    Nest {
        kernel,
        sources: sources.collect(),
        target: access(&target, nobody),
        writes_output: matches!(step.result, StepResult::Output),
        kept,
        summed,
    }
}

fn axis_loop(axis: Axis, loops: &[IndexId]) -> AxisLoop {
    let number = |index: IndexId| {
        let number = loops.iter().position(|other| *other == index);
        number.expect("every index of a step has a loop")
    };
    match axis {
        Axis::Unit => AxisLoop::Unit,
        Axis::Index(index) => AxisLoop::Loop(number(index)),
        Axis::Window(_) | Axis::Composed(_) => {
            let numbers = axis.indices().into_iter().map(number).collect();
            AxisLoop::Several(axis, numbers)
        }
    }
}

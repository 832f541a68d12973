//! Cotangents, backward over the steps.

use std::collections::BTreeMap;

use crate::ir::expr::{ArrayId, Expr};
use crate::ir::graph::{Graph, Source, Step, Tensor, TensorId};

/// Adds the gradients with respect to some arrays, and returns them. `cotangents` are those of the graph's results.
///
/// Steps that none of the arrays goes into are passed by.
pub(crate) fn vjp(
    expr: &Expr,
    graph: &mut Graph,
    cotangents: &[ArrayId],
    wanted: &[ArrayId],
) -> Vec<usize> {
    let depends = dependent(graph, wanted);
    let is_active = |tensor: TensorId| match tensor {
        TensorId::Array(array) => wanted.contains(&array),
        TensorId::Made(made) => depends[made],
    };
    let mut steps: BTreeMap<TensorId, Vec<Step>> = BTreeMap::new();
    for (&result, &cotangent) in graph.results.iter().zip(cotangents) {
        let seed = Step { sources: vec![Source::array(cotangent)] };
        steps.entry(TensorId::Made(result)).or_default().push(seed);
    }
    for number in (0..depends.len()).rev() {
        let Some(of_tensor) = steps.remove(&TensorId::Made(number)) else { continue };
        if !depends[number] {
            continue;
        }
        let cotangent = cotangent(expr, graph, number, of_tensor);
        for step in graph.tensors[number].steps.clone() {
            for (position, source) in step.sources.iter().enumerate() {
                if !is_active(source.tensor) {
                    continue;
                }
                // For `C = conj(A) · B`, `dA = conj(dC) · B`.
                let mut sources = vec![Source { tensor: cotangent, conj: source.conj }];
                if let Some(other) =
                    step.sources.get(1 - position.min(1)).filter(|_| step.sources.len() > 1)
                {
                    sources.push(Source { conj: other.conj == source.conj, ..*other });
                }
                let axes = graph.axes(expr, source.tensor).clone();
                let ellipsis = graph.ellipsis(expr, source.tensor);
                let step = graph.contraction(expr, sources, &axes, &ellipsis);
                steps.entry(source.tensor).or_default().push(step);
            }
        }
    }
    let gradient = |&array: &ArrayId| {
        let tensor = TensorId::Array(array);
        let axes = graph.axes(expr, tensor).clone();
        let steps = steps.get(&tensor).cloned().unwrap_or_default();
        graph.add(Tensor { axes, ellipsis: expr.ellipsis_of(array), steps })
    };
    wanted.iter().map(gradient).collect()
}

/// Which tensors some arrays go into.
fn dependent(graph: &Graph, arrays: &[ArrayId]) -> Vec<bool> {
    let mut depends: Vec<bool> = Vec::new();
    for tensor in &graph.tensors {
        let mut sources = tensor.steps.iter().flat_map(|step| &step.sources);
        let depends_on = sources.any(|source| match source.tensor {
            TensorId::Array(array) => arrays.contains(&array),
            TensorId::Made(made) => depends[made],
        });
        depends.push(depends_on);
    }
    depends
}

/// The sum of the steps, which is a tensor that is there already if they only copy one.
fn cotangent(expr: &Expr, graph: &mut Graph, of: usize, steps: Vec<Step>) -> TensorId {
    let Tensor { axes, ellipsis, .. } = graph.tensors[of].clone();
    if let [step] = &steps[..]
        && let [Source { tensor, conj: false }] = step.sources[..]
        && *graph.axes(expr, tensor) == axes
        && graph.ellipsis(expr, tensor) == ellipsis
    {
        return tensor;
    }
    graph.share(Tensor { axes, ellipsis, steps })
}

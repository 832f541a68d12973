//! Tangents, forward over the steps.

use crate::ir::expr::ArrayId;
use crate::ir::graph::{Graph, Step, Tensor, TensorId};

/// Adds the derivatives of a graph's results along tangents, and returns them: pairs of an array and its tangent. All other
/// arrays stand still.
pub(crate) fn jvp(graph: &mut Graph, tangents: &[(ArrayId, ArrayId)]) -> Vec<usize> {
    let mut moved: Vec<Option<TensorId>> = Vec::new();
    for number in 0..graph.tensors.len() {
        let tangent_of = |tensor: TensorId| match tensor {
            TensorId::Array(array) => {
                let pair = tangents.iter().find(|(of, _)| *of == array);
                pair.map(|&(_, tangent)| TensorId::Array(tangent))
            }
            TensorId::Made(made) => moved[made],
        };
        let steps = tangent_steps(&graph.tensors[number], tangent_of);
        let tangent = (!steps.is_empty()).then(|| {
            let tensor = Tensor { steps, ..graph.tensors[number].clone() };
            graph.share(tensor)
        });
        moved.push(tangent);
    }
    let results = graph.results.clone();
    let tangent = |result: usize| match moved[result] {
        Some(TensorId::Made(made)) => made,
        _ => {
            let steps = Vec::new();
            graph.add(Tensor { steps, ..graph.tensors[result].clone() })
        }
    };
    results.into_iter().map(tangent).collect()
}

/// Every step once for each of its sources that moves.
fn tangent_steps(tensor: &Tensor, tangent_of: impl Fn(TensorId) -> Option<TensorId>) -> Vec<Step> {
    let mut steps = Vec::new();
    for step in &tensor.steps {
        for (position, source) in step.sources.iter().enumerate() {
            if let Some(tangent) = tangent_of(source.tensor) {
                let mut moved = step.clone();
                moved.sources[position].tensor = tangent;
                steps.push(moved);
            }
        }
    }
    steps
}

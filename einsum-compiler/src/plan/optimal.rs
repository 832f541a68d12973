//! The cheapest order of pairs among all, by dynamic programming over subsets of the tensors.

use std::cmp::Ordering;

use super::cost::Cost;
use super::path::{IndexSet, Network, Order};

/// The best way to multiply the tensors of one subset.
struct Best {
    /// Operations of all its steps.
    operations: Cost,
    /// Elements of all its intermediates, which decides between equal operations.
    elements: Cost,
    /// The two subsets of the last step; none for a single tensor.
    split: Option<(usize, usize)>,
}

impl Best {
    fn compare(&self, other: &Best) -> Ordering {
        self.operations
            .compare(&other.operations)
            .then_with(|| self.elements.compare(&other.elements))
    }
}

/// Returns the cheapest order. Subsets are bit masks: bit `t` stands for tensor `t`.
pub(super) fn order(network: &Network<'_>) -> Order {
    let full = (1_usize << network.tensors.len()) - 1;
    let kept: Vec<IndexSet> = (0..=full).map(|subset| kept(network, subset, full)).collect();
    let mut best: Vec<Option<Best>> = Vec::with_capacity(full + 1);
    for subset in 0..=full {
        best.push(match subset.count_ones() {
            0 => None,
            1 => Some(Best { operations: Cost::default(), elements: Cost::default(), split: None }),
            _ => cheapest_split(network, subset, &kept, &best),
        });
    }
    let mut order = Order::new();
    let mut position = vec![0; full + 1];
    for tensor in 0..network.tensors.len() {
        position[1 << tensor] = tensor;
    }
    unwind(full, &best, network.tensors.len(), &mut position, &mut order);
    order
}

/// The indices of a subset's product that are needed outside of it.
fn kept(network: &Network<'_>, subset: usize, full: usize) -> IndexSet {
    let of = |subset: usize| {
        let within = move |tensor: &usize| subset >> tensor & 1 == 1;
        (0..network.tensors.len()).filter(within).flat_map(|tensor| &network.tensors[tensor])
    };
    let outside: IndexSet = of(full & !subset).chain(&network.output).copied().collect();
    of(subset).copied().filter(|index| outside.contains(index)).collect()
}

fn cheapest_split(
    network: &Network<'_>,
    subset: usize,
    kept: &[IndexSet],
    best: &[Option<Best>],
) -> Option<Best> {
    let mut cheapest: Option<Best> = None;
    // Each split once: the half with the lowest tensor is the left one.
    let lowest = subset & subset.wrapping_neg();
    let mut left = (subset - 1) & subset;
    while left > 0 {
        if left & lowest != 0 {
            let right = subset & !left;
            if let (Some(l), Some(r)) = (&best[left], &best[right]) {
                let all: IndexSet = kept[left].union(&kept[right]).copied().collect();
                let operations = &(&l.operations + &r.operations) + &network.size(&all);
                let elements = &(&l.elements + &r.elements) + &network.size(&kept[subset]);
                let candidate = Best { operations, elements, split: Some((left, right)) };
                if cheapest.as_ref().is_none_or(|best| candidate.compare(best).is_lt()) {
                    cheapest = Some(candidate);
                }
            }
        }
        left = (left - 1) & subset;
    }
    cheapest
}

/// Lists the pairs of a subset's tree, children first.
fn unwind(
    subset: usize,
    best: &[Option<Best>],
    tensors: usize,
    position: &mut [usize],
    order: &mut Order,
) {
    let Some((left, right)) = best[subset].as_ref().and_then(|best| best.split) else {
        return;
    };
    unwind(left, best, tensors, position, order);
    unwind(right, best, tensors, position, order);
    order.push((position[left], position[right]));
    position[subset] = tensors + order.len() - 1;
}

//! The cheapest order of pairs among all, by dynamic programming over subsets of the tensors.

use std::cmp::Ordering;

use super::cost::Measure;
use super::orders::Order;

/// A set of indices: bit `i` stands for index `i`.
pub(super) type Mask = u128;

/// The tensors to multiply, as sets of indices, and the indices that the result keeps.
pub(super) struct Masks {
    pub(super) tensors: Vec<Mask>,
    pub(super) output: Mask,
}

/// The best way to multiply the tensors of one subset.
#[derive(Clone)]
struct Best<C> {
    /// Operations of all its steps.
    operations: C,
    /// Elements of all its intermediates, which decides between equal operations.
    elements: C,
    /// The two subsets of the last step; none for a single tensor.
    split: Option<(usize, usize)>,
}

impl<C: Measure> Best<C> {
    fn compare(&self, other: &Best<C>) -> Ordering {
        self.operations
            .compare(&other.operations)
            .then_with(|| self.elements.compare(&other.elements))
    }
}

/// Returns the cheapest order, where `size` is the number of positions of a set of indices.
///
/// Subsets of the tensors are bit masks as well: bit `t` stands for tensor `t`.
pub(super) fn order<C: Measure>(masks: &Masks, size: impl Fn(Mask) -> C) -> Order {
    let tensors = masks.tensors.len();
    let full = (1_usize << tensors) - 1;
    let kept: Vec<Mask> = (0..=full).map(|subset| kept(masks, subset, full)).collect();
    let mut best: Vec<Option<Best<C>>> = Vec::with_capacity(full + 1);
    for subset in 0..=full {
        best.push(match subset.count_ones() {
            0 => None,
            1 => Some(Best { operations: C::zero(), elements: C::zero(), split: None }),
            _ => cheapest_split(subset, &kept, &best, &size),
        });
    }
    let mut order = Order::new();
    let mut position = vec![0; full + 1];
    for tensor in 0..tensors {
        position[1 << tensor] = tensor;
    }
    unwind(full, &best, tensors, &mut position, &mut order);
    order
}

/// The indices of a subset's product that are needed outside of it.
fn kept(masks: &Masks, subset: usize, full: usize) -> Mask {
    let of = |subset: usize| {
        let tensors = masks.tensors.iter().enumerate();
        let within = tensors.filter(|(tensor, _)| subset >> tensor & 1 == 1);
        within.fold(0, |all, (_, indices)| all | indices)
    };
    of(subset) & (of(full & !subset) | masks.output)
}

fn cheapest_split<C: Measure>(
    subset: usize,
    kept: &[Mask],
    best: &[Option<Best<C>>],
    size: impl Fn(Mask) -> C,
) -> Option<Best<C>> {
    let mut cheapest: Option<Best<C>> = None;
    let made = size(kept[subset]);
    // Each split once: the half with the lowest tensor is the left one.
    let lowest = subset & subset.wrapping_neg();
    let mut left = (subset - 1) & subset;
    while left > 0 {
        if left & lowest != 0 {
            let right = subset & !left;
            if let (Some(l), Some(r)) = (&best[left], &best[right]) {
                let operations =
                    size(kept[left] | kept[right]).plus(&l.operations).plus(&r.operations);
                let elements = made.plus(&l.elements).plus(&r.elements);
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
fn unwind<C>(
    subset: usize,
    best: &[Option<Best<C>>],
    tensors: usize,
    position: &mut [usize],
    order: &mut Order,
) {
    let Some((left, right)) = best[subset].as_ref().and_then(|best| best.split) else { return };
    unwind(left, best, tensors, position, order);
    unwind(right, best, tensors, position, order);
    order.push((position[left], position[right]));
    position[subset] = tensors + order.len() - 1;
}

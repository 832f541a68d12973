//! A good order of pairs for many tensors: always the pair that shrinks the network most.

use super::cost::{Cost, Measure};
use super::orders::{IndexSet, Network, Order};

/// Returns an order. Pairs that share an index come before outer products.
pub(super) fn order(network: &Network<'_>) -> Order {
    let mut tensors = network.tensors.clone();
    let mut alive: Vec<usize> = (0..tensors.len()).collect();
    let mut order = Order::new();
    while alive.len() > 1 {
        let mut cheapest: Option<(bool, Cost, (usize, usize))> = None;
        for (i, &left) in alive.iter().enumerate() {
            for &right in &alive[i + 1..] {
                let outer = tensors[left].is_disjoint(&tensors[right]);
                let made = network.size(&kept(network, &tensors, &alive, left, right));
                let gone = &network.size(&tensors[left]) + &network.size(&tensors[right]);
                let growth = &made - &gone;
                let better = cheapest.as_ref().is_none_or(|(best_outer, best_growth, _)| {
                    outer.cmp(best_outer).then(growth.compare(best_growth)).is_lt()
                });
                if better {
                    cheapest = Some((outer, growth, (left, right)));
                }
            }
        }
        let Some((_, _, (left, right))) = cheapest else {
            break;
        };
        let made = kept(network, &tensors, &alive, left, right);
        alive.retain(|&tensor| tensor != left && tensor != right);
        alive.push(tensors.len());
        tensors.push(made);
        order.push((left, right));
    }
    order
}

/// The indices of a pair's product that another tensor or the output has.
fn kept(
    network: &Network<'_>,
    tensors: &[IndexSet],
    alive: &[usize],
    left: usize,
    right: usize,
) -> IndexSet {
    let others = alive.iter().filter(|&&tensor| tensor != left && tensor != right);
    let needed = |index: &&_| {
        network.output.contains(index)
            || others.clone().any(|&tensor| tensors[tensor].contains(index))
    };
    tensors[left].union(&tensors[right]).filter(needed).copied().collect()
}

//! Up to how many points a call runs its own loops: those for which they are over before kernels would be, which take some
//! hundred nanoseconds to begin, and then less for each point, how much less depending on the kind of the call.

use crate::ir::expr::{Expr, IndexId, Term};
use crate::ir::program::{Body, Program};

/// What kernels do best: sums of rows, and products of matrices that lie as they read them.
const SUMS: usize = 512;
const MATRICES: usize = 512;

/// Elementwise products of rows of a few hundred elements, and, where there are more factors, several passes over them.
const ROWS: usize = 512;
const ROWS_OF_SEVERAL: usize = 1024;

/// What has fewer points in nests with intermediates, of which there are several to begin.
const REDUCED: usize = 768;

/// Loops that are fewer once some are fused, and products of matrices that are to be copied before.
const FUSED: usize = 1280;
const TURNED: usize = 1280;

/// Loops that no two arrays have in the same order, if most are summed and if not.
const SCATTERED_SUMS: usize = 2048;
const SCATTERED: usize = 4096;

/// Returns the most points for which a call runs its own loops. Its terms are plain.
pub(super) fn most_points(expr: &Expr, program: &Program) -> usize {
    let terms = terms(expr);
    let loops = expr.indices.len();
    let is_smaller =
        |body: &Body| body.iter().all(|nest| nest.kept.len() + nest.summed.len() < loops);
    if program.bodies.iter().any(is_smaller) {
        return REDUCED;
    }
    let (factors, fused) = (terms.len() - 1, fused_loops(&terms, loops));
    if let Some(is_turned) = matrices(&terms, &fused) {
        return if is_turned || fused.len() < loops { TURNED } else { MATRICES };
    }
    let is_sum = terms[factors].axes.is_empty();
    match (fused.len(), factors) {
        (3.., _) if terms[factors].axes.len() < 2 => SCATTERED_SUMS,
        (3.., _) => SCATTERED,
        (2, _) if loops > 2 => FUSED,
        (_, ..=2) if is_sum && loops <= 2 => SUMS,
        (_, 3..) if !is_sum => ROWS_OF_SEVERAL,
        _ => ROWS,
    }
}

/// The terms of all factors, and of the output.
fn terms(expr: &Expr) -> Vec<&Term> {
    let factors = expr.product.factors.iter();
    let terms = factors.map(|factor| &expr.arrays[factor.array.0].term);
    terms.chain([&expr.product.output]).collect()
}

/// Whether a call that multiplies matrices has to turn them, or `None` if it does not multiply any.
fn matrices(terms: &[&Term], loops: &[IndexId]) -> Option<bool> {
    let &[first, second, output] = terms else { return None };
    let along = |in_first, in_second, in_output| {
        let is_along = move |index| {
            (first.contains(index), second.contains(index), output.contains(index))
                == (in_first, in_second, in_output)
        };
        loops.iter().copied().filter(move |&index| is_along(index))
    };
    let rows = along(true, false, true).count();
    let columns = along(false, true, true).count();
    let steps = along(true, true, false).count();
    if rows * columns * steps == 0 {
        return None;
    }
    // The products themselves are lanes of kernels only where they are adjacent in all arrays.
    let is_last = |term: &Term, index| term.indices().last() == Some(&index);
    let is_apart =
        |index| !matches!(terms.iter().filter(|term| is_last(term, index)).count(), 0 | 3);
    Some(rows * columns * steps > 1 || along(true, true, true).any(is_apart))
}

/// Returns the loops without those that are one with another, since their axes follow each other in all arrays.
fn fused_loops(terms: &[&Term], loops: usize) -> Vec<IndexId> {
    let follows = |inner: IndexId, outer: IndexId| {
        terms.iter().all(|term| {
            let own = term.indices();
            let position = |index| own.iter().position(|&other| other == index);
            position(inner) == position(outer).map(|position| position + 1)
        })
    };
    let all = || (0..loops).map(IndexId);
    let is_inner = |inner: IndexId| all().any(|outer| inner != outer && follows(inner, outer));
    all().filter(|&index| !is_inner(index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Form;

    #[test]
    fn kinds_of_calls() {
        let most = |text: &str| {
            let factors = text.matches(',').count() + 1;
            let program = crate::program(Form::Einsum, text, factors, &[]).expect("a program");
            most_points(&program.expr, &program)
        };
        for text in ["i->", "ij,ij->"] {
            assert_eq!(most(text), SUMS, "{text}");
        }
        for text in ["ij,jk->ik", "ki,kj->ji", "ibj,bjk->ibk", "ijb,jkb->ikb"] {
            assert_eq!(most(text), MATRICES, "{text}");
        }
        for text in ["i,i->i", "ij,j->i", "ij->ji", "ijk,ijk->ijk", "i,i,i->", "ijk,ijk->"] {
            assert_eq!(most(text), ROWS, "{text}");
        }
        assert_eq!(most("ij,i,j->ij"), ROWS_OF_SEVERAL);
        for text in ["ij,jk->k", "i,j->", "ij,jk,kl->il"] {
            assert_eq!(most(text), REDUCED, "{text}");
        }
        for text in ["kij,k->kij", "kij->j", "ijk,jk->", "jki,i->i"] {
            assert_eq!(most(text), FUSED, "{text}");
        }
        for text in ["ibj,jk->bik", "ijb,bjk->bik", "ikj,jkl->il", "bij,jk->bik"] {
            assert_eq!(most(text), TURNED, "{text}");
        }
        for text in ["ji,ikj->k", "ijk,kji->"] {
            assert_eq!(most(text), SCATTERED_SUMS, "{text}");
        }
        for text in ["ijk->kj", "ijk,ikj->ij", "i,ij,jik->ik"] {
            assert_eq!(most(text), SCATTERED, "{text}");
        }
    }
}

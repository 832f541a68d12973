//! Dims in the groups of a matrix product.
//!
//! ```text
//! C[b, m, n] (+)= Σ_k X[b, m, k] · Y[b, n, k],   every letter a group of loops
//! ```

use super::loops::{Loop, Loops};
use crate::kernel::Dims;

/// The loops of a contraction by the arrays that they step through.
#[derive(Debug)]
pub(super) struct Groups {
    /// Kept loops over both operands, or over none.
    pub(super) batch: Loops,
    /// Kept loops over X alone.
    pub(super) m: Loops,
    /// Kept loops over Y alone.
    pub(super) n: Loops,
    /// Summed loops.
    pub(super) k: Loops,
    /// Whether X is the second source.
    pub(super) exchanged: bool,
}

/// Sorts dims into groups, the first source being X. `unit` is the size of an element.
pub(super) fn classify(dims: &Dims<2>, unit: usize) -> Groups {
    let mut groups = Groups {
        batch: Loops::new(),
        m: Loops::new(),
        n: Loops::new(),
        k: Loops::new(),
        exchanged: false,
    };
    let unit = unit.cast_signed();
    for dim in dims {
        let [x, y] = dim.sources;
        let group = match (dim.summed, x != 0, y != 0) {
            (true, ..) => &mut groups.k,
            (false, true, false) => &mut groups.m,
            (false, false, true) => &mut groups.n,
            (false, ..) => &mut groups.batch,
        };
        group.push(Loop { extent: dim.extent, x: x * unit, y: y * unit, c: dim.out * unit });
    }
    groups
}

impl Groups {
    /// Lets the operands change places.
    pub(super) fn exchange(&mut self) {
        core::mem::swap(&mut self.m, &mut self.n);
        for group in [&mut self.batch, &mut self.m, &mut self.n, &mut self.k] {
            for l in group {
                core::mem::swap(&mut l.x, &mut l.y);
            }
        }
        self.exchanged = !self.exchanged;
    }
}

/// Sorts loops, those with larger keys to the outside. Insertion, as there are few.
pub(super) fn sort_by(loops: &mut [Loop], key: impl Fn(&Loop) -> usize) {
    let mut i = 1;
    while i < loops.len() {
        let mut j = i;
        while j > 0 && key(&loops[j - 1]) < key(&loops[j]) {
            loops.swap(j - 1, j);
            j -= 1;
        }
        i += 1;
    }
}

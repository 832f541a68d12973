//! Visits all points of some loops.

use smallvec::{SmallVec, smallvec};

use super::Dim;

/// Calls `visit` with the offsets in the output and the sources of every point, the last dim running fastest.
///
/// Every extent must be 1 or more.
#[inline]
pub(super) fn walk<const P: usize>(dims: &[Dim<P>], mut visit: impl FnMut(isize, [isize; P])) {
    debug_assert!(dims.iter().all(|d| d.extent > 0), "an empty loop has no first point");
    // Most nests have few loops once they are fused: spare them the counters.
    match dims {
        [] => return visit(0, [0; P]),
        [dim] => {
            for i in 0..dim.extent.cast_signed() {
                visit(i * dim.out, dim.sources.map(|step| i * step));
            }
            return;
        }
        _ => {}
    }
    let mut index: SmallVec<[usize; 8]> = smallvec![0; dims.len()];
    let (mut out, mut sources) = (0_isize, [0_isize; P]);
    'points: loop {
        visit(out, sources);
        for (i, dim) in index.iter_mut().zip(dims).rev() {
            *i += 1;
            if *i < dim.extent {
                step(&mut out, &mut sources, dim, 1);
                continue 'points;
            }
            *i = 0;
            step(&mut out, &mut sources, dim, 1 - dim.extent.cast_signed());
        }
        return;
    }
}

#[inline]
fn step<const P: usize>(out: &mut isize, sources: &mut [isize; P], dim: &Dim<P>, by: isize) {
    *out += dim.out * by;
    for (at, step) in sources.iter_mut().zip(&dim.sources) {
        *at += step * by;
    }
}

//! Nests that multiply two matrices, as their three loops: `ij,jk->ik` is what is written most, and small ones would be over
//! before a list of loops is made and looked through.

use crate::kernel::Dim;
use crate::layout::Axes;
use crate::nest::Laid;
use crate::program::Nest;

/// The largest extents of a small product.
pub(crate) const EXTENT: usize = 128;

/// The loops over rows, which the first source and the target have, over columns, which the second one and the target have,
/// and over the steps of the sum.
///
/// Invariant: that which [`lay`](crate::nest::lay) sees to.
pub(crate) struct MatrixProduct {
    pub(crate) m: Dim<2>,
    pub(crate) n: Dim<2>,
    pub(crate) k: Dim<2>,
}

/// The loop that is summed, after two that are kept.
const SUMMED: u8 = 2;

impl MatrixProduct {
    /// Whether a nest has the loops of a small product, of more than `tiny` points.
    #[inline]
    pub(crate) fn is_small(nest: &Nest, extents: &[usize], tiny: usize) -> bool {
        if nest.kept.len() != 2 || nest.summed.len() != 1 {
            return false;
        }
        let m = extents[usize::from(nest.kept[0])];
        let n = extents[usize::from(nest.kept[1])];
        let k = extents[usize::from(nest.summed[0])];
        // That of an index without any axis is larger.
        m <= EXTENT && n <= EXTENT && k <= EXTENT && m * n * k > tiny
    }

    /// Returns the product of two matrices that a nest of two kept loops and one summed loop is, if it is one.
    #[inline]
    pub(crate) fn of([first, second]: &[Laid<'_>; 2], target: &Laid<'_>) -> Option<Self> {
        // The kept loop of a source, and which of its axes runs along it.
        let kept = |loops: &[u8]| match *loops {
            [own @ 0..SUMMED, SUMMED] => Some((own, 0)),
            [SUMMED, own @ 0..SUMMED] => Some((own, 1)),
            _ => None,
        };
        let ((row, x_row), (column, y_column)) = (kept(first.loops)?, kept(second.loops)?);
        let c_row = match *target.loops {
            [0, 1] if row != column => usize::from(row),
            [1, 0] if row != column => usize::from(column),
            _ => return None,
        };
        let (x, y, c) = (matrix(first.axes)?, matrix(second.axes)?, matrix(target.axes)?);
        let [m, k] = [x[x_row], x[1 - x_row]];
        let [n, y_k] = [y[y_column], y[1 - y_column]];
        let [c_m, c_n] = [c[c_row], c[1 - c_row]];
        // What does not fit is for those who panic.
        if m.0 != c_m.0 || n.0 != c_n.0 || k.0 != y_k.0 {
            return None;
        }
        Some(MatrixProduct {
            m: Dim { extent: m.0, out: c_m.1, sources: [m.1, 0], summed: false },
            n: Dim { extent: n.0, out: c_n.1, sources: [0, n.1], summed: false },
            k: Dim { extent: k.0, out: 0, sources: [k.1, y_k.1], summed: true },
        })
    }
}

/// Returns extents and strides, if they are those of two axes.
#[inline]
fn matrix(axes: &Axes<'_>) -> Option<[(usize, isize); 2]> {
    match (axes.named.extents, axes.named.strides, axes.rest.extents) {
        (&[n0, n1], &[s0, s1], []) => Some([(n0, s0), (n1, s1)]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Steps;

    /// Returns the product of arrays in C order whose axes run along these loops, of 9, 10, and 11 points.
    fn product(
        first: &'static [u8],
        second: &'static [u8],
        target: &'static [u8],
    ) -> Option<MatrixProduct> {
        let extent = |own: &u8| [9, 10, 11].get(usize::from(*own)).copied().unwrap_or(1);
        let arrays = [first, second, target].map(|loops| {
            let extents: Vec<usize> = loops.iter().map(extent).collect();
            let inner = |axis: usize| extents[axis + 1..].iter().product::<usize>().cast_signed();
            let strides: Vec<isize> = (0..extents.len()).map(inner).collect();
            (extents, strides)
        });
        let axes = arrays.each_ref().map(|(extents, strides)| Axes {
            named: Steps { extents, strides },
            rest: Steps::NONE,
            found: extents.len(),
        });
        let laid = |array: usize, loops| Laid { axes: &axes[array], loops };
        MatrixProduct::of(&[laid(0, first), laid(1, second)], &laid(2, target))
    }

    #[test]
    fn matrices_are_laid_along_their_loops() {
        for (row, column) in [(0, 1), (1, 0)] {
            for first in [&[[0, 2], [1, 2]], &[[2, 0], [2, 1]]] {
                for second in [&[[0, 2], [1, 2]], &[[2, 0], [2, 1]]] {
                    for target in [&[0, 1], &[1, 0]] {
                        let (x, y) = (&first[row], &second[column]);
                        let MatrixProduct { m, n, k } = product(x, y, target).expect("a product");
                        let extents: [usize; 3] = [9, 10, 11];
                        let [of_m, of_n] = [extents[row], extents[column]];
                        assert_eq!((m.extent, n.extent, k.extent), (of_m, of_n, 11));
                        // A step along the first of two axes is the other's extent.
                        let step = |is_first: bool, other: usize| {
                            if is_first { other.cast_signed() } else { 1 }
                        };
                        let (x_first, y_first) = (x[0] != 2, y[0] != 2);
                        assert_eq!(m.sources, [step(x_first, 11), 0]);
                        assert_eq!(n.sources, [0, step(y_first, 11)]);
                        assert_eq!(k.sources, [step(!x_first, of_m), step(!y_first, of_n)]);
                        let m_first = usize::from(target[0]) == row;
                        assert_eq!(
                            [m.out, n.out, k.out],
                            [step(m_first, of_n), step(!m_first, of_m), 0]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn other_nests_are_none() {
        for (first, second, target) in [
            // One source along both kept loops, or along none; a source twice along the sum.
            (&[0, 1][..], &[1, 2][..], &[0, 1][..]),
            (&[0, 2], &[0, 2], &[0, 1]),
            (&[2, 2], &[2, 1], &[0, 1]),
            (&[0, 2], &[2], &[0, 1]),
            (&[0, 2, 1], &[2, 1], &[0, 1]),
            // A diagonal, a target of other axes, an axis without a loop.
            (&[0, 2], &[2, 1], &[0, 0]),
            (&[0, 2], &[2, 1], &[0]),
            (&[0, 2], &[2, 1], &[0, 1, 255]),
            (&[0, 255], &[2, 1], &[0, 1]),
        ] {
            assert!(product(first, second, target).is_none(), "{first:?} {second:?} {target:?}");
        }
    }
}

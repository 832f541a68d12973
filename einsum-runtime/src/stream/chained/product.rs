//! Products whose factors lie in another order than the output.

use super::{Chained, Fit};
use crate::kernel::Dims;
use crate::stream::lane::Width;
use crate::stream::sweep::Arrays;
use crate::stream::transpose::{LINE, ListedProducts};

/// A product without a sum that is turned: see [`Chained`].
pub(in crate::stream) struct Product {
    chained: Chained<2>,
    /// The factor whose adjacent elements rows of blocks are.
    first: usize,
}

impl Product {
    /// Returns how a product is turned, if a factor has adjacent elements where neither the output nor the other one has others.
    pub(in crate::stream) fn of(dims: &Dims<2>, size: usize, fit: Fit) -> Option<Self> {
        let column = dims.iter().position(|d| d.out == 1)?;
        let row_of = |first: usize| {
            let is_whole = dims.iter().all(|d| d.sources[first] != 0);
            let row = dims.iter().position(|d| d.sources[first] == 1)?;
            (is_whole && row != column).then_some(row)
        };
        for first in 0..2 {
            let Some(row) = row_of(first) else { continue };
            let mut outer = Dims::from_slice(dims);
            if first == 1 {
                outer.iter_mut().for_each(|d| d.sources.reverse());
            }
            let (u, v) = (outer[column], outer[row]);
            outer.remove(column.max(row));
            outer.remove(column.min(row));
            let Some(chained) = Chained::of(&outer, (&u, &v), (size, fit)) else { continue };
            // Lines of rows that compete for few places of a cache would be gone before both factors have used them.
            let competes =
                !chained.is_constant && (0..2).any(|p| chained.u.competes(size, |d| d.sources[p]));
            // Many rows at the same one of a factor are sooner multiplied on their way through a buffer if arrays are large.
            let is_shared = !chained.is_constant
                && chained.is_large
                && !chained.is_far
                && chained.u.dims.iter().all(|d| d.sources[1] == 0);
            if !competes && !is_shared {
                return Some(Product { chained, first });
            }
        }
        None
    }

    /// `out[o] = x[s] · y[t]`, for elements of the kernels. `signs`: what these find so named, by the number of the factor that
    /// comes first.
    ///
    /// # Safety
    ///
    /// As [`multiply`](crate::stream::multiply::multiply).
    pub(in crate::stream) unsafe fn run<T: Width>(
        &self,
        kernels: &ListedProducts<T>,
        signs: [[T; 2]; 2],
        mut arrays: Arrays<T, 2>,
    ) {
        if self.first == 1 {
            arrays.sources.reverse();
        }
        let is_constant = self.chained.is_constant;
        let is_short = self.chained.is_short(LINE / size_of::<T>());
        let kernel = match (is_constant, kernels.far) {
            (_, Some(far)) if self.chained.is_far() => far[usize::from(is_constant)],
            _ if is_short => kernels.masked[usize::from(is_constant)],
            (true, _) => kernels.multiply_by,
            (false, _) => kernels.multiply,
        };
        // SAFETY: the caller's duties.
        unsafe { self.chained.run((kernel, signs[self.first]), arrays) }
    }
}

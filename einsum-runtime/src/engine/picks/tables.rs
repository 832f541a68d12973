//! The tables of a block: which lanes are picked, and which there are.

use super::block::Block;
use super::nest::step;
use crate::kernel::batch::PICKS;

/// The lanes of the widest vectors.
const WIDTH: usize = 16;

/// The tables of a block.
pub(super) struct Tables {
    /// For every step and vector of the output, the lanes of X and of Y.
    pub(super) lanes: [[u64; 8]; 2 * PICKS],
    /// For one point of the long loop or more, less one: the lanes of the sources that are read, then those of the output.
    pub(super) masks: [[u32; 3]; 2 * WIDTH],
}

impl<const P: usize> Block<P> {
    /// Calls `visit` at all points of the loops that are summed, or are not, with the step of each array from the first.
    fn each_of(&self, summed: bool, mut visit: impl FnMut(usize, [isize; 3])) {
        let loops = self.nest.inner().iter().filter(|d| d.summed == summed);
        let points = loops.clone().fold(1, |n, d| n * d.extent);
        for number in 0..points {
            let (mut at, mut rest) = ([0; 3], number);
            for d in loops.clone() {
                let index = (rest % d.extent).cast_signed();
                for (array, at) in at[..=P].iter_mut().enumerate() {
                    *at += index * step(d, array);
                }
                rest /= d.extent;
            }
            visit(number, at);
        }
    }

    /// Returns the tables for vectors of so many lanes.
    pub(super) fn tables(&self, width: usize) -> Tables {
        let mut tables = Tables { lanes: [[0; 8]; 2 * PICKS], masks: [[0; 3]; 2 * WIDTH] };
        let mut terms = [[0; 3]; PICKS];
        self.each_of(true, |number, at| terms[number] = at);
        let per_word = width / 8;
        for point in 0..self.points {
            // Masks for so many points have the lanes of fewer.
            if point > 0 {
                tables.masks[point] = tables.masks[point - 1];
            }
            self.each_of(false, |_, at| {
                let lane = |array: usize, term: [isize; 3]| {
                    let of_point = point.cast_signed() * step(&self.nest.along, array);
                    (of_point + at[array] + term[array] - self.first[array]).cast_unsigned()
                };
                // A part of a complex product is the sum of two products of parts.
                let parts = self.parts;
                for part in 0..parts {
                    let to = lane(P, [0; 3]) * parts + part;
                    tables.masks[point][P] |= 1 << to;
                    for number in 0..self.steps * parts {
                        let pick = 2 * (number * self.vectors + to / width);
                        let of_x = number % parts;
                        for (array, part) in [of_x, of_x ^ part].into_iter().enumerate().take(P) {
                            let from = lane(array, terms[number / parts]) * parts + part;
                            tables.masks[point][array] |= 1 << from;
                            tables.lanes[pick + array][to % width / per_word] |=
                                (from as u64) << (to % width % per_word * 32);
                        }
                    }
                }
            });
        }
        tables
    }
}

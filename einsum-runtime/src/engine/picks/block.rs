//! How many points of a nest run at once, and on which kernel.

use super::nest::{Nest, step};
use crate::engine::machine::Machine;
use crate::kernel::Dim;
use crate::kernel::batch::{PICKS, Picks};

/// What runs at once.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Block<const P: usize> {
    pub(super) kernel: Picks,
    pub(super) nest: Nest<P>,
    /// The first element of each array for a point of the long loop, from that at the first point of the others.
    pub(super) first: [isize; 3],
    /// Of the long loop.
    pub(super) points: usize,
    /// Of the output.
    pub(super) vectors: usize,
    /// For a point of the long loop.
    pub(super) results: usize,
    pub(super) steps: usize,
    /// The numbers of an element: two if complex. Steps are then as many for each.
    pub(super) parts: usize,
}

/// The elements of an array that one point of the long loop reads or writes: from the first to behind the last.
#[derive(Clone, Copy)]
struct Window {
    first: isize,
    len: usize,
}

impl Window {
    /// Returns the window of a source, or of the output, which is array `P`; `None` if it does not fit in two vectors.
    fn of<const P: usize>(inner: &[Dim<P>], array: usize, width: usize) -> Option<Self> {
        let (mut first, mut last) = (0_isize, 0_isize);
        for d in inner {
            let reach = step(d, array).checked_mul((d.extent - 1).cast_signed())?;
            if reach < 0 {
                first = first.checked_add(reach)?;
            } else {
                last = last.checked_add(reach)?;
            }
        }
        let len = last.checked_sub(first)?.checked_add(1)?.cast_unsigned();
        (len <= 2 * width).then_some(Window { first, len })
    }

    /// Returns how many points fit in so many lanes, at this step from one to the next.
    fn points(&self, lanes: usize, step: isize) -> Option<usize> {
        match (step, lanes.checked_sub(self.len)) {
            (0, Some(_)) => Some(usize::MAX),
            (1.., Some(more)) => Some(more / step.cast_unsigned() + 1),
            _ => None,
        }
    }
}

impl<const P: usize> Block<P> {
    /// Returns the block of a nest, if its arrays have few elements for a point and there is a kernel.
    pub(super) fn of(machine: &Machine, nest: Nest<P>) -> Option<Self> {
        let kernels = machine.batch?.picks?;
        let parts = machine.steps_of_point();
        let (width, picks) = (machine.rows_of_vector(), PICKS / parts);
        let (steps, results) = (nest.points(true), nest.points(false));
        if steps > picks || results > 2 * width {
            return None;
        }
        let mut windows = [Window { first: 0, len: 0 }; 3];
        for (array, window) in windows.iter_mut().enumerate().take(P + 1) {
            *window = Window::of(nest.inner(), array, width)?;
        }
        let first = windows.map(|window| window.first);
        let along = nest.along;
        // As many points as there are in one vector of the output, or in two.
        let with_vectors = |most: usize| -> Option<(usize, usize, usize)> {
            let mut points = windows[P].points(most * width, along.out)?.min(along.extent);
            for (array, window) in windows.iter().enumerate().take(P) {
                points = points.min(window.points(2 * width, along.sources[array])?);
            }
            let vectors = |array: usize| {
                let between = step(&along, array).unsigned_abs() * (points - 1);
                (windows[array].len + between).div_ceil(width)
            };
            let of_y = if P > 1 { vectors(1) } else { 0 };
            (vectors(P) * steps <= picks).then_some((points, vectors(P), of_y))
        };
        // The instructions of a pick, and of a block besides.
        let time = |vectors: usize, of_y: usize| vectors * steps * parts * (1 + parts + of_y) + 6;
        let (points, vectors, of_y) = match (with_vectors(1), with_vectors(2)) {
            (Some(one), Some(two)) if time(one.1, one.2) * two.0 <= time(two.1, two.2) * one.0 => {
                one
            }
            (Some(one), None) => one,
            (_, two) => two?,
        };
        let kernel = match of_y.checked_sub(1) {
            None => kernels.unary[vectors - 1][steps - 1],
            Some(of_y) if parts > 1 => kernels.complex[vectors - 1][of_y][steps - 1],
            Some(of_y) => kernels.binary[vectors - 1][of_y][steps - 1],
        };
        Some(Block { kernel, nest, first, points, vectors, results, steps, parts })
    }

    /// Returns about what a block takes, in fifths of a cycle, as measured: its picks.
    pub(super) fn cost(&self) -> usize {
        7 * P * self.steps * self.parts * self.vectors
    }
}

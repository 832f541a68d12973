//! Views of an operand with its axes permuted, merged to diagonals, or added with extent 1: what `einsum_view!` returns.

#![allow(unsafe_code)]

use core::marker::PhantomData;

use ndarray::{ArrayView, Axis, Dimension, ShapeBuilder};

use crate::affine::Along;
use crate::ellipsis::sealed::Ellipsis as _;
use crate::ellipsis::{Ellipsis, Rest};
use crate::layout::Steps;
use crate::nest::Laid;
use crate::program::{NONE, Program, WINDOWS};
use crate::rank::With;
use crate::view::View;

impl<'a, T, const R: usize, X, E: Ellipsis> View<'a, T, R, X, E> {
    /// Returns a view of rank `RO`, of which axis `axes[r]` runs along named axis `r`; axes that share an output axis
    /// make a diagonal, [`NONE`] drops an axis of extent 1, and an output axis without any has extent 1.
    ///
    /// # Panics
    ///
    /// If the rank is not that of the term, extents do not match, or `D` has another rank.
    #[must_use]
    pub fn rearrange<const RO: usize, D: Dimension>(&self, axes: [u8; R]) -> ArrayView<'a, T, D> {
        assert!(
            self.layout.ellipsis.axes().extents.is_empty(),
            "einloom: internal error: a view drops the axes of its ellipsis"
        );
        rearrange(self, &axes, RO, RO, Steps::NONE)
    }
}

impl<'a, T, const R: usize, X, E: Dimension> View<'a, T, R, X, Rest<E>> {
    /// As [`rearrange`](View::rearrange), with the ellipsis after `before` of the `RO` named output axes.
    ///
    /// # Panics
    ///
    /// If the rank is not that of the term or extents do not match.
    #[must_use]
    pub fn rearrange_with_ellipsis<const RO: usize, E2: With<RO>>(
        &self,
        axes: [u8; R],
        before: usize,
        _ellipsis: PhantomData<E2>,
    ) -> ArrayView<'a, T, E2::Out> {
        rearrange(self, &axes, RO, before, self.layout.ellipsis.axes())
    }
}

impl<'a, T, const R: usize, X, E: Ellipsis> View<'a, T, R, X, E> {
    /// Returns a view of the first array of a program, with windows and composed axes, whose named axes run along the
    /// indices `output`; along [`NONE`] they have extent 1. `extents` are those of all indices.
    ///
    /// # Panics
    ///
    /// If the rank is not that of the term, a position lies outside of an axis, an index of the operand has not one axis, or
    /// `D` has another rank.
    #[must_use]
    pub fn windowed<D: Dimension>(
        &self,
        program: &'static Program,
        output: &[u8],
        extents: &[usize],
    ) -> ArrayView<'a, T, D> {
        assert!(
            self.layout.ellipsis.axes().extents.is_empty(),
            "einloom: internal error: a view drops the axes of its ellipsis"
        );
        windowed(self, program, output, extents, output.len())
    }
}

impl<'a, T, const R: usize, X, E: Dimension> View<'a, T, R, X, Rest<E>> {
    /// As [`windowed`](View::windowed), with the ellipsis after `before` of the `RO` named output axes.
    ///
    /// # Panics
    ///
    /// As [`windowed`](View::windowed).
    #[must_use]
    pub fn windowed_with_ellipsis<const RO: usize, E2: With<RO>>(
        &self,
        program: &'static Program,
        output: &[u8],
        extents: &[usize],
        before: usize,
        _ellipsis: PhantomData<E2>,
    ) -> ArrayView<'a, T, E2::Out> {
        windowed(self, program, output, extents, before)
    }
}

fn windowed<'a, T, const R: usize, X, E: Ellipsis, D: Dimension>(
    view: &View<'a, T, R, X, E>,
    program: &'static Program,
    output: &[u8],
    of_indices: &[usize],
    before: usize,
) -> ArrayView<'a, T, D> {
    view.layout.assert_rank();
    assert!(before <= output.len(), "einloom: internal error: the ellipsis lies outside the view");
    let laid = view.layout.axes();
    let rest = laid.rest;
    let (count, named) = (rest.extents.len(), output.len());
    // One loop an axis of the view, those of the ellipsis last.
    let of_axis = |&index: &u8| if index == NONE { 1 } else { of_indices[usize::from(index)] };
    let all: Vec<usize> = output.iter().map(of_axis).chain(rest.extents.iter().copied()).collect();
    assert!(all.len() < usize::from(WINDOWS), "einloom: internal error: a view has too many axes");
    let axes = program.arrays[0].axes;
    let to_loop = |&index: &u8| match program.window(index) {
        None if index != NONE => {
            let position = output.iter().position(|own| *own == index);
            let position = position.expect("einloom: internal error: a view drops an axis");
            u8::try_from(position).expect("einloom: internal error: a view has too many axes")
        }
        _ => index,
    };
    let loops: Vec<u8> = axes.iter().map(to_loop).collect();
    let along = Along { program, indices: output, of_indices, extents: &all };
    let array = along.array(&Laid { axes: &laid, loops: &loops });
    assert!(array.is_inside(&all), "einloom: internal error: a view leaves its array");
    let (mut extents, mut strides) = (D::zeros(named + count), D::zeros(named + count));
    for (number, &extent) in all.iter().enumerate() {
        let to = match number.checked_sub(named) {
            Some(of_rest) => before + of_rest,
            None if number < before => number,
            None => number + count,
        };
        extents[to] = extent;
        strides[to] = array.step(number).cast_unsigned();
    }
    // Where there is a position there is one with all loops at 0.
    let offset = if all.contains(&0) { 0 } else { array.offset() };
    view_of(view, offset, extents, strides)
}

fn rearrange<'a, T, const R: usize, X, E: Ellipsis, D: Dimension>(
    view: &View<'a, T, R, X, E>,
    axes: &[u8; R],
    named: usize,
    before: usize,
    rest: Steps<'_>,
) -> ArrayView<'a, T, D> {
    view.layout.assert_rank();
    let count = rest.extents.len();
    assert!(before <= named, "einloom: internal error: the ellipsis lies outside the view");
    let mut extents = D::zeros(named + count);
    let mut strides = D::zeros(named + count);
    for position in 0..count {
        extents[before + position] = rest.extents[position];
        strides[before + position] = rest.strides[position].cast_unsigned();
    }
    let mut seen = [false; 256];
    for (axis, &to) in axes.iter().enumerate() {
        let extent = view.extent(axis);
        if to == NONE {
            assert!(extent == 1, "einloom: internal error: a view drops an axis");
            continue;
        }
        let to = usize::from(to);
        assert!(to < named, "einloom: internal error: a view has no such axis");
        let at = if to < before { to } else { to + count };
        assert!(
            !seen[to] || extents[at] == extent,
            "einloom: internal error: the extents of a diagonal differ"
        );
        seen[to] = true;
        extents[at] = extent;
        strides[at] = strides[at].wrapping_add(view.layout.stride(axis).cast_unsigned());
    }
    for to in (0..named).filter(|&to| !seen[to]) {
        extents[if to < before { to } else { to + count }] = 1;
    }
    view_of(view, 0, extents, strides)
}

/// Returns the view of these extents and strides, in elements and two's complement, whose first element is at `offset`; all
/// its positions must be positions of `view`.
fn view_of<'a, T, const R: usize, X, E, D: Dimension>(
    view: &View<'a, T, R, X, E>,
    offset: isize,
    extents: D,
    mut strides: D,
) -> ArrayView<'a, T, D> {
    let empty = extents.slice().contains(&0);
    let mut ptr = view.ptr().as_ptr().cast_const().wrapping_offset(offset);
    // ndarray takes positive strides: start at the lowest address and turn axes round afterwards.
    let mut reversed = D::zeros(extents.ndim());
    for axis in 0..extents.ndim() {
        let (extent, stride) = (extents[axis], strides[axis].cast_signed());
        if empty || extent == 1 {
            strides[axis] = 0;
        } else if stride < 0 {
            reversed[axis] = 1;
            strides[axis] = stride.unsigned_abs();
            let last = stride * (extent - 1).cast_signed();
            // SAFETY: the view has elements, and this is the address of one: its last position along `axis` and
            // along the reversed axes before it.
            ptr = unsafe { ptr.offset(last) };
        }
    }
    // SAFETY: every position is a position of `view`, whose elements may be read for `'a`.
    let mut array = unsafe { ArrayView::from_shape_ptr(extents.strides(strides), ptr) };
    for axis in 0..reversed.ndim() {
        if reversed[axis] == 1 {
            array.invert_axis(Axis(axis));
        }
    }
    array
}

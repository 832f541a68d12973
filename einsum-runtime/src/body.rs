//! Runs the nests of a body: each is laid along its loops, and given to the kernels of the elements.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::affine;
use crate::check::is_first;
use crate::execute::{Call, Out, maker};
use crate::fused::Fusing;
use crate::intermediate::Intermediate;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead, Sources};
use crate::kernel::tiny::{self, Tiny};
use crate::kernel::{Dim, Dims};
use crate::layout::Axes;
use crate::matrix_product::MatrixProduct;
use crate::nest::{self, Laid, is_diagonal};
use crate::program::{Access, NONE, Nest, WINDOWS};

/// What makes products small whose intermediates are laid out for kernels with products in the lanes: the most elements
/// of one, and the most points of a sum. The fewest products that are worth it.
const ELEMENTS: usize = 64;
const STEPS: usize = 16;
const PRODUCTS: usize = 64;

/// So many intermediates of a call are listed on the stack: those of the gradients of a dozen operands.
const INTERMEDIATES: usize = 24;

impl Call<'_> {
    /// Runs a body. `outs` are where its results go.
    ///
    /// # Safety
    ///
    /// At every position of its axes, each of `outs` can be written by nobody else, no two positions have the same
    /// element, and every element holds a value of the elements' type unless the mode is an assignment. Factors of the
    /// modes can be read as elements.
    ///
    /// In turn every position is written when this returns.
    ///
    /// # Panics
    ///
    /// If the body does not make a result.
    pub(crate) unsafe fn run(&self, body: &[Nest], outs: &[Out<'_>]) {
        let mut result = 0;
        while result < outs.len() {
            maker(body, result);
            result += 1;
        }
        if let ([nest], [out]) = (body, outs) {
            // SAFETY: the caller's duties; the only nest makes the only result.
            return unsafe { self.run_nest(nest, &[], out) };
        }
        let fusing = self.fusing(body, outs);
        // SAFETY: the caller's duties.
        unsafe {
            match self.blocking(body, &fusing, outs.len()) {
                Some(blocking) => self.run_blocked(body, &fusing, &blocking, outs),
                None => self.run_whole(body, &fusing, outs),
            }
        }
    }

    /// Runs a body nest by nest, but for those that run as one. An intermediate is given back after the last nest that needs
    /// it.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run).
    pub(crate) unsafe fn run_whole(&self, body: &[Nest], fusing: &Fusing, outs: &[Out<'_>]) {
        let mut made: SmallVec<[Option<Intermediate>; INTERMEDIATES]> = SmallVec::new();
        let mut number = 0;
        while number < body.len() {
            let (nest, own) = (&body[number], number);
            let makers = fusing.makers(number);
            if fusing.is_maker(number) {
                made.push(None);
                number += 1;
                continue;
            }
            number += 1;
            // SAFETY: the caller's duties; the room of an intermediate is as large as its shape says, and the nest that
            // makes it writes all of it.
            unsafe {
                match usize::from(nest.into).checked_sub(outs.len()) {
                    None => {
                        let out = &outs[usize::from(nest.into)];
                        let mode = if is_first(body, own) { out.mode } else { adding(out.mode) };
                        self.run_with(body, (own, makers), &mut made, &Out { mode, ..*out });
                    }
                    Some(new) if new == made.len() => {
                        let mut shape = self.new_shape(nest);
                        if let Some(axis) = self.lanes(body, own, new) {
                            shape.lay_along(axis);
                        }
                        let mut target = Intermediate::new(shape, self.kernels.element);
                        self.run_with(body, (own, makers), &mut made, &target.out(RawMode::Assign));
                        made.push(Some(target));
                    }
                    Some(old) => {
                        // Taken out, it cannot be read.
                        let target = made.get_mut(old).and_then(Option::take);
                        let mut target = target.expect(NOT_MADE);
                        let out = target.out(adding(RawMode::Assign));
                        self.run_with(body, (own, makers), &mut made, &out);
                        made[old] = Some(target);
                    }
                }
            }
            let done = makers.iter().map(|&maker| &body[maker]).chain([nest]);
            for access in done.flat_map(|nest| nest.sources) {
                if let Some(read) = usize::from(access.tensor).checked_sub(self.operands.len()) {
                    let target = outs.len() + read;
                    let is_left = |later: usize| {
                        let makers = fusing.makers(later).iter().map(|&maker| &body[maker]);
                        let mut nests = makers.chain([&body[later]]);
                        nests.any(|nest| nest.uses(access.tensor, target))
                    };
                    if !(number..body.len()).any(is_left) {
                        made[read] = None;
                    }
                }
            }
        }
    }

    /// Returns the axis along which the elements of an intermediate are to be adjacent, if that is not the last: where it
    /// goes into many small products, these then are the lanes of kernels, for which it need not be transposed. Nor must more
    /// be transposed to make it.
    fn lanes(&self, body: &[Nest], number: usize, intermediate: usize) -> Option<usize> {
        let nest = &body[number];
        let is_plain = |axes: &[u8]| axes.iter().all(|&axis| axis < WINDOWS || axis == NONE);
        if nest.has_ellipsis() || !is_plain(nest.target) {
            return None;
        }
        let of_axis = |axis: usize| nest.extent(nest.target[axis], self.extents);
        let axis = (0..nest.target.len()).max_by_key(|&axis| of_axis(axis))?;
        let products = of_axis(axis);
        if products < PRODUCTS {
            return None;
        }
        let index = nest.index(usize::from(nest.target[axis]));
        let tensor = self.program.arrays.len() + intermediate;
        let is_read = |access: &Access| usize::from(access.tensor) == tensor;
        let reader = body[number + 1..].iter().find(|later| later.sources.iter().any(is_read))?;
        let is_result = usize::from(reader.into) < self.program.results.len();
        let is_along = |access: &Access| {
            access.loops.iter().any(|&own| own != NONE && reader.index(usize::from(own)) == index)
        };
        // With one matrix the products of a result are done as quickly if its rows are adjacent.
        let is_batch = !reader.has_ellipsis()
            && reader.sources.iter().all(|access| is_plain(access.loops))
            && reader.kept.contains(&index)
            && reader.sources.len() == 2
            && (!is_result || reader.sources.iter().all(is_along));
        // Without a sum, results in another order would be transposed.
        let is_last =
            || reader.target.last().is_some_and(|&own| reader.index(usize::from(own)) == index);
        if reader.summed.is_empty() && !is_last() {
            return None;
        }
        let points = |indices: &[u8]| self.bytes(indices, 1);
        let is_small = points(nest.kept) / products <= ELEMENTS
            && points(nest.summed).max(points(reader.summed)) <= STEPS;
        // What it is made from would have to be transposed instead, if that is more.
        let is_larger = |access: &Access| {
            let own = access.loops.iter().filter(|&&own| own != NONE);
            let indices: SmallVec<[u8; 8]> = own.map(|&own| nest.index(usize::from(own))).collect();
            indices.contains(&index) && points(&indices) > points(nest.kept)
        };
        let is_gain = !nest.sources.iter().any(is_larger);
        (is_batch && is_small && is_gain).then_some(axis)
    }

    /// Runs a nest, and with it those that make factors of it and have not been run.
    ///
    /// # Safety
    ///
    /// As [`run_nest`](Call::run_nest).
    unsafe fn run_with(
        &self,
        body: &[Nest],
        (nest, makers): (usize, &[usize]),
        made: &mut [Option<Intermediate>],
        out: &Out<'_>,
    ) {
        // SAFETY: the caller's duties.
        unsafe {
            match makers {
                [] => self.run_nest(&body[nest], made, out),
                makers => self.run_fused(body, (nest, makers), made, out),
            }
        }
    }

    /// # Safety
    ///
    /// As [`run`](Call::run); `made` have been written.
    pub(crate) unsafe fn run_nest(
        &self,
        nest: &Nest,
        made: &[Option<Intermediate>],
        out: &Out<'_>,
    ) {
        if !self.program.windows.is_empty() && affine::has_window(nest) {
            // SAFETY: the caller's duties.
            return unsafe { self.run_affine(nest, made, out) };
        }
        let target = Laid { axes: &out.axes, loops: nest.target };
        let mut mode = out.mode;
        if nest.sources.is_empty() || is_diagonal(nest.target) {
            // SAFETY: the caller's duties; the kernels are those of the elements.
            mode = unsafe { self.kernels.scale_all(whole(&out.axes), out.ptr, mode) };
        }
        // SAFETY: `lay` keeps every offset inside the arrays, which do not overlap the target. The loops that are kept
        // are the target's axes, so that every position on its diagonal is written, and the others were above.
        unsafe {
            match nest.sources {
                // Without sums every element is what the mode has made of it.
                [] => {}
                [source] => {
                    let (read, mut room) = (self.read(source, made), None);
                    let laid = [self.lay(source, made, &mut room)];
                    self.run_plain(nest, [read], &laid, &target, (out.ptr, mode));
                }
                [first, second] => {
                    let reads = [self.read(first, made), self.read(second, made)];
                    let (mut room, mut other) = (None, None);
                    let laid =
                        [self.lay(first, made, &mut room), self.lay(second, made, &mut other)];
                    let is_done =
                        self.run_matrix_product(nest, reads, &laid, &target, (out.ptr, mode));
                    if !is_done {
                        self.run_plain(nest, reads, &laid, &target, (out.ptr, mode));
                    }
                }
                _ => unreachable!("einloom: internal error: a nest has at most two sources"),
            }
        }
    }

    /// Returns where a nest reads a source.
    ///
    /// # Panics
    ///
    /// If it is an output, or has not been made.
    pub(crate) fn read(&self, access: &Access, made: &[Option<Intermediate>]) -> RawRead {
        let (tensor, operands) = (usize::from(access.tensor), self.operands.len());
        let ptr = if tensor < operands {
            let operand = &self.operands[tensor];
            assert!(!operand.is_output, "einloom: internal error: a nest reads the output");
            operand.ptr.cast_const()
        } else {
            intermediate(made, tensor - operands).as_ptr()
        };
        RawRead { ptr, conjugated: access.conj }
    }

    /// Returns the axes of a source and the loops that they run along. Those of an intermediate need `room`.
    ///
    /// # Panics
    ///
    /// If it has not been made.
    pub(crate) fn lay<'s>(
        &'s self,
        access: &Access,
        made: &'s [Option<Intermediate>],
        room: &'s mut Option<Axes<'s>>,
    ) -> Laid<'s> {
        let (tensor, operands) = (usize::from(access.tensor), self.operands.len());
        let axes = if tensor < operands {
            &self.operands[tensor].axes
        } else {
            room.insert(intermediate(made, tensor - operands).shape.axes())
        };
        Laid { axes, loops: access.loops }
    }

    /// Runs a nest that is a small product of two matrices; else does nothing, and returns false.
    ///
    /// # Safety
    ///
    /// As [`run_plain`](Call::run_plain).
    #[inline]
    unsafe fn run_matrix_product(
        &self,
        nest: &Nest,
        sources: [RawRead; 2],
        laid: &[Laid<'_>; 2],
        target: &Laid<'_>,
        (out, mode): (*mut u8, RawMode),
    ) -> bool {
        let Some(kernel) = self.kernels.matrix_product else { return false };
        let tiny = tiny::most_points(self.kernels.is_real, 2, 1);
        if !MatrixProduct::is_small(nest, self.extents, tiny) {
            return false;
        }
        let Some(product) = MatrixProduct::of(laid, target) else { return false };
        // SAFETY: the caller's duties.
        unsafe { kernel(&product, sources, out, mode) }
    }

    /// # Safety
    ///
    /// Sources can be read and the target written as [`Kernels`](crate::kernel::Kernels) says, at all positions of their
    /// axes.
    unsafe fn run_plain<const P: usize>(
        &self,
        nest: &Nest,
        sources: [RawRead; P],
        laid: &[Laid<'_>; P],
        target: &Laid<'_>,
        (out, mode): (*mut u8, RawMode),
    ) where
        RawKernels: Sources<P>,
    {
        let mut extents = [0; tiny::LOOPS];
        if nest::is_tiny(&mut extents, nest, self.extents, laid, target, self.kernels.is_real) {
            let mut tiny = Tiny::EMPTY;
            nest::lay_tiny(&mut tiny, nest, &extents, laid, target);
            // SAFETY: the caller's duties.
            return unsafe { (self.kernels.tiny_kernel())(&tiny, sources, out, mode) };
        }
        let mut dims = Dims::new();
        nest::lay(&mut dims, nest, self.extents, laid, target);
        // SAFETY: the caller's duties.
        unsafe { (self.kernels.kernel())(&mut dims, sources, out, mode) }
    }
}

/// # Panics
///
/// If it has not been made.
fn intermediate(made: &[Option<Intermediate>], number: usize) -> &Intermediate {
    made.get(number).and_then(Option::as_ref).expect(NOT_MADE)
}

const NOT_MADE: &str =
    "einloom: internal error: a nest needs what has not been made, or is its own target";

/// Returns the mode of the nests after the first one of a target.
fn adding(mode: RawMode) -> RawMode {
    let alpha = match mode {
        RawMode::Assign => Factor::One,
        RawMode::Scale { alpha, .. } => alpha,
    };
    RawMode::Scale { alpha, beta: Factor::One }
}

/// Returns the loops over all elements of an array.
pub(crate) fn whole(axes: &Axes<'_>) -> Dims<0> {
    let mut dims = Dims::new();
    for (extent, stride) in
        [axes.named, axes.rest].iter().flat_map(|axes| axes.extents.iter().zip(axes.strides))
    {
        dims.push(Dim { extent: *extent, out: *stride, sources: [], summed: false });
    }
    dims
}

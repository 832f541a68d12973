//! Runs the nests of a checked call: in go its arrays and the extents of its indices, out come results.
//!
//! What depends on the element type only by its size and its kernels is not generic, so that it is compiled here, once.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::check::{cheapest, rest_extents};
use crate::intermediate::{COrder, Intermediate};
use crate::kernel::raw::{RawKernels, RawMode, RawRead};
use crate::kernel::{Dim, Dims};
use crate::layout::Axes;
use crate::nest::{self, Laid, is_diagonal};
use crate::new_array::{NewArray, NewRoom};
use crate::program::{Access, NONE, Nest, Program};
use crate::view::Raw;

/// What makes products small whose intermediates are laid out for kernels with products in the lanes: the most elements
/// of one, and the most points of a sum. The fewest products that are worth it.
const ELEMENTS: usize = 64;
const STEPS: usize = 16;
const PRODUCTS: usize = 64;

/// A call whose shapes have been checked.
///
/// Invariant: the kernels are those of the elements of all operands.
pub(crate) struct Call<'c> {
    pub(crate) program: &'static Program,
    pub(crate) operands: &'c [Raw<'c>],
    /// The extent of each index.
    pub(crate) extents: &'c [usize],
    pub(crate) kernels: &'static RawKernels,
}

/// What a body writes its result to.
#[derive(Clone, Copy)]
pub(crate) struct Out<'o> {
    pub(crate) ptr: *mut u8,
    pub(crate) axes: Axes<'o>,
    pub(crate) mode: RawMode,
}

impl Call<'_> {
    /// Computes a product into a new array, and writes that to `array`, made by `new_array`.
    ///
    /// # Safety
    ///
    /// `array` can be written as an array of the elements' type and the dimension of `new_array`.
    ///
    /// # Panics
    ///
    /// If there is no such product, or the dimension has another rank.
    pub(crate) unsafe fn run_new(&self, product: usize, new_array: NewArray, array: *mut u8) {
        let described = &self.program.products[product];
        let body = cheapest(described, self.extents);
        let last = body.len() - 1;
        let nest = &body[last];
        let shape = self.new_shape(&body[..last], nest, described.like);
        let room = NewRoom::new(shape.len, self.kernels.element);
        let axes = shape.axes();
        let out = Out { ptr: room.ptr(), axes, mode: RawMode::Assign };
        // SAFETY: the room is new, and as large as its shape says; the check has bounded the shape as an array wants it.
        unsafe {
            self.run(product, out);
            if nest.before == NONE {
                return new_array(array, room.into_room(), axes.named.extents);
            }
            let extents = shape.in_order(usize::from(nest.before));
            new_array(array, room.into_room(), &extents);
        }
    }

    /// Returns the shape of what a nest makes. `earlier` are the nests that run before it.
    fn new_shape(&self, earlier: &[Nest], nest: &Nest, like: u8) -> COrder {
        let mut shape = match nest.before {
            NONE => COrder::new(nest.target.len(), &[]),
            _ => {
                let rest = rest_extents(self.program, earlier, nest, like, self.operands);
                COrder::new(nest.target.len(), &rest)
            }
        };
        let named = shape.named_mut();
        let mut axis = 0;
        while axis < named.len() {
            named[axis] = nest.extent(nest.target[axis], self.extents);
            axis += 1;
        }
        shape.lay(usize::from(nest.before));
        shape
    }

    /// Computes a product.
    ///
    /// # Safety
    ///
    /// At every position of its axes, `out` can be written by nobody else, no two positions have the same element, and
    /// every element holds a value of the elements' type unless the mode is an assignment. Factors of the mode can be
    /// read as elements.
    ///
    /// In turn every position is written when this returns.
    pub(crate) unsafe fn run(&self, product: usize, out: Out<'_>) {
        let product = &self.program.products[product];
        let body = cheapest(product, self.extents);
        // SAFETY: the caller's duties.
        unsafe {
            match self.blocking(body) {
                Some(blocking) => self.run_blocked(body, &blocking, &out),
                None => self.run_whole(body, out),
            }
        }
    }

    /// Runs a body nest by nest.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run).
    pub(crate) unsafe fn run_whole(&self, body: &[Nest], out: Out<'_>) {
        let mut made: SmallVec<[Intermediate; 4]> = SmallVec::new();
        let last = body.len() - 1;
        let mut number = 0;
        while number < last {
            let nest = &body[number];
            let mut shape = self.new_shape(&body[..number], nest, NONE);
            if let Some(axis) = self.lanes(body, number) {
                shape.lay_along(axis);
            }
            let mut target = Intermediate::new(shape, self.kernels.element);
            let ptr = target.as_mut_ptr();
            let out = Out { ptr, axes: target.shape.axes(), mode: RawMode::Assign };
            // SAFETY: the room is new, and as large as its shape says.
            unsafe { self.run_nest(nest, &made, out) };
            made.push(target);
            number += 1;
        }
        // SAFETY: the caller's duties.
        unsafe { self.run_nest(&body[last], &made, out) };
    }

    /// Returns the axis along which the elements of an intermediate are to be adjacent, if that is not the last: where it
    /// goes into many small products, these then are the lanes of kernels, for which it need not be transposed.
    fn lanes(&self, body: &[Nest], number: usize) -> Option<usize> {
        let nest = &body[number];
        let of_axis = |axis: usize| nest.extent(nest.target[axis], self.extents);
        let axis = (0..nest.target.len()).max_by_key(|&axis| of_axis(axis))?;
        let products = of_axis(axis);
        if products < PRODUCTS || nest.before != NONE {
            return None;
        }
        let index = nest.index(usize::from(nest.target[axis]));
        let tensor = self.program.arrays.len() + number;
        let is_read = |access: &Access| usize::from(access.tensor) == tensor;
        let reader =
            (number + 1..body.len()).find(|&later| body[later].sources.iter().any(is_read))?;
        let is_result = reader + 1 == body.len();
        let reader = &body[reader];
        let is_along = |access: &Access| {
            access.loops.iter().any(|&own| own != NONE && reader.index(usize::from(own)) == index)
        };
        // With one matrix the products of a result are done as quickly if its rows are adjacent.
        let is_batch = reader.before == NONE
            && reader.kept.contains(&index)
            && reader.sources.len() == 2
            && (!is_result || reader.sources.iter().all(is_along));
        let points = |indices: &[u8]| self.bytes(indices, 1);
        let is_small = points(nest.kept) / products <= ELEMENTS
            && points(nest.summed).max(points(reader.summed)) <= STEPS;
        (is_batch && is_small).then_some(axis)
    }

    /// # Safety
    ///
    /// As [`run`](Call::run); `made` have been written.
    unsafe fn run_nest(&self, nest: &Nest, made: &[Intermediate], out: Out<'_>) {
        let target = Laid { axes: out.axes, loops: nest.target };
        let mut mode = out.mode;
        if is_diagonal(nest.target) {
            // SAFETY: the caller's duties; the kernels are those of the elements.
            mode = unsafe { self.kernels.scale_all(whole(&out.axes), out.ptr, mode) };
        }
        // SAFETY: `lay` keeps every offset inside the arrays, which do not overlap the target. The loops that are kept
        // are the target's axes, so that every position on its diagonal is written, and the others were above.
        unsafe {
            match nest.sources {
                [source] => {
                    let (read, laid) = self.source(source, made);
                    self.run_unary(nest, read, &[laid], &target, out.ptr, mode);
                }
                [first, second] => {
                    let (first, laid_first) = self.source(first, made);
                    let (second, laid_second) = self.source(second, made);
                    let (reads, laid) = ([first, second], [laid_first, laid_second]);
                    self.run_binary(nest, reads, &laid, &target, out.ptr, mode);
                }
                _ => unreachable!("einloom: internal error: a nest has one source or two"),
            }
        }
    }

    fn source<'s>(&'s self, access: &Access, made: &'s [Intermediate]) -> (RawRead, Laid<'s>) {
        let tensor = usize::from(access.tensor);
        let (ptr, axes) = match tensor.checked_sub(self.operands.len()) {
            None => {
                let Raw { ptr, is_output, .. } = self.operands[tensor];
                assert!(!is_output, "einloom: internal error: a nest reads the output");
                (ptr.cast_const(), self.operands[tensor].axes())
            }
            Some(number) => (made[number].as_ptr(), made[number].shape.axes()),
        };
        (RawRead { ptr, conjugated: access.conj }, Laid { axes, loops: access.loops })
    }

    /// # Safety
    ///
    /// The source can be read and the target written as [`Kernels`](crate::kernel::Kernels) says, at all positions of
    /// their axes.
    unsafe fn run_unary(
        &self,
        nest: &Nest,
        source: RawRead,
        laid: &[Laid<'_>; 1],
        target: &Laid<'_>,
        out: *mut u8,
        mode: RawMode,
    ) {
        if let Some(tiny) = nest::lay_tiny(nest, self.extents, laid, target) {
            // SAFETY: the caller's duties.
            return unsafe { self.kernels.tiny_unary(&tiny, source, out, mode) };
        }
        let mut dims = nest::lay(nest, self.extents, laid, target);
        // SAFETY: the caller's duties.
        unsafe { self.kernels.unary(&mut dims, source, out, mode) }
    }

    /// # Safety
    ///
    /// As [`run_unary`](Call::run_unary).
    unsafe fn run_binary(
        &self,
        nest: &Nest,
        sources: [RawRead; 2],
        laid: &[Laid<'_>; 2],
        target: &Laid<'_>,
        out: *mut u8,
        mode: RawMode,
    ) {
        if let Some(tiny) = nest::lay_tiny(nest, self.extents, laid, target) {
            // SAFETY: the caller's duties.
            return unsafe { self.kernels.tiny_binary(&tiny, sources, out, mode) };
        }
        let mut dims = nest::lay(nest, self.extents, laid, target);
        // SAFETY: the caller's duties.
        unsafe { self.kernels.binary(&mut dims, sources, out, mode) }
    }
}

/// Returns the loops over all elements of an array.
fn whole(axes: &Axes<'_>) -> Dims<0> {
    let mut dims = Dims::new();
    for (extent, stride) in
        [axes.named, axes.rest].iter().flat_map(|axes| axes.extents.iter().zip(axes.strides))
    {
        dims.push(Dim { extent: *extent, out: stride.cast_signed(), sources: [], summed: false });
    }
    dims
}

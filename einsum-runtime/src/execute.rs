//! Runs the nests of a checked call: in go its arrays and the extents of its indices, out come results.
//!
//! What depends on the element type only by its size and its kernels is not generic, so that it is compiled here, once.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::affine;
use crate::check::{is_first, rest_extents, target_extent};
use crate::fused::Fusing;
use crate::intermediate::{COrder, Intermediate, in_order};
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead};
use crate::kernel::tiny::Tiny;
use crate::kernel::{Dim, Dims};
use crate::layout::{Axes, Steps};
use crate::nest::{self, Laid, is_diagonal};
use crate::new_array::{NewArray, NewRoom};
use crate::program::{Access, NONE, Nest, Program, WINDOWS};
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
    /// The cheapest body for these extents.
    pub(crate) body: &'static [Nest],
}

/// So many results and intermediates of a call are listed on the stack: those of the gradients of a dozen operands.
const RESULTS: usize = 13;
const INTERMEDIATES: usize = 24;

/// What a body writes a result to.
#[derive(Clone, Copy)]
pub(crate) struct Out<'o> {
    pub(crate) ptr: *mut u8,
    pub(crate) axes: Axes<'o>,
    pub(crate) mode: RawMode,
}

/// Where a new result goes.
pub(crate) struct Place<'p> {
    /// The array that is written by `new_array`, or the scalar.
    pub(crate) value: *mut u8,
    /// The constructor of an array; none for a scalar.
    pub(crate) new_array: Option<NewArray>,
    /// Whether the value has been written.
    pub(crate) is_made: &'p mut bool,
}

impl Call<'_> {
    /// Computes the only result into a new array, and writes that to `array`, made by `new_array`.
    ///
    /// # Safety
    ///
    /// `array` can be written as an array of the elements' type and the dimension of `new_array`.
    ///
    /// # Panics
    ///
    /// If there is no such result, or the dimension has another rank.
    pub(crate) unsafe fn run_new(&self, new_array: NewArray, array: *mut u8) {
        assert!(matches!(self.program.results, [NONE]), "{NOT_ONE}");
        let body = self.body;
        // SAFETY: the caller's duties; the room of `out` is new.
        unsafe { self.make(maker(body, 0), new_array, array, |out| self.run(body, out)) }
    }

    /// Writes an array to `array` that `run` computes, of the shape that a nest has.
    ///
    /// # Safety
    ///
    /// As [`run_new`](Call::run_new); `run` writes all elements.
    #[inline]
    unsafe fn make(
        &self,
        nest: &Nest,
        new_array: NewArray,
        array: *mut u8,
        run: impl FnOnce(&[Out<'_>; 1]),
    ) {
        let shape = self.new_shape(nest);
        let room = NewRoom::new(shape.len, self.kernels.element);
        let out = [Out { ptr: room.ptr(), axes: shape.axes(), mode: RawMode::Assign }];
        run(&out);
        // SAFETY: all elements have been written, the check has bounded the shape as an array wants it, and the caller's
        // duty.
        unsafe { hand_over(nest, room, &out[0].axes, new_array, array) };
    }

    /// Computes the only result.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run).
    pub(crate) unsafe fn run_only(&self, out: Out<'_>) {
        assert!(self.program.results.len() == 1, "{NOT_ONE}");
        // SAFETY: the caller's duties.
        unsafe { self.run(self.body, &[out]) }
    }

    /// Computes all results: new ones to their places, in order; the others into their arrays, by `mode`.
    ///
    /// # Safety
    ///
    /// A place can be written as an array of the elements' type and the dimension of its constructor, or as an element.
    /// Factors of the mode can be read as elements.
    ///
    /// # Panics
    ///
    /// If there are more or less new results than places, or the dimension of a place has another rank.
    pub(crate) unsafe fn run_all(&self, places: &mut [Place<'_>], mode: RawMode) {
        let (results, body) = (self.program.results, self.body);
        let count = results.iter().filter(|array| **array == NONE).count();
        assert!(count == places.len(), "einloom: internal error: not every new result has a place");
        if results.iter().all(|array| *array == NONE) && is_one_by_one(body, results.len()) {
            for (nest, place) in body.iter().zip(places) {
                let value = place.value;
                // SAFETY: the caller's duties; rooms are new, and every nest writes all of its target.
                unsafe {
                    match place.new_array {
                        Some(new_array) => {
                            self.make(nest, new_array, value, |[out]| {
                                self.run_nest(nest, &[], out);
                            });
                        }
                        None => self.run_nest(nest, &[], &Out::scalar(value)),
                    }
                }
                *place.is_made = true;
            }
            return;
        }
        let (mut shapes, mut rooms) =
            (SmallVec::<[COrder; RESULTS]>::new(), SmallVec::<[NewRoom; RESULTS]>::new());
        let mut place = 0;
        for (result, array) in results.iter().enumerate() {
            if *array == NONE {
                if places[place].new_array.is_some() {
                    shapes.push(self.new_shape(maker(body, result)));
                    rooms.push(NewRoom::new(shapes[shapes.len() - 1].len, self.kernels.element));
                }
                place += 1;
            }
        }
        let mut outs: SmallVec<[Out<'_>; RESULTS]> = SmallVec::new();
        let (mut place, mut made) = (0, 0);
        for (result, array) in results.iter().enumerate() {
            if *array != NONE {
                outs.push(self.existing(result, *array, mode));
                continue;
            }
            if places[place].new_array.is_some() {
                let (ptr, axes) = (rooms[made].ptr(), shapes[made].axes());
                outs.push(Out { ptr, axes, mode: RawMode::Assign });
                made += 1;
            } else {
                outs.push(Out::scalar(places[place].value));
            }
            place += 1;
        }
        // SAFETY: rooms are new, and as large as their shapes say, which the check has bounded; scalars can be written;
        // outputs are borrowed exclusively and are different ones.
        unsafe { self.run(body, &outs) };
        let (mut place, mut made, mut rooms) = (0, 0, rooms.into_iter());
        for (result, array) in results.iter().enumerate() {
            if *array != NONE {
                continue;
            }
            if let Some(new_array) = places[place].new_array {
                let room = rooms.next().expect("einloom: internal error: a result has no room");
                let value = places[place].value;
                // SAFETY: all elements have been written; the caller's duties.
                unsafe {
                    let (nest, axes) = (maker(body, result), shapes[made].axes());
                    hand_over(nest, room, &axes, new_array, value);
                }
                made += 1;
            }
            *places[place].is_made = true;
            place += 1;
        }
    }

    /// Returns the output that a result goes to.
    ///
    /// # Panics
    ///
    /// If it is none, or an earlier result goes there.
    fn existing(&self, result: usize, array: u8, mode: RawMode) -> Out<'_> {
        let is_taken = self.program.results[..result].contains(&array);
        assert!(!is_taken, "einloom: internal error: two results go to one output");
        match self.operands.get(usize::from(array)) {
            Some(output) if output.is_output => Out { ptr: output.ptr, axes: output.axes, mode },
            _ => panic!("einloom: internal error: a call has no output"),
        }
    }

    /// Returns the output that the only result goes to.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn only_existing(&self, mode: RawMode) -> Out<'_> {
        let [array] = *self.program.results else { panic!("{NOT_ONE}") };
        self.existing(0, array, mode)
    }

    /// Returns the shape of what a nest makes.
    pub(crate) fn new_shape(&self, nest: &Nest) -> COrder {
        let named = nest.target.len();
        let extent = |axis| target_extent(self.program, nest, axis, self.operands, self.extents);
        match nest.has_ellipsis() {
            false => COrder::new(named, extent, &[], named),
            true => COrder::new(named, extent, &rest_extents(nest, self.operands), nest.before()),
        }
    }

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
    unsafe fn run(&self, body: &[Nest], outs: &[Out<'_>]) {
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
            let nest = &body[number];
            let maker = fusing.maker(number).map(|maker| &body[maker]);
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
                        let mode =
                            if is_first(body, number - 1) { out.mode } else { adding(out.mode) };
                        self.run_with(maker, nest, &mut made, &Out { mode, ..*out });
                    }
                    Some(new) if new == made.len() => {
                        let mut shape = self.new_shape(nest);
                        if let Some(axis) = self.lanes(body, number - 1, new) {
                            shape.lay_along(axis);
                        }
                        let mut target = Intermediate::new(shape, self.kernels.element);
                        self.run_with(maker, nest, &mut made, &target.out(RawMode::Assign));
                        made.push(Some(target));
                    }
                    Some(old) => {
                        // Taken out, it cannot be read.
                        let target = made.get_mut(old).and_then(Option::take);
                        let mut target = target.expect(NOT_MADE);
                        let out = target.out(adding(RawMode::Assign));
                        self.run_with(maker, nest, &mut made, &out);
                        made[old] = Some(target);
                    }
                }
            }
            for access in maker.iter().flat_map(|maker| maker.sources).chain(nest.sources) {
                if let Some(read) = usize::from(access.tensor).checked_sub(self.operands.len()) {
                    let target = outs.len() + read;
                    if !body[number..].iter().any(|later| later.uses(access.tensor, target)) {
                        made[read] = None;
                    }
                }
            }
        }
    }

    /// Returns the axis along which the elements of an intermediate are to be adjacent, if that is not the last: where it
    /// goes into many small products, these then are the lanes of kernels, for which it need not be transposed.
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
        let points = |indices: &[u8]| self.bytes(indices, 1);
        let is_small = points(nest.kept) / products <= ELEMENTS
            && points(nest.summed).max(points(reader.summed)) <= STEPS;
        (is_batch && is_small).then_some(axis)
    }

    /// Runs a nest, and with it the one that makes a factor of it if that has not been made.
    ///
    /// # Safety
    ///
    /// As [`run_nest`](Call::run_nest).
    unsafe fn run_with(
        &self,
        maker: Option<&Nest>,
        nest: &Nest,
        made: &mut [Option<Intermediate>],
        out: &Out<'_>,
    ) {
        // SAFETY: the caller's duties.
        unsafe {
            match maker {
                Some(maker) => self.run_fused([maker, nest], made, out),
                None => self.run_nest(nest, made, out),
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
                    self.run_unary(nest, read, &laid, &target, out.ptr, mode);
                }
                [first, second] => {
                    let reads = [self.read(first, made), self.read(second, made)];
                    let (mut room, mut other) = (None, None);
                    let laid =
                        [self.lay(first, made, &mut room), self.lay(second, made, &mut other)];
                    self.run_binary(nest, reads, &laid, &target, out.ptr, mode);
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
        if nest::is_tiny(nest, self.extents, laid, target, self.kernels.is_real) {
            let mut tiny = Tiny::new();
            nest::lay_tiny(&mut tiny, nest, self.extents, laid, target);
            // SAFETY: the caller's duties.
            return unsafe { self.kernels.tiny_unary(&tiny, source, out, mode) };
        }
        let mut dims = Dims::new();
        nest::lay(&mut dims, nest, self.extents, laid, target);
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
        if nest::is_tiny(nest, self.extents, laid, target, self.kernels.is_real) {
            let mut tiny = Tiny::new();
            nest::lay_tiny(&mut tiny, nest, self.extents, laid, target);
            // SAFETY: the caller's duties.
            return unsafe { self.kernels.tiny_binary(&tiny, sources, out, mode) };
        }
        let mut dims = Dims::new();
        nest::lay(&mut dims, nest, self.extents, laid, target);
        // SAFETY: the caller's duties.
        unsafe { self.kernels.binary(&mut dims, sources, out, mode) }
    }
}

const NOT_ONE: &str = "einloom: internal error: a call has not the one result that is asked for";

/// # Panics
///
/// If it has not been made.
fn intermediate(made: &[Option<Intermediate>], number: usize) -> &Intermediate {
    made.get(number).and_then(Option::as_ref).expect(NOT_MADE)
}

const NOT_MADE: &str =
    "einloom: internal error: a nest needs what has not been made, or is its own target";

/// Whether each nest makes one of the results, in order.
fn is_one_by_one(body: &[Nest], results: usize) -> bool {
    body.len() == results
        && body.iter().enumerate().all(|(number, nest)| usize::from(nest.into) == number)
}

/// Returns the first nest of a result, which says what its shape is.
///
/// # Panics
///
/// If there is none.
fn maker(body: &[Nest], result: usize) -> &Nest {
    let mut number = 0;
    while number < body.len() {
        if usize::from(body[number].into) == result {
            return &body[number];
        }
        number += 1;
    }
    panic!("einloom: internal error: a result is not made")
}

/// Writes the array that a nest has made.
///
/// # Safety
///
/// All elements of the room are written, and the check has bounded the shape. `array` can be written as an array of the
/// elements' type and the dimension of `new_array`.
unsafe fn hand_over(
    nest: &Nest,
    room: NewRoom,
    axes: &Axes<'_>,
    new_array: NewArray,
    array: *mut u8,
) {
    // SAFETY: the caller's duties.
    unsafe {
        match nest.has_ellipsis() {
            false => new_array(array, room.into_raw(), axes.named.extents),
            true => new_array(array, room.into_raw(), &in_order(axes, nest.before())),
        }
    }
}

impl Out<'_> {
    /// The only position of a scalar.
    pub(crate) fn scalar(ptr: *mut u8) -> Self {
        let axes = Axes { named: Steps::NONE, rest: Steps::NONE, found: 0 };
        Out { ptr, axes, mode: RawMode::Assign }
    }
}

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

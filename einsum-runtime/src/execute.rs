//! Makes the results of a checked call: in go its arrays and the extents of its indices, and a body of nests fills the rooms
//! of new results, and existing outputs.
//!
//! What depends on the element type only by its size and its kernels is not generic, so that it is compiled here, once.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::check::{rest_extents, target_extent};
use crate::intermediate::{COrder, in_order};
use crate::kernel::raw::{RawKernels, RawMode};
use crate::layout::{Axes, Steps};
use crate::new_array::{NewArray, NewRoom};
use crate::program::{NONE, Nest, Program};
use crate::view::Raw;

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

/// So many results of a call are listed on the stack: the gradients of a dozen operands, and a value.
const RESULTS: usize = 13;

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
}

const NOT_ONE: &str = "einloom: internal error: a call has not the one result that is asked for";

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
pub(crate) fn maker(body: &[Nest], result: usize) -> &Nest {
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

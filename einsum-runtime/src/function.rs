//! Calls of the functions that `einsum_fn!` emits.
//!
//! Only where results go depends on their types; the rest is compiled here, once.

#![allow(unsafe_code)]

use core::mem::MaybeUninit;

use ndarray::{Array, Dimension};
use smallvec::{SmallVec, smallvec};

use crate::argument::{Argument, Laid, RawArgument};
use crate::check::check;
use crate::element::Element;
use crate::execute::{Call, Place};
use crate::kernel::raw::{Factor, RawKernels, RawMode};
use crate::outcome::raise;
use crate::program::Program;

/// Where a result of a call goes.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    to: *mut u8,
    /// Which constructor makes the array: its place among those of the kernels; none for a scalar.
    place: Option<usize>,
}

/// The slots of a call's results, in their order.
pub struct Slots(SmallVec<[Slot; 4]>);

impl Slots {
    #[inline(never)]
    fn push(&mut self, slot: Slot) {
        self.0.push(slot);
    }
}

/// The results of a call of elements `T`: `(first, (second, ()))`.
///
/// # Safety
///
/// `slots` adds one slot a result, of its type.
pub unsafe trait Results<T>: Sized {
    /// Adds the slots of results at `place`.
    fn slots(place: *mut Self, slots: &mut Slots);
}

// SAFETY: there is no result.
unsafe impl<T> Results<T> for () {
    fn slots(_place: *mut Self, _slots: &mut Slots) {}
}

// SAFETY: the first and the rest add theirs.
unsafe impl<T, A: Single<T>, B: Results<T>> Results<T> for (A, B) {
    fn slots(place: *mut Self, slots: &mut Slots) {
        // SAFETY: only addresses are taken, of what the caller has room for.
        let (first, rest) = unsafe { (&raw mut (*place).0, &raw mut (*place).1) };
        slots.push(Slot { to: first.cast(), place: A::PLACE });
        B::slots(rest, slots);
    }
}

/// One result: an array or a scalar.
///
/// # Safety
///
/// With a place, the type is what the constructor at this place makes of elements `T`; without one it is `T`.
pub unsafe trait Single<T> {
    /// The place of the constructor.
    const PLACE: Option<usize>;
}

// SAFETY: the type is `T`.
unsafe impl<T: Element> Single<T> for T {
    const PLACE: Option<usize> = None;
}

// SAFETY: ndarray seals `Dimension`: those with a rank are `Ix0` to `Ix6`, at these places, and the other is `IxDyn`.
unsafe impl<T: Element, D: Dimension> Single<T> for Array<T, D> {
    const PLACE: Option<usize> = Some(match D::NDIM {
        Some(rank) => rank,
        None => DYNAMIC,
    });
}

/// The place of the constructor for `IxDyn`.
const DYNAMIC: usize = 7;

/// Returns the results of a program. `given` are the extents that options give.
///
/// # Panics
///
/// If the shapes do not fit the terms, with the text of a [`ShapeError`](crate::ShapeError), or the arguments are not
/// those of the program.
#[track_caller]
pub fn call<T: Element, R: Results<T>>(
    program: &'static Program,
    arguments: &[Argument<'_, T>],
    given: &[usize],
) -> R {
    let mut results = MaybeUninit::<R>::uninit();
    let mut slots = Slots(SmallVec::new());
    R::slots(results.as_mut_ptr(), &mut slots);
    // SAFETY: the slots are those of the results, which have been written when `run` returns.
    unsafe {
        run(program, T::TABLE.raw, Argument::raw(arguments), given, &slots.0);
        results.assume_init()
    }
}

/// Adds the results of a program to its outputs.
///
/// # Panics
///
/// As [`call`]; the outputs are untouched then.
#[track_caller]
pub fn accumulate<T: Element>(
    program: &'static Program,
    arguments: &[Argument<'_, T>],
    given: &[usize],
) {
    // SAFETY: the kernels are those of the elements, and there are no results.
    unsafe { run(program, T::TABLE.raw, Argument::raw(arguments), given, &[]) }
}

/// Runs a program: new results go to the slots, the others are added to their outputs.
///
/// # Safety
///
/// The kernels are those of the arguments' elements. A slot can be written as the type of its constructor, or as an
/// element. All are written when this returns.
#[track_caller]
unsafe fn run(
    program: &'static Program,
    kernels: &'static RawKernels,
    arguments: &[RawArgument<'_>],
    given: &[usize],
    slots: &[Slot],
) {
    let laid = Laid::new(program, arguments);
    let operands = laid.operands(arguments);
    let mut extents: SmallVec<[usize; 16]> = smallvec![0; program.labels.len()];
    if let Err(error) = check(program, &operands, given, &mut extents, kernels.element.size()) {
        raise(error)
    }
    let call = Call { program, operands: &operands, extents: &extents, kernels };
    if let [Slot { to, place: Some(place) }] = *slots {
        // SAFETY: the caller's duties.
        return unsafe { call.run_new(kernels.new_arrays[place], to) };
    }
    let mut made: SmallVec<[bool; 4]> = smallvec![false; slots.len()];
    let places = slots.iter().zip(&mut made).map(|(slot, is_made)| Place {
        value: slot.to,
        new_array: slot.place.map(|place| kernels.new_arrays[place]),
        is_made,
    });
    let mut places: SmallVec<[Place<'_>; 4]> = places.collect();
    let mode = RawMode::Scale { alpha: Factor::One, beta: Factor::One };
    // SAFETY: the caller's duties.
    unsafe { call.run_all(&mut places, mode) }
}

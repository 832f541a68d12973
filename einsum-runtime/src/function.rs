//! Calls of the functions that `einsum_fn!` emits.
//!
//! Only where results go depends on their types; the rest is compiled here, once.

#![allow(unsafe_code)]

use core::mem::MaybeUninit;

use ndarray::{Array, Dimension};
use smallvec::{SmallVec, smallvec};

use crate::argument::{Argument, RawArgument, copied, lay};
use crate::check::check;
use crate::element::Element;
use crate::encoded::Encoded;
use crate::execute::{Call, Place};
use crate::kernel::raw::{Factor, RawKernels, RawMode};
use crate::outcome::raise;

/// Where a result of a call goes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Slot {
    to: *mut u8,
    /// Which constructor makes the array: its place among those of the kernels; no such place for a scalar.
    place: usize,
}

/// The slot of a result, and those that follow.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Slots<S>(Slot, S);

/// The results of a call of elements `T`: `(first, (second, ()))`.
///
/// # Safety
///
/// `slots` has the memory and the alignment of `COUNT` slots, each of its result's type.
pub unsafe trait Results<T>: Sized {
    /// The number of results.
    const COUNT: usize;
    /// The slots.
    type Slots: Copy;
    /// Returns the slots of results at `place`.
    ///
    /// # Safety
    ///
    /// There is room for the results.
    unsafe fn slots(place: *mut Self) -> Self::Slots;
}

// SAFETY: there is no result.
unsafe impl<T> Results<T> for () {
    const COUNT: usize = 0;
    type Slots = [Slot; 0];
    #[inline]
    unsafe fn slots(_place: *mut Self) -> [Slot; 0] {
        []
    }
}

// SAFETY: the first slot lies before the others, without a gap: all are of the alignment and size of `Slot`s.
unsafe impl<T, A: Single<T>, B: Results<T>> Results<T> for (A, B) {
    const COUNT: usize = 1 + B::COUNT;
    type Slots = Slots<B::Slots>;
    #[inline]
    unsafe fn slots(place: *mut Self) -> Self::Slots {
        // SAFETY: only addresses are taken, of what the caller has room for.
        unsafe {
            let (first, rest) = (&raw mut (*place).0, &raw mut (*place).1);
            Slots(Slot { to: first.cast(), place: A::PLACE }, B::slots(rest))
        }
    }
}

/// One result: an array or a scalar.
///
/// # Safety
///
/// The type is what the constructor at this place makes of elements `T`, and `T` where there is no such place.
pub unsafe trait Single<T> {
    /// The place of the constructor.
    const PLACE: usize;
}

// SAFETY: the type is `T`.
unsafe impl<T: Element> Single<T> for T {
    const PLACE: usize = SCALAR;
}

// SAFETY: ndarray seals `Dimension`: those with a rank are `Ix0` to `Ix6`, at these places, and the other is `IxDyn`.
unsafe impl<T: Element, D: Dimension> Single<T> for Array<T, D> {
    const PLACE: usize = match D::NDIM {
        Some(rank) => rank,
        None => DYNAMIC,
    };
}

/// The place of the constructor for `IxDyn`.
const DYNAMIC: usize = 7;

/// No place: a scalar has no constructor.
const SCALAR: usize = 8;

/// Returns the results of a program. `given` are the extents that options give.
///
/// # Panics
///
/// If the shapes do not fit the terms, with the text of a [`ShapeError`](crate::ShapeError), or the arguments are not
/// those of the program.
#[inline]
#[track_caller]
pub fn call<T: Element, R: Results<T>>(
    program: &'static Encoded,
    arguments: &[Argument<'_, T>],
    given: &[usize],
) -> R {
    let mut results = MaybeUninit::<R>::uninit();
    // SAFETY: the slots are `COUNT`, and those of the results, which have been written when `run` returns.
    unsafe {
        let slots = R::slots(results.as_mut_ptr());
        let slots = core::slice::from_raw_parts((&raw const slots).cast::<Slot>(), R::COUNT);
        run(program, T::TABLE.raw, Argument::raw(arguments), given, slots);
        results.assume_init()
    }
}

/// Adds the results of a program to its outputs.
///
/// # Panics
///
/// As [`call`]; the outputs are untouched then.
#[inline]
#[track_caller]
pub fn accumulate<T: Element>(
    program: &'static Encoded,
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
    program: &'static Encoded,
    kernels: &'static RawKernels,
    arguments: &[RawArgument<'_>],
    given: &[usize],
    slots: &[Slot],
) {
    let program = program.program();
    // Filled where they are: they are too large to be moved for the smallest of calls.
    let (mut own_extents, mut own_strides) =
        (SmallVec::<[usize; 16]>::new(), SmallVec::<[isize; 16]>::new());
    let copied = copied(program, arguments);
    if copied > 0 {
        own_extents.resize(copied, 0);
        own_strides.resize(copied, 0);
    }
    let mut operands = SmallVec::new();
    lay(program, arguments, (&mut own_extents, &mut own_strides), &mut operands);
    let mut extents: SmallVec<[usize; 16]> = SmallVec::new();
    extents.resize(program.labels.len(), 0);
    let body = match check(program, &operands, given, &mut extents, kernels.element.size()) {
        Ok(body) => body,
        Err(error) => raise(error),
    };
    let call = Call { program, operands: &operands, extents: &extents, kernels, body };
    if let [Slot { to, place }] = *slots
        && let Some(&new_array) = kernels.new_arrays.get(place)
    {
        // SAFETY: the caller's duties.
        return unsafe { call.run_new(new_array, to) };
    }
    let mut made: SmallVec<[bool; 4]> = smallvec![false; slots.len()];
    let places = slots.iter().zip(&mut made).map(|(slot, is_made)| Place {
        value: slot.to,
        new_array: kernels.new_arrays.get(slot.place).copied(),
        is_made,
    });
    let mut places: SmallVec<[Place<'_>; 4]> = places.collect();
    let mode = RawMode::Scale { alpha: Factor::One, beta: Factor::One };
    // SAFETY: the caller's duties.
    unsafe { call.run_all(&mut places, mode) }
}

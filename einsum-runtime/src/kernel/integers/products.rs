//! Products of integers without a sum.

use super::rows::{multiply_in_place, multiply_row};
use crate::element::Element;
#[cfg(target_arch = "x86_64")]
use crate::kept::Kept;
use crate::kernel::elementwise::{self, for_each_row};
use crate::kernel::{Dim, Dims, Read};
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Mode, copied};
#[cfg(target_arch = "x86_64")]
use crate::sort::sort_by_key;
#[cfg(target_arch = "x86_64")]
use crate::stream::{copy_any, multiply_integers};

/// Rows of fewer elements, as those of tiles, are not worth a call.
const SHORT: usize = 32;

/// Bytes of the output that stay in a near cache, between a copy of a factor and the multiplication by the other one.
const BLOCK: usize = 256 << 10;

/// Rows of fewer elements are as fast with a factor whose elements lie apart.
const FEW_ROW: usize = 8;

/// How often an element of a factor that is copied is used, at least, and the most bytes of one.
const USES: usize = 4;
const BYTES: usize = 512 << 10;

/// `out[o] = x[s] · y[t]`
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), after [`prepare`](crate::kernel::prepare::prepare), with no dim summed.
pub(super) unsafe fn multiply<T: Element>(dims: &mut Dims<2>, [x, y]: [Read<T>; 2], out: *mut T) {
    // SAFETY: the caller's duties.
    #[cfg(target_arch = "x86_64")]
    if unsafe { multiply_integers(dims, size_of::<T>(), [x.ptr.cast(), y.ptr.cast()], out.cast()) }
    {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    for first in 0..2 {
        let [x, y] = if first == 0 { [x, y] } else { [y, x] };
        // SAFETY: the caller's duties.
        if is_turned(dims, first) && unsafe { multiply_turned(dims, first, [x, y], out) } {
            return;
        }
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(few) = few(dims, size_of::<T>()) {
        let mut loops = Dims::<1>::new();
        let mut elements = 1;
        sort_by_key(&mut dims[..], |d| d.out.unsigned_abs());
        for d in dims.iter_mut().filter(|d| d.sources[few] != 0) {
            let step = core::mem::replace(&mut d.sources[few], elements);
            loops.push(Dim { extent: d.extent, out: elements, sources: [step], summed: false });
            elements *= d.extent.cast_signed();
        }
        let mut memory = Kept::new(elements.cast_unsigned() * size_of::<T>(), align_of::<T>());
        let copy: *mut T = memory.as_mut_ptr().cast();
        let mut sources = [x, y];
        // SAFETY: the caller's duties; the memory has room for all elements, and the factor is in the order of the output then.
        unsafe {
            copied(&mut loops, [sources[few]], copy, Mode::Assign);
            sources[few].ptr = copy;
            return multiply_rows(dims, sources, out);
        }
    }
    // SAFETY: the caller's duties.
    unsafe { multiply_rows(dims, [x, y], out) }
}

/// Multiplies row by row, along the output's smallest step.
///
/// # Safety
///
/// As [`multiply`].
unsafe fn multiply_rows<T: Element>(dims: &mut Dims<2>, [x, y]: [Read<T>; 2], out: *mut T) {
    for_each_row(dims, &mut |len, step, to, [from_x, from_y]| {
        let x = Read { ptr: x.ptr.wrapping_offset(from_x), ..x };
        let y = Read { ptr: y.ptr.wrapping_offset(from_y), ..y };
        let to = out.wrapping_offset(to);
        // SAFETY: a row consists of points of `dims`; the caller's duties.
        unsafe {
            if len < SHORT {
                elementwise::multiply_row(len, step, to, [x, y]);
            } else {
                multiply_row(len, step, to, [x, y]);
            }
        }
    });
}

/// Whether a factor has every element once, in another order than the output, along whose rows the other one is adjacent or
/// constant.
#[cfg(target_arch = "x86_64")]
fn is_turned(dims: &Dims<2>, first: usize) -> bool {
    let is_whole = dims.iter().all(|d| d.sources[first] != 0);
    let is_row =
        |d: &Dim<2>| d.out == 1 && d.sources[first] != 1 && matches!(d.sources[1 - first], 0 | 1);
    is_whole && dims.iter().any(is_row) && dims.iter().any(|d| d.sources[first] == 1)
}

/// Returns the number of a factor to be copied into the order of the output: its elements lie apart along the output's rows, while
/// those of the other one do not, and each is used several times.
#[cfg(target_arch = "x86_64")]
fn few(dims: &Dims<2>, size: usize) -> Option<usize> {
    let row = dims.iter().find(|d| d.out == 1 && d.extent >= FEW_ROW)?;
    let count = |p: usize| {
        let own = dims.iter().filter(|d| p == 2 || d.sources[p] != 0);
        own.fold(1_usize, |n, d| n.saturating_mul(d.extent))
    };
    let few = row.sources.iter().position(|step| !matches!(step, 0 | 1))?;
    let is_few = USES.saturating_mul(count(few)) <= count(2) && count(few) * size <= BYTES;
    (is_few && matches!(row.sources[1 - few], 0 | 1)).then_some(few)
}

/// Copies a factor to the output, where it is multiplied by the other one, block by block. Returns false, with nothing done, if
/// there is no kernel that copies.
///
/// # Safety
///
/// As [`multiply`], for sources of which that which is turned comes first, as it does not in `dims` unless `first` is 0.
#[cfg(target_arch = "x86_64")]
unsafe fn multiply_turned<T: Element>(
    dims: &Dims<2>,
    first: usize,
    [x, y]: [Read<T>; 2],
    out: *mut T,
) -> bool {
    let Some(outer) = (0..dims.len()).max_by_key(|&i| dims[i].out) else { return false };
    let cut = dims[outer];
    let results = dims.iter().fold(size_of::<T>(), |bytes, d| bytes.saturating_mul(d.extent));
    let step = (BLOCK / (results / cut.extent).max(1)).clamp(1, cut.extent);
    for start in (0..cut.extent).step_by(step) {
        let at = |step: isize| start.cast_signed() * step;
        let mut block = dims.clone();
        block[outer].extent = step.min(cut.extent - start);
        let to = out.wrapping_offset(at(cut.out));
        let mut copied = block
            .iter()
            .filter(|d| d.extent > 1)
            .map(|d| Dim {
                extent: d.extent,
                out: d.out,
                sources: [d.sources[first]],
                summed: false,
            })
            .collect();
        let from = x.ptr.wrapping_offset(at(cut.sources[first]));
        // SAFETY: the caller's duties, for a part of the loops.
        if !unsafe { copy_any(&mut copied, size_of::<T>(), from.cast(), to.cast()) } {
            return false;
        }
        let mut by = block
            .iter()
            .map(|d| Dim {
                extent: d.extent,
                out: d.out,
                sources: [d.sources[1 - first]],
                summed: false,
            })
            .collect();
        let y = y.ptr.wrapping_offset(at(cut.sources[1 - first]));
        for_each_row(&mut by, &mut |len, step, row, [from]| {
            let (to, y) = (to.wrapping_offset(row), y.wrapping_offset(from));
            // SAFETY: rows along the output's adjacent elements, along which this factor is adjacent or constant.
            unsafe { multiply_in_place(len, to, y, step.sources == [0]) }
        });
    }
    true
}

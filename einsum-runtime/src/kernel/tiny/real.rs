//! Tiny nests of real numbers: the loop whose elements are adjacent in all arrays, or common to all lanes, becomes vectors,
//! the last of which is masked.

use einsum_kernels::tiny::{LOOPS, OUTER, SOURCES, Walk};

use super::{Tiny, tiny};
use crate::element::Element;
use crate::kernel::Dim;
use crate::kernel::level::Level;
use crate::kernel::raw::{RawMode, RawRead};
use crate::kernel::x86_64::tiny as kernels;

// The assembly has the loops of a nest, and of both kinds.
const _: () = assert!(LOOPS == super::LOOPS && OUTER == super::KEPT);

/// As [`tiny`], for real elements of `ELEMENT` bytes.
///
/// # Safety
///
/// As [`tiny`]; `T` is `f32` or `f64`.
pub(crate) unsafe fn tiny_real<T: Element, const ELEMENT: usize, const P: usize>(
    nest: &Tiny<P>,
    sources: [RawRead; P],
    out: *mut u8,
    mode: RawMode,
) {
    // SAFETY: the caller's duties.
    unsafe {
        if !matches!(mode, RawMode::Assign) || nest.has_empty_loop() {
            return tiny::<T, P>(nest, sources, out, mode);
        }
        let mut pointers = [out.cast_const(); SOURCES];
        let mut p = 0;
        while p < P {
            pointers[p] = sources[p].ptr;
            p += 1;
        }
        run::<ELEMENT, P>(nest, pointers, out);
    }
}

/// # Safety
///
/// As [`tiny`], for real elements of `ELEMENT` bytes, in an assignment. No extent is zero.
unsafe fn run<const ELEMENT: usize, const P: usize>(
    nest: &Tiny<P>,
    sources: [*const u8; SOURCES],
    out: *mut u8,
) {
    let [k0, k1, k2, s0, s1] = &nest.dims;
    let mut dims = [k0, k1, k2, s0, s1];
    let (avx512, avx2) = match ELEMENT {
        4 => (&kernels::F32_AVX512, &kernels::F32_AVX2),
        _ => (&kernels::F64_AVX512, &kernels::F64_AVX2),
    };
    let (set, lanes) = match Level::current() {
        Level::Avx512 => (avx512, find_lanes(&dims)),
        Level::Avx2 => (avx2, find_lanes(&dims)),
        Level::Plain => (avx2, NONE),
    };
    let [mut x, mut y] = sources;
    if lanes == NONE {
        let walk = walk_of::<ELEMENT, P>(&dims, false, NONE);
        // SAFETY: the caller's duties; this kernel is one for every level.
        return unsafe { set.scalar[P - 1](&walk, x, y, out) };
    }
    let along = dims[lanes];
    let width = set.width.cast_signed();
    let width_of = |p: usize| if along.sources[p] == 0 { 0 } else { width };
    // Sources with adjacent elements come first.
    let is_swapped = along.sources[0] == 0;
    if is_swapped {
        (x, y) = (y, x);
    }
    let widths = match is_swapped {
        true => [width_of(P - 1), width_of(0)],
        false => [width_of(0), width_of(P - 1)],
    };
    let kernel = match P {
        1 => set.unary[0],
        _ => set.binary[usize::from(widths[1] != 0)],
    };
    let in_vector = set.width / ELEMENT;
    let extent = along.extent;
    if lanes >= OUTER {
        // The innermost loop.
        dims.swap(lanes, LOOPS - 1);
        let mut walk = walk_of::<ELEMENT, P>(&dims, is_swapped, LOOPS - 1);
        let (whole, rest) = (extent / in_vector, extent % in_vector);
        sum_over_lanes(&mut walk, whole, rest, widths);
        walk.mask = (set.mask)(in_vector);
        walk.last_mask = (set.mask)(rest);
        // SAFETY: the caller's duties; the processor has the level.
        return unsafe { kernel(&walk, x, y, out) };
    }
    let mut walk = walk_of::<ELEMENT, P>(&dims, is_swapped, lanes);
    let (mut left, mut out) = (extent, out);
    while left > 0 {
        walk.mask = (set.mask)(left.min(in_vector));
        walk.last_mask = walk.mask;
        // SAFETY: the caller's duties; the processor has the level.
        unsafe { kernel(&walk, x, y, out) };
        left = left.saturating_sub(in_vector);
        x = x.wrapping_offset(widths[0]);
        y = y.wrapping_offset(widths[1]);
        out = out.wrapping_offset(width);
    }
}

/// Not a loop.
const NONE: usize = LOOPS;

/// Returns the number of a loop along which every source has adjacent elements or stays at one, not all of them the latter,
/// or [`NONE`]. If the loop is kept, the output has adjacent elements as well.
fn find_lanes<const P: usize>(dims: &[&Dim<P>; LOOPS]) -> usize {
    let is_along = |dim: &Dim<P>| {
        let (first, last) = (dim.sources[0], dim.sources[P - 1]);
        // Each is 0 or 1, not both 0.
        first | last == 1 && dim.extent > 1
    };
    // Sums over lanes end with sums within vectors.
    let mut number = OUTER;
    while number > 0 {
        number -= 1;
        if dims[number].out == 1 && is_along(dims[number]) {
            return number;
        }
    }
    let mut number = LOOPS;
    while number > OUTER {
        number -= 1;
        if is_along(dims[number]) {
            return number;
        }
    }
    NONE
}

/// One point. A constant is copied as a whole, also in a debug build.
const STILL: Walk = Walk {
    extents: [1; LOOPS],
    out: [0; OUTER],
    sources: [[0; LOOPS]; SOURCES],
    mask: 0,
    last_mask: 0,
    has_last: 0,
    is_sum: 0,
};

/// Loops of which `lanes` has no steps here. The sources are swapped if so said.
fn walk_of<const ELEMENT: usize, const P: usize>(
    dims: &[&Dim<P>; LOOPS],
    is_swapped: bool,
    lanes: usize,
) -> Walk {
    let mut walk = STILL;
    let (first, second) = if is_swapped { (P - 1, 0) } else { (0, P - 1) };
    // What the loop inside moves.
    let (mut out, mut x, mut y) = (0_isize, 0_isize, 0_isize);
    let mut number = LOOPS;
    while number > 0 {
        number -= 1;
        let dim = dims[number];
        // One iteration takes no step; what the loops inside have moved is left to the one around it.
        if number == lanes || dim.extent == 1 {
            continue;
        }
        let extent = dim.extent.cast_signed();
        let bytes = |step: isize| step.wrapping_mul(ELEMENT.cast_signed());
        walk.extents[number] = dim.extent;
        // Steps that no element needs may not be representable.
        if number < OUTER {
            let step = bytes(dim.out);
            walk.out[number] = step.wrapping_sub(out);
            out = step.wrapping_mul(extent);
        }
        let step = bytes(dim.sources[first]);
        walk.sources[0][number] = step.wrapping_sub(x);
        x = step.wrapping_mul(extent);
        let step = bytes(dim.sources[second]);
        walk.sources[1][number] = step.wrapping_sub(y);
        y = step.wrapping_mul(extent);
    }
    walk
}

/// Lets the innermost loop, which has no steps yet, run over vectors: `whole` ones, and one with the `rest` of the lanes.
fn sum_over_lanes(walk: &mut Walk, whole: usize, rest: usize, widths: [isize; SOURCES]) {
    let (last, has_last) = (LOOPS - 1, usize::from(rest > 0));
    let iterations = (whole + has_last).cast_signed();
    walk.extents[last] = whole;
    walk.has_last = has_last;
    walk.is_sum = 1;
    let mut p = 0;
    while p < SOURCES {
        let steps = &mut walk.sources[p];
        steps[last] = widths[p];
        // The loop around it makes up for them.
        steps[last - 1] = steps[last - 1].wrapping_sub(widths[p].wrapping_mul(iterations));
        p += 1;
    }
}

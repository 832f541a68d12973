//! Lays the axes of sources and a target along loops: in go extents and axis maps, out comes one [`Dim`] a loop, with
//! the step of every array. After this, every loop stays inside every array.

use crate::kernel::tiny::{self, Tiny};
use crate::kernel::{Dim, Dims};
use crate::layout::{Axes, Steps};
use crate::program::{NONE, Nest};

/// The axes of one array and the loops that the named ones run along.
#[derive(Clone, Copy)]
pub(crate) struct Laid<'v> {
    pub(crate) axes: &'v Axes<'v>,
    /// As many as named axes; [`NONE`] for an axis of extent 1 that has no loop.
    pub(crate) loops: &'v [u8],
}

/// Whether two axes run along the same loop.
pub(crate) fn is_diagonal(loops: &[u8]) -> bool {
    let mut axis = 1;
    while axis < loops.len() {
        if loops[axis] != NONE && has(loops, axis, loops[axis]) {
            return true;
        }
        axis += 1;
    }
    false
}

/// Whether one of the first `count` axes runs along a loop.
fn has(loops: &[u8], count: usize, number: u8) -> bool {
    let mut axis = 0;
    while axis < count {
        if loops[axis] == number {
            return true;
        }
        axis += 1;
    }
    false
}

/// Adds the nest's loops, whose indices have these extents, to `dims`, of which there are none.
///
/// Post-conditions, on which the kernels' safety rests:
/// - at every point of the loops, every array's offset is that of a position inside its extents;
/// - points that differ in a kept loop have different positions in the target.
///
/// # Panics
///
/// If an axis' extent is not its loop's, a kept loop does not run along the target, or a loop has no extent.
// Handed back, they would be copied.
pub(crate) fn lay<const P: usize>(
    dims: &mut Dims<P>,
    nest: &Nest,
    extents: &[usize],
    sources: &[Laid<'_>; P],
    target: &Laid<'_>,
) {
    for (indices, summed) in [(nest.kept, false), (nest.summed, true)] {
        for &index in indices {
            let extent = extents[usize::from(index)];
            // That of an index without any axis is larger. Where loops are few and short nobody asks for it.
            check(isize::try_from(extent).is_ok(), "an index has no extent");
            dims.push(Dim { extent, out: 0, sources: [0; P], summed });
        }
    }
    lay_axes(dims, nest.kept.len(), sources, target);
    lay_ellipses(dims, sources, target);
}

/// Whether the nest's loops are few and short, and no array has an ellipsis. If so, `own` has the loops' extents, those
/// that are kept first.
// What is left of it are zeros: a larger nest pays for five numbers, not for five loops.
pub(crate) fn is_tiny<const P: usize>(
    own: &mut [usize; tiny::LOOPS],
    nest: &Nest,
    extents: &[usize],
    sources: &[Laid<'_>; P],
    target: &Laid<'_>,
    is_real: bool,
) -> bool {
    let (kept, summed) = (nest.kept, nest.summed);
    if kept.len() > tiny::KEPT || summed.len() > tiny::SUMMED {
        return false;
    }
    let most = tiny::most_points(is_real, kept.len(), summed.len());
    let (mut points, mut number) = (1, 0);
    while number < kept.len() + summed.len() {
        let index = if number < kept.len() { kept[number] } else { summed[number - kept.len()] };
        let extent = extents[usize::from(index)];
        if extent > most {
            return false;
        }
        own[number] = extent;
        // At most `most` to the power of the number of loops, which is representable.
        points *= extent;
        number += 1;
    }
    let mut p = 0;
    let mut ellipsis = !target.axes.rest.extents.is_empty();
    while p < P {
        ellipsis |= !sources[p].axes.rest.extents.is_empty();
        p += 1;
    }
    points <= most && !ellipsis
}

/// Returns the loops of a nest that [is tiny](is_tiny), of these extents, with the post-conditions of [`lay`].
///
/// # Panics
///
/// As [`lay`], and if the nest has more loops than a tiny one.
#[inline]
pub(crate) fn lay_tiny<const P: usize>(
    tiny: &mut Tiny<P>,
    nest: &Nest,
    own: &[usize; tiny::LOOPS],
    sources: &[Laid<'_>; P],
    target: &Laid<'_>,
) {
    let (kept, summed) = (nest.kept.len(), nest.summed.len());
    let dims = tiny.loops(kept, summed);
    let mut number = 0;
    while number < kept + summed {
        dims[number].extent = own[number];
        number += 1;
    }
    lay_axes(dims, kept, sources, target);
    tiny.move_inside(summed);
}

/// Adds the steps along the named axes of all arrays.
fn lay_axes<const P: usize>(
    dims: &mut [Dim<P>],
    kept: usize,
    sources: &[Laid<'_>; P],
    target: &Laid<'_>,
) {
    let mut p = 0;
    while p < P {
        let Laid { axes: Axes { named, .. }, loops } = sources[p];
        check(loops.len() == named.extents.len(), "a source has other axes");
        let mut axis = 0;
        while axis < loops.len() {
            let number = loops[axis];
            let extent = named.extents[axis];
            if number == NONE {
                check(extent == 1, POSITIONS);
            } else {
                let dim = find(dims, number, extent);
                dim.sources[p] = dim.sources[p].wrapping_add(named.strides[axis]);
            }
            axis += 1;
        }
        p += 1;
    }
    let Laid { axes: Axes { named, .. }, loops } = *target;
    check(loops.len() == named.extents.len(), "the target has other axes");
    let dims = &mut dims[..kept];
    // Most targets have their axes in the order of the loops.
    let mut is_in_order = loops.len() == kept;
    let mut axis = 0;
    while axis < loops.len() {
        let number = loops[axis];
        let extent = named.extents[axis];
        is_in_order &= usize::from(number) == axis;
        if number == NONE {
            check(extent == 1, POSITIONS);
        } else {
            let dim = find(dims, number, extent);
            dim.out = dim.out.wrapping_add(named.strides[axis]);
        }
        axis += 1;
    }
    check(kept <= usize::from(NONE), "there are more loops than numbers");
    let mut number = if is_in_order { kept } else { 0 };
    while number < kept {
        #[expect(clippy::cast_possible_truncation, reason = "less than `NONE`")]
        let found = has(loops, loops.len(), number as u8);
        check(found, "a kept loop has no axis in the target");
        number += 1;
    }
}

const POSITIONS: &str = "an axis without a loop has positions";

/// Returns the loop of an axis of this extent.
#[inline]
fn find<const P: usize>(dims: &mut [Dim<P>], number: u8, extent: usize) -> &mut Dim<P> {
    let number = usize::from(number);
    if number >= dims.len() {
        broken("an axis runs along no loop");
    }
    let dim = &mut dims[number];
    if dim.extent != extent {
        broken("the extent of an axis is not its loop's");
    }
    dim
}

/// Adds the loops of the ellipses, aligned at their last axes: kept where the target runs along them, else summed.
fn lay_ellipses<const P: usize>(dims: &mut Dims<P>, sources: &[Laid<'_>; P], target: &Laid<'_>) {
    let ellipses = || sources.iter().chain([target]).map(|laid| &laid.axes.rest);
    let rank = ellipses().map(|e| e.extents.len()).max().unwrap_or(0);
    for back in 1..=rank {
        let mut extent = 1;
        for own in ellipses().filter_map(|e| e.extents.iter().nth_back(back - 1)) {
            check(extent == 1 || *own == 1 || *own == extent, "ellipses do not broadcast");
            if *own != 1 {
                extent = *own;
            }
        }
        // The step along an axis of extent 1 is 0: it broadcasts.
        let step = |e: &Steps<'_>| match e.extents.iter().nth_back(back - 1) {
            Some(&own) if own != 1 => Some(e.strides[e.strides.len() - back]),
            _ => None,
        };
        let out = step(&target.axes.rest);
        let mut dim = Dim { extent, out: out.unwrap_or(0), sources: [0; P], summed: out.is_none() };
        for (own, source) in dim.sources.iter_mut().zip(sources) {
            *own = step(&source.axes.rest).unwrap_or(0);
        }
        if extent != 1 {
            dims.push(dim);
        }
    }
}

#[inline]
fn check(holds: bool, what: &str) {
    if !holds {
        broken(what);
    }
}

#[cold]
#[inline(never)]
fn broken(what: &str) -> ! {
    panic!("einloom: internal error: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is handed to the kernels of tiny nests, on which the time of small calls rests.
    #[test]
    fn few_points_are_tiny() {
        let nest = Nest {
            into: 0,
            kept: b"\x00\x01",
            summed: b"\x02",
            sources: &[],
            target: b"\x00\x01",
            ellipsis: b"",
        };
        let is_tiny = |n: usize, is_real: bool| {
            let (extents, strides) = ([n, n], [n.cast_signed(), 1]);
            let named = Steps { extents: &extents, strides: &strides };
            let axes = Axes { named, rest: Steps::NONE, found: 2 };
            let along = |loops| Laid { axes: &axes, loops };
            let sources = [along(b"\x00\x02"), along(b"\x02\x01")];
            let target = along(b"\x00\x01");
            super::is_tiny(&mut [0; tiny::LOOPS], &nest, &[n, n, n], &sources, &target, is_real)
        };
        assert_eq!([4, 8, 9].map(|n| is_tiny(n, true)), [true, true, false]);
        assert_eq!([4, 5, 8].map(|n| is_tiny(n, false)), [true, false, false]);
    }

    /// Lays a nest of two kept loops whose target has its axes along these.
    fn lay_target(loops: &'static [u8]) -> Dims<1> {
        let (extents, strides) = ([3, 3], [3, 1]);
        let nest = Nest {
            into: 0,
            kept: b"\x00\x01",
            summed: b"",
            sources: &[],
            target: loops,
            ellipsis: b"",
        };
        let named = Steps { extents: &extents, strides: &strides };
        let axes = Axes { named, rest: Steps::NONE, found: 2 };
        let source = Laid { axes: &axes, loops: b"\x00\x01" };
        let count = loops.len();
        let named = Steps { extents: &extents[..count], strides: &strides[..count] };
        let axes = Axes { named, rest: Steps::NONE, found: count };
        let mut dims = Dims::new();
        lay(&mut dims, &nest, &[3, 3], &[source], &Laid { axes: &axes, loops });
        dims
    }

    #[test]
    fn targets_have_all_kept_loops_in_any_order() {
        let steps = |loops| lay_target(loops).iter().map(|d| d.out).collect::<Vec<_>>();
        assert_eq!(steps(b"\x00\x01"), [3, 1]);
        assert_eq!(steps(b"\x01\x00"), [1, 3]);
    }

    #[test]
    #[should_panic(expected = "a kept loop has no axis in the target")]
    fn a_loop_that_the_target_lacks() {
        lay_target(b"\x00\x00");
    }

    #[test]
    #[should_panic(expected = "a kept loop has no axis in the target")]
    fn a_target_with_fewer_axes() {
        lay_target(b"\x00");
    }
}

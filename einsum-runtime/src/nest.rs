//! Lays the axes of sources and a target along loops: in go extents and axis maps, out comes one [`Dim`] a loop, with
//! the step of every array. After this, every loop stays inside every array.

use crate::ellipsis::EllipsisAxes;
use crate::kernel::tiny::{self, Tiny};
use crate::kernel::{Dim, Dims};

/// In a map from axes to loops: an axis of extent 1 that has no loop.
pub const ONE: usize = usize::MAX;

/// The extents of a nest's loops: those kept in the target are numbered first, then those summed over.
#[derive(Clone, Copy)]
pub struct Loops<const KEPT: usize, const SUMMED: usize> {
    pub(crate) kept: [usize; KEPT],
    pub(crate) summed: [usize; SUMMED],
}

/// Returns the loops with these extents.
#[inline]
#[must_use]
pub fn loops<const KEPT: usize, const SUMMED: usize>(
    kept: [usize; KEPT],
    summed: [usize; SUMMED],
) -> Loops<KEPT, SUMMED> {
    Loops { kept, summed }
}

/// The axes of one array and the loops that the named ones run along.
#[derive(Clone, Copy)]
pub(crate) struct Axes<'v> {
    pub(crate) extents: &'v [usize],
    pub(crate) strides: &'v [isize],
    pub(crate) loops: &'v [usize],
    pub(crate) ellipsis: EllipsisAxes<'v>,
}

/// Whether two axes run along the same loop.
pub(crate) fn is_diagonal(loops: &[usize]) -> bool {
    loops.iter().enumerate().any(|(axis, l)| *l != ONE && loops[..axis].contains(l))
}

/// Returns the nest's loops.
///
/// Post-conditions, on which the kernels' safety rests:
/// - at every point of the loops, every array's offset is that of a position inside its extents;
/// - points that differ in a kept loop have different positions in the target.
///
/// # Panics
///
/// If an axis' extent is not its loop's, or a kept loop does not run along the target.
pub(crate) fn lay<const P: usize>(
    kept: &[usize],
    summed: &[usize],
    sources: [Axes<'_>; P],
    target: Axes<'_>,
) -> Dims<P> {
    let named = |summed| move |&extent: &usize| Dim { extent, out: 0, sources: [0; P], summed };
    let mut dims: Dims<P> =
        kept.iter().map(named(false)).chain(summed.iter().map(named(true))).collect();
    for (p, source) in sources.iter().enumerate() {
        for (axis, &number) in source.loops.iter().enumerate() {
            if number == ONE {
                check(source.extents[axis] == 1, "an axis of a source has no loop");
                continue;
            }
            check(number < dims.len(), "an axis of a source runs along no loop");
            let dim = &mut dims[number];
            check(
                source.extents[axis] == dim.extent,
                "the extent of a source's axis is not its loop's",
            );
            dim.sources[p] = dim.sources[p].wrapping_add(source.strides[axis]);
        }
    }
    for (axis, &number) in target.loops.iter().enumerate() {
        if number == ONE {
            check(target.extents[axis] == 1, "an axis of the target has no loop");
            continue;
        }
        check(number < kept.len(), "an axis of the target runs along no kept loop");
        let dim = &mut dims[number];
        check(
            target.extents[axis] == dim.extent,
            "the extent of a target's axis is not its loop's",
        );
        dim.out = dim.out.wrapping_add(target.strides[axis]);
    }
    check_kept(kept, &target);
    lay_ellipses(&mut dims, &sources, &target);
    dims
}

/// Returns the nest's loops if they are few and short, with the post-conditions of [`lay`].
///
/// # Panics
///
/// As [`lay`].
#[inline]
pub(crate) fn lay_tiny<const P: usize>(
    kept: &[usize],
    summed: &[usize],
    sources: &[Axes<'_>; P],
    target: &Axes<'_>,
) -> Option<Tiny<P>> {
    let points = kept.iter().chain(summed).try_fold(1_usize, |n, &extent| n.checked_mul(extent));
    let has_ellipsis = |axes: &Axes<'_>| !axes.ellipsis.extents.is_empty();
    if kept.len() > tiny::KEPT
        || summed.len() > tiny::SUMMED
        || points.is_none_or(|points| points > tiny::POINTS)
        || sources.iter().any(has_ellipsis)
        || has_ellipsis(target)
    {
        return None;
    }
    let dim = |extent, summed| Dim { extent, out: 0, sources: [0; P], summed };
    let mut tiny = Tiny { kept: [dim(1, false); tiny::KEPT], summed: [dim(1, true); tiny::SUMMED] };
    // The innermost slots are used: what is not there is outside.
    let (first_kept, first_summed) = (tiny::KEPT - kept.len(), tiny::SUMMED - summed.len());
    for (slot, &extent) in tiny.kept[first_kept..].iter_mut().zip(kept) {
        slot.extent = extent;
    }
    for (slot, &extent) in tiny.summed[first_summed..].iter_mut().zip(summed) {
        slot.extent = extent;
    }
    for (p, source) in sources.iter().enumerate() {
        for (axis, &number) in source.loops.iter().enumerate() {
            if number == ONE {
                check(source.extents[axis] == 1, "an axis of a source has no loop");
                continue;
            }
            check(number < kept.len() + summed.len(), "an axis of a source runs along no loop");
            let slot = match number.checked_sub(kept.len()) {
                None => &mut tiny.kept[first_kept + number],
                Some(number) => &mut tiny.summed[first_summed + number],
            };
            let fits = source.extents[axis] == slot.extent;
            check(fits, "the extent of a source's axis is not its loop's");
            slot.sources[p] = slot.sources[p].wrapping_add(source.strides[axis]);
        }
    }
    for (axis, &number) in target.loops.iter().enumerate() {
        if number == ONE {
            check(target.extents[axis] == 1, "an axis of the target has no loop");
            continue;
        }
        check(number < kept.len(), "an axis of the target runs along no kept loop");
        let slot = &mut tiny.kept[first_kept + number];
        let fits = target.extents[axis] == slot.extent;
        check(fits, "the extent of a target's axis is not its loop's");
        slot.out = slot.out.wrapping_add(target.strides[axis]);
    }
    check_kept(kept, target);
    Some(tiny)
}

/// Adds the loops of the ellipses, aligned at their last axes: kept where the target runs along them, else summed.
fn lay_ellipses<const P: usize>(dims: &mut Dims<P>, sources: &[Axes<'_>; P], target: &Axes<'_>) {
    let ellipses = || sources.iter().chain([target]).map(|axes| &axes.ellipsis);
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
        let step = |e: &EllipsisAxes<'_>| match e.extents.iter().nth_back(back - 1) {
            Some(&own) if own != 1 => Some(e.strides[e.strides.len() - back].cast_signed()),
            _ => None,
        };
        let out = step(&target.ellipsis);
        let mut dim = Dim { extent, out: out.unwrap_or(0), sources: [0; P], summed: out.is_none() };
        for (own, source) in dim.sources.iter_mut().zip(sources) {
            *own = step(&source.ellipsis).unwrap_or(0);
        }
        if extent != 1 {
            dims.push(dim);
        }
    }
}

/// Checks that every kept loop runs along the target.
#[inline]
fn check_kept(kept: &[usize], target: &Axes<'_>) {
    let all = (0..kept.len()).all(|number| target.loops.contains(&number));
    check(all, "a kept loop has no axis in the target");
}

#[inline]
#[track_caller]
fn check(holds: bool, what: &str) {
    if !holds {
        broken(what);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn broken(what: &str) -> ! {
    panic!("einloom: internal error: {what}")
}

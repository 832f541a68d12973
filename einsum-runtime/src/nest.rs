//! Lays the axes of sources and a target along loops: in go extents and axis maps, out comes one [`Dim`] a loop, with
//! the step of every array. After this, every loop stays inside every array.

use crate::ellipsis::EllipsisAxes;
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
    let mut along_target = 0_u64;
    for (axis, &number) in target.loops.iter().enumerate() {
        if number == ONE {
            check(target.extents[axis] == 1, "an axis of the target has no loop");
            continue;
        }
        check(number < kept.len() && number < 64, "an axis of the target runs along no kept loop");
        let dim = &mut dims[number];
        check(
            target.extents[axis] == dim.extent,
            "the extent of a target's axis is not its loop's",
        );
        dim.out = dim.out.wrapping_add(target.strides[axis]);
        along_target |= 1 << number;
    }
    check(
        along_target.count_ones() as usize == kept.len(),
        "a kept loop has no axis in the target",
    );
    lay_ellipses(&mut dims, &sources, &target);
    dims
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
            Some(&own) if own == extent && own != 1 => {
                Some(e.strides[e.strides.len() - back].cast_signed())
            }
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

//! Nests with windows or composed axes: in go axes along several indices, out come loops whose steps are sums over the axes,
//! or a nest for [`window`](crate::window).
//!
//! A composed axis is one axis an index, with multiples of its stride. A window of extent `N` is at the position
//! `Σ coefficient · loop + offset`; where all positions are in `0..N`, it is no more than a stride too: the loop has the step
//! `coefficient · stride`, and the offset moves the first element. Nests of few points run so; what is larger, or lies
//! outside, or is written several times, is for [`window`](crate::window).

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::body::whole;
use crate::execute::{Call, Out};
use crate::intermediate::Intermediate;
use crate::kept::Kept;
use crate::kernel::raw::{RawKernels, RawRead, Sources};
use crate::kernel::tiny::{self, Tiny};
use crate::kernel::{Dim, Dims};
use crate::layout::Steps;
use crate::nest::Laid;
use crate::program::{NONE, Nest, Program, WINDOWS};
use crate::window::few::{Image, Reached};
use crate::window::{self, Term, Windowed};

/// For how many results a nest at least uses an element at each point of a window, and of how many points it takes less time as it
/// is than [`window`](crate::window) takes to find a better form for it. The more results there are, the less there is to gain.
const FEW: [(usize, usize); 4] =
    [(1, 1 << 15), (window::STENCIL + 1, 1 << 18), (12, 3 << 17), (32, 1 << 20)];

/// The same for stencils that read outside of a source.
const FEW_PADDED: usize = 1 << 13;

/// Returns how many points are few, for so many results that use an element at each point of a window.
pub(crate) fn few_points(columns: usize) -> usize {
    let own = FEW.iter().rev().find(|(least, _)| columns >= *least);
    if cfg!(test) { 96 } else { own.map_or(FEW[0].1, |(_, points)| *points) }
}

/// Whether an axis of the nest runs along several indices.
pub(crate) fn has_window(nest: &Nest) -> bool {
    let is_window = |loops: &[u8]| loops.iter().any(|&axis| axis >= WINDOWS && axis != NONE);
    is_window(nest.target) || nest.sources.iter().any(|source| is_window(source.loops))
}

/// The axes of an array.
pub(crate) struct Array {
    axes: SmallVec<[Axis; 8]>,
    /// Those of all axes.
    terms: SmallVec<[Term; 8]>,
}

struct Axis {
    extent: usize,
    stride: isize,
    offset: isize,
    /// The number of its first term.
    start: usize,
    /// One more than that of its last term.
    end: usize,
    is_window: bool,
}

impl Call<'_> {
    /// Runs a nest with windows.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run); `made` have been written.
    pub(crate) unsafe fn run_affine(
        &self,
        nest: &Nest,
        made: &[Option<Intermediate>],
        out: &Out<'_>,
    ) {
        let target = Laid { axes: &out.axes, loops: nest.target };
        // SAFETY: the caller's duties.
        unsafe {
            match nest.sources {
                [] => {
                    let _ = self.kernels.scale_all(whole(&out.axes), out.ptr, out.mode);
                }
                [source] => {
                    let (read, mut room) = (self.read(source, made), None);
                    let laid = [self.lay(source, made, &mut room)];
                    self.run_laid(nest, [read], laid, target, out);
                }
                [first, second] => {
                    let reads = [self.read(first, made), self.read(second, made)];
                    let (mut room, mut other) = (None, None);
                    let laid =
                        [self.lay(first, made, &mut room), self.lay(second, made, &mut other)];
                    self.run_laid(nest, reads, laid, target, out);
                }
                _ => unreachable!("einloom: internal error: a nest has at most two sources"),
            }
        }
    }

    /// # Safety
    ///
    /// As [`run_affine`](Call::run_affine); `reads` are the sources.
    unsafe fn run_laid<const P: usize>(
        &self,
        nest: &Nest,
        mut reads: [RawRead; P],
        sources: [Laid<'_>; P],
        target: Laid<'_>,
        out: &Out<'_>,
    ) where
        RawKernels: Sources<P>,
    {
        let mut extents: SmallVec<[usize; 16]> = SmallVec::new();
        let numbers = 0..nest.kept.len() + nest.summed.len();
        extents.extend(numbers.map(|number| self.extents[usize::from(nest.index(number))]));
        let named = extents.len();
        add_ellipsis(&mut extents, sources.iter().chain([&target]).map(|laid| laid.axes.rest));
        assert!(extents.len() < usize::from(WINDOWS), "{LOOPS}");
        // That of an index without any axis is larger.
        let is_known = |&extent: &usize| isize::try_from(extent).is_ok();
        assert!(extents.iter().all(is_known), "einloom: internal error: an index has no extent");
        let indices: SmallVec<[u8; 16]> = nest.kept.iter().chain(nest.summed).copied().collect();
        let along = Along {
            program: self.program,
            indices: &indices,
            of_indices: self.extents,
            extents: &extents,
        };
        let mut sources = sources.map(|laid| along.array(&laid));
        let target = along.array(&target);
        let points = extents.iter().fold(1_usize, |points, &extent| points.saturating_mul(extent));
        let columns = columns(&sources, &target, &extents);
        let is_few = points <= few_points(columns);
        let is_simple = is_few || !sources.iter().any(Array::has_window);
        let mut may_run = is_simple && target.is_exact();
        // A source whose zeros outside are in a copy.
        let mut copy = None;
        let outside = |array: &Array| may_run && !array.is_inside(&extents);
        match sources.each_ref().map(outside)[..] {
            [] | [false] | [false, false] => {}
            [.., true, true] => may_run = false,
            // Kernels pad stencils.
            _ if columns <= window::STENCIL && points > FEW_PADDED => may_run = false,
            [is_first, ..] => {
                let p = if is_first { 0 } else { P - 1 };
                // SAFETY: the caller's duties.
                copy = unsafe { sources[p].copied(self.kernels, &extents, points, &mut reads[p]) };
                may_run = copy.is_some();
            }
        }
        if !may_run {
            let of_sources = sources.each_ref().map(Array::windowed);
            let nest = Windowed {
                extents: &extents,
                sources: of_sources.each_ref().map(SmallVec::as_slice),
                target: &target.windowed(),
            };
            // SAFETY: the caller's duties; the axes are those of the arrays, which do not overlap the target.
            return unsafe { window::run(self.kernels, &nest, reads, out.ptr, out.mode) };
        }
        let mut dims: Dims<P> = SmallVec::new();
        for (number, &extent) in extents.iter().enumerate() {
            let summed = !target.moves(number);
            assert!(number >= nest.kept.len() || !summed, "{LOOPS}");
            let sources = sources.each_ref().map(|array| array.step(number));
            dims.push(Dim { extent, out: target.step(number), sources, summed });
        }
        // Without points there is nothing to read.
        if points > 0 {
            for (read, array) in reads.iter_mut().zip(&sources) {
                let offset = array.offset().wrapping_mul(self.kernels.element.size().cast_signed());
                read.ptr = read.ptr.wrapping_offset(offset);
            }
        }
        // SAFETY: the caller's duties; all positions of the sources lie inside of their axes, and those of the target are the
        // ones of different points of the kept loops, and all there are.
        unsafe {
            match few(&dims, points, nest.kept.len(), named) {
                Some(tiny) => (self.kernels.tiny_kernel())(&tiny, reads, out.ptr, out.mode),
                None => (self.kernels.kernel())(&mut dims, reads, out.ptr, out.mode),
            }
        }
        drop(copy);
    }
}

/// The loops that axes run along.
pub(crate) struct Along<'l> {
    pub(crate) program: &'static Program,
    /// The index of each loop but those of the ellipsis.
    pub(crate) indices: &'l [u8],
    /// The extents of all indices of the program.
    pub(crate) of_indices: &'l [usize],
    /// The extents of the loops; those of the ellipsis come last.
    pub(crate) extents: &'l [usize],
}

impl Along<'_> {
    /// Returns the axes of an array.
    ///
    /// # Panics
    ///
    /// If an axis runs along no loop, or along one of another extent.
    pub(crate) fn array(&self, laid: &Laid<'_>) -> Array {
        let (Laid { axes, loops }, extents) = (laid, self.extents);
        let named = self.indices.len();
        let mut array = Array { axes: SmallVec::new(), terms: SmallVec::new() };
        assert!(loops.len() == axes.named.extents.len(), "{AXES}");
        for (axis, &number) in loops.iter().enumerate() {
            let (extent, stride) = (axes.named.extents[axis], axes.named.strides[axis]);
            match self.program.window(number) {
                None if number == NONE => assert!(extent == 1, "{EXTENTS}"),
                None => {
                    assert!(
                        extents[..named].get(usize::from(number)) == Some(&extent),
                        "{EXTENTS}"
                    );
                    array.push(extent, stride, Some(number));
                }
                Some(window) => {
                    let term = |(term, &index): (usize, &u8)| {
                        let number =
                            self.indices.iter().position(|own| *own == index).expect(LOOPS);
                        let coefficient = window.coefficient(term, self.of_indices);
                        // That of an empty axis can be too large.
                        let coefficient =
                            coefficient.or((extent == 0).then_some(0)).expect(EXTENTS);
                        #[expect(clippy::cast_possible_truncation, reason = "less than `WINDOWS`")]
                        let number = number as u8;
                        Term { number, coefficient: coefficient.cast_signed() }
                    };
                    let terms = window.indices.iter().enumerate().map(term);
                    if window.terms.is_none() {
                        let product = window.composed_extent(self.of_indices);
                        assert!(product == Some(extent), "{EXTENTS}");
                        for Term { number, coefficient } in terms {
                            let extent = extents[usize::from(number)];
                            // Not representable only where the loop has one point.
                            array.push(extent, stride.wrapping_mul(coefficient), Some(number));
                        }
                        continue;
                    }
                    let start = array.terms.len();
                    array.terms.extend(terms);
                    let (end, offset) = (array.terms.len(), window.offset());
                    array.axes.push(Axis { extent, stride, offset, start, end, is_window: true });
                }
            }
        }
        let Steps { extents: rest, strides } = axes.rest;
        let first = extents.len() - rest.len();
        for (axis, (&extent, &stride)) in rest.iter().zip(strides).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "less than `WINDOWS`")]
            let number = (extent != 1).then_some((first + axis) as u8);
            assert!(extent == 1 || extents[first + axis] == extent, "{EXTENTS}");
            array.push(extent, stride, number);
        }
        array
    }
}

const LOOPS: &str = "einloom: internal error: an axis runs along no loop";
const AXES: &str = "einloom: internal error: an array has other axes";
const EXTENTS: &str = "einloom: internal error: the extent of an axis is not its loops'";

/// Returns for how many results an element of the source with windows is used at each point of a window.
fn columns(sources: &[Array], target: &Array, extents: &[usize]) -> usize {
    let mut windowed = sources.iter().filter(|array| array.has_window());
    let Some(source) = windowed.next().filter(|_| windowed.next().is_none()) else { return 1 };
    let mut columns = 1_usize;
    for (number, extent) in extents.iter().enumerate() {
        if target.moves(number) && !source.moves(number) {
            columns = columns.saturating_mul(*extent);
        }
    }
    columns
}

/// Adds the loops of the ellipses, aligned at their last axes.
fn add_ellipsis<'v>(
    extents: &mut SmallVec<[usize; 16]>,
    ellipses: impl Iterator<Item = Steps<'v>> + Clone,
) {
    let rank = ellipses.clone().map(|rest| rest.extents.len()).max().unwrap_or(0);
    for back in (1..=rank).rev() {
        let own = ellipses.clone().filter_map(|rest| rest.extents.iter().nth_back(back - 1));
        extents.push(own.copied().find(|&extent| extent != 1).unwrap_or(1));
    }
}

impl Array {
    /// Adds an axis along one loop, or along none.
    fn push(&mut self, extent: usize, stride: isize, number: Option<u8>) {
        let start = self.terms.len();
        self.terms.extend(number.map(|number| Term { number, coefficient: 1 }));
        let end = self.terms.len();
        self.axes.push(Axis { extent, stride, offset: 0, start, end, is_window: false });
    }

    fn has_window(&self) -> bool {
        self.axes.iter().any(|axis| axis.is_window)
    }

    fn terms(&self, axis: &Axis) -> &[Term] {
        &self.terms[axis.start..axis.end]
    }

    /// Whether all positions lie inside of their axes, at all points of the loops.
    pub(crate) fn is_inside(&self, extents: &[usize]) -> bool {
        if extents.contains(&0) {
            return true;
        }
        self.axes.iter().all(|axis| {
            let last = self.last(axis, extents);
            axis.offset >= 0 && last.is_some_and(|last| last.cast_unsigned() < axis.extent)
        })
    }

    /// Returns the last position in an axis, if it is representable. No loop is empty.
    fn last(&self, axis: &Axis, extents: &[usize]) -> Option<isize> {
        let mut last = axis.offset;
        for term in self.terms(axis) {
            let steps = isize::try_from(extents[usize::from(term.number)] - 1).ok()?;
            last = last.checked_add(steps.checked_mul(term.coefficient)?)?;
        }
        Some(last)
    }

    /// Copies what loops read of the array, with zeros where it is outside, if that is no more than some elements. The array is
    /// then the copy.
    ///
    /// # Safety
    ///
    /// As [`window::run`]; `read` is the array.
    unsafe fn copied(
        &mut self,
        kernels: &RawKernels,
        extents: &[usize],
        most: usize,
        read: &mut RawRead,
    ) -> Option<Kept> {
        let reached = |axis: usize| {
            let axis = &self.axes[axis];
            let last = self.last(axis, extents).unwrap_or(isize::MAX);
            let &Axis { extent, stride, offset, .. } = axis;
            Reached { extent, stride, offset, range: [offset, last] }
        };
        let image = Image::of(self.axes.len(), &reached, most)?;
        for (axis, stride) in self.axes.iter_mut().zip(&image.strides) {
            (axis.stride, axis.offset) = (*stride, 0);
        }
        // SAFETY: the caller's duties.
        let (memory, copy) = unsafe { image.read(kernels, *read) };
        *read = copy;
        Some(memory)
    }

    /// Whether different points of the loops that move along the array are at different elements, and at all there are.
    fn is_exact(&self) -> bool {
        let numbers = || self.terms.iter().map(|term| term.number);
        let is_once = |number| numbers().filter(|other| *other == number).count() == 1;
        !self.has_window() && numbers().all(is_once)
    }

    fn moves(&self, number: usize) -> bool {
        self.terms.iter().any(|term| usize::from(term.number) == number)
    }

    /// Returns the elements from one point of a loop to the next. Where they are not representable the loop has one point.
    pub(crate) fn step(&self, number: usize) -> isize {
        let mut step = 0_isize;
        for axis in &self.axes {
            for term in self.terms(axis).iter().filter(|term| usize::from(term.number) == number) {
                step = step.wrapping_add(term.coefficient.wrapping_mul(axis.stride));
            }
        }
        step
    }

    /// Returns the elements from the first one to that where all loops are at 0.
    pub(crate) fn offset(&self) -> isize {
        let of_axes = self.axes.iter().map(|axis| axis.offset.wrapping_mul(axis.stride));
        of_axes.fold(0, isize::wrapping_add)
    }

    fn windowed(&self) -> SmallVec<[window::Axis<'_>; 8]> {
        let axis = |axis: &Axis| {
            let &Axis { extent, stride, offset, .. } = axis;
            window::Axis { extent, stride, terms: self.terms(axis), offset }
        };
        self.axes.iter().map(axis).collect()
    }
}

/// Returns the loops if they are few and short, without any of an ellipsis. The first `kept` of them are kept.
fn few<const P: usize>(
    dims: &Dims<P>,
    points: usize,
    kept: usize,
    named: usize,
) -> Option<Tiny<P>> {
    let fits = points <= tiny::POINTS
        && dims.len() == named
        && kept <= tiny::KEPT
        && named - kept <= tiny::SUMMED;
    fits.then(|| Tiny::of(&dims[..kept], &dims[kept..]))
}

//! What tests of kernels have in common: random numbers, and nests computed one multiplication at a time.

use crate::element::Element;
use crate::kernel::{Dim, Mode, Read};

/// A linear congruential generator (Knuth's MMIX constants), its high bits.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in 1..items.len() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Visits all points of some loops, with the places in the output and the sources.
pub(crate) fn points<const P: usize>(
    dims: &[Dim<P>],
    (mut out, mut sources): (isize, [isize; P]),
    visit: &mut impl FnMut(isize, [isize; P]),
) {
    let Some((dim, rest)) = dims.split_first() else { return visit(out, sources) };
    for _ in 0..dim.extent {
        // It is often the last loop, which need not call itself.
        if rest.is_empty() {
            visit(out, sources);
        } else {
            points(rest, (out, sources), visit);
        }
        out += dim.out;
        for (at, step) in sources.iter_mut().zip(dim.sources) {
            *at += step;
        }
    }
}

/// The memory of a source, the place of its first element, and whether elements are conjugated.
pub(crate) type Source<'m, T> = (&'m [T], isize, bool);

/// Returns the sums that a nest has for an output of `len` elements in memory, its first at `first`: none where it has no point.
pub(crate) fn sums<T: Element, const P: usize>(
    dims: &[Dim<P>],
    sources: [Source<'_, T>; P],
    (len, first): (usize, isize),
) -> Vec<Option<T>> {
    let (kept, summed): (Vec<Dim<P>>, Vec<Dim<P>>) = dims.iter().partition(|d| !d.summed);
    let index = |at: isize| usize::try_from(at).expect("all points lie inside");
    let factor = |p: usize, at: isize| {
        let (memory, _, conjugated) = sources[p];
        let x = memory[index(at)];
        if conjugated { T::conj(x) } else { x }
    };
    let mut sums = vec![None; len];
    points(&kept, (first, sources.map(|(_, first, _)| first)), &mut |o, s| {
        sums[index(o)] = Some(sum(&summed, s, &factor));
    });
    sums
}

/// Runs a nest, one multiplication at a time.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels).
pub(crate) unsafe fn run<T: Element, const P: usize>(
    dims: &[Dim<P>],
    sources: [Read<T>; P],
    out: *mut T,
    mode: Mode<T>,
) {
    let (kept, summed): (Vec<Dim<P>>, Vec<Dim<P>>) = dims.iter().partition(|d| !d.summed);
    let factor = |p: usize, at: isize| {
        // SAFETY: the caller's duties.
        let x = unsafe { *sources[p].ptr.offset(at) };
        if sources[p].conjugated { T::conj(x) } else { x }
    };
    points(&kept, (0, [0; P]), &mut |o, s| {
        let sum = Some(sum(&summed, s, &factor));
        // SAFETY: the caller's duties: an element that is read holds a value.
        unsafe {
            let to = out.offset(o);
            let old = if reads_output(mode) { to.read() } else { T::ZERO };
            to.write(enter(mode, old, sum));
        }
    });
}

/// Returns the sum of the products of some factors.
fn sum<T: Element, const P: usize>(
    summed: &[Dim<P>],
    at: [isize; P],
    factor: &impl Fn(usize, isize) -> T,
) -> T {
    let mut sum = T::ZERO;
    points(summed, (0, at), &mut |_, s| {
        let product = (0..P).fold(T::ONE, |product, p| T::mul(product, factor(p, s[p])));
        sum = T::add(sum, product);
    });
    sum
}

/// Whether a mode reads the output's values.
pub(crate) fn reads_output<T: Element>(mode: Mode<T>) -> bool {
    matches!(mode, Mode::Scale { beta, .. } if beta != T::ZERO)
}

/// Returns what a sum makes of an output's element.
pub(crate) fn enter<T: Element>(mode: Mode<T>, old: T, sum: Option<T>) -> T {
    match (sum, mode) {
        (None, _) => old,
        (Some(sum), Mode::Assign) => sum,
        (Some(sum), Mode::Scale { alpha, .. }) if !reads_output(mode) => T::mul(alpha, sum),
        (Some(sum), Mode::Scale { alpha, beta }) => T::add(T::mul(beta, old), T::mul(alpha, sum)),
    }
}

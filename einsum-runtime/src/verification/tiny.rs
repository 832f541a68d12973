//! The accuracy of nests of few points, which have a kernel of their own.

use num_complex::{Complex32, Complex64};

use super::accuracy::{Case, Data, matrices};
use super::{Random, Sample, points, room};
use crate::element::Element;
use crate::kernel::level::on_every_level;
use crate::kernel::raw::{Factor, RawKernels, RawMode, RawRead, Sources};
use crate::kernel::tiny::{KEPT, LOOPS, Tiny, tiny};
use crate::kernel::{Dim, Mode, Read};

fn tiny_products<T: Sample>(random: &mut Random) {
    for extents in [[3, 3, 3], [2, 4, 7], [1, 1, 60]] {
        for data in [Data::Magnitudes, Data::Cancelling] {
            for scaled in [false, true] {
                let dims = matrices(extents, [false; 3]);
                let case = Case::<T, 2>::new(random, &dims, data, scaled);
                let exact = case.exact();
                let [i, j, k] = dims;
                let nest = Tiny::of(&[i, j], &[k]);
                let reads = [0, 1].map(|p| {
                    let Read { ptr, conjugated } = case.read(p);
                    RawRead { ptr: ptr.cast(), conjugated }
                });
                let at = |factor: &T| Factor::At(core::ptr::from_ref(factor).cast());
                let mode = match &case.mode {
                    Mode::Assign => RawMode::Assign,
                    Mode::Scale { alpha, beta } => {
                        RawMode::Scale { alpha: at(alpha), beta: at(beta) }
                    }
                };
                let mut out = case.out.0.clone();
                // SAFETY: as above; factors are elements.
                unsafe { tiny::<T, 2>(&nest, reads, out.as_mut_ptr().cast(), mode) };
                case.compare(&out, &exact, "tiny");
            }
        }
    }
}

/// The elements around a source: no numbers, which no sum may hold. A vector.
const MARGIN: usize = 16;

/// Random loops of real numbers through the kernel that calls get, on small integers, whose sums are exact.
fn real_nests<T: Sample, const P: usize>(random: &mut Random)
where
    RawKernels: Sources<P>,
{
    for _ in 0..400 {
        let mut extents = [1; LOOPS];
        for extent in &mut extents {
            *extent = [1, 1, 2, 3, 5, 18][random.below(6)];
        }
        let mut dims: Vec<Dim<P>> = (0..LOOPS)
            .map(|number| Dim {
                extent: extents[number],
                out: 0,
                sources: core::array::from_fn(|_| [0, 1, 1, 2, -1, 7][random.below(6)]),
                summed: number >= KEPT,
            })
            .collect();
        // The output in any order of its loops, without gaps or with.
        let mut step = [1, 1, 2][random.below(3)];
        for number in [[0, 1, 2], [2, 1, 0], [1, 2, 0]][random.below(3)] {
            dims[number].out = step * [1, 1, -1][random.below(3)];
            step *= extents[number].cast_signed();
        }
        let memories: [(Vec<T>, isize); P] = core::array::from_fn(|p| {
            let (len, first) = room(dims.iter().map(|dim| (dim.extent, dim.sources[p])));
            let mut memory = vec![T::of(f64::NAN, 0.0); len + 2 * MARGIN];
            for element in &mut memory[MARGIN..MARGIN + len] {
                *element = T::of(f64::from(random.next() % 7) - 3.0, 0.0);
            }
            (memory, first + MARGIN.cast_signed())
        });
        let (len, first) = room(dims.iter().map(|dim| (dim.extent, dim.out)));
        let untouched = T::of(99.0, 0.0);
        let mut expected = vec![untouched; len];
        let mut is_reached = vec![false; len];
        points(&dims, (first, [0; P]), &mut |out, at| {
            let product = (0..P).fold(T::ONE, |product, p| {
                T::mul(product, memories[p].0[(memories[p].1 + at[p]).cast_unsigned()])
            });
            let place = out.cast_unsigned();
            let old = if is_reached[place] { expected[place] } else { T::ZERO };
            expected[place] = T::add(old, product);
            is_reached[place] = true;
        });
        on_every_level(|level| {
            let mut out = vec![untouched; len];
            let nest = Tiny::of(&dims[..KEPT], &dims[KEPT..]);
            let reads = core::array::from_fn(|p| {
                let ptr = memories[p].0.as_ptr().wrapping_offset(memories[p].1);
                RawRead { ptr: ptr.cast(), conjugated: false }
            });
            let target = out.as_mut_ptr().wrapping_offset(first).cast();
            // SAFETY: the memories have room for all points, and the output's are distinct.
            unsafe { T::TABLE.raw.tiny_kernel()(&nest, reads, target, RawMode::Assign) };
            // Zeros may differ in their signs.
            assert_eq!(out, expected, "{level:?} {dims:?}");
        });
    }
}

#[test]
fn tiny_nests_of_real_numbers() {
    let r = &mut Random(7);
    real_nests::<f32, 1>(r);
    real_nests::<f32, 2>(r);
    real_nests::<f64, 1>(r);
    real_nests::<f64, 2>(r);
}

/// Lanes that do not exist are no zeros: nothing infinite may be multiplied by one.
#[test]
fn tiny_sums_of_infinite_numbers() {
    for extent in 1..20 {
        let j = Dim { extent, out: 0, sources: [1, 0], summed: true };
        let (x, y, mut sum) = (vec![2.0_f32; extent], f32::INFINITY, 0.0_f32);
        let reads = [x.as_ptr().cast(), (&raw const y).cast()];
        let reads = reads.map(|ptr| RawRead { ptr, conjugated: false });
        on_every_level(|level| {
            let (nest, out) = (Tiny::of(&[], &[j]), (&raw mut sum).cast());
            // SAFETY: all elements can be read, and the sum be written.
            unsafe { f32::TABLE.raw.tiny_kernel()(&nest, reads, out, RawMode::Assign) };
            assert_eq!(sum, f32::INFINITY, "{level:?} {extent}");
            sum = 0.0;
        });
    }
}

#[test]
fn tiny_nests() {
    let r = &mut Random(6);
    tiny_products::<f32>(r);
    tiny_products::<f64>(r);
    tiny_products::<Complex32>(r);
    tiny_products::<Complex64>(r);
}

//! Operands that a nest reads in ways of their own: windows, whose loops step through the same elements; broadcasts;
//! diagonals; backwards. On integers with exact equality, against one multiplication at a time.

use num_complex::{Complex32, Complex64};

use super::{Random, Sample, bytes, points, room};
use crate::kernel::level::on_every_level;
use crate::kernel::{Dim, Dims, Mode, Read};

/// Runs a nest given by its steps, with the output dense in the order of the loops or in random order, maybe with gaps.
fn check<T: Sample>(random: &mut Random, dims: &mut Dims<2>) {
    place_output(random, dims);
    let [(x_len, x_first), (y_len, y_first)] =
        [0, 1].map(|p| room(dims.iter().map(|d| (d.extent, d.sources[p]))));
    let (c_len, c_first) = room(dims.iter().map(|d| (d.extent, d.out)));
    let mut values = |len: usize| -> Vec<T> {
        let mut value = || [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0][random.below(6)];
        (0..len).map(|_| T::of(value(), value())).collect()
    };
    let offset = 3;
    let (x, y) = (values(x_len), values(y_len));
    let before = vec![T::of(f64::NAN, f64::NAN); c_len + 2 * offset];
    let mut sums = vec![None; before.len()];
    points(dims, (c_first, [x_first, y_first]), &mut |c, [a, b]| {
        let at = |i: isize| usize::try_from(i).expect("inside");
        let product = T::mul(x[at(a)], y[at(b)]);
        let sum = &mut sums[at(c) + offset];
        *sum = Some(sum.map_or(product, |sum| T::add(sum, product)));
    });
    let expected: Vec<T> = before.iter().zip(sums).map(|(&b, sum)| sum.unwrap_or(b)).collect();
    on_every_level(|level| {
        let mut c = before.clone();
        let read =
            |m: &[T], first| Read { ptr: m.as_ptr().wrapping_offset(first), conjugated: false };
        let out = c[offset..].as_mut_ptr().wrapping_offset(c_first);
        let reads = [read(&x, x_first), read(&y, y_first)];
        // SAFETY: `room` holds all points; those of the output are apart.
        unsafe { (T::KERNELS.binary)(&mut dims.clone(), reads, out, Mode::Assign) };
        assert!(bytes(&c) == bytes(&expected), "{level:?} {dims:?}");
    });
}

fn place_output(random: &mut Random, dims: &mut Dims<2>) {
    let mut kept: Vec<usize> = (0..dims.len()).filter(|&i| !dims[i].summed).collect();
    if random.one_in(2) {
        for i in 1..kept.len() {
            kept.swap(i, random.below(i + 1));
        }
    }
    let mut step = if random.one_in(4) { 2 } else { 1 };
    for &i in kept.iter().rev() {
        dims[i].out = if random.one_in(8) { -step } else { step };
        step = step * dims[i].extent.cast_signed() + if random.one_in(6) { 1 } else { 0 };
    }
}

/// Windows: `x[stride · i + dilation · u]` in one or two directions, with channels and a batch.
fn windows<T: Sample>(rounds: usize, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..rounds {
        let r = &mut random;
        let (i, j, u) = (1 + r.below(40), 1 + r.below(9), 1 + r.below(5));
        let (channels, filters) = (1 + r.below(4), 1 + r.below(9));
        let (stride, dilation) = (1 + r.below(2), 1 + r.below(3));
        let width = stride * (i - 1) + dilation * (u - 1) + 1;
        let height = j + u - 1;
        let [i_step, u_step, row, channel] =
            [stride, dilation, width, width * height].map(usize::cast_signed);
        let kept = |extent, sources| Dim { extent, out: 0, sources, summed: false };
        let summed = |extent, sources| Dim { extent, out: 0, sources, summed: true };
        let taps = u.cast_signed();
        let kernel = (u * u).cast_signed();
        let mut dims = Dims::from_slice(&[
            kept(filters, [0, kernel * channels.cast_signed()]),
            kept(j, [row, 0]),
            kept(i, [i_step, 0]),
            summed(channels, [channel, kernel]),
            summed(u, [row, taps]),
            summed(u, [u_step, 1]),
        ]);
        if r.one_in(4) {
            // One channel each for itself.
            dims[3].summed = false;
        }
        check::<T>(r, &mut dims);
    }
}

#[test]
fn windows_of_every_type() {
    windows::<f32>(150, 1);
    windows::<f64>(150, 2);
    windows::<Complex32>(60, 3);
    windows::<Complex64>(60, 4);
}

/// Random steps: none, small ones that make elements be read many times, backwards.
fn random_steps<T: Sample>(rounds: usize, seed: u64) {
    let mut random = Random(seed);
    for _ in 0..rounds {
        let rank = 1 + random.below(4);
        let mut dims: Dims<2> = (0..rank)
            .map(|_| {
                let most = [4, 12, 70][random.below(3)];
                let extent = 1 + random.below(most);
                let mut step = || {
                    let step = [0, 1, 1, 2, 3, 17, 64, -1, -5][random.below(9)];
                    if random.one_in(3) { 0 } else { step }
                };
                let sources = [step(), step()];
                Dim { extent, out: 0, sources, summed: random.one_in(2) }
            })
            .collect();
        while dims.iter().map(|d| d.extent).product::<usize>() > 15_000 {
            let largest = dims.iter_mut().max_by_key(|d| d.extent).expect("there are some");
            largest.extent /= 2;
        }
        check::<T>(&mut random, &mut dims);
    }
}

#[test]
fn random_steps_of_every_type() {
    random_steps::<f32>(700, 5);
    random_steps::<f64>(700, 6);
    random_steps::<Complex32>(300, 7);
    random_steps::<Complex64>(300, 8);
}

//! Random programs over random arrays, nearly all of which are wrong somewhere: a call panics, is refused, or computes what
//! the program says. Written by hand they would be lies that their author has thought of.

use std::panic::{AssertUnwindSafe, catch_unwind};

use einsum_runtime::codegen::*;
use ndarray::prelude::*;

/// How many programs; each is tried in several ways.
const PROGRAMS: u64 = if cfg!(miri) { 300 } else { 6000 };

/// splitmix64.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number below `end`, or now and then any other.
    fn number(&mut self, end: usize) -> u8 {
        match self.below(40) {
            0 => NONE,
            1 => self.below(256) as u8,
            _ => self.below(end.max(1)) as u8,
        }
    }

    /// `count` numbers, or now and then one more or less.
    fn numbers(&mut self, count: usize, end: usize) -> &'static [u8] {
        let count = match self.below(30) {
            0 => count + 1,
            1 => count.saturating_sub(1),
            _ => count,
        };
        (0..count).map(|_| self.number(end)).collect::<Vec<u8>>().leak()
    }

    /// Different numbers below `end`.
    fn different(&mut self, count: usize, end: usize) -> &'static [u8] {
        let mut all: Vec<u8> = (0..end as u8).collect();
        while all.len() > count {
            all.remove(self.below(all.len()));
        }
        for number in (1..all.len()).rev() {
            all.swap(number, self.below(number + 1));
        }
        all.leak()
    }
}

const INDICES: usize = 4;
const ARRAYS: usize = 3;
const RANKS: [usize; ARRAYS] = [2, 2, 2];

/// A program over two operands and an output of rank 2, with up to two results and five nests. Most arrays are laid as their
/// terms say, so that many programs get as far as the loops.
fn random_program(rng: &mut Rng) -> &'static Program {
    let (windows, of_windows) =
        if rng.chance(35) { random_windows(rng) } else { (&[][..], vec![]) };
    let terms: [&'static [u8]; ARRAYS] = RANKS.map(|rank| {
        let mut axes = rng.numbers(rank, INDICES).to_vec();
        for axis in &mut axes {
            if rng.chance(if windows.is_empty() { 1 } else { 45 }) {
                *axis = FIRST_WINDOW + rng.below(3) as u8;
            }
        }
        &*axes.leak()
    });
    let arrays = terms.iter().enumerate().map(|(number, &axes)| Term {
        source: match number == ARRAYS - 1 && rng.chance(95) {
            true => Source::output("c", "ij"),
            false => Source::operand(number, "a", "ij"),
        },
        axes,
        ellipsis: ellipsis(rng, 90),
    });
    let arrays = arrays.collect::<Vec<_>>().leak();
    let output = (ARRAYS - 1) as u8;
    let results: &'static [u8] = match rng.below(20) {
        0..7 => &[(ARRAYS - 1) as u8],
        7..12 => &[NONE],
        12..15 => &[(ARRAYS - 1) as u8, NONE],
        15..18 => &[NONE, (ARRAYS - 1) as u8],
        18 => &[NONE, NONE],
        _ => rng.numbers(2, ARRAYS),
    };
    // The axes of each target; those of intermediates follow as they are made.
    let mut targets: Vec<&'static [u8]> = Vec::new();
    for &result in results {
        targets.push(match result == output {
            true => terms[ARRAYS - 1],
            false => rng.different(2, INDICES),
        });
    }
    let mut tensors: Vec<&'static [u8]> = terms[..ARRAYS - 1].to_vec();
    let mut nests = Vec::new();
    let count = rng.below(4) + results.len();
    for number in 0..count {
        // The last nests make results, those before mostly intermediates.
        let into = match (number + results.len()).checked_sub(count) {
            Some(result) => result,
            None if rng.chance(70) => targets.len(),
            None => rng.below(targets.len()),
        };
        if into == targets.len() {
            let count = rng.below(4);
            let axes = rng.different(count, INDICES);
            targets.push(axes);
        }
        let axes = targets[into];
        let of_window =
            |axis: &u8| match of_windows.get(usize::from(axis.wrapping_sub(FIRST_WINDOW))) {
                Some(indices) => indices.to_vec(),
                None => vec![*axis],
            };
        let mut kept: Vec<u8> = axes.iter().flat_map(of_window).collect();
        kept.sort_unstable();
        kept.dedup();
        if rng.chance(10) {
            let count = rng.below(4);
            kept = rng.different(count, INDICES).to_vec();
        }
        let kept: &'static [u8] = kept.leak();
        let summed: Vec<u8> =
            (0..INDICES as u8).filter(|index| !kept.contains(index) && rng.chance(90)).collect();
        let summed: &'static [u8] = summed.leak();
        let loop_of = |index: u8, rng: &mut Rng| match (FIRST_WINDOW..NONE).contains(&index) {
            true if rng.chance(99) => index,
            _ => match kept.iter().chain(summed).position(|i| *i == index) {
                Some(found) if rng.chance(98) => found as u8,
                _ => rng.number(kept.len() + summed.len()),
            },
        };
        let sources = if rng.chance(5) { 0 } else { 1 + rng.below(2) };
        let mut accesses = Vec::new();
        for _ in 0..sources {
            let read = rng.below(tensors.len());
            let loops: Vec<u8> = tensors[read].iter().map(|&index| loop_of(index, rng)).collect();
            let tensor = match read < ARRAYS - 1 {
                true => read,
                false => read + 1,
            };
            let tensor = if rng.chance(97) { tensor as u8 } else { rng.number(6) };
            let (tensor, conj) = (u16::from(tensor), rng.chance(10));
            accesses.push(Access { tensor, conj, loops: loops.leak() });
        }
        let target: Vec<u8> = axes.iter().map(|&index| loop_of(index, rng)).collect();
        if into >= results.len() && into - results.len() + ARRAYS - 1 == tensors.len() {
            tensors.push(axes);
        }
        let into = if rng.chance(98) { into as u16 } else { u16::from(rng.number(6)) };
        nests.push(Nest {
            into,
            kept,
            summed,
            sources: accesses.leak(),
            target: target.leak(),
            ellipsis: ellipsis(rng, 92),
        });
    }
    let body: &'static [Nest] = nests.leak();
    let bodies: &'static [&'static [Nest]] = vec![body].leak();
    let labels = &["i", "j", "k", "l"];
    Box::leak(Box::new(Program { labels, given: &[], windows, arrays, results, bodies }))
}

/// From this number on axes have windows.
const FIRST_WINDOW: u8 = 200;

/// A few windows and composed axes, with their indices.
fn random_windows(rng: &mut Rng) -> (&'static [Window], Vec<&'static [u8]>) {
    let window = |rng: &mut Rng| -> (Window, &'static [u8]) {
        let count = 1 + rng.below(2);
        let indices = rng.different(count, INDICES);
        let indices = if rng.chance(5) { rng.numbers(count, INDICES) } else { indices };
        if rng.chance(30) {
            return (Window::composed("i j", indices), indices);
        }
        let factor = |rng: &mut Rng| match rng.below(40) {
            0 => 0,
            1 => usize::MAX,
            2 => 1 << 62,
            other => 1 + other % 3 % 2,
        };
        let factors: Vec<usize> = indices.iter().map(|_| factor(rng)).collect();
        let scales: Vec<u8> = indices
            .iter()
            .map(|_| if rng.chance(95) { NONE } else { rng.number(INDICES) })
            .collect();
        let offset = match rng.below(30) {
            0 => isize::MIN,
            1 => isize::MAX,
            2..14 => -1,
            14..18 => 1,
            _ => 0,
        };
        let site: &'static [u8; 2] = Box::leak(Box::new([rng.number(ARRAYS), rng.number(2)]));
        (Window::new("i+j", indices, factors.leak(), scales.leak(), offset, site), indices)
    };
    let (windows, indices): (Vec<Window>, Vec<&'static [u8]>) = (0..3).map(|_| window(rng)).unzip();
    (windows.leak(), indices)
}

/// None, or any.
fn ellipsis(rng: &mut Rng, none: usize) -> &'static [u8] {
    match rng.chance(none) {
        true => &[],
        false => {
            let count = 1 + rng.below(3);
            rng.numbers(count, ARRAYS)
        }
    }
}

/// What a program computes, walking all points of each nest, if every access lies inside of its array: in a call that
/// succeeds they all do. Programs with ellipses are not computed.
fn interpret(
    program: &Program,
    arrays: [ArrayView2<'_, i64>; ARRAYS - 1],
    old: ArrayView2<'_, i64>,
) -> Option<Vec<ArrayD<i64>>> {
    if !program.windows.is_empty() {
        return None;
    }
    let mut extents = [None; INDICES];
    let operands = arrays.iter().chain([&old]).zip(program.arrays);
    for (array, term) in operands {
        for (axis, &index) in term.axes.iter().enumerate() {
            // A window of a program without any is not looked at, unless a nest uses it.
            if index < FIRST_WINDOW {
                extents[usize::from(index)] = Some(array.len_of(Axis(axis)));
            }
        }
    }
    let mut results: Vec<Option<ArrayD<i64>>> = vec![None; program.results.len()];
    let mut made: Vec<ArrayD<i64>> = Vec::new();
    for nest in program.bodies[0] {
        if !nest.ellipsis.is_empty() {
            return None;
        }
        let loops: Vec<usize> = nest
            .kept
            .iter()
            .chain(nest.summed)
            .map(|&i| extents[usize::from(i)])
            .collect::<Option<_>>()?;
        let at = |access: &[u8], point: &[usize]| -> Vec<usize> {
            access.iter().map(|&n| if n == NONE { 0 } else { point[usize::from(n)] }).collect()
        };
        let shape: Vec<usize> = nest
            .target
            .iter()
            .map(|&n| if n == NONE { 1 } else { loops[usize::from(n)] })
            .collect();
        let mut target = ArrayD::zeros(shape);
        for point in ndarray::indices(loops) {
            let point = point.slice();
            let factor = |access: &Access| match usize::from(access.tensor) {
                number if number < ARRAYS - 1 => {
                    arrays[number].view().into_dyn()[at(access.loops, point).as_slice()]
                }
                number => made[number - ARRAYS][at(access.loops, point).as_slice()],
            };
            if !nest.sources.is_empty() {
                target[at(nest.target, point).as_slice()] +=
                    nest.sources.iter().map(factor).product::<i64>();
            }
        }
        match usize::from(nest.into) {
            result if result < results.len() => match &mut results[result] {
                Some(earlier) => *earlier += &target,
                None => results[result] = Some(target),
            },
            into => match made.get_mut(into - results.len()) {
                Some(earlier) => *earlier += &target,
                None => made.push(target),
            },
        }
    }
    results.into_iter().collect()
}

#[test]
fn random_programs_stay_inside() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(all);
    std::panic::set_hook(hook);
    match outcome {
        Ok(computed) => assert!(computed > PROGRAMS / 40, "only {computed} programs were right"),
        Err(panic) => {
            // The hook was silent.
            panic!("{}", panic.downcast_ref::<String>().map_or("", String::as_str))
        }
    }
}

/// Returns how many programs computed something.
fn all() -> u64 {
    let (mut computed, mut windowed) = (0, 0);
    for seed in 0..PROGRAMS {
        let rng = &mut Rng(seed << 20);
        let program = random_program(rng);
        // Square operands fit most terms. The arrays are the middle of others, whose rims must stay as they are.
        let n = [0, 1, 2, 2, 3, 3, 6][rng.below(7)];
        let mut entry = |_| rng.below(7) as i64 - 3;
        let a = Array2::from_shape_fn((n + 2, n + 4), &mut entry);
        let b = Array2::from_shape_fn((n + 2, n + 4), &mut entry);
        let c = Array2::from_shape_fn((n + 2, n + 2), &mut entry);
        let middle = s![1..n + 1; -1, 2..n + 2];
        let (a, b) = (a.slice(middle), b.slice(middle));
        let a0 = operand::<2, _>(&a);
        let a1 = operand_like::<2, _, _, _>(&b, &a0);
        let mut filled = c.clone();
        let inner = s![1..n + 1, 1..n + 1];
        let old = c.slice(inner);
        let new = program.results.iter().filter(|result| **result == NONE).count();
        let found = {
            let mut inner = filled.slice_mut(inner);
            let mut c0 = output::<2, _, _, _>(&mut inner, &a0);
            let arrays = [a0.erased(), a1.erased(), c0.erased()];
            attempt(program, &a0, &arrays, |call| {
                let mut made: Vec<_> = (0..new).map(|_| call.new_array::<IxDyn>()).collect();
                let mut places: Vec<_> = made.iter_mut().map(NewResult::place).collect();
                call.scale_results(&mut places, None, Some(2));
                made.into_iter().map(NewResult::take).collect::<Vec<ArrayD<i64>>>()
            })
        };
        let mut rest = filled.clone();
        rest.slice_mut(inner).assign(&old);
        assert_eq!(rest, c, "seed {seed}: written beside the output of {program:#?}");
        let mut other = c.clone();
        {
            let mut inner = other.slice_mut(inner);
            let mut c0 = output::<2, _, _, _>(&mut inner, &a0);
            let arrays = [a0.erased(), a1.erased(), c0.erased()];
            attempt(program, &a0, &arrays, |call| call.fill(None, Some(2)));
            attempt(program, &a0, &arrays, |call| call.array::<IxDyn>());
            attempt(program, &a0, &arrays, |call| call.array::<Ix2>());
            attempt(program, &a0, &arrays, |call| call.array_like::<1, Ix1>(PhantomData));
            attempt(program, &a0, &arrays, |call| call.scalar());
            attempt(program, &a0, &arrays, |call| call.results(&mut [call.new_scalar().place()]));
        }
        other.slice_mut(inner).assign(&old);
        assert_eq!(other, c, "seed {seed}: written beside the output of {program:#?}");
        let what = || format!("seed {seed}, extent {n}: {program:#?}");
        windowed += u64::from(found.is_some() && !program.windows.is_empty());
        if let Some(found) = found
            && let Some(expected) = interpret(program, [a, b], old)
        {
            let mut found = found.into_iter();
            for (&result, expected) in program.results.iter().zip(expected) {
                if result == NONE {
                    assert_eq!(found.next(), Some(expected), "{}", what());
                } else {
                    let expected = expected.into_dimensionality::<Ix2>().expect("it has rank 2");
                    assert_eq!(filled.slice(inner), &expected + 2 * &old, "{}", what());
                }
            }
            computed += 1;
        }
    }
    assert!(windowed > PROGRAMS / 100, "only {windowed} programs with windows ran");
    computed
}

/// Returns what a call gives, if its shapes fit and it does not panic.
fn attempt<R>(
    program: &'static Program,
    first: &View<'_, i64, 2, AnyExtents, NoEllipsis>,
    arrays: &[Erased<'_, i64>],
    then: impl FnOnce(Checked<'_, i64>) -> R,
) -> Option<R> {
    let call = || {
        let mut extents = [0; INDICES];
        checked(program, first.kernels(), arrays, &[], &mut extents).ok().map(then)
    };
    catch_unwind(AssertUnwindSafe(call)).ok().flatten()
}

//! The micro-kernels in plain Rust: the reference for those in assembly, for tests and for Miri.

pub(crate) mod packing;
mod rotate;

use super::table::{
    ADD, Arguments, ColumnEntry, Kernel, KernelSet, Row, SCALE, StepEntry, VectorEntry,
};

/// The elements of a vector: few, so that small extents reach every edge.
const WIDTH: usize = 4;

/// A number that vectors are made of.
pub(crate) trait Real:
    Copy + core::ops::Add<Output = Self> + core::ops::Mul<Output = Self>
{
    const ZERO: Self;
    fn from_low_bits(bits: u64) -> Self;
}

macro_rules! real {
    ($($float:ty: $bits:ty),*) => { $(
        impl Real for $float {
            const ZERO: Self = 0.0;
            #[allow(clippy::cast_possible_truncation, reason = "the low bits are the element")]
            fn from_low_bits(bits: u64) -> Self {
                <$float>::from_bits(bits as $bits)
            }
        }
    )* };
}
real!(f32: u32, f64: u64);

macro_rules! sweep {
    ($abi:literal) => {
        /// Runs a tile of `V` vectors against tiles of `C` columns. `LANES`: Y is read as vectors.
        ///
        /// # Safety
        ///
        /// As [`Kernel`].
        unsafe extern $abi fn sweep<T: Real, const V: usize, const C: usize, const LANES: bool>(
            arguments: *mut Arguments,
        ) {
            // SAFETY: the caller's duties.
            unsafe {
                let a = &mut *arguments;
                while a.tiles > 0 {
                    for j in 0..C {
                        for i in 0..V {
                            column::<T, LANES>(a, &*a.vectors.add(i), &*a.columns.add(j));
                        }
                    }
                    a.columns = a.columns.add(C);
                    a.tiles -= 1;
                }
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
sweep!("sysv64");
#[cfg(not(target_arch = "x86_64"))]
sweep!("C");

/// Computes one column of one vector.
///
/// # Safety
///
/// As [`Kernel`].
unsafe fn column<T: Real, const LANES: bool>(
    a: &Arguments,
    vector: &VectorEntry,
    column: &ColumnEntry,
) {
    let at = |base: *const u8, offset: isize, lane: usize| {
        base.wrapping_offset(offset).cast::<T>().wrapping_add(lane)
    };
    for lane in (0..WIDTH).filter(|lane| vector.mask >> lane & 1 == 1) {
        let mut sum = T::ZERO;
        let mut step = a.steps;
        while step < a.steps_end {
            // SAFETY: the table goes on to `steps_end`.
            let StepEntry { x, y } = unsafe { *step };
            let y_lane = if LANES { lane } else { 0 };
            // SAFETY: the caller's duties.
            let (x, y) = unsafe {
                (at(a.x, vector.x + x, lane).read(), at(a.y, column.y + y, y_lane).read())
            };
            sum = sum + x * y;
            step = step.wrapping_add(1);
        }
        if a.finish & SCALE != 0 {
            sum = T::from_low_bits(a.alpha) * sum;
        }
        let to = at(a.c, vector.c + column.c, lane).cast_mut();
        if a.finish & ADD != 0 {
            // SAFETY: the caller's duties.
            sum = T::from_low_bits(a.beta) * unsafe { to.read() } + sum;
        }
        // SAFETY: the caller's duties.
        unsafe { to.write(sum) }
    }
}

const fn row<T: Real, const V: usize, const LANES: bool>() -> Row {
    let kernels: [Kernel; 6] = [
        sweep::<T, V, 1, LANES>,
        sweep::<T, V, 2, LANES>,
        sweep::<T, V, 3, LANES>,
        sweep::<T, V, 4, LANES>,
        sweep::<T, V, 5, LANES>,
        sweep::<T, V, 6, LANES>,
    ];
    kernels
}

const fn rows<T: Real, const LANES: bool>() -> [Row; 3] {
    [row::<T, 1, LANES>(), row::<T, 2, LANES>(), row::<T, 3, LANES>()]
}

const fn set<T: Real>(broadcast: &'static [Row], lanes: &'static [Row]) -> KernelSet {
    KernelSet {
        element: size_of::<T>(),
        width: WIDTH,
        broadcast,
        masked: broadcast,
        lanes,
        streaming: None,
        paired: None,
        panels: None,
        even: None,
        long: None,
        rotate: rotate::rotate::<T>,
        mask: |lanes| (1 << lanes) - 1,
    }
}

pub(crate) static F32: KernelSet =
    set::<f32>(&const { rows::<f32, false>() }, &const { rows::<f32, true>() });
pub(crate) static F64: KernelSet =
    set::<f64>(&const { rows::<f64, false>() }, &const { rows::<f64, true>() });

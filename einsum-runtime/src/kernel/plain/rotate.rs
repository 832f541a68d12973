//! The rotation of packed complex numbers in plain Rust, see [`rotate`](crate::kernel::rotate).

use super::Real;
use crate::kernel::rotate::Factors;

macro_rules! rotate {
    ($abi:literal) => {
        pub(super) unsafe extern $abi fn rotate<T: Real>(
            panel: *mut u8,
            steps: usize,
            bytes: usize,
            factors: *const Factors,
        ) {
            // SAFETY: the caller's duties.
            let (direct, exchanged, turn, is_turned) = unsafe { (*factors).parts() };
            let factor = |vector: &[u64; 4], part: usize| {
                let bits = vector[part * size_of::<T>() / 8];
                T::from_low_bits(if size_of::<T>() == 4 { bits >> (32 * part) } else { bits })
            };
            let number = 2 * size_of::<T>();
            for step in 0..steps {
                for at in (0..bytes).step_by(number) {
                    let from = panel.wrapping_add(2 * step * bytes + at).cast::<[T; 2]>();
                    // SAFETY: the caller's duties.
                    unsafe {
                        let [re, im] = from.read();
                        let mut x = [re * factor(&direct, 0), im * factor(&direct, 1)];
                        if is_turned {
                            x[0] = x[0] + im * factor(&exchanged, 0);
                            x[1] = x[1] + re * factor(&exchanged, 1);
                        }
                        from.write(x);
                        let turned = [x[1] * factor(&turn, 0), x[0] * factor(&turn, 1)];
                        from.byte_add(bytes).write(turned);
                    }
                }
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
rotate!("sysv64");
#[cfg(not(target_arch = "x86_64"))]
rotate!("C");

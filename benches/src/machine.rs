//! What the core can do at best, measured beside what is compared with it.

use std::arch::asm;

/// An element type with a fused multiply-add in vector registers.
pub trait Fma {
    /// Elements of a vector of 64 bytes.
    const LANES: u64;
    /// Runs `rounds` rounds of [`CHAINS`] independent multiply-adds of 64 bytes.
    ///
    /// # Safety
    ///
    /// The processor has AVX-512F.
    unsafe fn avx512(rounds: u64);
    /// Runs `rounds` rounds of [`CHAINS`] independent multiply-adds of 32 bytes.
    ///
    /// # Safety
    ///
    /// The processor has AVX2 and FMA.
    unsafe fn avx2(rounds: u64);
}

/// Independent sums: enough for two units of up to six cycles.
const CHAINS: u64 = 12;

/// The FLOP of a call of what [`fma_calls`] returns.
const FLOP: u64 = 2 * CHAINS * 16 * 1024;

/// A loop that does nothing but multiply-adds in registers, and how many FLOP a call is; none if
/// the processor has no AVX2.
pub fn fma_calls<T: Fma>() -> Option<(fn(), f64)> {
    let call: fn() = if is_x86_feature_detected!("avx512f") {
        // SAFETY: the feature has just been found.
        || unsafe { T::avx512(FLOP / (2 * CHAINS * T::LANES)) }
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the features have just been found.
        || unsafe { T::avx2(FLOP / (CHAINS * T::LANES)) }
    } else {
        return None;
    };
    Some((call, FLOP as f64))
}

/// Twelve multiply-adds a round, of zeros: what they compute does not change how long they take.
macro_rules! fma_rounds {
    ($rounds:ident, $instruction:literal, $register:literal) => {{
        let rounds = $rounds;
        // SAFETY: works in registers alone, all of which are declared as overwritten; the caller
        // has the features.
        unsafe {
            asm!(
                "vzeroall",
                "2:",
                fma_rounds!(@line $instruction, $register, "0"),
                fma_rounds!(@line $instruction, $register, "1"),
                fma_rounds!(@line $instruction, $register, "2"),
                fma_rounds!(@line $instruction, $register, "3"),
                fma_rounds!(@line $instruction, $register, "4"),
                fma_rounds!(@line $instruction, $register, "5"),
                fma_rounds!(@line $instruction, $register, "6"),
                fma_rounds!(@line $instruction, $register, "7"),
                fma_rounds!(@line $instruction, $register, "8"),
                fma_rounds!(@line $instruction, $register, "9"),
                fma_rounds!(@line $instruction, $register, "10"),
                fma_rounds!(@line $instruction, $register, "11"),
                "dec {rounds}",
                "jnz 2b",
                "vzeroupper",
                rounds = inout(reg) rounds => _,
                out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _,
                out("xmm5") _, out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _,
                out("xmm10") _, out("xmm11") _, out("xmm12") _, out("xmm13") _,
                out("xmm14") _, out("xmm15") _,
                options(nomem, nostack)
            );
        }
    }};
    (@line $instruction:literal, $register:literal, $sum:literal) => {
        concat!($instruction, " ", $register, $sum, ", ", $register, "12, ", $register, "13")
    };
}

impl Fma for f32 {
    const LANES: u64 = 16;
    unsafe fn avx512(rounds: u64) {
        fma_rounds!(rounds, "vfmadd231ps", "zmm");
    }
    unsafe fn avx2(rounds: u64) {
        fma_rounds!(rounds, "vfmadd231ps", "ymm");
    }
}

impl Fma for f64 {
    const LANES: u64 = 8;
    unsafe fn avx512(rounds: u64) {
        fma_rounds!(rounds, "vfmadd231pd", "zmm");
    }
    unsafe fn avx2(rounds: u64) {
        fma_rounds!(rounds, "vfmadd231pd", "ymm");
    }
}

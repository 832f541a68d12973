//! Complex products on real kernels.
//!
//! With X, Y, and C as arrays of real parts and imaginary parts in turn, and `X·Y = X·re(Y) + iX·im(Y)`, a complex
//! product is a real one of twice the rows and twice the steps: step by step, X as it is with the real parts of Y, and
//! iX, real and imaginary parts exchanged and one of them negated, with the imaginary parts. Only X is rewritten for
//! that, while it is packed: the kernels broadcast either part of Y, and C is what it is.
//! Conjugation and a complex alpha change signs and factors of X.

/// How packed X becomes `alpha·conj(X)` and its multiple by `i`. For real and imaginary parts in turn.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Factors {
    /// Of X.
    direct: [u64; 4],
    /// Of X with parts exchanged; left out unless `is_turned`.
    exchanged: [u64; 4],
    /// Of the result with parts exchanged: makes its multiple by `i`.
    turn: [u64; 4],
    is_turned: usize,
}

/// `rotate(panel, steps, bytes, factors)` replaces the rows of every step, `bytes` bytes at twice that distance, and writes
/// their multiples by `i` behind them. `bytes` is a multiple of 32.
///
/// # Safety
///
/// The processor has the level it is written for; `2 · steps · bytes` can be read and written from `panel` on.
#[cfg(target_arch = "x86_64")]
pub type Rotate = unsafe extern "sysv64" fn(*mut u8, usize, usize, *const Factors);

/// As for other architectures.
#[cfg(not(target_arch = "x86_64"))]
pub type Rotate = unsafe extern "C" fn(*mut u8, usize, usize, *const Factors);

/// A real number that complex numbers are made of.
pub trait Part: Copy + PartialEq + core::ops::Neg<Output = Self> {
    const ZERO: Self;
    const ONE: Self;

    /// Returns a vector of pairs.
    fn pairs(even: Self, odd: Self) -> [u64; 4];

    /// Returns an element in the lowest bytes.
    fn bits(self) -> u64;
}

impl Part for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn pairs(even: Self, odd: Self) -> [u64; 4] {
        [even.bits() | odd.bits() << 32; 4]
    }

    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl Part for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn pairs(even: Self, odd: Self) -> [u64; 4] {
        [even.bits(), odd.bits(), even.bits(), odd.bits()]
    }

    fn bits(self) -> u64 {
        self.to_bits()
    }
}

impl Factors {
    /// With σ = -1 if X is conjugated, τ = -1 if Y is, and X = (re, im):
    ///
    /// ```text
    /// X̂  = alpha · (re, σ·im) = (re, im)·(a, σ·a) + (im, re)·(-σ·b, b)      alpha = a + ib
    /// iX̂ = (im(X̂), re(X̂)) · (-τ, τ)
    /// ```
    pub fn of<P: Part>(alpha: [P; 2], x_conjugated: bool, y_conjugated: bool) -> Self {
        let signed = |negative: bool, x: P| if negative { -x } else { x };
        let [a, b] = alpha;
        Factors {
            direct: P::pairs(a, signed(x_conjugated, a)),
            exchanged: P::pairs(signed(!x_conjugated, b), b),
            turn: P::pairs(signed(!y_conjugated, P::ONE), signed(y_conjugated, P::ONE)),
            // Where alpha is real, zero times infinity must not come in.
            is_turned: usize::from(b != P::ZERO),
        }
    }

    /// Returns the fields, for kernels in Rust.
    pub fn parts(&self) -> ([u64; 4], [u64; 4], [u64; 4], bool) {
        (self.direct, self.exchanged, self.turn, self.is_turned != 0)
    }
}

const _: () = {
    assert!(core::mem::offset_of!(Factors, direct) == 0);
    assert!(core::mem::offset_of!(Factors, exchanged) == 32);
    assert!(core::mem::offset_of!(Factors, turn) == 64);
    assert!(core::mem::offset_of!(Factors, is_turned) == 96);
};

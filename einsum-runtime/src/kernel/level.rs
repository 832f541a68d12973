//! What the processor can do. The only place that detects its features.

use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::OnceLock;

/// The instruction sets that kernels are written for, in increasing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    /// No assembly: plain loops.
    Plain = 1,
    /// AVX2 and FMA.
    Avx2 = 2,
    /// The foundation, the instructions on bytes, words, doublewords, and quadwords of AVX-512, also on shorter vectors, and
    /// AVX2 and FMA.
    Avx512 = 3,
}

impl Level {
    /// Returns the level that kernels are to use. The same for the lifetime of the program.
    #[inline]
    pub(crate) fn current() -> Self {
        #[cfg(test)]
        if let Some(level) = FORCED.get() {
            return level;
        }
        static CACHED: AtomicU8 = AtomicU8::new(0);
        // Whoever comes first detects; all find the same.
        match CACHED.load(Ordering::Relaxed) {
            1 => Level::Plain,
            2 => Level::Avx2,
            3 => Level::Avx512,
            _ => {
                let level = detect();
                CACHED.store(level as u8, Ordering::Relaxed);
                level
            }
        }
    }
}

/// What sets a processor with AVX-512 apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Other,
    /// See [`halves_vectors`].
    HalvesVectors,
    /// See [`reads_far_slowly`].
    ReadsFarSlowly,
}

impl Kind {
    /// Returns that of this processor. The same for the lifetime of the program.
    #[inline]
    fn current() -> Self {
        #[cfg(test)]
        if let Some(kind) = FORCED_KIND.get() {
            return kind;
        }
        static CACHED: OnceLock<Kind> = OnceLock::new();
        *CACHED.get_or_init(detect_kind)
    }
}

/// Whether the processor carries out an instruction on vectors of 64 bytes by halves. Half as fast then at multiplying, it waits
/// for other things: kernels differ. The same for the lifetime of the program.
#[inline]
pub(crate) fn halves_vectors() -> bool {
    Kind::current() == Kind::HalvesVectors
}

/// Whether what is not in the second-level cache comes so slowly that kernels wait for it, though it is fetched ahead: where
/// the third level is shared by many cores over a mesh. The same for the lifetime of the program.
#[inline]
pub(crate) fn reads_far_slowly() -> bool {
    Kind::current() == Kind::ReadsFarSlowly
}

/// Looks for Zen 4, of AMD's family 19h, whose other members have no AVX-512 and which halves vectors, and for Intel, whose
/// processors with AVX-512 are those of servers but for few. Others that are like these run kernels that are not the best for
/// them, but right.
#[cold]
fn detect_kind() -> Kind {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::__cpuid;

        let vendor = __cpuid(0);
        let name = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
        let signature = __cpuid(1).eax;
        let family = (signature >> 8 & 0xF) + (signature >> 20 & 0xFF);
        return match name.as_flattened() {
            b"AuthenticAMD" if family == 0x19 => Kind::HalvesVectors,
            b"GenuineIntel" => Kind::ReadsFarSlowly,
            _ => Kind::Other,
        };
    }
    #[allow(unreachable_code, reason = "depends on the architecture")]
    Kind::Other
}

/// Returns the kernels of the processor's level for elements of `size` bytes, of those for 4 and for 8 of AVX2, and of
/// AVX-512, if it has one of these levels.
#[cfg(target_arch = "x86_64")]
pub(crate) fn kernels_for<S>(
    size: usize,
    avx2: [&'static S; 2],
    avx512: [&'static S; 2],
) -> Option<&'static S> {
    let of_level = match Level::current() {
        Level::Plain => return None,
        Level::Avx2 => avx2,
        Level::Avx512 => avx512,
    };
    Some(of_level[usize::from(size != 4)])
}

#[cold]
fn detect() -> Level {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let is_512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            return if is_512 { Level::Avx512 } else { Level::Avx2 };
        }
    }
    Level::Plain
}

#[cfg(test)]
thread_local! {
    static FORCED: core::cell::Cell<Option<Level>> = const { core::cell::Cell::new(None) };
    static FORCED_KIND: core::cell::Cell<Option<Kind>> = const { core::cell::Cell::new(None) };
}

/// Runs a test once on every level that this machine has, on the highest both with and without kernels for processors that
/// [halve](halves_vectors) vectors.
#[cfg(test)]
pub(crate) fn on_every_level(test: impl FnMut(Level)) {
    on_levels(&[Kind::Other, Kind::HalvesVectors], test);
}

/// As [`on_every_level`], also as on processors that [read far slowly](reads_far_slowly).
#[cfg(test)]
pub(crate) fn on_every_kind(test: impl FnMut(Level)) {
    on_levels(&[Kind::Other, Kind::HalvesVectors, Kind::ReadsFarSlowly], test);
}

/// Runs a test on every level that this machine has for each of `kinds` that there are of it: only with AVX-512 vectors are halved,
/// and with plain Rust there is only the first.
#[cfg(test)]
fn on_levels(kinds: &[Kind], mut test: impl FnMut(Level)) {
    let best = detect();
    for level in [Level::Plain, Level::Avx2, Level::Avx512] {
        if level > best {
            println!("skipped: this machine does not have {level:?}");
            continue;
        }
        FORCED.set(Some(level));
        for &kind in kinds {
            let exists = match kind {
                Kind::Other => true,
                Kind::HalvesVectors => level == Level::Avx512,
                Kind::ReadsFarSlowly => level > Level::Plain,
            };
            if exists {
                FORCED_KIND.set(Some(kind));
                test(level);
            }
        }
        FORCED_KIND.set(None);
        FORCED.set(None);
    }
}

//! Which kernels the machine can run.

/// A set of kernels; the machine has the features that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// The plain loops of [`kernel`](crate::kernel).
    Plain,
    /// AVX2 and FMA. Wider registers read and write memory no faster.
    Avx2,
}

impl Level {
    /// Returns the highest level of this machine.
    #[inline]
    pub(super) fn detect() -> Self {
        #[cfg(test)]
        if let Some(level) = tests::FORCED.get() {
            return level;
        }
        #[cfg(not(miri))]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            return Level::Avx2;
        }
        Level::Plain
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Level;
    use core::cell::Cell;

    thread_local! {
        /// The level to use in this thread, at most the machine's.
        pub(in crate::stream) static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
    }
}

//! Asks for the cache lines of a tile before its turn: rows that lie apart are streams too short for the machine's own
//! prefetching.

use core::mem::offset_of;

/// Rows of bytes.
#[repr(C)]
pub(crate) struct Lines {
    pub(crate) at: *const u8,
    /// Bytes of a row: 1 or more.
    pub(crate) len: usize,
    /// The number of rows: 1 or more.
    pub(crate) rows: usize,
    /// Bytes from one row to the next.
    pub(crate) row: isize,
}

macro_rules! prefetch {
    ($(#[$doc:meta])* $name:ident, $prefetch:literal) => {
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// None: addresses that cannot be read are ignored. The machine must know the instruction.
        #[inline(never)]
        pub(crate) unsafe extern "sysv64" fn $name(lines: &Lines) {
            einsum_kernels::assembly!(
                "rdi" = &raw const *lines;
                "mov rax, [rdi + {at}]",
                "mov rcx, [rdi + {len}]",
                "mov rdx, [rdi + {rows}]",
                "mov rsi, [rdi + {row}]",
                "2:",
                "xor r8d, r8d",
                "3:",
                concat!($prefetch, " [rax + r8]"),
                "add r8, 64",
                "cmp r8, rcx",
                "jl 3b",
                // The row's last line, if it does not begin with one.
                concat!($prefetch, " [rax + rcx - 1]"),
                "add rax, rsi",
                "dec rdx",
                "jnz 2b",
                at = const offset_of!(Lines, at),
                len = const offset_of!(Lines, len),
                rows = const offset_of!(Lines, rows),
                row = const offset_of!(Lines, row),
            );
        }
    };
}
prefetch!(
    /// Fetches lines to be read, into the second cache.
    fetch_to_read,
    "prefetcht1"
);
prefetch!(
    /// Fetches lines to be written.
    fetch_to_write,
    "prefetchw"
);

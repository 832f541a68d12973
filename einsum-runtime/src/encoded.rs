//! Programs of emitted functions as byte strings, which cost rustc next to nothing, also where nobody calls the function.
//!
//! A program is read when its function is called first, and kept. Numbers are of two bytes, the lower one first, or of
//! eight if they are long and have a sign; a list or text is its length and its bytes.
//!
//! ```text
//! program  labels: count text…   given: list   windows: count window…   arrays: count array…   results: list   bodies: count body…
//! window   text   indices: list   0 if composed, else 1   factors: count long…   scales: list   offset: long   site: list
//! array    role: 0 operand, 1 cotangent, 2 tangent, 3 output   number   source: text   term: text   axes: list   ellipsis: list
//! body     count nest…
//! nest     into   kept: list   summed: list   sources: count access…   target: list   ellipsis: list
//! access   tensor   conj: 0 or 1   loops: list
//! ```

use std::sync::OnceLock;

use crate::program::{Access, Array, Nest, Program, Window};
use crate::source::Source;

/// A program as bytes.
pub struct Encoded {
    bytes: &'static [u8],
    program: OnceLock<Program>,
}

impl Encoded {
    /// Returns the program that these bytes are.
    #[must_use]
    pub const fn new(bytes: &'static [u8]) -> Self {
        Encoded { bytes, program: OnceLock::new() }
    }

    /// Returns the program.
    ///
    /// # Panics
    ///
    /// If the bytes are none.
    #[inline]
    pub(crate) fn program(&'static self) -> &'static Program {
        self.program.get_or_init(|| read(self.bytes))
    }
}

#[cold]
fn read(bytes: &'static [u8]) -> Program {
    let mut reader = Reader { rest: bytes };
    let program = reader.program();
    assert!(reader.rest.is_empty(), "{BROKEN}");
    program
}

const BROKEN: &str = "einloom: internal error: bytes are no program";

struct Reader {
    rest: &'static [u8],
}

impl Reader {
    fn program(&mut self) -> Program {
        Program {
            labels: self.many(Self::text),
            given: self.list(),
            windows: self.many(Self::window),
            arrays: self.many(Self::array),
            results: self.list(),
            bodies: self.many(|reader| reader.many(Self::nest)),
        }
    }

    fn window(&mut self) -> Window {
        let (text, indices) = (self.text(), self.list());
        match self.number() {
            0 => Window::composed(text, indices),
            1 => {
                let factors = self.many(|reader| usize::try_from(reader.long()).expect(BROKEN));
                let (scales, offset) = (self.list(), self.long());
                let site = self.list().try_into().expect(BROKEN);
                Window::new(text, indices, factors, scales, offset, site)
            }
            _ => panic!("{BROKEN}"),
        }
    }

    fn array(&mut self) -> Array {
        let (role, number) = (self.number(), self.number());
        let (shown, term) = (self.text(), self.text());
        let source = match role {
            0 => Source::operand(number.into(), shown, term),
            1 => Source::cotangent(shown, term),
            2 => Source::tangent(number.into(), shown, term),
            3 => Source::output(shown, term),
            _ => panic!("{BROKEN}"),
        };
        Array { source, axes: self.list(), ellipsis: self.list() }
    }

    fn nest(&mut self) -> Nest {
        Nest {
            into: self.number(),
            kept: self.list(),
            summed: self.list(),
            sources: self.many(Self::access),
            target: self.list(),
            ellipsis: self.list(),
        }
    }

    fn access(&mut self) -> Access {
        Access { tensor: self.number(), conj: self.number() == 1, loops: self.list() }
    }

    /// Things in their number, kept for good: as a constant would be.
    fn many<R>(&mut self, read: impl Fn(&mut Self) -> R) -> &'static [R] {
        let count = self.number();
        let things: Vec<R> = (0..count).map(|_| read(self)).collect();
        things.leak()
    }

    fn text(&mut self) -> &'static str {
        core::str::from_utf8(self.list()).expect(BROKEN)
    }

    fn list(&mut self) -> &'static [u8] {
        let count = self.number();
        self.take(count.into())
    }

    fn long(&mut self) -> isize {
        let bytes = self.take(8).try_into().expect(BROKEN);
        i64::from_le_bytes(bytes).try_into().expect(BROKEN)
    }

    fn number(&mut self) -> u16 {
        match self.take(2) {
            &[low, high] => u16::from_le_bytes([low, high]),
            _ => panic!("{BROKEN}"),
        }
    }

    fn take(&mut self, count: usize) -> &'static [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).expect(BROKEN);
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoded, read};

    /// `i -> `, one nest.
    const SUM: &[u8] = b"\x01\0\x01\0i\0\0\0\0\
        \x01\0\0\0\0\0\x01\0x\x01\0i\x01\0\0\0\0\
        \x01\0\xff\
        \x01\0\x01\0\0\0\0\0\x01\0\0\x01\0\0\0\0\0\x01\0\0\0\0\0\0";

    #[test]
    fn a_program_is_read() {
        static ENCODED: Encoded = Encoded::new(SUM);
        let program = ENCODED.program();
        assert_eq!((program.labels, program.results), (&["i"][..], &[u8::MAX][..]));
        assert_eq!(program.arrays[0].source.to_string(), "operand 0 (`x`)");
        let [[nest]] = program.bodies else { panic!("one nest") };
        assert_eq!(
            (nest.summed, nest.sources[0].loops, nest.target),
            (&[0][..], &[0][..], &[][..])
        );
    }

    #[test]
    fn other_bytes_are_refused() {
        for length in 0..SUM.len() {
            let cut = &SUM[..length];
            assert!(std::panic::catch_unwind(|| read(cut)).is_err(), "{length} bytes");
        }
    }
}

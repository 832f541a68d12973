//! The program of a function as one byte string; `encoded.rs` of the runtime reads it, and states the format.

use proc_macro2::Literal;

use super::numbers::{Numbers, axes, byte, loops};
use super::program::given;
use crate::ir::Program;
use crate::ir::expr::Role;
use crate::ir::program::Nest;

/// Encodes a program. `shown` is the source text of an array, for messages.
pub(super) fn encode(program: &Program, shown: impl Fn(Role) -> String) -> Literal {
    let expr = &program.expr;
    let numbers = Numbers::of(program);
    let mut bytes = Bytes(Vec::new());
    bytes.many(&expr.indices, |bytes, index| bytes.list(index.label.bytes()));
    bytes.list(given(expr).map(|(number, _)| byte(number)));
    let taken: Vec<_> = expr.arrays.iter().filter(|array| array.is_taken).collect();
    bytes.many(&taken, |bytes, array| {
        let (role, number) = match array.role {
            Role::Operand(number) => (0, number),
            Role::Cotangent => (1, 0),
            Role::Tangent(number) => (2, number),
            Role::Output(_) => (3, 0),
        };
        bytes.number(role);
        bytes.number(number);
        bytes.list(shown(array.role).bytes());
        bytes.list(array.text.bytes());
        bytes.list(axes(expr, &array.term));
        bytes.list(numbers.ellipsis_of(program, array));
    });
    bytes.list(numbers.results(program));
    bytes.many(&program.bodies, |bytes, body| {
        bytes.many(body, |bytes, nest| encode_nest(bytes, &numbers, nest));
    });
    Literal::byte_string(&bytes.0)
}

fn encode_nest(bytes: &mut Bytes, numbers: &Numbers, nest: &Nest) {
    bytes.number(numbers.target(nest));
    bytes.list(nest.kept.iter().map(|index| byte(index.0)));
    bytes.list(nest.summed.iter().map(|index| byte(index.0)));
    bytes.many(&nest.sources, |bytes, source| {
        bytes.number(numbers.source(source));
        bytes.number(usize::from(source.conj));
        bytes.list(loops(source));
    });
    bytes.list(loops(&nest.target));
    bytes.list(numbers.ellipsis(nest.target.ellipsis, &nest.ellipsis));
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn number(&mut self, number: usize) {
        let number = u16::try_from(number).expect("`resolve` bounds what a program has");
        self.0.extend(number.to_le_bytes());
    }

    fn list(&mut self, list: impl IntoIterator<Item = u8>) {
        let list: Vec<u8> = list.into_iter().collect();
        self.number(list.len());
        self.0.extend(list);
    }

    fn many<T>(&mut self, things: &[T], write: impl Fn(&mut Self, &T)) {
        self.number(things.len());
        for thing in things {
            write(self, thing);
        }
    }
}

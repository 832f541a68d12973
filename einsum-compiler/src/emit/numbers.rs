//! The numbers of arrays, tensors, and loops as the runtime has them. `resolve` has bounded them so that each fits in a
//! byte.

use crate::ir::Program;
use crate::ir::expr::{Array, ArrayId, Axis, Expr, Role, Term, Window};
use crate::ir::program::{Access, AxisLoop, Nest, TensorId};

/// The number that stands for none.
pub(super) const NONE: u8 = u8::MAX;

/// From it on are the numbers of windows, below it those of indices and loops.
const FIRST_WINDOW: usize = 200;

/// The numbers of arrays that are taken, then intermediates; of targets, results come first.
pub(super) struct Numbers {
    arrays: Vec<Option<usize>>,
    /// The windows and composed axes. Their numbers are their positions from [`FIRST_WINDOW`] on.
    pub(super) windows: Vec<Axis>,
    taken: usize,
    results: usize,
}

impl Numbers {
    pub(super) fn of(program: &Program) -> Self {
        let mut taken = 0;
        let mut number = |is_taken: bool| {
            taken += usize::from(is_taken);
            is_taken.then(|| taken - 1)
        };
        let arrays = program.expr.arrays.iter().map(|array| number(array.is_taken)).collect();
        let expr = &program.expr;
        let of_arrays = expr.arrays.iter().filter(|array| array.is_taken).map(|array| &array.term);
        let of_results = program.results.iter().map(|output| &output.axes);
        let mut windows: Vec<Axis> = Vec::new();
        for axis in of_arrays.chain(of_results).flat_map(|term| &term.axes) {
            if axis.is_several() && !windows.contains(axis) {
                windows.push(axis.clone());
            }
        }
        Numbers { arrays, windows, taken, results: program.results.len() }
    }

    fn array(&self, ArrayId(array): ArrayId) -> u8 {
        byte(self.arrays[array].expect("only arrays that are taken are named"))
    }

    fn window(&self, axis: &Axis) -> u8 {
        let position = self.windows.iter().position(|other| other == axis);
        byte(FIRST_WINDOW + position.expect("a window is that of an array"))
    }

    /// The named axes of a term: an index each, a window, or none.
    pub(super) fn axes(&self, expr: &Expr, term: &Term) -> impl Iterator<Item = u8> {
        expr.named_axes(term).map(|axis| match axis {
            Axis::Index(index) => byte(index.0),
            Axis::Unit => NONE,
            several => self.window(&several),
        })
    }

    /// The loops of an access' named axes.
    pub(super) fn loops(&self, access: &Access) -> impl Iterator<Item = u8> {
        access.axes.iter().map(|axis| match axis {
            AxisLoop::Loop(number) => byte(*number),
            AxisLoop::Unit => NONE,
            AxisLoop::Several(axis, _) => self.window(axis),
        })
    }

    /// For each term of a window the index whose extent multiplies its factor.
    pub(super) fn scales(&self, window: &Window) -> impl Iterator<Item = u8> {
        window.terms.iter().map(|term| term.scale.map_or(NONE, |index| byte(index.0)))
    }

    /// The array and the number of the axis that a window was written for.
    pub(super) fn site(&self, window: &Window) -> [u8; 2] {
        [self.array(window.site.array), byte(window.site.axis)]
    }

    /// For each result the existing array that it goes to.
    pub(super) fn results(&self, program: &Program) -> impl Iterator<Item = u8> {
        let results = program.results.iter();
        results.map(|output| output.array.map_or(NONE, |array| self.array(array)))
    }

    /// The ellipsis of an array, as [`ellipsis`](Numbers::ellipsis).
    pub(super) fn ellipsis_of(&self, program: &Program, array: &Array) -> Vec<u8> {
        let expr = &program.expr;
        let like = match array.role {
            // Operands broadcast with each other.
            Role::Operand(_) => Vec::new(),
            Role::Cotangent => expr.broadcast(),
            Role::Tangent(operand) => vec![expr.operand(operand)],
            Role::Output(result) => program.results[result].ellipsis.clone(),
        };
        self.ellipsis(expr.ellipsis_position(&array.term), &like)
    }

    /// How many named axes stand before an ellipsis, then the arrays to whose broadcast it extends.
    pub(super) fn ellipsis(&self, before: Option<usize>, like: &[ArrayId]) -> Vec<u8> {
        match before {
            None => Vec::new(),
            Some(before) => {
                let like = like.iter().map(|&array| self.array(array));
                std::iter::once(byte(before)).chain(like).collect()
            }
        }
    }

    pub(super) fn source(&self, access: &Access) -> usize {
        match access.tensor {
            TensorId::Array(array) => usize::from(self.array(array)),
            TensorId::Intermediate(made) => self.taken + made,
            TensorId::Result(_) => unreachable!("a result is only written"),
        }
    }

    pub(super) fn target(&self, nest: &Nest) -> usize {
        match nest.target.tensor {
            TensorId::Result(result) => result,
            TensorId::Intermediate(made) => self.results + made,
            TensorId::Array(_) => unreachable!("an array is only read"),
        }
    }
}

pub(super) fn byte(number: usize) -> u8 {
    match u8::try_from(number) {
        Ok(byte) if byte != NONE => byte,
        _ => unreachable!("`resolve` bounds the numbers of indices and operands"),
    }
}

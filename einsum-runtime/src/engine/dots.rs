//! Small matrices times a vector each, whose rows are adjacent along the steps: see [`many`](super::many).

use super::machine::Machine;
use super::matrices::Matrices;
use super::sums::Entry;
use crate::kernel::batch::{Dots, DotsArguments};

/// The bytes of a row: with fewer, too few lanes have a step; longer rows are left to kernels that read several at once
/// from memory.
const BYTES: core::ops::RangeInclusive<usize> = 32..=1024;

/// The fewest rows, and the most bytes of all rows of a product.
const ROWS: usize = 3;
const MATRIX: usize = 128 << 10;

/// The fewest products.
const PRODUCTS: usize = 4;

/// Returns the kernel, if the products are such and there is one.
#[inline]
pub(super) fn kernel(machine: &Machine, matrices: &Matrices) -> Option<Dots> {
    let Matrices { m, n, k, batch, .. } = matrices;
    let unit = machine.unit.cast_signed();
    let is_adjacent = k.x == unit && k.y == unit && m.c == unit;
    let is_real = machine.steps_of_point() == 1;
    let bytes = k.extent.saturating_mul(machine.unit);
    let fits = n.extent == 1
        && m.extent >= ROWS
        && BYTES.contains(&bytes)
        && m.extent.saturating_mul(bytes) <= MATRIX
        && batch.extent >= PRODUCTS;
    if is_adjacent && is_real && fits { machine.batch?.dots } else { None }
}

/// Runs the products along the batch's inner loop.
///
/// # Safety
///
/// As [`Many::run`](super::many::Many::run); the kernel is the one for these matrices.
pub(super) unsafe fn run(machine: &Machine, kernel: Dots, matrices: &Matrices, entry: Entry) {
    let Matrices { m, k, batch, .. } = matrices;
    let whole = (k.extent - 1) / machine.kernels.width;
    let arguments = DotsArguments {
        x: entry.x,
        y: entry.y,
        c: entry.c,
        products: batch.extent,
        rows: m.extent,
        whole: whole * machine.vector_bytes(),
        mask: (machine.kernels.mask)(k.extent - whole * machine.kernels.width),
        alpha: entry.alpha,
        x_product: batch.x,
        y_product: batch.y,
        c_product: batch.c,
        x_row: m.x,
    };
    // SAFETY: the caller's duties.
    unsafe { kernel(&arguments) };
}

//! Sums over few rows, which are written at once, with AVX-512: `aij->aj` and `aij,ai->aj` with few i.
//!
//! Other sums over rows begin in a buffer, where there are few of them most of the time goes to that.
//!
//! ```text
//! for every point
//!   for every block of up to four vectors
//!     out = Σ_row x[row] (· y[row])       in registers
//! ```
//!
//! Accuracy: at most [`MOST`] terms are added one after the other.

use core::mem::offset_of;

use super::copy::take_smallest;
use super::divide::{Elements, Nest};
use super::lane::Lane;
use super::odometer::Odometer;
use super::rows::Bypass;
use super::sweep::Arrays;
use super::transpose::LINE;
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims, Mode};
use crate::threads;

/// The most rows of a sum.
const MOST: usize = 32;

/// The fewest bytes of a row.
const LEAST: usize = 64;

/// Arrays of more bytes come from memory, in the order in which they lie there if sums are of more than [`FEW`] rows, which are
/// not close to each other: more would be streams at once than the machine follows.
const NEAR: usize = 24 << 20;
const FEW: usize = 8;
const CLOSE: usize = 96 << 10;

/// The fewest bytes of a part of a row, where rows are cut for threads.
const PART: usize = 4096;

/// The vectors of a block.
const VECTORS: usize = 4;

/// The arguments of a kernel; steps are in bytes.
#[repr(C)]
struct Folds<T> {
    out: *mut T,
    x: *const T,
    y: *const T,
    /// The blocks of a row but the last, the vectors of that, and which elements the last of these has.
    blocks: usize,
    last: usize,
    mask: usize,
    /// Two or more.
    rows: usize,
    points: usize,
    x_row: isize,
    y_row: isize,
    out_point: isize,
    x_point: isize,
    y_point: isize,
}

/// # Safety
///
/// The machine has AVX-512. With the steps of the arguments, rows of the output can be written and those of x read at every
/// point, and elements of y if products are summed; there are one or more of all.
type Kernel<T> = unsafe extern "sysv64" fn(&Folds<T>);

/// Sums over `rows` of rows along `u`, at every step of `points`. The first source has all loops.
pub(super) struct Fold<const P: usize> {
    u: Dim<P>,
    rows: Dim<P>,
    points: Dim<P>,
    others: Dims<P>,
    nanoseconds: usize,
}

impl<const P: usize> Fold<P> {
    /// Returns the sums of a nest, if they are such: of one source, or of products of two of which the second one, `y`, is the
    /// same in a row.
    pub(super) fn of(dims: &Dims<P>, size: usize) -> Option<Self> {
        if Level::current() < Level::Avx512 {
            return None;
        }
        let summed = dims.iter().position(|d| d.summed)?;
        let unit = dims.iter().position(|d| d.out == 1 && !d.summed)?;
        let u = dims[unit];
        // Loops of one point are there before they are prepared.
        if dims.iter().any(|d| d.extent < 2) {
            return None;
        }
        let is_row = u.sources[0] == 1 && (P == 1 || u.sources[P - 1] == 0);
        let rows = dims[summed];
        if !is_row || rows.extent > MOST || u.extent.saturating_mul(size) < LEAST {
            return None;
        }
        let mut others = Dims::from_slice(dims);
        others.remove(unit.max(summed));
        others.remove(unit.min(summed));
        if others.iter().any(|d| d.summed) || dims.iter().any(|d| d.sources[0] == 0) {
            return None;
        }
        let elements = Elements::of(dims);
        let apart = rows.sources[0].unsigned_abs().saturating_mul(rows.extent * size);
        if elements.bytes(size) > NEAR && rows.extent > FEW && apart > CLOSE {
            return None;
        }
        let points = take_smallest(&mut others, |d| d.out.unsigned_abs());
        let nanoseconds = elements.nanoseconds(size);
        Some(Fold { u, rows, points, others, nanoseconds })
    }

    /// `out[o] = Σ x[s]` or `Σ x[s] · y[t]`
    ///
    /// # Safety
    ///
    /// As [`Kernels`](crate::kernel::Kernels), for the dims that this is of.
    pub(super) unsafe fn run<T: Lane>(&self, arrays: Arrays<T, P>) {
        let size = size_of::<T>();
        let lanes = LINE / size;
        let kernel: Kernel<T> = if P == 1 { fold::<T, 0> } else { fold::<T, 1> };
        let rows = &self.rows;
        let run = |Nest { outer, u, v: points }: Nest<'_, P>, arrays: Arrays<T, P>| {
            let vectors = u.extent.div_ceil(lanes);
            let blocks = (vectors - 1) / VECTORS;
            let in_last = u.extent - (vectors - 1) * lanes;
            let step = |step: isize| step * size.cast_signed();
            let mut point = Odometer::new(outer);
            loop {
                let here = arrays.at(point.at.out, point.at.sources);
                let folds = Folds {
                    out: here.out,
                    x: here.sources[0],
                    y: here.sources[P - 1],
                    blocks,
                    last: vectors - blocks * VECTORS,
                    mask: (1 << in_last) - 1,
                    rows: rows.extent,
                    points: points.extent,
                    x_row: step(rows.sources[0]),
                    y_row: step(rows.sources[P - 1]),
                    out_point: step(points.out),
                    x_point: step(points.sources[0]),
                    y_point: step(points.sources[P - 1]),
                };
                // SAFETY: the caller's duties, for a part of the nest.
                unsafe { kernel(&folds) };
                if !point.advance() {
                    return;
                }
            }
        };
        let pieces = threads::pieces(self.nanoseconds);
        let nest = Nest { outer: &self.others, u: &self.u, v: &self.points };
        // SAFETY: the caller's duties; parts write different elements.
        unsafe { nest.in_pieces(pieces, [PART / size, 1], arrays, Bypass::No, &run) }
    }
}

/// As [`reduce`](super::reduce::reduce), for sums over few rows.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn sum<T: Lane, const P: usize>(
    dims: &Dims<P>,
    arrays: Arrays<T, P>,
    mode: Mode<T>,
) -> bool {
    if !matches!(mode, Mode::Assign) {
        return false;
    }
    // By reference: loops are long to move.
    let fold = Fold::of(dims, size_of::<T>());
    let Some(fold) = &fold else { return false };
    // SAFETY: the caller's duties.
    unsafe { fold.run(arrays) };
    true
}

/// As [`sum`], for products whose factors are in any order, of which other kernels would take longer: rows have three vectors or
/// more.
///
/// # Safety
///
/// As [`sum`].
pub(super) unsafe fn contract<T: Lane>(
    dims: &Dims<2>,
    mut sources: [*const T; 2],
    out: *mut T,
    mode: Mode<T>,
) -> bool {
    // The first one is the one with rows.
    let Some(row) = dims.iter().find(|d| d.out == 1 && !d.summed) else { return false };
    if row.extent.saturating_mul(size_of::<T>()) <= 2 * LINE {
        return false;
    }
    let x = match row.sources {
        [1, 0] => 0,
        [0, 1] => 1,
        _ => return false,
    };
    let mut turned;
    let mut dims = dims;
    if x == 1 {
        sources.reverse();
        turned = Dims::from_slice(dims);
        for d in &mut turned {
            d.sources.reverse();
        }
        dims = &turned;
    }
    // SAFETY: the caller's duties.
    unsafe { sum(dims, Arrays { out, sources }, mode) }
}

/// Sums rows; if `PRODUCTS`, multiplied by elements of y. Registers: `rax rcx rdx` the point in the output, x, and y; `r11 rsi` the
/// block in the output and x; `r12 r13` the row in x and y, `r8 r9` the steps to the next; `r10 rbx r14` points, blocks, and rows
/// left; `zmm0 … zmm3` the sums; `k1` the elements of the last vector of a row, `k2` all.
///
/// # Safety
///
/// As [`Kernel`].
#[inline(never)]
unsafe extern "sysv64" fn fold<T, const PRODUCTS: usize>(folds: &Folds<T>) {
    einsum_kernels::assembly!(
        "rdi" = &raw const *folds;
        ".set SIZE, {size}",
        ".set PRODUCTS, {products}",
        ".set ROWS, {rows}",
        r"
        .macro factor
            .if PRODUCTS && SIZE == 4
                vbroadcastss zmm8, [r13]
            .elseif PRODUCTS
                vbroadcastsd zmm8, [r13]
            .endif
            .if PRODUCTS
                add r13, r9
            .endif
        .endm
        .macro first at, mask
            .if PRODUCTS && SIZE == 4
                vmulps zmm\at {{\mask}}{{z}}, zmm8, [r12 + 64*\at]
            .elseif PRODUCTS
                vmulpd zmm\at {{\mask}}{{z}}, zmm8, [r12 + 64*\at]
            .elseif SIZE == 4
                vmovups zmm\at {{\mask}}{{z}}, [r12 + 64*\at]
            .else
                vmovupd zmm\at {{\mask}}{{z}}, [r12 + 64*\at]
            .endif
        .endm
        .macro more at, mask
            .if PRODUCTS && SIZE == 4
                vfmadd231ps zmm\at {{\mask}}, zmm8, [r12 + 64*\at]
            .elseif PRODUCTS
                vfmadd231pd zmm\at {{\mask}}, zmm8, [r12 + 64*\at]
            .elseif SIZE == 4
                vaddps zmm\at {{\mask}}, zmm\at, [r12 + 64*\at]
            .else
                vaddpd zmm\at {{\mask}}, zmm\at, [r12 + 64*\at]
            .endif
        .endm
        .macro put at, mask
            .if SIZE == 4
                vmovups [r11 + 64*\at] {{\mask}}, zmm\at
            .else
                vmovupd [r11 + 64*\at] {{\mask}}, zmm\at
            .endif
        .endm
        .macro all step, count, masked
            .irp at, 0, 1, 2, 3
            .if \at < \count - \masked
                \step \at, k2
            .elseif \at < \count
                \step \at, k1
            .endif
            .endr
        .endm
        .macro block count, masked
            mov r12, rsi
            mov r13, rdx
            mov r14, [rdi + ROWS]
            factor
            all first, \count, \masked
            dec r14
            .p2align 4
            3:
            add r12, r8
            factor
            all more, \count, \masked
            dec r14
            jnz 3b
            all put, \count, \masked
        .endm
        kxnorw k2, k2, k2
        mov rax, [rdi + {mask}]
        kmovw k1, eax
        mov rax, [rdi + {out}]
        mov rcx, [rdi + {x}]
        mov rdx, [rdi + {y}]
        mov r8, [rdi + {x_row}]
        mov r9, [rdi + {y_row}]
        mov r10, [rdi + {points}]
        push rbx
        push r12
        push r13
        push r14
        2:
        mov rsi, rcx
        mov r11, rax
        mov rbx, [rdi + {blocks}]
        test rbx, rbx
        jz 5f
        4:
        block 4, 0
        add rsi, 256
        add r11, 256
        dec rbx
        jnz 4b
        5:
        mov rbx, [rdi + {last}]
        cmp rbx, 2
        jb 6f
        je 7f
        cmp rbx, 3
        je 8f
        block 4, 1
        jmp 9f
        6:
        block 1, 1
        jmp 9f
        7:
        block 2, 1
        jmp 9f
        8:
        block 3, 1
        9:
        add rax, [rdi + {out_point}]
        add rcx, [rdi + {x_point}]
        add rdx, [rdi + {y_point}]
        dec r10
        jnz 2b
        pop r14
        pop r13
        pop r12
        pop rbx
        vzeroupper
        .purgem block
        .purgem all
        .purgem put
        .purgem more
        .purgem first
        .purgem factor
        ",
        size = const size_of::<T>(),
        products = const PRODUCTS,
        rows = const offset_of!(Folds<T>, rows),
        out = const offset_of!(Folds<T>, out),
        x = const offset_of!(Folds<T>, x),
        y = const offset_of!(Folds<T>, y),
        blocks = const offset_of!(Folds<T>, blocks),
        last = const offset_of!(Folds<T>, last),
        mask = const offset_of!(Folds<T>, mask),
        points = const offset_of!(Folds<T>, points),
        x_row = const offset_of!(Folds<T>, x_row),
        y_row = const offset_of!(Folds<T>, y_row),
        out_point = const offset_of!(Folds<T>, out_point),
        x_point = const offset_of!(Folds<T>, x_point),
        y_point = const offset_of!(Folds<T>, y_point),
    );
}

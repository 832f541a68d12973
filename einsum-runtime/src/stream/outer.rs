//! Outer products of short rows at many points, with AVX-512: `ni,nj->nij` with few j.
//!
//! Rows are too short for a call each, and the loops around them for one: so the kernel has both.
//!
//! ```text
//! for every point
//!   y = the row of the one factor, in up to four vectors
//!   for every element x of the other
//!     out = x · y
//! ```
//!
//! The other factor may have rows as well, `pri,pi->pri`, if it is multiplied by the same row several times; or there is another
//! row for every element, `ijk,ij->jik`.

use core::mem::offset_of;

use super::copy::take_smallest;
use super::divide::{Elements, Nest};
use super::lane::Lane;
use super::odometer::Odometer;
use super::rows::Bypass;
use super::sweep::Arrays;
use super::transpose::LINE;
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims};

/// The most vectors of a row, and the fewest bytes of one where other kernels put them together to whole vectors.
const VECTORS: usize = 4;
const FILLED: usize = 36;

/// The fewest rows at a point, likewise.
const ROWS: usize = 3;

/// Arrays of so many bytes stay in the caches.
const NEAR: usize = 8 << 20;

/// The arguments of a kernel; steps are in bytes.
#[repr(C)]
struct Products<T> {
    out: *mut T,
    x: *const T,
    y: *const T,
    /// Which elements the last vector of a row has.
    mask: usize,
    rows: usize,
    points: usize,
    out_row: isize,
    x_row: isize,
    y_row: isize,
    out_point: isize,
    x_point: isize,
    y_point: isize,
}

/// # Safety
///
/// The machine has AVX-512. With the steps of the arguments, rows of the output can be written and those of y read at every
/// point, and elements of x; there are one or more of all.
type Kernel<T> = unsafe extern "sysv64" fn(&Products<T>);

/// What makes a row of the output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// An element of x, and the row of y at the point.
    Elements,
    /// A row of x, or one that does not change in it, and the row of y at the point.
    Rows,
    /// An element of x, and a row of y of its own.
    Pairs,
}

/// Outer products: rows along `u`, one for every step of `rows`, at every step of `points`.
pub(super) struct Outer {
    /// The factor that has rows.
    y: usize,
    form: Form,
    u: Dim<2>,
    rows: Dim<2>,
    points: Dim<2>,
    others: Dims<2>,
}

/// Whether a nest is one of outer products of short rows, whichever factor has these, which stays in the caches: rows that are
/// made longer take less time on their way to memory.
pub(super) fn takes(dims: &Dims<2>, size: usize) -> bool {
    Elements::of(dims).bytes(size) <= NEAR && Outer::of(dims, size).is_some()
}

/// Multiplies, if products are outer products of short rows, several at a point, which fill a good part of vectors; else does
/// nothing, and returns false.
///
/// # Safety
///
/// As [`Kernels`](crate::kernel::Kernels), for sources that are not conjugated and results that are assigned.
pub(super) unsafe fn multiply<T: Lane>(
    dims: &Dims<2>,
    sources: [*const T; 2],
    out: *mut T,
) -> bool {
    if dims.iter().any(|d| d.summed || d.extent == 0) {
        return false;
    }
    // By reference: loops are long to move.
    let outer = Outer::of(dims, size_of::<T>());
    let Some(outer) = &outer else { return false };
    let fills = outer.u.extent * size_of::<T>() >= FILLED && outer.rows.extent >= ROWS;
    if !fills
        || outer.form != Form::Elements
        || !outer.others.is_empty() && !takes(dims, size_of::<T>())
    {
        return false;
    }
    // SAFETY: the caller's duties.
    unsafe { outer.run(sources, out, false) };
    true
}

impl Outer {
    /// Returns the outer products of a nest without a sum, if their rows are short.
    pub(super) fn of(dims: &Dims<2>, size: usize) -> Option<Self> {
        let is_row = |d: &Dim<2>| matches!((d.out, d.sources), (1, [1, 0 | 1] | [0, 1]));
        let unit = dims.iter().position(is_row)?;
        let bytes = dims[unit].extent * size;
        if Level::current() < Level::Avx512 || bytes > VECTORS * LINE {
            return None;
        }
        let are_rows = dims[unit].sources == [1; 2];
        let mut others = Dims::from_slice(dims);
        let u = others.remove(unit);
        let y = if are_rows {
            let next = others.iter().min_by_key(|d| d.out.unsigned_abs())?;
            let y = next.sources.iter().position(|step| *step == 0)?;
            // Shorter rows are better put together.
            if bytes < FILLED || next.sources[1 - y] == 0 {
                return None;
            }
            y
        } else {
            usize::from(u.sources[0] == 0)
        };
        let is_same = |d: &Dim<2>| d.sources[y] == 0;
        let at = (0..others.len()).filter(|&i| is_same(&others[i]));
        let (form, rows, points) = match at.min_by_key(|&i| others[i].out.unsigned_abs()) {
            Some(i) => {
                let rows = others.remove(i);
                let form = if are_rows { Form::Rows } else { Form::Elements };
                (form, rows, take_smallest(&mut others, |d| usize::MAX - d.extent))
            }
            None => {
                let rows = take_smallest(&mut others, |d| d.out.unsigned_abs());
                (Form::Pairs, rows, take_smallest(&mut others, |d| d.out.unsigned_abs()))
            }
        };
        // Else the output is not written in order.
        let is_inside = points.extent == 1 || rows.out.unsigned_abs() <= points.out.unsigned_abs();
        is_inside.then_some(Outer { y, form, u, rows, points, others })
    }

    /// `out[o] = x[s] · y[t]`, of real numbers or of integers of their size.
    ///
    /// # Safety
    ///
    /// As [`multiply`](super::multiply::multiply), for the dims that this is of.
    pub(super) unsafe fn run<T: Lane>(
        &self,
        sources: [*const T; 2],
        out: *mut T,
        are_integers: bool,
    ) {
        let size = size_of::<T>();
        let lanes = LINE / size;
        let count = self.u.extent.div_ceil(lanes);
        let last = self.u.extent - (count - 1) * lanes;
        let kernels = if are_integers { kernels::<T, true>() } else { kernels::<T, false>() };
        let kernel = kernels[self.form as usize][count - 1];
        let run = |Nest { outer, u: rows, v: points }: Nest<'_, 2>, arrays: Arrays<T, 2>| {
            let step = |step: isize| step * size.cast_signed();
            let mut point = Odometer::new(outer);
            loop {
                let here = arrays.at(point.at.out, point.at.sources);
                let (x, y) = (1 - self.y, self.y);
                let products = Products {
                    out: here.out,
                    x: here.sources[x],
                    y: here.sources[y],
                    mask: (1 << last) - 1,
                    rows: rows.extent,
                    points: points.extent,
                    out_row: step(rows.out),
                    x_row: step(rows.sources[x]),
                    y_row: step(rows.sources[y]),
                    out_point: step(points.out),
                    x_point: step(points.sources[x]),
                    y_point: step(points.sources[y]),
                };
                // SAFETY: the caller's duties, for a part of the nest.
                unsafe { kernel(&products) };
                if !point.advance() {
                    return;
                }
            }
        };
        let nest = Nest { outer: &self.others, u: &self.rows, v: &self.points };
        // SAFETY: the caller's duties; parts write different rows.
        unsafe { nest.in_parts([1, 1], Arrays { out, sources }, Bypass::No, &run) }
    }
}

/// The kernels, by form and vectors.
fn kernels<T, const INTEGERS: bool>() -> [[Kernel<T>; VECTORS]; 3] {
    [
        [
            products::<T, 1, 0, INTEGERS>,
            products::<T, 2, 0, INTEGERS>,
            products::<T, 3, 0, INTEGERS>,
            products::<T, 4, 0, INTEGERS>,
        ],
        [
            products::<T, 1, 1, INTEGERS>,
            products::<T, 2, 1, INTEGERS>,
            products::<T, 3, 1, INTEGERS>,
            products::<T, 4, 1, INTEGERS>,
        ],
        [
            products::<T, 1, 2, INTEGERS>,
            products::<T, 2, 2, INTEGERS>,
            products::<T, 3, 2, INTEGERS>,
            products::<T, 4, 2, INTEGERS>,
        ],
    ]
}

/// Multiplies rows of `VECTORS` vectors. Registers: `rax rcx rdx` the point in the output, x, and y; `r11 rsi` the row in the
/// output and x, `r12` that in y; `r8 r9` rows and points left; zmm0 to zmm3 y. `FORM` is that of the rows.
///
/// # Safety
///
/// As [`Kernel`].
#[inline(never)]
unsafe extern "sysv64" fn products<
    T,
    const VECTORS: usize,
    const FORM: usize,
    const INTEGERS: bool,
>(
    products: &Products<T>,
) {
    einsum_kernels::assembly!(
        "rdi" = &raw const *products;
        ".set SIZE, {size}",
        ".set VECTORS, {vectors}",
        ".set FORM, {form}",
        ".set INTEGERS, {integers}",
        r"
        .macro times operands:vararg
            .if INTEGERS && SIZE == 4
                vpmulld \operands
            .elseif INTEGERS
                vpmullq \operands
            .elseif SIZE == 4
                vmulps \operands
            .else
                vmulpd \operands
            .endif
        .endm
        .macro multiply vector, product
            .if \vector < VECTORS
                .if FORM == 1 && \vector == VECTORS - 1
                    times zmm\product {{k1}}{{z}}, zmm\vector, [rsi + 64*\vector]
                .elseif FORM == 1
                    times zmm\product, zmm\vector, [rsi + 64*\vector]
                .elseif FORM == 2 && \vector == VECTORS - 1
                    times zmm\product {{k1}}{{z}}, zmm4, [r12 + 64*\vector]
                .elseif FORM == 2
                    times zmm\product, zmm4, [r12 + 64*\vector]
                .else
                    times zmm\product, zmm\vector, zmm4
                .endif
                .if \vector == VECTORS - 1
                    .if SIZE == 4
                        vmovups [r11 + 64*\vector] {{k1}}, zmm\product
                    .else
                        vmovupd [r11 + 64*\vector] {{k1}}, zmm\product
                    .endif
                .else
                    vmovups [r11 + 64*\vector], zmm\product
                .endif
            .endif
        .endm
        .macro read vector
            .if \vector == VECTORS - 1
                .if SIZE == 4
                    vmovups zmm\vector {{k1}}{{z}}, [rdx + 64*\vector]
                .else
                    vmovupd zmm\vector {{k1}}{{z}}, [rdx + 64*\vector]
                .endif
            .elseif \vector < VECTORS
                vmovups zmm\vector, [rdx + 64*\vector]
            .endif
        .endm
        mov rax, [rdi + {mask}]
        kmovw k1, eax
        mov rax, [rdi + {out}]
        mov rcx, [rdi + {x}]
        mov rdx, [rdi + {y}]
        mov r9, [rdi + {points}]
        mov r10, [rdi + {out_row}]
        push rbx
        push r12
        push r13
        mov rbx, [rdi + {x_row}]
        mov r13, [rdi + {y_row}]
        .p2align 4
        2:
        .if FORM != 2
        .irp vector, 0, 1, 2, 3
        read \vector
        .endr
        .endif
        mov r11, rax
        mov rsi, rcx
        mov r12, rdx
        mov r8, [rdi + {rows}]
        .p2align 5
        3:
        .if FORM != 1 && SIZE == 4
            vbroadcastss zmm4, [rsi]
        .elseif FORM != 1
            vbroadcastsd zmm4, [rsi]
        .endif
        multiply 0, 5
        multiply 1, 6
        multiply 2, 7
        multiply 3, 8
        add rsi, rbx
        add r11, r10
        .if FORM == 2
            add r12, r13
        .endif
        dec r8
        jnz 3b
        add rax, [rdi + {out_point}]
        add rcx, [rdi + {x_point}]
        add rdx, [rdi + {y_point}]
        dec r9
        jnz 2b
        pop r13
        pop r12
        pop rbx
        vzeroupper
        .purgem times
        .purgem multiply
        .purgem read
        ",
        size = const size_of::<T>(),
        vectors = const VECTORS,
        form = const FORM,
        integers = const INTEGERS as usize,
        out = const offset_of!(Products<T>, out),
        x = const offset_of!(Products<T>, x),
        y = const offset_of!(Products<T>, y),
        mask = const offset_of!(Products<T>, mask),
        rows = const offset_of!(Products<T>, rows),
        points = const offset_of!(Products<T>, points),
        out_row = const offset_of!(Products<T>, out_row),
        x_row = const offset_of!(Products<T>, x_row),
        y_row = const offset_of!(Products<T>, y_row),
        out_point = const offset_of!(Products<T>, out_point),
        x_point = const offset_of!(Products<T>, x_point),
        y_point = const offset_of!(Products<T>, y_point),
    );
}

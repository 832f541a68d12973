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

use core::arch::naked_asm;
use core::mem::offset_of;

use super::copy::take_smallest;
use super::divide::Nest;
use super::lane::Lane;
use super::odometer::Odometer;
use super::rows::Bypass;
use super::sweep::{Arrays, once};
use super::transpose::LINE;
use crate::kernel::level::Level;
use crate::kernel::{Dim, Dims};

/// The most vectors of a row.
const VECTORS: usize = 4;

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
    out_point: isize,
    x_point: isize,
    y_point: isize,
}

/// # Safety
///
/// The machine has AVX-512. With the steps of the arguments, rows of the output can be written and those of y read at every
/// point, and elements of x; there are one or more of all.
type Kernel<T> = unsafe extern "sysv64" fn(&Products<T>);

/// Outer products: rows along `u`, in which the second factor does not change, one for every step of `rows`, in which the first
/// does not, at every step of `points`.
pub(super) struct Outer {
    u: Dim<2>,
    rows: Dim<2>,
    points: Dim<2>,
    others: Dims<2>,
}

/// Whether a nest is one of outer products of short rows, whichever factor has these.
pub(super) fn takes(dims: &Dims<2>, size: usize) -> bool {
    let is_row = |d: &Dim<2>| matches!((d.out, d.sources), (1, [1, 0] | [0, 1]));
    dims.iter().find(|d| is_row(d)).is_some_and(|u| is_short(u.extent, size))
}

fn is_short(len: usize, size: usize) -> bool {
    Level::current() == Level::Avx512 && len * size <= VECTORS * LINE
}

impl Outer {
    /// Returns the outer products of a nest whose rows lie along `u`, if they are short.
    pub(super) fn of(u: &Dim<2>, dims: &Dims<2>, size: usize) -> Option<Self> {
        if (u.out, u.sources) != (1, [1, 0]) || !is_short(u.extent, size) {
            return None;
        }
        let mut others = dims.clone();
        let rows = match others.iter().any(|d| d.sources[0] == 0) {
            true => take_smallest(&mut others, |d| match d.sources[0] {
                0 => d.out.unsigned_abs(),
                _ => usize::MAX,
            }),
            false => once(),
        };
        let points = take_smallest(&mut others, |d| usize::MAX - d.extent);
        Some(Outer { u: *u, rows, points, others })
    }

    /// `out[o] = x[s] · y[t]`, where the first factor is the one with rows.
    ///
    /// # Safety
    ///
    /// As [`multiply`](super::multiply::multiply), for the dims that this is of.
    pub(super) unsafe fn run<T: Lane>(&self, arrays: Arrays<T, 2>) {
        let size = size_of::<T>();
        let lanes = LINE / size;
        let count = self.u.extent.div_ceil(lanes);
        let last = self.u.extent - (count - 1) * lanes;
        let kernels: [Kernel<T>; VECTORS] =
            [products::<T, 1>, products::<T, 2>, products::<T, 3>, products::<T, 4>];
        let kernel = kernels[count - 1];
        let run = |Nest { outer, u: rows, v: points }: Nest<'_, 2>, arrays: Arrays<T, 2>| {
            let step = |step: isize| step * size.cast_signed();
            let mut point = Odometer::new(outer);
            loop {
                let here = arrays.at(point.at.out, point.at.sources);
                let products = Products {
                    out: here.out,
                    x: here.sources[1],
                    y: here.sources[0],
                    mask: (1 << last) - 1,
                    rows: rows.extent,
                    points: points.extent,
                    out_row: step(rows.out),
                    x_row: step(rows.sources[1]),
                    out_point: step(points.out),
                    x_point: step(points.sources[1]),
                    y_point: step(points.sources[0]),
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
        unsafe { nest.in_parts([1, 1], arrays, Bypass::No, &run) }
    }
}

/// Multiplies rows of `VECTORS` vectors. Registers: `rax rcx rdx` the point in the output, x, and y; `r11 rsi` the row in the
/// output and x; `r8 r9` rows and points left; zmm0 to zmm3 y.
///
/// # Safety
///
/// As [`Kernel`].
#[unsafe(naked)]
unsafe extern "sysv64" fn products<T, const VECTORS: usize>(products: &Products<T>) {
    naked_asm!(
        ".set SIZE, {size}",
        ".set VECTORS, {vectors}",
        r"
        .macro multiply vector, product
            .if \vector < VECTORS
                .if SIZE == 4
                    vmulps zmm\product, zmm\vector, zmm4
                .else
                    vmulpd zmm\product, zmm\vector, zmm4
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
        mov rbx, [rdi + {x_row}]
        .p2align 4
        2:
        .irp vector, 0, 1, 2, 3
        read \vector
        .endr
        mov r11, rax
        mov rsi, rcx
        mov r8, [rdi + {rows}]
        .p2align 4
        3:
        .if SIZE == 4
            vbroadcastss zmm4, [rsi]
        .else
            vbroadcastsd zmm4, [rsi]
        .endif
        multiply 0, 5
        multiply 1, 6
        multiply 2, 7
        multiply 3, 8
        add rsi, rbx
        add r11, r10
        dec r8
        jnz 3b
        add rax, [rdi + {out_point}]
        add rcx, [rdi + {x_point}]
        add rdx, [rdi + {y_point}]
        dec r9
        jnz 2b
        pop rbx
        vzeroupper
        ret
        .purgem multiply
        .purgem read
        ",
        size = const size_of::<T>(),
        vectors = const VECTORS,
        out = const offset_of!(Products<T>, out),
        x = const offset_of!(Products<T>, x),
        y = const offset_of!(Products<T>, y),
        mask = const offset_of!(Products<T>, mask),
        rows = const offset_of!(Products<T>, rows),
        points = const offset_of!(Products<T>, points),
        out_row = const offset_of!(Products<T>, out_row),
        x_row = const offset_of!(Products<T>, x_row),
        out_point = const offset_of!(Products<T>, out_point),
        x_point = const offset_of!(Products<T>, x_point),
        y_point = const offset_of!(Products<T>, y_point),
    )
}

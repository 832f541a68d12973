//! Brings dims to a normal form. After `prepare` says [`Work::Run`]: every extent is 2 or more, the output's steps along
//! kept dims are positive unless 0, and no two dims could be one.

use super::{Dim, Dims, Read};

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A kept extent is 0: the output has no elements.
    Nothing,
    /// A summed extent is 0: every sum is zero.
    Zero,
    /// Run the loops.
    Run,
}

#[inline]
pub(crate) fn prepare<T, const P: usize>(
    dims: &mut Dims<P>,
    sources: &mut [Read<T>; P],
    out: &mut *mut T,
) -> Work {
    let (mut to, mut from) = (0, [0; P]);
    let work = normalize(dims, &mut to, &mut from);
    *out = out.wrapping_offset(to);
    // A plain loop, since this is compiled for every element type.
    let mut p = 0;
    while p < P {
        sources[p].ptr = sources[p].ptr.wrapping_offset(from[p]);
        p += 1;
    }
    work
}

/// As [`prepare`], which adds the offsets of the first points to pointers of any type.
fn normalize<const P: usize>(
    dims: &mut Dims<P>,
    out: &mut isize,
    sources: &mut [isize; P],
) -> Work {
    drop_unit_loops(dims);
    if dims.iter().any(|d| d.extent == 0 && !d.summed) {
        return Work::Nothing;
    }
    if dims.iter().any(|d| d.extent == 0) {
        dims.retain(|d| !d.summed);
        return Work::Zero;
    }
    turn_loops(dims, out, sources);
    fuse_loops(dims);
    Work::Run
}

fn drop_unit_loops<const P: usize>(dims: &mut Dims<P>) {
    dims.retain(|d| d.extent != 1);
}

/// Runs loops in the direction in which the output, or for a summed loop its first source, steps forward.
fn turn_loops<const P: usize>(dims: &mut Dims<P>, out: &mut isize, sources: &mut [isize; P]) {
    for dim in dims {
        let leading =
            if dim.summed { dim.sources.iter().copied().find(|s| *s != 0) } else { Some(dim.out) };
        if leading.is_none_or(|step| step >= 0) {
            continue;
        }
        let last = (dim.extent - 1).cast_signed();
        *out = out.wrapping_add(dim.out.wrapping_mul(last));
        dim.out = dim.out.wrapping_neg();
        for (source, step) in sources.iter_mut().zip(&mut dim.sources) {
            *source = source.wrapping_add(step.wrapping_mul(last));
            *step = step.wrapping_neg();
        }
    }
}

/// Merges loops of one kind where, in every array, one step of the outer equals a full run of the inner.
fn fuse_loops<const P: usize>(dims: &mut Dims<P>) {
    let mut outer = 0;
    while outer < dims.len() {
        let found = (0..dims.len()).find_map(|inner| {
            if inner == outer {
                return None;
            }
            fused(&dims[outer], &dims[inner]).map(|dim| (inner, dim))
        });
        match found {
            Some((inner, dim)) => {
                dims[inner] = dim;
                dims.remove(outer);
                // The merged loop can be the outer or the inner one of another pair.
                outer = 0;
            }
            None => outer += 1,
        }
    }
}

fn fused<const P: usize>(outer: &Dim<P>, inner: &Dim<P>) -> Option<Dim<P>> {
    let run = inner.extent.cast_signed();
    let continues = |outer: isize, inner: isize| inner.checked_mul(run) == Some(outer);
    let fusible = outer.summed == inner.summed
        && continues(outer.out, inner.out)
        && outer.sources.iter().zip(&inner.sources).all(|(&o, &i)| continues(o, i));
    if !fusible {
        return None;
    }
    let extent = outer.extent.checked_mul(inner.extent)?;
    isize::try_from(extent).ok().map(|_| Dim { extent, ..*inner })
}

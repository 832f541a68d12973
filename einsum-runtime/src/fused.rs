//! Products of three factors: where a nest without a sum makes what one other such nest alone reads, over the same
//! indices, the two run as one nest of three sources. `ij,i,j->ij` then passes over memory once, and has no intermediate.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::execute::{Call, Out};
use crate::intermediate::Intermediate;
use crate::kernel::Dims;
use crate::kernel::raw::{RawMode, RawRead};
use crate::layout::Axes;
use crate::nest::{self, Laid, is_diagonal};
use crate::program::{Access, NONE, Nest};

/// Results below this size, in bytes, are made before anything is gained.
const LARGE: usize = 16 << 10;

/// The nests of a body that run as one: pairs of their numbers, the maker and the reader of an intermediate.
#[derive(Default)]
pub(crate) struct Fusing(SmallVec<[(usize, usize); 4]>);

impl Fusing {
    /// Whether what a nest makes is not written to memory.
    pub(crate) fn is_maker(&self, nest: usize) -> bool {
        self.0.iter().any(|(maker, _)| *maker == nest)
    }

    /// Returns the maker that runs with a nest.
    pub(crate) fn maker(&self, nest: usize) -> Option<usize> {
        self.0.iter().find(|(_, reader)| *reader == nest).map(|(maker, _)| *maker)
    }
}

/// The three factors of two nests, and the loops of the second that the axes of each run along.
struct Factors<'p> {
    accesses: [&'p Access; 3],
    conjugated: [bool; 3],
    loops: [SmallVec<[u8; 8]>; 3],
}

impl Call<'_> {
    /// Returns which nests of a body run as one. `outs` are where its results go.
    pub(crate) fn fusing(&self, body: &[Nest], outs: &[Out<'_>]) -> Fusing {
        let mut fusing = Fusing::default();
        if self.kernels.triple.is_none() || !self.program.windows.is_empty() {
            return fusing;
        }
        for reader in 1..body.len() {
            if self.bytes(body[reader].kept, self.kernels.element.size()) < LARGE {
                continue;
            }
            let is_free = |nest| !fusing.is_maker(nest) && fusing.maker(nest).is_none();
            let maker = (0..reader).rev().find(|&maker| {
                is_free(maker) && is_free(reader) && self.is_fusible(body, [maker, reader], outs)
            });
            fusing.0.extend(maker.map(|maker| (maker, reader)));
        }
        fusing
    }

    /// Whether two nests of a body may run as one, and there are kernels for that.
    fn is_fusible(&self, body: &[Nest], [maker, reader]: [usize; 2], outs: &[Out<'_>]) -> bool {
        let (from, to) = (&body[maker], &body[reader]);
        let Some(intermediate) = usize::from(from.into).checked_sub(outs.len()) else {
            return false;
        };
        let tensor = self.operands.len() + intermediate;
        let count = |nest: &Nest| {
            let read = nest.sources.iter().filter(|access| usize::from(access.tensor) == tensor);
            read.count() + usize::from(nest.into == from.into)
        };
        let is_operand = |access: &Access| usize::from(access.tensor) < self.operands.len();
        // It is made by one nest and read by one; what it is made of is still there when it is read.
        let is_alone = body.iter().map(count).sum::<usize>() == 2 && count(to) == 1;
        let is_there = reader == maker + 1 || from.sources.iter().all(is_operand);
        if !is_alone || !is_there || to.into == from.into {
            return false;
        }
        let is_plain = |nest: &Nest| {
            nest.summed.is_empty() && !nest.has_ellipsis() && !is_diagonal(nest.target)
        };
        let is_same = from.kept.len() == to.kept.len()
            && from.kept.iter().all(|index| to.kept.contains(index));
        if !is_plain(from) || !is_plain(to) || !is_same {
            return false;
        }
        let Some(sources) = self.composed(from, to, outs.len()) else { return false };
        self.has_kernel(body, to, &sources, outs)
    }

    /// Returns the factors of two nests; `None` if their loops are not the same ones.
    fn composed<'p>(&self, from: &'p Nest, to: &'p Nest, results: usize) -> Option<Factors<'p>> {
        let ([x, y], [first, second]) = (from.sources, to.sources) else { return None };
        let tensor = self.operands.len() + usize::from(from.into) - results;
        let (read, other) = match usize::from(first.tensor) == tensor {
            true => (first, second),
            false => (second, first),
        };
        let loop_of = |own: u8| {
            let axis = from.target.iter().position(|axis| *axis == own)?;
            let read = *read.loops.get(axis)?;
            let is_loop = usize::from(read) < to.kept.len();
            let is_same =
                is_loop && from.kept.get(usize::from(own)) == to.kept.get(usize::from(read));
            is_same.then_some(read)
        };
        let through = |access: &Access| {
            let loops = access.loops.iter();
            loops
                .map(|&own| if own == NONE { Some(NONE) } else { loop_of(own) })
                .collect::<Option<SmallVec<_>>>()
        };
        let is_axis =
            |(number, _): (usize, &u8)| u8::try_from(number).ok().and_then(loop_of).is_some();
        // A loop that no factor runs along is there as well.
        if from.target.len() != read.loops.len() || !from.kept.iter().enumerate().all(is_axis) {
            return None;
        }
        Some(Factors {
            accesses: [x, y, other],
            conjugated: [x.conj != read.conj, y.conj != read.conj, other.conj],
            loops: [through(x)?, through(y)?, SmallVec::from_slice(other.loops)],
        })
    }

    /// Whether there are kernels for these factors, if intermediates are in C order, as most are.
    #[cfg(target_arch = "x86_64")]
    fn has_kernel(
        &self,
        body: &[Nest],
        to: &Nest,
        sources: &Factors<'_>,
        outs: &[Out<'_>],
    ) -> bool {
        let made_by = |tensor: usize| {
            let into = (tensor + outs.len()).checked_sub(self.operands.len())?;
            let maker = body.iter().find(|nest| usize::from(nest.into) == into)?;
            Some(self.new_shape(maker))
        };
        let shapes = sources.accesses.map(|access| match usize::from(access.tensor) {
            tensor if tensor < self.operands.len() => None,
            tensor => made_by(tensor),
        });
        let of_source = |p: usize| match &shapes[p] {
            Some(shape) => Some(shape.axes()),
            None => self.operands.get(usize::from(sources.accesses[p].tensor)).map(|raw| raw.axes),
        };
        let shape = self.new_shape(to);
        let target = outs.get(usize::from(to.into)).map_or_else(|| shape.axes(), |out| out.axes);
        let [Some(x), Some(y), Some(z)] = [0, 1, 2].map(of_source) else { return false };
        let axes = [x, y, z];
        let is_named = |axes: &Axes<'_>| axes.rest.extents.is_empty();
        if !axes.iter().chain([&target]).all(is_named) {
            return false;
        }
        let laid = [0, 1, 2].map(|p| Laid { axes: &axes[p], loops: &sources.loops[p] });
        let target = Laid { axes: &target, loops: to.target };
        let mut dims = Dims::new();
        nest::lay(&mut dims, to, self.extents, &laid, &target);
        crate::stream::takes_triple(dims)
    }

    /// There are none.
    #[cfg(not(target_arch = "x86_64"))]
    fn has_kernel(&self, _: &[Nest], _: &Nest, _: &Factors<'_>, _: &[Out<'_>]) -> bool {
        false
    }

    /// Runs two nests as one; where the arrays turn out to lie in another way than there are kernels for, one after the
    /// other.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run), for these nests; `made` have been written.
    pub(crate) unsafe fn run_fused(
        &self,
        [from, to]: [&Nest; 2],
        made: &mut [Option<Intermediate>],
        out: &Out<'_>,
    ) {
        let number = usize::from(from.into) - self.program.results.len();
        // SAFETY: the caller's duties; `lay` keeps every offset inside the arrays, which do not overlap the target. The room
        // of an intermediate is as large as its shape says, and the nest that makes it writes all of it.
        unsafe {
            if self.run_triple([from, to], made, out) {
                return;
            }
            let mut target = Intermediate::new(self.new_shape(from), self.kernels.element);
            self.run_nest(from, made, &target.out(RawMode::Assign));
            made[number] = Some(target);
            self.run_nest(to, made, out);
            made[number] = None;
        }
    }

    /// Runs two nests as one, or returns false, with nothing done.
    ///
    /// # Safety
    ///
    /// As [`run_fused`](Call::run_fused).
    unsafe fn run_triple(
        &self,
        [from, to]: [&Nest; 2],
        made: &[Option<Intermediate>],
        out: &Out<'_>,
    ) -> bool {
        let Some(kernel) = self.kernels.triple else { return false };
        let Some(sources) = self.composed(from, to, self.program.results.len()) else {
            return false;
        };
        let [x, y, z] = sources.accesses;
        let mut rooms = [None, None, None];
        let [of_x, of_y, of_z] = &mut rooms;
        let laid = [self.lay(x, made, of_x), self.lay(y, made, of_y), self.lay(z, made, of_z)];
        let laid = [0, 1, 2].map(|p| Laid { loops: &sources.loops[p], ..laid[p] });
        let reads = [0, 1, 2].map(|p| RawRead {
            conjugated: sources.conjugated[p],
            ..self.read(sources.accesses[p], made)
        });
        let target = Laid { axes: &out.axes, loops: to.target };
        let mut dims = Dims::new();
        nest::lay(&mut dims, to, self.extents, &laid, &target);
        // SAFETY: the caller's duties; the loops that are kept are the target's axes.
        unsafe { kernel(&mut dims, reads, out.ptr, out.mode) }
    }
}

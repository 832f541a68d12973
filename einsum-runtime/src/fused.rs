//! Products of several factors: where nests without a sum make what one other nest alone reads, over the same indices, all of
//! them run as one nest of several sources. `ij,i,j->ij` then passes over memory once, and has no intermediate.
//!
//! The last nest may sum the product, as that of `ij,ji,i->j` does.

#![allow(unsafe_code)]

use smallvec::SmallVec;

use crate::execute::{Call, Out};
use crate::intermediate::Intermediate;
use crate::kernel::Dims;
use crate::kernel::raw::{FACTORS, RawMode, RawRead};
use crate::layout::{Axes, Steps};
use crate::nest::{self, Laid, is_diagonal};
use crate::program::{Access, NONE, Nest};

/// Products below this size, in bytes, are made before anything is gained; where they are summed it takes more than what stays
/// in a second-level cache, since to multiply them block by block takes longer than to sum them as they are read.
const LARGE: usize = 16 << 10;
const LARGE_SUMMED: usize = 2 << 20;

/// The nests of a body that run as one.
#[derive(Default)]
pub(crate) struct Fusing(SmallVec<[Group; 2]>);

/// Nests that run as one, by their numbers.
struct Group {
    /// The last one.
    reader: usize,
    /// The others, whose intermediates it or one of these reads, later ones first.
    makers: Makers,
}

type Makers = SmallVec<[usize; FACTORS - 2]>;

impl Fusing {
    /// Whether what a nest makes is not written to memory.
    pub(crate) fn is_maker(&self, nest: usize) -> bool {
        self.0.iter().any(|group| group.makers.contains(&nest))
    }

    /// Returns the nests that run with a nest, later ones first.
    pub(crate) fn makers(&self, nest: usize) -> &[usize] {
        self.0.iter().find(|group| group.reader == nest).map_or(&[], |group| &group.makers)
    }
}

/// A factor of several nests, and the loops of the last one that its axes run along.
struct Factor<'p> {
    access: &'p Access,
    conjugated: bool,
    loops: SmallVec<[u8; 8]>,
}

type Factors<'p> = SmallVec<[Factor<'p>; FACTORS]>;

impl Call<'_> {
    /// Returns which nests of a body run as one. `outs` are where its results go.
    pub(crate) fn fusing(&self, body: &[Nest], outs: &[Out<'_>]) -> Fusing {
        let mut fusing = Fusing::default();
        if self.kernels.product.is_none() || !self.program.windows.is_empty() {
            return fusing;
        }
        for reader in (1..body.len()).rev() {
            let nest = &body[reader];
            let points =
                self.bytes(nest.summed, self.bytes(nest.kept, self.kernels.element.size()));
            let least = if nest.summed.is_empty() { LARGE } else { LARGE_SUMMED };
            if points < least || fusing.is_maker(reader) {
                continue;
            }
            let mut makers = self.makers(body, reader, &fusing, outs.len());
            // Whoever reads what one of them makes comes before it.
            while !makers.is_empty() && !self.has_kernel(body, reader, &makers, outs) {
                makers.pop();
            }
            if !makers.is_empty() {
                fusing.0.push(Group { reader, makers });
            }
        }
        fusing
    }

    /// Returns the nests that may run with `reader`, later ones first.
    fn makers(&self, body: &[Nest], reader: usize, fusing: &Fusing, results: usize) -> Makers {
        let mut makers = Makers::new();
        if !is_plain(&body[reader]) {
            return makers;
        }
        let to = &body[reader];
        let count = to.kept.len() + to.summed.len();
        for maker in (0..reader).rev() {
            let from = &body[maker];
            let is_there = |index: &u8| to.kept.contains(index) || to.summed.contains(index);
            let is_same = from.kept.len() == count && from.kept.iter().all(is_there);
            if !is_same || makers.len() + 2 == FACTORS || fusing.is_maker(maker) {
                continue;
            }
            // What it reads is still the same when it runs, later.
            let is_changed = |access: &Access| {
                let into = usize::from(access.tensor) + results;
                let mut between = body[maker..reader].iter();
                between.any(|nest| usize::from(nest.into) + self.operands.len() == into)
            };
            if from.sources.iter().any(is_changed) {
                continue;
            }
            let mut readers = core::iter::once(reader).chain(makers.iter().copied());
            if readers.any(|to| self.is_fusible(body, [maker, to], results)) {
                makers.push(maker);
            }
        }
        makers
    }

    /// Whether what a nest makes without a sum is read by another one, and by nobody else.
    fn is_fusible(&self, body: &[Nest], [maker, reader]: [usize; 2], results: usize) -> bool {
        let (from, to) = (&body[maker], &body[reader]);
        let Some(intermediate) = usize::from(from.into).checked_sub(results) else {
            return false;
        };
        let tensor = self.operands.len() + intermediate;
        let count = |nest: &Nest| {
            let read = nest.sources.iter().filter(|access| usize::from(access.tensor) == tensor);
            read.count() + usize::from(nest.into == from.into)
        };
        let is_alone = body.iter().map(count).sum::<usize>() == 2 && count(to) == 1;
        is_alone && to.into != from.into && from.summed.is_empty() && is_plain(from)
    }

    /// Adds the factors of a nest that runs with `last`, where its loops are those of `last` of the numbers `loops`. `None` if
    /// the loops of nests are not the same ones.
    fn factors<'p>(
        &self,
        group: (&'p [Nest], &[usize]),
        nest: &'p Nest,
        (last, loops): (&Nest, &[u8]),
        conjugated: bool,
        factors: &mut Factors<'p>,
    ) -> Option<()> {
        let (body, makers) = group;
        let through =
            |own: u8| if own == NONE { None } else { loops.get(usize::from(own)).copied() };
        for access in nest.sources {
            let into = usize::from(access.tensor) + self.program.results.len();
            let is_maker =
                |&&maker: &&usize| usize::from(body[maker].into) + self.operands.len() == into;
            let conjugated = access.conj != conjugated;
            let Some(&maker) = makers.iter().find(is_maker) else {
                let own = access.loops.iter();
                let own = own.map(|&own| if own == NONE { Some(NONE) } else { through(own) });
                factors.push(Factor { access, conjugated, loops: own.collect::<Option<_>>()? });
                continue;
            };
            let from = &body[maker];
            let is_index = |own: usize, number: u8| {
                let number = usize::from(number);
                number < last.kept.len() + last.summed.len() && from.kept[own] == last.index(number)
            };
            // A loop that no factor runs along is there as well.
            let mut inner: SmallVec<[u8; 8]> = SmallVec::new();
            for own in 0..from.kept.len() {
                let axis = from.target.iter().position(|axis| usize::from(*axis) == own)?;
                let number = through(*access.loops.get(axis)?)?;
                if !is_index(own, number) {
                    return None;
                }
                inner.push(number);
            }
            if from.target.len() != access.loops.len() || from.target.len() != inner.len() {
                return None;
            }
            self.factors(group, from, (last, &inner), conjugated, factors)?;
        }
        Some(())
    }

    /// Returns the factors of a nest and those that run with it.
    fn composed<'p>(
        &self,
        body: &'p [Nest],
        reader: usize,
        makers: &[usize],
    ) -> Option<Factors<'p>> {
        let last = &body[reader];
        let own: SmallVec<[u8; 8]> = (0..NONE).take(last.kept.len() + last.summed.len()).collect();
        let mut factors = Factors::new();
        self.factors((body, makers), last, (last, &own), false, &mut factors)?;
        (factors.len() == makers.len() + 2 && factors.len() <= FACTORS).then_some(factors)
    }

    /// Whether there are kernels for the product of these nests, if intermediates are in C order, as most are.
    #[cfg(target_arch = "x86_64")]
    fn has_kernel(&self, body: &[Nest], reader: usize, makers: &[usize], outs: &[Out<'_>]) -> bool {
        let Some(factors) = self.composed(body, reader, makers) else { return false };
        let to = &body[reader];
        let shape_of = |tensor: usize| {
            let into = (tensor + outs.len()).checked_sub(self.operands.len())?;
            let maker = body.iter().find(|nest| usize::from(nest.into) == into)?;
            Some(self.new_shape(maker))
        };
        let is_made = |tensor: usize| tensor >= self.operands.len();
        let shapes: SmallVec<[_; FACTORS]> = factors
            .iter()
            .map(|factor| usize::from(factor.access.tensor))
            .map(|tensor| if is_made(tensor) { shape_of(tensor) } else { None })
            .collect();
        let mut axes = [NO_AXES; FACTORS];
        for ((axes, factor), shape) in axes.iter_mut().zip(&factors).zip(&shapes) {
            let operand = self.operands.get(usize::from(factor.access.tensor));
            let Some(of_source) =
                shape.as_ref().map(|shape| shape.axes()).or(operand.map(|raw| raw.axes))
            else {
                return false;
            };
            *axes = of_source;
        }
        let shape = self.new_shape(to);
        let target = outs.get(usize::from(to.into)).map_or_else(|| shape.axes(), |out| out.axes);
        if !axes.iter().chain([&target]).all(|axes| axes.rest.extents.is_empty()) {
            return false;
        }
        let laid = core::array::from_fn(|p| Laid {
            axes: &axes[p],
            loops: factors.get(p).map_or(&[], |factor| &factor.loops),
        });
        let target = Laid { axes: &target, loops: to.target };
        let mut dims: Dims<FACTORS> = Dims::new();
        nest::lay(&mut dims, to, self.extents, &laid, &target);
        let (size, is_real) = (self.kernels.element.size(), self.kernels.is_real);
        crate::staged::takes_product(dims, factors.len(), size, !is_real)
    }

    /// There are none.
    #[cfg(not(target_arch = "x86_64"))]
    fn has_kernel(&self, _: &[Nest], _: usize, _: &[usize], _: &[Out<'_>]) -> bool {
        false
    }

    /// Runs nests as one; where the arrays turn out to lie in another way than there are kernels for, one after the other.
    ///
    /// # Safety
    ///
    /// As [`run`](Call::run), for these nests; `made` have been written.
    pub(crate) unsafe fn run_fused(
        &self,
        body: &[Nest],
        (reader, makers): (usize, &[usize]),
        made: &mut [Option<Intermediate>],
        out: &Out<'_>,
    ) {
        let number = |maker: usize| usize::from(body[maker].into) - self.program.results.len();
        // SAFETY: the caller's duties; `lay` keeps every offset inside the arrays, which do not overlap the target. The room
        // of an intermediate is as large as its shape says, and the nest that makes it writes all of it.
        unsafe {
            if self.run_product(body, (reader, makers), made, out) {
                return;
            }
            for &maker in makers.iter().rev() {
                let from = &body[maker];
                let mut target = Intermediate::new(self.new_shape(from), self.kernels.element);
                self.run_nest(from, made, &target.out(RawMode::Assign));
                made[number(maker)] = Some(target);
            }
            self.run_nest(&body[reader], made, out);
        }
        for &maker in makers {
            made[number(maker)] = None;
        }
    }

    /// Runs nests as one, or returns false, with nothing done.
    ///
    /// # Safety
    ///
    /// As [`run_fused`](Call::run_fused).
    unsafe fn run_product(
        &self,
        body: &[Nest],
        (reader, makers): (usize, &[usize]),
        made: &[Option<Intermediate>],
        out: &Out<'_>,
    ) -> bool {
        let Some(kernel) = self.kernels.product else { return false };
        let Some(factors) = self.composed(body, reader, makers) else { return false };
        let to = &body[reader];
        let mut rooms = [const { None }; FACTORS];
        let mut laid = [Laid { axes: &NO_AXES, loops: &[] }; FACTORS];
        let mut reads = [RawRead { ptr: core::ptr::null(), conjugated: false }; FACTORS];
        let places = laid.iter_mut().zip(&mut reads).zip(&mut rooms);
        for (factor, ((laid, read), room)) in factors.iter().zip(places) {
            *laid = Laid { loops: &factor.loops, ..self.lay(factor.access, made, room) };
            *read = RawRead { conjugated: factor.conjugated, ..self.read(factor.access, made) };
        }
        let target = Laid { axes: &out.axes, loops: to.target };
        let mut dims = Dims::new();
        nest::lay(&mut dims, to, self.extents, &laid, &target);
        // SAFETY: the caller's duties; the loops that are kept are the target's axes.
        unsafe { kernel(&mut dims, &reads[..factors.len()], out.ptr, out.mode) }
    }
}

/// Those of a factor that is not there.
const NO_AXES: Axes<'static> = Axes { named: Steps::NONE, rest: Steps::NONE, found: 0 };

/// Whether a nest multiplies two sources without ellipses, and writes all of its target.
fn is_plain(nest: &Nest) -> bool {
    nest.sources.len() == 2 && !nest.has_ellipsis() && !is_diagonal(nest.target)
}

//! Asks for what a block reads of the windowed source: kernels that read it element by element, or rows far apart, do so in an
//! order that the processor does not foresee, and would wait for each of its lines.

use smallvec::SmallVec;

use super::Job;
use super::affine::Affine;
use crate::sort::sort_by_key;
use crate::stream::prefetch::{Lines, fetch_to_read};

pub(super) fn fetch(job: &Job<'_>, block: &Affine, p: usize) {
    let size = job.kernels.element.size();
    let bytes = |step: isize| step.wrapping_mul(size.cast_signed());
    let mut first = 0_isize;
    // How many positions of every axis are read, or lie between such, and the steps from one to the next.
    let mut axes: SmallVec<[(usize, isize); 4]> = SmallVec::new();
    for line in &block.sources[p] {
        let [low, high] = line.range(block.loops.iter().map(|l| l.extent));
        let (low, high) = (low.max(0), high.min(line.extent.cast_signed() - 1));
        if low > high {
            return;
        }
        // From the lower end in memory on.
        let start = if line.stride < 0 { high } else { low };
        first = first.wrapping_add(line.stride.wrapping_mul(start));
        axes.push(((high - low).cast_unsigned() + 1, bytes(line.stride.abs())));
    }
    sort_by_key(&mut axes[..], |(_, step)| core::cmp::Reverse(*step));
    let len = match axes.last() {
        Some(&(count, step)) if step == size.cast_signed() => {
            axes.pop();
            count * size
        }
        _ => size,
    };
    let (rows, row) = axes.pop().unwrap_or((1, 0));
    let points: usize = axes.iter().map(|(count, _)| count).product();
    for point in 0..points {
        let (mut rest, mut at) = (point, job.source_at(p, first));
        for (count, step) in axes.iter().rev() {
            at = at.wrapping_offset(step.wrapping_mul((rest % count).cast_signed()));
            rest /= count;
        }
        // SAFETY: prefetches need nothing; machines with AVX2 know them.
        unsafe { fetch_to_read(&Lines { at, len, rows, row }) };
    }
}

//! The accuracy of nests of few points, which have a kernel of their own.

use num_complex::{Complex32, Complex64};

use super::accuracy::{Case, Data, matrices};
use super::{Random, Sample};
use crate::kernel::raw::{Factor, RawMode, RawRead};
use crate::kernel::tiny::{Tiny, tiny};
use crate::kernel::{Mode, Read};

fn tiny_products<T: Sample>(random: &mut Random) {
    for extents in [[3, 3, 3], [2, 4, 7], [1, 1, 60]] {
        for data in [Data::Magnitudes, Data::Cancelling] {
            for scaled in [false, true] {
                let dims = matrices(extents, [false; 3]);
                let case = Case::<T, 2>::new(random, &dims, data, scaled);
                let exact = case.exact();
                let [i, j, k] = dims;
                let nest = Tiny::new(&[i, j], &[k]);
                let reads = [0, 1].map(|p| {
                    let Read { ptr, conjugated } = case.read(p);
                    RawRead { ptr: ptr.cast(), conjugated }
                });
                let at = |factor: &T| Factor::At(core::ptr::from_ref(factor).cast());
                let mode = match &case.mode {
                    Mode::Assign => RawMode::Assign,
                    Mode::Scale { alpha, beta } => {
                        RawMode::Scale { alpha: at(alpha), beta: at(beta) }
                    }
                };
                let mut out = case.out.0.clone();
                // SAFETY: as above; factors are elements.
                unsafe { tiny::<T, 2>(&nest, reads, out.as_mut_ptr().cast(), mode) };
                case.compare(&out, &exact, "tiny");
            }
        }
    }
}

#[test]
fn tiny_nests() {
    let r = &mut Random(6);
    tiny_products::<f32>(r);
    tiny_products::<f64>(r);
    tiny_products::<Complex32>(r);
    tiny_products::<Complex64>(r);
}

//! The same bits for any number of threads.

use super::{Array, Random, axis};
use crate::element::Element;
use crate::kernel::raw::{RawMode, RawRead};
use crate::window::{Windowed, run};

#[test]
fn threads() {
    let pools = [1, 2, 5]
        .map(|threads| rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let mut random = Random(3);
    for round in 0..60 {
        let (s, d) = (1 + random.below(3), 1 + random.below(2));
        let [b, c, mut o] = [3, 1, 1].map(|least| least + random.below(16));
        if round % 3 > 0 {
            o = 1;
        }
        let longest = match round % 6 {
            2 => 150,
            5 => 5,
            _ => 20,
        };
        let [n, k] = [3 + random.below(longest), 1 + random.below(5)];
        let pad = random.below(k);
        let reach = (s * (n - 1) + d * (k - 1) + 1 - pad).max(1);
        let extents = [b, c, o, n, k];
        let x = [
            axis(b, 0, &[(0, 1)]),
            axis(c, 0, &[(1, 1)]),
            axis(reach, -pad.cast_signed(), &[(3, s.cast_signed()), (4, d.cast_signed())]),
        ];
        let w = [axis(o, 0, &[(2, 1)]), axis(c, 0, &[(1, 1)]), axis(k, 0, &[(4, 1)])];
        let y = [axis(b, 0, &[(0, 1)]), axis(o, 0, &[(2, 1)]), axis(n, 0, &[(3, 1)])];
        let mut arrays = [x, w, y].map(|axes| Array::lay(&mut random, axes.to_vec()));
        if round % 3 > 0 {
            // Depthwise, the channels adjacent or not.
            let [batch, channel] = [axis(b, 0, &[(0, 1)]), axis(c, 0, &[(1, 1)])];
            let terms = [(3, s.cast_signed()), (4, d.cast_signed())];
            let [x, w, y] = [
                axis(reach, -pad.cast_signed(), &terms),
                axis(k, 0, &[(4, 1)]),
                axis(n, 0, &[(3, 1)]),
            ];
            arrays = [vec![batch.clone(), x], vec![w], vec![batch, y]].map(|mut axes| {
                let at = if round % 3 == 1 { axes.len() } else { axes.len() - 1 };
                axes.insert(at, channel.clone());
                Array::lay(&mut random, axes)
            });
        }
        for [first, second, target] in [[0, 1, 2], [2, 1, 0], [2, 0, 1]] {
            let [first, second, target] = [first, second, target].map(|i| &arrays[i]);
            let mut fractions = |len: usize| -> Vec<f32> {
                (0..len).map(|_| random.below(1 << 20) as f32 / 1e6 - 0.5).collect()
            };
            let memory = [fractions(first.len), fractions(second.len)];
            let axes = [first, second, target].map(Array::axes);
            let nest =
                Windowed { extents: &extents, sources: [&axes[0], &axes[1]], target: &axes[2] };
            let run_in = |pool: &rayon_core::ThreadPool| {
                pool.install(|| {
                    let mut out = vec![0.0_f32; target.len];
                    let reads =
                        [(first, &memory[0]), (second, &memory[1])].map(|(array, memory)| {
                            let ptr = memory.as_ptr().wrapping_add(array.first).cast();
                            RawRead { ptr, conjugated: false }
                        });
                    let to = out.as_mut_ptr().wrapping_add(target.first).cast();
                    // SAFETY: the memory is as large as the axes say.
                    unsafe { run(f32::TABLE.raw, &nest, reads, to, RawMode::Assign) };
                    out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                })
            };
            let alone = run_in(&pools[0]);
            assert!(pools[1..].iter().all(|pool| run_in(pool) == alone), "{nest:?}");
        }
    }
}

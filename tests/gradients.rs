//! `einsum_grad!` by what a gradient is: dual to the tangent, and the limit of differences.

use einloom::{einsum, einsum_grad};
use ndarray::{
    Array, Array1, Array2, Array3, ArrayD, ArrayView, ArrayViewD, Dimension, IntoDimension, arr1,
};
use num_complex::Complex;

#[path = "random/rng.rs"]
#[allow(dead_code, reason = "only a part is used here")]
mod rng;

use rng::Rng;

/// Returns numbers in -1..1.
fn random<Sh: IntoDimension>(rng: &mut Rng, shape: Sh) -> Array<f64, Sh::Dim> {
    let number = || (rng.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
    Array::from_shape_simple_fn(shape.into_dimension(), number)
}

fn inner(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A result of a macro, whose rank its term decides.
trait IntoDynamic {
    fn into_dynamic(self) -> ArrayD<f64>;
}

impl IntoDynamic for f64 {
    fn into_dynamic(self) -> ArrayD<f64> {
        ndarray::arr0(self).into_dyn()
    }
}

impl<D: Dimension> IntoDynamic for Array<f64, D> {
    fn into_dynamic(self) -> ArrayD<f64> {
        self.into_dyn()
    }
}

/// The view of the rank that a shape has.
fn of_rank<Sh: IntoDimension>(array: &ArrayD<f64>, _: Sh) -> ArrayView<'_, f64, Sh::Dim> {
    array.view().into_dimensionality().expect("the operands have the ranks of their shapes")
}

type Value<'a> = &'a dyn Fn(&[ArrayD<f64>]) -> ArrayD<f64>;
type Gradient<'a> = &'a dyn Fn(&[ArrayD<f64>], ArrayViewD<'_, f64>) -> Vec<ArrayD<f64>>;

/// The roundings of the longest sum in these tests, generously.
const ROUNDINGS: f64 = 200.0;

/// Checks the gradient of `value` at random operands of the given shapes.
fn check(text: &str, operands: &[ArrayD<f64>], value: Value<'_>, gradient: Gradient<'_>) {
    let rng = &mut Rng::new(text.len() as u64);
    let cotangent = random(rng, value(operands).raw_dim());
    let gradients = gradient(operands, cotangent.view());
    assert_eq!(gradients.len(), operands.len(), "{text}");
    // The size of the sums bounds their rounding error.
    let absolute: Vec<_> = operands.iter().map(|operand| operand.mapv(f64::abs)).collect();
    let size = |changed: &[ArrayD<f64>]| inner(&cotangent.mapv(f64::abs), &value(changed));
    for (number, (operand, found)) in operands.iter().zip(&gradients).enumerate() {
        assert_eq!(found.shape(), operand.shape(), "gradient {number} of {text}");
        let changed = |by: &ArrayD<f64>, of: &[ArrayD<f64>]| {
            let mut changed = of.to_vec();
            changed[number] = by.clone();
            changed
        };
        // ⟨v, J u⟩ = ⟨Jᵀ v, u⟩, where u moves this operand alone.
        let tangent = random(rng, operand.raw_dim());
        let bound = ROUNDINGS * f64::EPSILON * size(&changed(&tangent.mapv(f64::abs), &absolute));
        let forward = inner(&cotangent, &value(&changed(&tangent, operands)));
        let error = (forward - inner(found, &tangent)).abs();
        assert!(error <= bound, "duality of gradient {number} of {text}: {error} > {bound}");
        // The product is linear in one operand, so that a step of any length gives the derivative.
        let step = 0.5;
        let bound =
            2.0 * ROUNDINGS * f64::EPSILON * size(&changed(&(&absolute[number] + step), &absolute))
                / step;
        let mut moved = operand.clone();
        for (place, &expected) in found.indexed_iter() {
            let center = moved[&place];
            moved[&place] = center + step;
            let above = inner(&cotangent, &value(&changed(&moved, operands)));
            moved[&place] = center - step;
            let below = inner(&cotangent, &value(&changed(&moved, operands)));
            moved[&place] = center;
            let error = ((above - below) / (2.0 * step) - expected).abs();
            assert!(error <= bound, "gradient {number} of {text} at {place:?}: {error} > {bound}");
        }
    }
}

macro_rules! gradients {
    ($($name:ident {
        $($text:literal: $($x:ident $shape:expr),+ $(; $($label:ident = $extent:literal),+)?;)*
    })*) => { $(
        #[test]
        fn $name() {
            $({
                let rng = &mut Rng::new(line!() as u64);
                let operands = [$(random(rng, $shape).into_dyn()),+];
                let value = |operands: &[ArrayD<f64>]| {
                    let [$($x),+] = operands else { unreachable!() };
                    $(let $x = of_rank($x, $shape);)+
                    einsum!($text, $($x),+ $(; $($label = $extent),+)?).into_dynamic()
                };
                let gradient = |operands: &[ArrayD<f64>], cotangent: ArrayViewD<'_, f64>| {
                    let [$($x),+] = operands else { unreachable!() };
                    $(let $x = of_rank($x, $shape);)+
                    let ($($x,)+) =
                        einsum_grad!($text, $($x),+; cotangent $(; $($label = $extent),+)?);
                    vec![$($x.into_dynamic()),+]
                };
                check($text, &operands, &value, &gradient);
            })*
        }
    )* };
}

gradients! {
    products {
        "ij,jk->ik": a [2, 3], b [3, 4];
        "ij,jk": a [2, 3], b [3, 4];
        "i,i->": a [5], b [5];
        "i,j->ij": a [2], b [3];
        "ij,ij->ij": a [2, 3], b [2, 3];
        "bij,bjk->bik": a [2, 3, 2], b [2, 2, 4];
        "ijk,jil->kl": a [3, 2, 4], b [2, 3, 2];
        "batch q d, batch k d -> batch q k": a [2, 3, 4], b [2, 2, 4];
    }
    one_operand {
        "ij->ji": a [2, 3];
        "ij->i": a [2, 3];
        "ij->": a [2, 3];
        "i->i": a [4];
        "i1j->1ji": a [2, 1, 3];
    }
    many_operands {
        "ij,jk,kl->il": a [2, 3], b [3, 2], c [2, 4];
        "ij,jk,kl,lm->im": a [2, 3], b [3, 2], c [2, 4], d [4, 3];
        "bn,anm,bm->ba": a [2, 3], b [2, 3, 4], c [2, 4];
        "i,i,i->": a [4], b [4], c [4];
        "ea,fb,abcd,gc,hd->efgh": a [2, 2], b [2, 2], c [2, 2, 2, 2], d [2, 2], e [2, 2];
    }
    lone_labels {
        "ij,k->k": a [2, 3], b [4];
        "bik,jkl->bij": a [2, 3, 4], b [2, 4, 5];
        "ij,kl->": a [2, 3], b [2, 2];
        "ijk,jl->": a [2, 3, 2], b [3, 2];
    }
    diagonals {
        "ii->": a [3, 3];
        "ii->i": a [3, 3];
        "iij->ji": a [2, 2, 3];
        "nd,nn->d": a [3, 2], b [3, 3];
        "ijij->": a [2, 3, 2, 3];
        "iji,jkk->ik": a [2, 3, 2], b [3, 2, 2];
    }
    repeated_outputs {
        "i->ii": a [3];
        "ij->iij": a [2, 3];
        "i,j->iji": a [2], b [3];
        "ii->ii": a [3, 3];
    }
    output_only_labels {
        "i->ij": a [3]; j = 2;
        "ij,j->ikl": a [2, 3], b [3]; k = 2, l = 3;
        "->ii": a []; i = 3;
        "i->ijj": a [2]; j = 2;
    }
    ellipses {
        "...ij,...jk->...ik": a [2, 1, 3, 2], b [4, 2, 3];
        "...,...->...": a [2, 1], b [3];
        "...i,i->...": a [2, 3], b [3];
        "...i->i": a [2, 3, 2];
        "...->": a [2, 3];
        "i...,...i->...": a [2, 3, 1], b [4, 2];
        "...ii->...": a [2, 3, 3];
        "...,...->": a [1, 3], b [2, 1];
        "...i,...i,...->i...": a [1, 2], b [3, 1, 2], c [];
    }
    scalars {
        "->": a [];
        ",->": a [], b [];
        ",ij->i": a [], b [2, 3];
        "i,,i->": a [3], b [], c [3];
    }
    zero_extents {
        "ij,jk->ik": a [2, 0], b [0, 3];
        "ij,jk->ik": a [0, 2], b [2, 3];
        "ij->": a [0, 3];
        "...i,...i->...": a [0, 2], b [1, 2];
        "i,j->i": a [2], b [0];
    }
}

/// Each place of an array that stands twice has its own gradient; the derivative is their sum.
#[test]
fn the_same_array_twice() {
    let rng = &mut Rng::new(1);
    let (a, dy) = (random(rng, [3, 3]), random(rng, [3, 3]));
    let (left, right) = einsum_grad!("ij,jk->ik", &a, &a; &dy);
    let derivative = left + right;
    let loss = |a: &Array2<f64>| einsum!("ij,jk,ik->", a, a, &dy);
    // The loss is quadratic: a central difference has no error but rounding.
    let step = 0.5;
    for (place, &found) in derivative.indexed_iter() {
        let (mut above, mut below) = (a.clone(), a.clone());
        above[place] += step;
        below[place] -= step;
        let expected = (loss(&above) - loss(&below)) / (2.0 * step);
        assert!((found - expected).abs() <= ROUNDINGS * f64::EPSILON * 27.0 / step);
    }
    let (left, right) = einsum_grad!("i,i->", a.row(0), a.row(0); 1.0);
    assert_eq!(left + right, &a.row(0) * 2.0);
}

/// For a loss `L = Re Σ conj(dC) C`, the gradient is `∂L/∂Re A + i·∂L/∂Im A`.
#[test]
fn complex_convention() {
    let rng = &mut Rng::new(2);
    let mut complex = |shape: [usize; 2]| {
        let (re, im) = (random(rng, shape), random(rng, shape));
        ndarray::Zip::from(&re).and(&im).map_collect(|&re, &im| Complex::new(re, im))
    };
    let (a, b, dc) = (complex([2, 2]), complex([2, 3]), complex([2, 3]));
    let loss = |a: &Array2<Complex<f64>>| {
        let c = einsum!("ii,ij->ij", a, &b);
        c.iter().zip(&dc).map(|(c, dc)| (dc.conj() * c).re).sum::<f64>()
    };
    let (da, db) = einsum_grad!("ii,ij->ij", &a, &b; &dc);
    let step = 0.5;
    for (place, &found) in da.indexed_iter() {
        let along = |direction: Complex<f64>| {
            let (mut above, mut below) = (a.clone(), a.clone());
            above[place] += direction * step;
            below[place] -= direction * step;
            (loss(&above) - loss(&below)) / (2.0 * step)
        };
        let expected = Complex::new(along(Complex::new(1.0, 0.0)), along(Complex::I));
        assert!((found - expected).norm() <= ROUNDINGS * f64::EPSILON * 24.0);
    }
    assert_eq!(db, einsum!("ij,ii->ij", &dc, a.mapv(|z| z.conj())));
}

/// A gradient is an einsum again, so that a gradient of a gradient is one more call.
#[test]
fn second_derivatives() {
    let rng = &mut Rng::new(3);
    let (x, w) = (random(rng, [2, 3]), random(rng, [3, 4]));
    let (dy, u) = (random(rng, [2, 4]), random(rng, [3, 4]));
    // dw = einsum("bi,bo->io", x, dy), hence ⟨u, dw⟩ has this gradient with respect to x and dy.
    let (dx, ddy) = einsum_grad!("bi,bo->io", &x, &dy; &u);
    let (_, dw) = einsum_grad!("bi,io->bo", &x, &w; &dy);
    let close = |a: f64, b: f64| (a - b).abs() <= ROUNDINGS * f64::EPSILON * 24.0;
    let paired: f64 = (&dw * &u).sum();
    assert!(close((&dx * &x).sum(), paired) && close((&ddy * &dy).sum(), paired));
}

/// The gradients of a batch are those of its members, also where the batch is so large that it is taken in blocks.
#[test]
fn gradients_of_a_large_batch() {
    let rng = &mut Rng::new(4);
    let mut integers = |n: usize, i: usize, j: usize| {
        Array3::from_shape_simple_fn((n, i, j), || (rng.next() % 7) as i64 - 3)
    };
    for n in [3, 4_000] {
        let (a, b, c) = (integers(n, 4, 5), integers(n, 5, 6), integers(n, 6, 3));
        let d = integers(n, 3, 4);
        let dy = integers(n, 4, 4);
        let (da, db, dc, dd) = einsum_grad!("nij,njk,nkl,nlm->nim", &a, &b, &c, &d; &dy);
        for at in [0, 1, n / 2, n - 1] {
            let member = |array: &Array3<i64>| array.index_axis(ndarray::Axis(0), at).to_owned();
            let expected = einsum_grad!(
                "ij,jk,kl,lm->im", member(&a), member(&b), member(&c), member(&d); member(&dy)
            );
            assert_eq!((member(&da), member(&db), member(&dc), member(&dd)), expected);
        }
        let paired: Vec<i64> =
            [(&a, &da), (&b, &db), (&c, &dc), (&d, &dd)].map(|(x, dx)| (x * dx).sum()).to_vec();
        let value = einsum!("nij,njk,nkl,nlm->nim", &a, &b, &c, &d);
        assert_eq!(paired, [(&value * &dy).sum(); 4]);
    }
}

#[test]
fn zero_extents_give_zeros() {
    let (da, db) = einsum_grad!(
        "ij,jk->ik", Array2::<f64>::ones((0, 2)), Array2::ones((2, 3)); Array2::ones((0, 3))
    );
    assert_eq!((da.shape(), db), (&[0, 2][..], Array2::zeros((2, 3))));
    let (da, db) = einsum_grad!("i,j->i", arr1(&[1, 2]), Array1::zeros(0); arr1(&[5, 6]));
    assert_eq!((da, db.len()), (arr1(&[0, 0]), 0));
    let (da,) = einsum_grad!("bij->b", Array3::<f32>::zeros((2, 3, 0)); [1.0, 1.0]);
    assert_eq!(da.shape(), [2, 3, 0]);
}

//! The examples in the documentation of other libraries mean the same here.

use einloom::einsum;
use ndarray::{Array, Array1, Array2, Array3, Dimension, Ix1, Ix2, Ix3, Ix4, ShapeArg, arr1, arr2};

mod oracle;

use oracle::{Number, Tensor};

/// Returns `0, 1, 2, …` in C order, as `np.arange(n).reshape(shape)`.
fn arange<Sh: ShapeArg>(shape: Sh) -> Array<i64, Sh::Dim> {
    let (shape, _) = shape.into_shape_and_order();
    let count = shape.size();
    Array::from_shape_vec(shape, (0..count as i64).collect()).unwrap()
}

/// Returns small numbers of both signs.
fn some<Sh: ShapeArg>(shape: Sh) -> Array<i64, Sh::Dim> {
    arange(shape).mapv(|n| n * 7 % 11 - 5)
}

trait ToTensor {
    type Element;
    fn to_tensor(&self) -> Tensor<Self::Element>;
}

impl<T: Number, D: Dimension> ToTensor for Array<T, D> {
    type Element = T;
    fn to_tensor(&self) -> Tensor<T> {
        Tensor { shape: self.shape().to_vec(), data: self.iter().copied().collect() }
    }
}

impl ToTensor for i64 {
    type Element = i64;
    fn to_tensor(&self) -> Tensor<i64> {
        Tensor { shape: vec![], data: vec![*self] }
    }
}

/// Computes an einsum, compares it with the oracle, and returns it.
macro_rules! checked {
    ($text:literal, $($operand:expr),+ $(; $($label:ident = $extent:literal),+)?) => {{
        let found = einsum!($text, $(&$operand),+ $(; $($label = $extent),+)?);
        let operands = [$($operand.to_tensor()),+];
        let expected = oracle::einsum($text, &operands, &[$($((stringify!($label), $extent)),+)?]);
        assert_eq!(found.to_tensor(), expected, $text);
        found
    }};
}

/// The examples of `numpy.einsum`.
mod numpy {
    use super::*;

    #[test]
    fn trace_and_diagonal() {
        let a = arange((5, 5));
        assert_eq!(checked!("ii", a), 60);
        assert_eq!(checked!("ii->", a), 60);
        assert_eq!(checked!("ii->i", a), arr1(&[0, 6, 12, 18, 24]));
    }

    #[test]
    fn sum_along_an_axis() {
        let a = arange((5, 5));
        assert_eq!(checked!("ij->i", a), arr1(&[10, 35, 60, 85, 110]));
        assert_eq!(checked!("...j->...", a), arr1(&[10, 35, 60, 85, 110]));
        assert_eq!(checked!("i...->...", a), arr1(&[50, 55, 60, 65, 70]));
        assert_eq!(checked!("ij->", a), 300);
        assert_eq!(checked!("i->", arange(5)), 10);
    }

    #[test]
    fn transpose() {
        let c = arange((2, 3));
        let transposed = arr2(&[[0, 3], [1, 4], [2, 5]]);
        assert_eq!(checked!("ji", c), transposed);
        assert_eq!(checked!("ij->ji", c), transposed);
        assert_eq!(checked!("ba", c), transposed);
        assert_eq!(checked!("ij", c), c);
    }

    #[test]
    fn products_with_vectors() {
        let (a, b) = (arange((5, 5)), arange(5));
        assert_eq!(checked!("i,i", b, b), 30);
        assert_eq!(checked!("ij,j", a, b), arr1(&[30, 80, 130, 180, 230]));
        assert_eq!(checked!("...j,j", a, b), arr1(&[30, 80, 130, 180, 230]));
        let a = arange(2) + 1;
        let outer = checked!("i,j", a, b);
        assert_eq!(outer, arr2(&[[0, 1, 2, 3, 4], [0, 2, 4, 6, 8]]));
    }

    #[test]
    fn products_with_scalars() {
        let c = arange((2, 3));
        let expected = arr2(&[[0, 3, 6], [9, 12, 15]]);
        assert_eq!(checked!("..., ...", 3_i64, c), expected);
        assert_eq!(checked!(",ij", 3_i64, c), expected);
    }

    #[test]
    fn tensor_contraction() {
        let (a, b) = (arange((3, 4, 5)), arange((4, 3, 2)));
        let expected =
            arr2(&[[4400, 4730], [4532, 4874], [4664, 5018], [4796, 5162], [4928, 5306]]);
        assert_eq!(checked!("ijk,jil->kl", a, b), expected);
    }

    #[test]
    fn matrix_products() {
        let (a, b) = (some((2, 3)), some((3, 4)));
        checked!("ij,jk", a, b);
        checked!("ij,jh->hi", a, b);
        // The implicit output is sorted: a transposed product.
        assert_eq!(checked!("ij,jh", a, b), checked!("ij,jh->hi", a, b));
        checked!("ij,kj->ik", a, some((4, 3)));
    }

    #[test]
    fn ellipses() {
        let (a, b) = (arange((3, 2)), arange((4, 3)));
        let expected = arr2(&[[10, 28, 46, 64], [13, 40, 67, 94]]);
        assert_eq!(checked!("ki,jk->ij", a, b), expected);
        assert_eq!(checked!("ki,...k->i...", a, b), expected);
        assert_eq!(checked!("k...,jk", a, b), expected);
    }

    #[test]
    fn five_operands() {
        let a = Array3::<i64>::ones((2, 4, 8));
        assert_eq!(checked!("ijk,ilm,njm,nlk,abc->", a, a, a, a, a), 1 << 18);
    }
}

/// The examples of `torch.einsum`.
mod torch {
    use super::*;

    #[test]
    fn matrices() {
        let a = some((4, 4));
        checked!("ii", a);
        checked!("ii->i", a);
        checked!("i,j->ij", some(5), some(4));
        checked!("ij,jk", a, a);
        checked!("ij,ij->ij", a, a);
        checked!("ij,ij->", a, a);
    }

    #[test]
    fn batches() {
        checked!("bij,bjk->bik", some((3, 2, 5)), some((3, 5, 4)));
        checked!("...ij,...jk->...ik", some((7, 3, 2, 5)), some((1, 5, 4)));
        let swapped = checked!("...ij->...ji", some((2, 3, 4, 5)));
        assert_eq!(swapped.shape(), [2, 3, 5, 4]);
    }

    #[test]
    fn bilinear_form() {
        checked!("bn,anm,bm->ba", some((2, 5)), some((3, 5, 4)), some((2, 4)));
        checked!("ij,ik,ijk->i", some((2, 3)), some((2, 4)), some((2, 3, 4)));
    }

    #[test]
    fn capital_labels() {
        checked!("nC,Cn->n", some((3, 2)), some((2, 3)));
        // Capital letters are sorted before small ones.
        let (a, b) = (some((3, 2)), some((4, 5)));
        assert_eq!(checked!("aB,cD", a, b), checked!("aB,cD->BDac", a, b));
    }
}

/// The examples of `opt_einsum`.
mod opt_einsum {
    use super::*;

    #[test]
    fn chains() {
        let a = |rows, columns| some((rows, columns));
        checked!("ab,bc,cd", a(2, 3), a(3, 4), a(4, 2));
        checked!("ij,jk,kl,lm->im", a(2, 3), a(3, 4), a(4, 2), a(2, 5));
        checked!("ij,jk,kl,li->", a(2, 3), a(3, 4), a(4, 2), a(2, 2));
    }

    #[test]
    fn many_repeated_labels() {
        let (i, j, k, a, b, c, d) = (2, 3, 4, 2, 3, 4, 2);
        checked!(
            "bdik,acaj,ikab,ajac,ikbd->",
            some((b, d, i, k)),
            some((a, c, a, j)),
            some((i, k, a, b)),
            some((a, j, a, c)),
            some((i, k, b, d))
        );
    }

    /// The transformation of two-electron integrals.
    #[test]
    fn orbital_transformation() {
        let c = some((3, 3));
        let integrals = some((3, 3, 3, 3));
        checked!("ea,fb,abcd,gc,hd->efgh", c, c, integrals, c, c);
        checked!("pi,qj,pqrs,rk,sl->ijkl", c, c, integrals, c, c);
    }

    #[test]
    fn hadamard_and_outer() {
        checked!("abc,abc->abc", some((2, 3, 4)), some((2, 3, 4)));
        checked!("ab,cd->abcd", some((2, 3)), some((4, 5)));
        checked!("a,ab,abc->abc", some(2), some((2, 3)), some((2, 3, 4)));
    }
}

/// The examples of `einops`, as far as no axes are composed.
mod einops {
    use super::*;

    #[test]
    fn filters_and_features() {
        let images = some((2, 5, 6));
        let filters = some((5, 6, 3));
        checked!("batch h w, h w channel -> batch channel", images, filters);
    }

    #[test]
    fn attention() {
        let (q, k) = (some((2, 3, 4, 5)), some((2, 6, 4, 5)));
        let scores = checked!("b q h d, b k h d -> b h q k", q, k);
        assert_eq!(scores.shape(), [2, 4, 3, 6]);
        checked!("b head t1 t2, b t2 head c -> b head t1 c", scores, k);
        checked!("b t1 head c, b t2 head c -> b head t1 t2", q, k);
    }

    #[test]
    fn batched_products_of_matrices() {
        let (a, b) = (some((2, 3, 4)), some((3, 2, 4, 5)));
        checked!("... i j, ... j k -> ... i k", a, b);
        checked!("... in_dim, in_dim out_dim -> ... out_dim", a, some((4, 2)));
    }

    #[test]
    fn traces_and_outer_products() {
        checked!("i i ->", some((3, 3)));
        checked!("i i -> i", some((3, 3)));
        checked!("batch i, batch j -> batch i j", some((2, 3)), some((2, 4)));
    }

    #[test]
    fn rearrange_reduce_and_repeat() {
        let images = some((2, 3, 4, 5));
        checked!("b h w c -> h w c b", images);
        checked!("b c h w -> b c", images);
        checked!("b c h w -> b 1 1 c", images);
        checked!("h w -> h w c", some((3, 4)); c = 3);
        checked!("h w -> h repeat w", some((3, 4)); repeat = 2);
    }
}

/// Forms that other libraries lack.
mod beyond {
    use super::*;

    #[test]
    fn repeated_output_labels() {
        let diagonal = checked!("i->ii", some(3));
        assert_eq!(diagonal, Array2::from_diag(&some(3)));
        checked!("i,j->iji", some(2), some(3));
        checked!("ij->iijj", some((2, 3)));
    }

    #[test]
    fn names_in_parentheses() {
        let (x, w): (Array2<i64>, Array1<i64>) = (some((4, 3)), some(3));
        let y = checked!("(batch)i,i->(batch)", x, w);
        assert_eq!(y, checked!("batch i, i -> batch", x, w));
        assert_eq!(checked!("(größe)(θ),(θ)->(größe)", x, w), y);
    }

    #[test]
    fn line_breaks() {
        let x: Array<i64, Ix4> = some((2, 3, 4, 5));
        let w: Array<i64, Ix3> = some((3, 5, 2));
        let v: Array<i64, Ix1> = some(4);
        let y: Array<i64, Ix2> = checked!(
            "batch row column channel,
             row channel feature,
             column
             -> batch feature",
            x,
            w,
            v
        );
        assert_eq!(y.shape(), [2, 2]);
    }

    #[test]
    fn lone_labels_and_units() {
        checked!("bik,jkl->bij", some((2, 3, 4)), some((5, 4, 2)));
        checked!("b 1 i -> b i", some((2, 1, 3)));
        checked!("1i1,j->i1j1", some((1, 3, 1)), some(2));
    }
}

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use einsum_runtime::{Element, Operand, Output, ShapeError, scalar_operand};
pub use ndarray;

/// What the macros' expansions name. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use einsum_macros::{
        einsum_fn_impl, einsum_grad_impl, einsum_impl, einsum_into_impl, einsum_view_impl,
        try_einsum_impl,
    };
    pub use einsum_runtime::codegen::*;
}

/// Computes an einsum: the sum over all indices that the output lacks of the product of the
/// operands.
///
/// ```text
/// einsum!("terms -> output", operand, …)
/// einsum!("terms -> output", operand, …; label = extent, …)
/// ```
///
/// Returns a new array in C order with one axis a label of the output, an `ArrayD` if there are
/// more than six, or, if the output is empty, a scalar of the element type.
///
/// The [crate's page](crate) holds the notation. Operands are arrays, views, slices, nested arrays,
/// or scalars ([`Operand`]), by value or by reference, of one element type ([`Element`]). None is
/// copied, and none is moved.
///
/// # Shapes
///
/// All axes with one label have one extent. An extent after `;` gives that of a label that only the
/// output has, or says what the operands must have; a literal is compared while compiling. A label that
/// only windows have takes the largest extent with which they stay inside of their axes and padding, and
/// one label of a composed axis what remains of its extent.
///
/// # Panics
///
/// If extents disagree, or a dynamic rank is not that of its term, with the text of [`ShapeError`].
/// [`try_einsum!`] returns it instead.
///
/// # Examples
///
/// ```
/// use einloom::einsum;
/// use ndarray::{array, Array2, Array3};
///
/// let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[0.0, 1.0], [1.0, 0.0]]);
/// assert_eq!(einsum!("ij,jk->ik", &a, &b), a.dot(&b));
/// assert_eq!(einsum!("ii->", &a), 5.0);
/// assert_eq!(einsum!("i->ij", [1.0, 2.0]; j = 3), array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
///
/// let (x, w) = (Array3::<f32>::ones((8, 3, 4)), Array2::<f32>::ones((4, 5)));
/// let y = einsum!("batch row in, in out -> batch row out", &x, &w);
/// assert_eq!(y.dim(), (8, 3, 5));
///
/// // A convolution: each output reads a window of the input.
/// let (signal, taps) = ([1, 2, 3, 4, 5], [1, 10, 100]);
/// assert_eq!(einsum!("(x+k),k->x", &signal, &taps), array![321, 432, 543]);
/// assert_eq!(einsum!("(2*x+k-1),k->x", &signal, &taps), array![210, 432, 54]);
///
/// // An axis that holds two.
/// assert_eq!(einsum!("(r c)->r", [1, 2, 3, 4, 5, 6]; c = 3), array![6, 15]);
/// ```
#[macro_export]
macro_rules! einsum {
    ($($call:tt)*) => { $crate::__private::einsum_impl!(($crate) $($call)*) };
}

/// Computes an einsum, or returns the mistake in the shapes of its operands.
///
/// As [`einsum!`], but of type `Result<_, `[`ShapeError`]`>`.
///
/// # Errors
///
/// If extents disagree, a window does not fit into its axis, a composed axis does not divide, a dynamic rank
/// is not that of its term, or the result has more elements than memory could hold. Nothing has been
/// computed then.
///
/// # Examples
///
/// ```
/// use einloom::try_einsum;
/// use ndarray::Array2;
///
/// let (a, b) = (Array2::<f64>::ones((2, 3)), Array2::<f64>::ones((4, 5)));
/// let error = try_einsum!("ij,jk->ik", &a, &b).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "extents of `j` disagree: 3 in operand 0 (`&a`), axis 1, but 4 in operand 1 (`&b`), axis 0",
/// );
/// ```
#[macro_export]
macro_rules! try_einsum {
    ($($call:tt)*) => { $crate::__private::try_einsum_impl!(($crate) $($call)*) };
}

/// Computes an einsum into an existing array, in place of its elements or added to them.
///
/// ```text
/// einsum_into!("terms -> output", operand, … => output)
/// einsum_into!("terms -> output", operand, … => output; alpha = a, beta = b)
/// ```
///
/// The first form overwrites the output, the second makes it `beta * output + alpha * einsum`.
/// A scale that is not given is `alpha = 1` or `beta = 0`; with a `beta` of zero the output is not
/// read. Extents of labels are given after `;` too.
///
/// The output is an array or mutable view of any layout, a slice, a nested array, or a scalar
/// ([`Output`]).
///
/// # Shapes
///
/// As for [`einsum!`]; the output's extents take part.
///
/// # Panics
///
/// As [`einsum!`]. The output is untouched then.
///
/// # Examples
///
/// ```
/// use einloom::einsum_into;
/// use ndarray::{array, Array2};
///
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// let mut c = Array2::ones((2, 2));
/// einsum_into!("ij,jk->ik", &a, &a => &mut c; alpha = 2.0, beta = 1.0);
/// assert_eq!(c, array![[15.0, 21.0], [31.0, 45.0]]);
///
/// einsum_into!("ij->j", &a => c.row_mut(0));
/// assert_eq!(c.row(0), array![4.0, 6.0]);
/// ```
#[macro_export]
macro_rules! einsum_into {
    ($($call:tt)*) => { $crate::__private::einsum_into_impl!(($crate) $($call)*) };
}

/// Computes the gradients of an einsum with respect to all of its operands.
///
/// ```text
/// einsum_grad!("terms -> output", operand, …; cotangent)
/// einsum_grad!("terms -> output", operand, …; cotangent; label = extent, …)
/// ```
///
/// For an einsum with result `y` and a scalar `s` that depends on it, the cotangent is `∂s/∂y`,
/// with the shape of `y`. Returns a tuple of `∂s/∂operand`, always one an operand, each with its
/// operand's shape; that of an operand with an empty term is a scalar. An operand that is passed
/// twice has two gradients, to be added.
///
/// The gradient of an einsum is an einsum: the cotangent takes the operand's place among the
/// others. For complex elements these are conjugated, as in torch:
/// `dA = einsum(dC, conj(others))`.
///
/// # Shapes
///
/// As for [`einsum!`]. The cotangent does not broadcast. A gradient has an operand's own extents
/// where its ellipsis was broadcast: it is summed there. Where windows overlap it is the sum of what all of
/// them have read.
///
/// # Panics
///
/// As [`einsum!`].
///
/// # Examples
///
/// ```
/// use einloom::{einsum, einsum_grad};
/// use ndarray::array;
///
/// let (w, x) = (array![[1.0, 2.0], [3.0, 4.0]], array![5.0, 6.0]);
/// let dy = array![1.0, 10.0];
/// let (dw, dx) = einsum_grad!("ij,j->i", &w, &x; &dy);
/// assert_eq!(dw, einsum!("i,j->ij", &dy, &x));
/// assert_eq!(dx, einsum!("i,ij->j", &dy, &w));
///
/// let (dw,) = einsum_grad!("ii->", &w; 7.0);
/// assert_eq!(dw, array![[7.0, 0.0], [0.0, 7.0]]);
///
/// let (dx, dk) = einsum_grad!("(x+k),k->x", [1.0, 2.0, 3.0, 4.0], [1.0, 10.0]; [1.0, 1.0, 1.0]);
/// assert_eq!((dx, dk), (array![1.0, 11.0, 11.0, 10.0], array![6.0, 9.0]));
/// ```
#[macro_export]
macro_rules! einsum_grad {
    ($($call:tt)*) => { $crate::__private::einsum_grad_impl!(($crate) $($call)*) };
}

/// Returns a view of an array with its axes permuted, or of a diagonal. Nothing is computed.
///
/// The string has one operand and the output all of its labels, each once. Axes of extent one
/// (`1`) are added and removed at will, composed axes are split, and windows without padding are seen
/// as axes of their own. Elements can be of any type.
///
/// # Panics
///
/// If the axes of a diagonal have different extents, an axis `1` another extent than one, a dynamic
/// rank is not that of the term, a window does not fit into its axis, or a composed axis does not divide.
///
/// # Examples
///
/// ```
/// use einloom::einsum_view;
/// use ndarray::{array, Array4};
///
/// let images = Array4::<u8>::zeros((10, 3, 32, 24));
/// let last = einsum_view!("batch channel y x -> batch y x channel", &images);
/// assert_eq!(last.dim(), (10, 32, 24, 3));
/// assert_eq!(einsum_view!("ii->i", &array![[1, 2], [3, 4]]), array![1, 4]);
/// let patches = einsum_view!("b c (8*y+u) (8*x+v) -> b y x c u v", &images; u = 8, v = 8);
/// assert_eq!(patches.dim(), (10, 4, 3, 3, 8, 8));
/// let halves = einsum_view!("b c (half y) x -> half b c y x", &images; half = 2);
/// assert_eq!(halves.dim(), (2, 10, 3, 16, 24));
/// ```
#[macro_export]
macro_rules! einsum_view {
    ($($call:tt)*) => { $crate::__private::einsum_view_impl!(($crate) $($call)*) };
}

/// Declares functions that compute an einsum and its derivatives.
///
/// ```text
/// einsum_fn! {
///     pub fn name(operand: "term", …) -> "term";
///     …
/// }
/// ```
///
/// A signature has the form of a function's, with a term in place of every type. It becomes the function
/// `name`, which computes the einsum of these terms, and a module `name` with its derivatives:
///
/// | function | returns |
/// |---|---|
/// | `name(&x, &w)` | the value `y` |
/// | `name::vjp(&x, &w, &dy)` | the gradients `(dx, dw)`, always a tuple, given the cotangent of the value |
/// | `name::value_and_vjp(&x, &w, &dy)` | `(y, (dx, dw))`, computed together |
/// | `name::grad_x(&w, &dy)` | the gradient of one operand, of the operands that it depends on: the others, and its own if that alone tells a shape |
/// | `name::vjp_into(&x, &w, &dy, &mut dx, &mut dw)` | nothing: it adds the gradients to existing ones |
/// | `name::grad_x_into(&w, &dy, &mut dx)` | nothing: it adds one gradient |
/// | `name::jvp(&x, &w, &tx, &tw)` | the derivative of the value along tangents of the operands |
/// | `name::value_and_jvp(&x, &w, &tx, &tw)` | `(y, ty)` |
/// | `name::hvp(&x, &w, &dy, &tx, &tw)` | with `#[hvp]`: the derivatives of the gradients along tangents |
///
/// What is computed together shares what it has in common. The rustdoc of each emitted function states
/// its formula.
///
/// Cotangents and gradients are those of [`einsum_grad!`], also for complex elements and ellipses.
///
/// # Signatures
///
/// - **Terms** are those of index strings; see the [crate's page](crate). If one of a signature's strings
///   separates axes by white space, all of them name their axes.
/// - **Types.** An operand is taken as `&ArrayRef<T, IxN>`, to which references to arrays and views of
///   any kind coerce, and is returned as an `Array<T, IxN>`; above six axes the dimension is `IxDyn`. An operand
///   with an empty term is a `T` by value, and so is a result with one.
/// - **Elements.** A function is generic over `T: `[`Element`]; `fn name<f32>(…)` fixes the type, for which
///   any path will do that the surrounding module can name.
/// - **Ellipses.** A function whose terms have `...` is generic over the dimensions of these operands too. A
///   gradient takes its own operand then, whose shape says along which axes it was broadcast.
/// - **Extents.** `n: usize` among the parameters gives the extent of the label `n` at run time, `; h = 8`
///   behind the parameters while compiling. A label that only the output has needs one of them.
/// - **Constants.** `#[no_grad] x: "i j"` has no gradient and no tangent, and nothing is computed for one.
/// - **Attributes**, doc comments, and the visibility are passed on to the function; `#[cfg]`,
///   `#[deprecated]`, and `#[doc(hidden)]` to the module as well, and `#[inline]` to all functions.
///
/// # Panics
///
/// The functions panic as [`einsum!`] does, at the caller's line. Messages name the parameters.
///
/// # Examples
///
/// ```
/// use einloom::einsum_fn;
/// use ndarray::{Array2, Array3};
///
/// einsum_fn! {
///     /// One linear layer.
///     pub fn linear(x: "batch row in", w: "out in") -> "batch row out";
///
///     /// Attention scores of every head; the mask is data.
///     fn scores<f32>(q: "b h q d", k: "b h k d", #[no_grad] mask: "q k") -> "b h q k";
///
///     /// A row for every position.
///     fn repeated(x: "i", n: usize) -> "n i";
/// }
///
/// let (x, w) = (Array3::<f64>::ones((8, 3, 4)), Array2::<f64>::ones((5, 4)));
/// let y = linear(&x, &w);
/// let dy = &y * 2.0;
/// let (dx, dw) = linear::vjp(&x, &w, &dy);
/// assert_eq!((dx.dim(), dw.dim()), (x.dim(), w.dim()));
/// assert_eq!(linear::grad_w(&x, &dy), dw);
///
/// let mut total = dw.clone();
/// linear::grad_w_into(&x, &dy, &mut total); // total += dw
/// assert_eq!(total, 2.0 * dw);
///
/// let (tx, tw) = (Array3::ones(x.dim()), Array2::zeros(w.dim()));
/// assert_eq!(linear::jvp(&x, &w, &tx, &tw), linear(&tx, &w));
///
/// assert_eq!(repeated(&ndarray::arr1(&[1, 2]), 3).dim(), (3, 2));
/// ```
///
/// A function is differentiable any number of times, since its gradients are einsums:
///
/// ```
/// use einloom::einsum_fn;
/// use ndarray::array;
///
/// einsum_fn! {
///     #[hvp]
///     fn form(x: "i", a: "i j", z: "j") -> "";
/// }
///
/// let (x, a, z) = (array![1.0, 2.0], array![[1.0, 0.0], [3.0, 1.0]], array![1.0, -1.0]);
/// let (tx, ta, tz) = (array![1.0, 1.0], a.mapv(|_| 0.0), array![0.0, 0.0]);
/// let (hx, ha, hz) = form::hvp(&x, &a, &z, 1.0, &tx, &ta, &tz);
/// assert_eq!(hx, array![0.0, 0.0]); // `form` is linear in `x`
/// assert_eq!(ha, array![[1.0, -1.0], [1.0, -1.0]]); // tx zᵀ
/// assert_eq!(hz, array![4.0, 1.0]); // aᵀ tx
/// ```
#[macro_export]
macro_rules! einsum_fn {
    ($($signatures:tt)*) => { $crate::__private::einsum_fn_impl! { ($crate) $($signatures)* } };
}

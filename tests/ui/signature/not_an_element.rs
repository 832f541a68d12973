use einloom::einsum_fn;

einsum_fn! {
    fn linear<T: Float>(x: "b i", w: "i o") -> "b o";
}

fn main() {}

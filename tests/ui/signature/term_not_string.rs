use einloom::einsum_fn;

einsum_fn! {
    fn linear(x: &Array2<f64>, w: "i o") -> "b o";
}

fn main() {}

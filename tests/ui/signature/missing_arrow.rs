use einloom::einsum_fn;

einsum_fn! {
    fn linear(x: "b i", w: "i o");
}

fn main() {}

use einloom::einsum_fn;

einsum_fn! {
    fn linear(x: "b i", x_into: "i o") -> "b o";
}

fn main() {}

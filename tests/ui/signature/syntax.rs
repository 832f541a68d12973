use einloom::einsum_fn;

einsum_fn! {
    pub linear(x: "b i", w: "i o") -> "b o";
}

fn main() {}

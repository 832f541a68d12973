use einloom::einsum_fn;

einsum_fn! {
    fn linear(x: "b i, i o", w: "i o") -> "b o";
    fn product(x: "b i", w: "i o -> b o") -> "b o";
}

fn main() {}

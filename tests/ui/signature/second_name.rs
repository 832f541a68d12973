use einloom::einsum_fn;

einsum_fn! {
    fn linear(x: "b i", x: "i o") -> "b o";
    fn repeated(i: "i", i: usize) -> "i";
}

fn main() {}

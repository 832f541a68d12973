use einloom::einsum_fn;

einsum_fn! {
    #[hvp(x)]
    fn linear(x: "b i", w: "i o") -> "b o";
    fn masked(x: "b i", #[no_grad(true)] mask: "b i") -> "b i";
}

fn main() {}

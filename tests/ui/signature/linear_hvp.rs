use einloom::einsum_fn;

einsum_fn! {
    #[hvp]
    fn linear(x: "b i", #[no_grad] w: "i o") -> "b o";
}

fn main() {}

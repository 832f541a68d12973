use einloom::einsum_fn;

einsum_fn! {
    fn linear(#[no_grad] x: "b i", #[no_grad] w: "i o") -> "b o";
}

fn main() {}

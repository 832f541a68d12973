use einloom::einsum_fn;

einsum_fn! {
    #[no_grad]
    fn linear(x: "b i", w: "i o") -> "b o";
    fn masked(x: "b i", #[allow(unused)] mask: "b i", #[no_grad] n: usize) -> "b i n";
}

fn main() {}

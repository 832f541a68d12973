use einloom::einsum_fn;

einsum_fn! {
    fn linear(x: "b i", h: "i h"; h = 8) -> "b h";
}

fn main() {}

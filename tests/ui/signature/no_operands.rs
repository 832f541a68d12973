use einloom::einsum_fn;

einsum_fn! {
    fn ones(i: usize) -> "i";
}

fn main() {}

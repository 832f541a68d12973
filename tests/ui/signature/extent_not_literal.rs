use einloom::einsum_fn;

einsum_fn! {
    fn heads(x: "b c"; c = 2 * HEADS) -> "b c";
}

fn main() {}

use einloom::einsum_fn;

einsum_fn! {
    fn repeated(x: "i", j: usize) -> "i";
    fn linear(x: "batch row", w: "row out"; bach = 8) -> "batch out";
}

fn main() {}

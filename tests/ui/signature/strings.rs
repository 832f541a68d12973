use einloom::einsum_fn;

einsum_fn! {
    fn letters(x: "bi", w: "io") -> "b&";
    fn open(x: "b (i", w: "i o") -> "b o";
}

fn main() {}

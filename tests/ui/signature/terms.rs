use einloom::einsum_fn;

einsum_fn! {
    fn unknown(x: "b i", w: "i o") -> "b q";
    fn several(x: "b i", w: "i o") -> "b p q";
    fn second(x: "b i", w: "i ... o ...") -> "b o";
    fn number(x: "b 2", w: "i o") -> "b o";
    fn twice(x: "b i", i: usize; i = 3) -> "b";
    fn ellipsis(x: "b i") -> "b ...";
}

fn main() {}

use einloom::einsum_fn;

einsum_fn! {
    fn unknown(x: "b i", w: "i o") -> "b q";
    fn letters(x: "bi", w: "io") -> "b&";
    fn second(x: "b i", w: "i ... o ...") -> "b o";
    fn number(x: "b 2", w: "i o") -> "b o";
    fn open(x: "b (i", w: "i o") -> "b o";
    fn twice(x: "b i", i: usize; i = 3) -> "b";
}

fn main() {}

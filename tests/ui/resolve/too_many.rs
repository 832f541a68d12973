use einloom::einsum;

fn main() {
    let v = [1.0, 2.0];
    let _ = einsum!(
        "i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i,i->",
        &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v,
        &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v,
        &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v,
        &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v,
        &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v, &v
    );
}

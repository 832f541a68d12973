use einloom::{einsum, einsum_view};

fn main() {
    let _ = einsum!();
    let _ = einsum_view!();
}

//! Sorting what there is little of: the loops of a nest, the axes of an array.

/// Sorts by a key; those with equal keys stay in order. Quadratic: the standard library's sort would be more code for each
/// of its callers than all else that they do.
pub(crate) fn sort_by_key<T, K: Ord>(things: &mut [T], key: impl Fn(&T) -> K) {
    sort(things, &key);
}

/// Compiled once for things and keys of one type.
fn sort<T, K: Ord>(things: &mut [T], key: &dyn Fn(&T) -> K) {
    let mut sorted = 1;
    while sorted < things.len() {
        let mut at = sorted;
        while at > 0 && key(&things[at]) < key(&things[at - 1]) {
            things.swap(at, at - 1);
            at -= 1;
        }
        sorted += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::sort_by_key;

    #[test]
    fn equal_keys_keep_their_order() {
        for count in 0..7_usize {
            let things: Vec<(usize, usize)> = (0..count).map(|i| (i * 5 % 3, i)).collect();
            let (mut ours, mut standard) = (things.clone(), things);
            sort_by_key(&mut ours, |thing| thing.0);
            standard.sort_by_key(|thing| thing.0);
            assert_eq!(ours, standard);
        }
    }
}

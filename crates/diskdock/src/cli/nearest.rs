//! Suggests the most similar name for a misspelt one.

/// The name nearest to `wanted`, unless none is near.
pub(crate) fn nearest<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let with_distance =
        names.into_iter().map(|name| (distance(&wanted, &name.to_lowercase()), name));
    let (steps, name) = with_distance.min_by_key(|(steps, _)| *steps)?;
    (steps <= wanted.chars().count().div_ceil(3)).then_some(name)
}

/// ` Did you mean …?`, or nothing.
pub(crate) fn did_you_mean<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wanted, names).map(|name| format!("Did you mean {name}?")).unwrap_or_default()
}

/// The edit distance: letters inserted, removed, replaced or swapped with the next.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != other);
            let mut best = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            let swapped = row > 0 && column > 0;
            if swapped && *letter == right[column - 1] && left[row - 1] == *other {
                best = best.min(before[column - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("disk", "disk"), 0);
        assert_eq!(distance("dsik", "disk"), 1);
        assert_eq!(distance("diskid", "disk_id"), 1);
    }

    #[test]
    fn nearest_suggests_similar_names_only() {
        let names = ["DiskId", "InstanceId", "DeleteWithInstance"];
        assert_eq!(nearest("diskid", names), Some("DiskId"));
        assert_eq!(nearest("InstaceId", names), Some("InstanceId"));
        assert_eq!(nearest("Colour", names), None);
        assert_eq!(nearest("x", []), None);
    }
}

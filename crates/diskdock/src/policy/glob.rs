//! Patterns: `*` stands for any characters, also none, and `?` for one.

/// Whether a text matches a pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last star was, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(one) if *one == '?' || *one == text[read] => {
                at += 1;
                read += 1;
            }
            Some(_) | None => {
                let Some((starred, taken)) = star else { return false };
                star = Some((starred, taken + 1));
                (at, read) = (starred + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}

/// Parts of an ARN: `acs`, service, region, account, and the rest.
const PARTS: usize = 5;

/// Whether a resource matches the pattern of an ARN. A region or an account that the pattern
/// leaves empty is any.
pub(super) fn arn_matches(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let patterns: Vec<&str> = pattern.splitn(PARTS, ':').collect();
    let parts: Vec<&str> = resource.splitn(PARTS, ':').collect();
    let fits = |(at, (pattern, part)): (usize, (&&str, &&str))| {
        ((2..=3).contains(&at) && pattern.is_empty()) || matches(pattern, part)
    };
    patterns.len() == PARTS
        && parts.len() == PARTS
        && patterns.iter().zip(&parts).enumerate().all(fits)
}

//! Checks ids before they become names of files; no other text becomes part of a path.

use super::StorageError;

/// The longest id in bytes.
const LONGEST: usize = 64;

/// The id, if it can be the name of a file: it then holds no dot, slash, blank or comma, so that it
/// stays in its directory and needs no escaping on a command line.
pub(crate) fn checked(id: &str) -> Result<&str, StorageError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    // A leading dash would be an option on a command line.
    let sound = (1..=LONGEST).contains(&id.len()) && id.bytes().all(allowed);
    if sound && !id.starts_with('-') {
        Ok(id)
    } else {
        Err(StorageError::Name { id: id.chars().take(LONGEST * 2).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_become_names() {
        for sound in ["d-bp1abc", "m-1", "A", &"x".repeat(LONGEST)] {
            assert_eq!(checked(sound).unwrap(), sound);
        }
        let long = "x".repeat(LONGEST + 1);
        let odd = ["", ".", "..", "../x", "a/b", "/etc", "a.raw", "a b", "a,b", "-x", "ü", "a\0"];
        for wrong in odd.into_iter().chain([long.as_str()]) {
            assert!(matches!(checked(wrong), Err(StorageError::Name { .. })), "{wrong:?}");
        }
    }
}

//! Device names as clients see them.

/// The device name of every system disk.
pub const SYSTEM_DEVICE: &str = "/dev/xvda";

/// The name of the `index`-th data disk of an instance, from 0: `/dev/xvdb`, …, `/dev/xvdz`,
/// `/dev/xvdaa`, ….
fn device_name(index: usize) -> Option<String> {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n).unwrap_or(0));
    match index {
        0..25 => Some(format!("/dev/xvd{}", letter(index + 1))),
        25..crate::limits::DEVICE_NAMES => {
            let pair = index - 25;
            Some(format!("/dev/xvd{}{}", letter(pair / 26), letter(pair % 26)))
        }
        _ => None,
    }
}

/// The first name of a data disk that is not `taken`; none if all are.
pub fn first_free_device(taken: impl Fn(&str) -> bool) -> Option<String> {
    (0..crate::limits::DEVICE_NAMES).map_while(device_name).find(|name| !taken(name))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::limits::DEVICE_NAMES;

    #[test]
    fn device_names_are_unique_and_of_the_documented_form() {
        let names: Vec<_> = (0..DEVICE_NAMES).filter_map(device_name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), DEVICE_NAMES);
        assert_eq!(
            [&*names[0], &*names[24], &*names[25]],
            ["/dev/xvdb", "/dev/xvdz", "/dev/xvdaa"]
        );
        assert_eq!(names[DEVICE_NAMES - 1], "/dev/xvdzz");
        assert_eq!(device_name(DEVICE_NAMES), None);
        assert_eq!(device_name(usize::MAX), None);
    }

    #[test]
    fn the_first_free_device_is_the_first_that_is_not_taken() {
        let taken = ["/dev/xvdb", "/dev/xvdd"];
        let free = first_free_device(|name| taken.contains(&name));
        assert_eq!(free.as_deref(), Some("/dev/xvdc"));
        assert_eq!(first_free_device(|_| true), None);
    }
}

//! Checks the limits on open files.

use rustix::process::{Resource, getrlimit};

use super::Point;

const NAME: &str = "open files";
/// Files that one process needs: a virtual machine with its disks, or a server with its guests.
const WANTED: u64 = 4_096;
/// Files that the whole system should still have left.
const LEFT: u64 = 10_000;

/// Checks the limits of this process and of the system.
pub(crate) fn examine() -> Vec<Point> {
    let own = of_process(getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX));
    let system = std::fs::read_to_string("/proc/sys/fs/file-nr").unwrap_or_default();
    std::iter::once(own).chain(of_system(&system)).collect()
}

fn of_process(hard: u64) -> Point {
    if hard >= WANTED {
        return Point::ok(NAME, format!("{hard} in one process"));
    }
    let found = format!("only {hard} in one process");
    let remedy = format!("raise it: ulimit -Hn {WANTED}, or LimitNOFILE= in the systemd unit");
    Point::warning(NAME, found, remedy)
}

/// `used  unused  limit`, as the kernel writes it; nothing if all is well.
fn of_system(file_nr: &str) -> Option<Point> {
    let numbers: Vec<u64> =
        file_nr.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [used, _, limit] = numbers[..] else { return None };
    let left = limit.saturating_sub(used);
    let found = format!("the whole system has {left} left of {limit}");
    (left < LEFT).then(|| Point::warning(NAME, found, "raise it: sysctl fs.file-max"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn of_process_and_of_system_grade_their_limits() {
        assert_eq!(of_process(1_024).verdict, Verdict::Warning);
        assert_eq!(of_process(4_096).verdict, Verdict::Ok);
        assert_eq!(of_system("1000 0 9223372036854775807\n"), None);
        assert!(of_system("1000 0 2000").is_some_and(|point| point.found.contains("1000 left")));
        assert_eq!(of_system(""), None);
    }
}

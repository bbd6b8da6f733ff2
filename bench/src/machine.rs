//! The machine that the numbers were measured on.

/// Processors, model, memory, kernel and load, in a line each.
pub(crate) fn facts() -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("?".to_owned(), |(_, value)| {
            value.split_whitespace().collect::<Vec<_>>().join(" ")
        })
    };
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpuinfo = read("/proc/cpuinfo");
    vec![
        format!("processors: {processors} x {}", after(&cpuinfo, "model name")),
        format!("memory: {}", after(&read("/proc/meminfo"), "MemTotal")),
        format!("kernel: {}", read("/proc/sys/kernel/osrelease").trim()),
        format!("load before the run: {}", read("/proc/loadavg").trim()),
    ]
}

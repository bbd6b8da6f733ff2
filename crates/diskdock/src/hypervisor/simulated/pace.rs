//! How long simulated transitions take.

use domain::TransitionKind;

/// How long transitions take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Tens of milliseconds: short, yet every transient state can be seen.
    Fast,
    /// About a minute, as on the real cloud.
    Cloud,
    /// This long, in milliseconds. Creating and resizing disks take no time all the same, unless a
    /// rule slows them.
    Exactly(i64),
}

impl Pace {
    /// Milliseconds that a transition takes.
    pub fn of(self, transition: TransitionKind) -> i64 {
        match (self, transition) {
            (Pace::Fast | Pace::Exactly(_), TransitionKind::Create | TransitionKind::Resize) => 0,
            (Pace::Exactly(milliseconds), _) => milliseconds,
            (Pace::Fast, _) => 20,
            (Pace::Cloud, TransitionKind::Create | TransitionKind::Resize) => 5_000,
            (Pace::Cloud, TransitionKind::Attach) => 10_000,
            (Pace::Cloud, TransitionKind::Detach) => 60_000,
            (
                Pace::Cloud,
                TransitionKind::Start
                | TransitionKind::Reboot
                | TransitionKind::Modify
                | TransitionKind::Snapshot
                | TransitionKind::Copy
                | TransitionKind::Reinit
                | TransitionKind::Replace,
            ) => 30_000,
            (Pace::Cloud, TransitionKind::Stop) => 20_000,
        }
    }

    /// Reads `fast`, `cloud` or a duration such as `500ms`, `2s` or `1m`.
    pub fn parse(text: &str) -> Result<Pace, String> {
        match text {
            "fast" => Ok(Pace::Fast),
            "cloud" => Ok(Pace::Cloud),
            other => parse_duration_ms(other).map(Pace::Exactly).ok_or_else(|| {
                format!("`{other}` is neither fast, cloud nor a duration such as 500ms, 2s or 1m")
            }),
        }
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pace::Fast => out.write_str("fast"),
            Pace::Cloud => out.write_str("cloud"),
            Pace::Exactly(milliseconds) => write!(out, "{milliseconds}ms"),
        }
    }
}

/// Milliseconds of `500ms`, `2s`, `1m`, `1h`; at most a year.
pub fn parse_duration_ms(text: &str) -> Option<i64> {
    const YEAR_MS: i64 = 366 * 24 * 3_600_000;
    let (digits, factor) = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)]
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    let number: i64 = digits.parse().ok()?;
    number.checked_mul(factor).filter(|total| (0..=YEAR_MS).contains(total))
}

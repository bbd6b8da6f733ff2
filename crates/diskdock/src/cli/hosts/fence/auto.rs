//! `diskdock hosts fence --auto`: watches the hosts, and fences each that is lost, as the command
//! does on an operator's word.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Failure, Fencer, say_fenced, serve};
use crate::assembly::fence::{LostHost, SilenceSeen, SilenceWatch};
use crate::assembly::host::HostAssembly;
use crate::cli::output;
use crate::clock::Clock;
use crate::hypervisor::parse_duration_ms;

/// How long the process rests between two looks at the hosts.
const LOOKS_EVERY: Duration = Duration::from_secs(5);
/// The shortest silence after which a host may be fenced: several heartbeats.
const SHORTEST: Duration = Duration::from_secs(60);

/// Reads the time of `--after`.
pub(super) fn silence(text: &str) -> Result<Duration, String> {
    let milliseconds = parse_duration_ms(text).and_then(|ms| u64::try_from(ms).ok());
    match milliseconds.map(Duration::from_millis) {
        Some(time) if time >= SHORTEST => Ok(time),
        Some(_) => Err(format!("a host may be silent for {} s", SHORTEST.as_secs())),
        None => Err("use a duration such as 90s or 10m".to_owned()),
    }
}

/// Watches, fences and stands in for what was fenced, until it is told to stop.
pub(super) async fn run(fencer: &Fencer, after: Duration) -> Result<(), Failure> {
    let seconds = after.as_secs();
    output::print(&format!("watches all hosts; one that is silent for {seconds} s is fenced"))?;
    tokio::select! {
        () = serve::stop_requested() => Ok(()),
        () = watch(fencer, after) => Ok(()),
    }
}

async fn watch(fencer: &Fencer, after: Duration) {
    let mut watch = SilenceWatch::new(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
    let clock = Clock::default();
    let (mut stand_ins, mut told) = (JoinSet::new(), HashSet::new());
    // The same is told again only after all was well.
    let mut tell = |why: Option<String>| match why {
        None => told.clear(),
        Some(why) if told.insert(why.clone()) => tracing::error!(why, "nothing is fenced"),
        Some(_) => {}
    };
    loop {
        match watch.look(&fencer.store, clock.uptime()).await {
            Ok(SilenceSeen::Nothing) => tell(None),
            Ok(SilenceSeen::TooMany { silent, heard }) => tell(Some(format!(
                "{silent} hosts are silent and {heard} are heard of: do they reach the database?"
            ))),
            Ok(SilenceSeen::Lost(lost)) => match fence(fencer, &mut watch, &lost).await {
                Ok(stand_in) => {
                    stand_ins.spawn(async move {
                        stand_in.tasks.run(|| ()).await;
                        tracing::info!(host = lost.name, "was removed, or fenced again");
                    });
                }
                Err(failure) => tell(Some(format!("{}. {}", failure.message, failure.hint))),
            },
            Err(fault) => tell(Some(format!("the hosts cannot be looked at: {fault}"))),
        }
        sleep(LOOKS_EVERY).await;
    }
}

/// Fences a host as an operator would. The next one is fenced only if it is silent for all of the
/// time again.
async fn fence(
    fencer: &Fencer,
    watch: &mut SilenceWatch,
    lost: &LostHost,
) -> Result<HostAssembly, Failure> {
    watch.begin_anew();
    let fencing = fencer.begin(&lost.name, Some(lost)).await?;
    watch.begun(&fencing.term);
    let many = fencing.disks.len();
    let stand_in = fencer.carry_out(fencing).await?;
    say_fenced(&lost.name, many);
    Ok(stand_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_a_time_of_several_heartbeats() {
        assert_eq!(silence("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(silence("60s"), Ok(SHORTEST));
        for wrong in ["59s", "5", "soon", "-5m"] {
            assert!(silence(wrong).is_err(), "{wrong}");
        }
    }
}

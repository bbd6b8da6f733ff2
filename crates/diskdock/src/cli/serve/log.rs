//! The server's log, on standard error.

use std::io::IsTerminal;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::args::ServeArgs;
use super::traces::{TraceLayer, only_calls};
use crate::cli::Failure;

/// The options of a log.
pub(crate) struct LogOptions<'o> {
    /// The filter; by default everything from info on.
    pub filter: Option<&'o str>,
    /// Whether the default is warnings and errors only.
    pub quiet: bool,
    /// Whether lines are JSON.
    pub json: bool,
}

impl LogOptions<'_> {
    /// Those of a server.
    pub(super) fn of(args: &ServeArgs) -> LogOptions<'_> {
        LogOptions { filter: args.log.as_deref(), quiet: args.quiet, json: args.log_json }
    }
}

/// Starts the log. Lines are written by a thread of their own, so that a slow reader delays
/// no call; beyond 128,000 lines that wait, new ones are dropped. The last lines are
/// written when the guard is dropped.
pub(crate) fn start(options: &LogOptions<'_>) -> Result<WorkerGuard, Failure> {
    let filter = filter(options)?;
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(writer);
    let started = if options.json { log.json().try_init() } else { log.try_init() };
    started.map(|()| guard).map_err(|error| Failure::new(error, ""))
}

/// Starts the log as `start` does, and hands calls to the traces, whatever the log is filtered by.
pub(super) fn start_with_traces(
    options: &LogOptions<'_>,
    traces: TraceLayer,
) -> Result<WorkerGuard, Failure> {
    let filter = filter(options)?;
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let log = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(writer);
    let log = if options.json { log.json().boxed() } else { log.boxed() };
    let started = tracing_subscriber::registry()
        .with(log.with_filter(filter))
        .with(traces.with_filter(only_calls()))
        .try_init();
    started.map(|()| guard).map_err(|error| Failure::new(error, ""))
}

fn filter(options: &LogOptions<'_>) -> Result<EnvFilter, Failure> {
    let usual = if options.quiet { "warn" } else { "info" };
    EnvFilter::try_new(options.filter.unwrap_or(usual)).map_err(|error| {
        Failure::new(format!("--log: {error}"), "Use info, debug or a list such as diskdock=trace.")
    })
}

//! Metrics in the Prometheus text format.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::service::Services;

/// Labels of a request.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    action: &'static str,
    code: &'static str,
}

/// Labels of an action.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ActionLabels {
    action: &'static str,
}

/// Labels of an operation.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    kind: String,
    phase: String,
}

/// The counters and histograms.
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<ActionLabels, Histogram, fn() -> Histogram>,
}

fn new_histogram() -> Histogram {
    // 50 microseconds to about 13 seconds.
    Histogram::new(exponential_buckets(0.000_05, 4.0, 10))
}

impl Default for Metrics {
    fn default() -> Metrics {
        let seconds = Family::new_with_constructor(new_histogram as fn() -> Histogram);
        Metrics { requests: Family::default(), seconds }
    }
}

impl Metrics {
    /// Counts a request. Both labels come from our own tables, so their number is bounded.
    pub(crate) fn request(&self, action: &'static str, code: &'static str, took: Duration) {
        self.requests.get_or_create(&RequestLabels { action, code }).inc();
        self.seconds.get_or_create(&ActionLabels { action }).observe(took.as_secs_f64());
    }

    /// All metrics as text.
    pub(crate) fn text(&self, services: &Services, hypervisor: &HypervisorCounts) -> String {
        let mut registry = Registry::with_prefix("diskdock");
        registry.register("requests", "Requests by action and code", self.requests.clone());
        registry.register(
            "request_seconds",
            "Time from decoding to answering",
            self.seconds.clone(),
        );
        register_operations(&mut registry, services);
        for (name, value) in services.store.gauges() {
            gauge(&mut registry, name, "Of the store", value);
        }
        hypervisor.register(&mut registry);
        let mut out = String::new();
        // Writing into a String does not fail.
        let _ = text::encode(&mut out, &registry);
        out
    }
}

/// Numbers that the hypervisor has.
pub(crate) struct HypervisorCounts {
    /// Disks that may have lost writes. None while it is unknown; then it is left out.
    pub damaged_disks: Option<usize>,
    /// Machines that stand still.
    pub paused_machines: usize,
    /// Disks that were plugged in again since the server has started.
    pub plugged_again: u64,
}

impl HypervisorCounts {
    fn register(&self, registry: &mut Registry) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(damaged) = self.damaged_disks.map(number) {
            gauge(registry, "disks_damaged", "Disks that may have lost writes", damaged);
        }
        let help = "Virtual machines that stand still: no room on the host, or an operator's word";
        gauge(registry, "machines_paused", help, number(self.paused_machines));
        let again = Counter::<u64>::default();
        again.inc_by(self.plugged_again);
        let help = "Disks plugged in again that left their guest without a request to detach them";
        registry.register("disks_plugged_again", help, again);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn register_operations(registry: &mut Registry, services: &Services) {
    let now = services.clock.now();
    let rows = services.runner.in_flight_rows();
    let in_flight = Family::<OperationLabels, Gauge>::default();
    let oldest = Family::<OperationLabels, Gauge>::default();
    for row in &rows {
        let labels = OperationLabels { kind: row.kind.clone(), phase: row.phase.clone() };
        in_flight.get_or_create(&labels).inc();
        let age_s = now.since_ms(row.created_at) / 1_000;
        let gauge = oldest.get_or_create(&labels);
        gauge.set(gauge.get().max(age_s));
    }
    registry.register("operations_in_flight", "Operations that wait for something", in_flight);
    registry.register("operation_oldest_seconds", "Age of the oldest of them", oldest);
    let tally = &services.runner.tally;
    for (name, help, value) in [
        ("operations_done", "Operations that ended well", &tally.done),
        ("operations_given_up", "Operations that were given up", &tally.given_up),
        ("operation_failures", "Steps that failed and were tried again", &tally.failures),
    ] {
        let counter = Counter::<u64>::default();
        counter.inc_by(value.load(Ordering::Relaxed));
        registry.register(name, help, counter);
    }
}

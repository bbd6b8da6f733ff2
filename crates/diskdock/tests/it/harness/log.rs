//! Watches the log: a warning fails the story in which it is given.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The warnings of the log.
#[derive(Clone, Default)]
pub(super) struct Watch {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    /// Watches this thread's log until the guard is dropped.
    pub(super) fn start() -> (Watch, tracing::subscriber::DefaultGuard) {
        let watch = Watch::default();
        let subscriber = tracing_subscriber::registry().with(watch.clone());
        (watch, tracing::subscriber::set_default(subscriber))
    }
}

impl Watch {
    /// Takes the warnings that the story expects, those with this text in them; says how many.
    pub(super) fn take(&self, text: &str) -> usize {
        let mut seen = self.seen.lock().unwrap();
        let before = seen.len();
        seen.retain(|line| !line.contains(text));
        before - seen.len()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The subscriber holds another one; the last but one is the story's.
        if std::thread::panicking() || Arc::strong_count(&self.seen) < 2 {
            return;
        }
        let seen = self.seen.lock().unwrap();
        assert!(seen.is_empty(), "unexpected in the log: {seen:#?}");
    }
}

impl<S: Subscriber> Layer<S> for Watch {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            Call::record(event);
            return;
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.seen.lock().unwrap().push(line.0);
    }
}

/// A call as the gateway logs it.
#[derive(Default)]
struct Call {
    message: String,
    action: String,
    code: String,
    cause: String,
    status: u64,
}

impl Call {
    fn record(event: &Event<'_>) {
        let mut call = Call::default();
        event.record(&mut call);
        if call.message == "call" {
            let status = u16::try_from(call.status).unwrap();
            super::record::answered(&call.action, status, &call.code, &call.cause);
        }
    }
}

impl Visit for Call {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "action" => self.action = value.to_owned(),
            "code" => self.code = value.to_owned(),
            "cause" => self.cause = value.to_owned(),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = value;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}

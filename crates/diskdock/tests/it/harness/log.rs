//! Watches the log: a warning fails the story in which it is given.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// What was warned of.
#[derive(Clone, Default)]
pub struct Watch {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    /// Watches this thread's log until the guard is dropped.
    pub fn start() -> (Watch, tracing::subscriber::DefaultGuard) {
        let watch = Watch::default();
        let subscriber = tracing_subscriber::registry().with(watch.clone());
        (watch, tracing::subscriber::set_default(subscriber))
    }
}

impl Watch {
    /// Takes the warnings that the story expects, those with this text in them; says how many.
    pub fn take(&self, text: &str) -> usize {
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
            return;
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.seen.lock().unwrap().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}

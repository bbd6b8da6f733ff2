//! Progress of long copies, for people; and the threads that such work runs on.

use std::io::{IsTerminal, Write};

use super::Failure;
use crate::storage::TransferProgress;

/// Characters of the bar that shows progress.
const BAR: usize = 30;
/// Percent between two lines of progress, where there is no terminal.
const LINE_EVERY: f64 = 10.0;

/// Runs blocking work on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failure::new(error, "")))
}

/// A bar on a terminal, else a line now and then.
#[derive(Default)]
pub(super) struct Bar {
    last: Option<f64>,
    drawn: bool,
}

impl Bar {
    /// Shows how much is copied, in percent.
    pub(super) fn show(&mut self, percent: f64) {
        if std::io::stderr().is_terminal() {
            self.draw(percent);
        } else if self.last.is_none_or(|last| percent - last >= LINE_EVERY || percent >= 100.0) {
            self.last = Some(percent);
            eprintln!("copied {percent:.0} %");
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    fn draw(&mut self, percent: f64) {
        let full = (percent.clamp(0.0, 100.0) as usize) * BAR / 100;
        let (done, left) = ("#".repeat(full), " ".repeat(BAR - full));
        eprint!("\rcopied [{done}{left}] {percent:3.0} %");
        // A closed terminal does not stop the copy.
        let _ = std::io::stderr().flush();
        self.drawn = true;
    }

    /// Whatever comes is on a new line.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.drawn) {
            eprintln!();
        }
    }
}

/// Shows how far a copy of a disk is.
pub(super) fn show_progress(bar: &mut Bar, progress: TransferProgress) {
    match progress {
        TransferProgress::Checking => eprintln!("checking"),
        TransferProgress::Copied(percent) => bar.show(percent),
        TransferProgress::Saving => {
            bar.end();
            eprintln!("making it durable");
        }
    }
}

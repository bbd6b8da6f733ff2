//! The console of an instance, which any number of viewers share: they all see its output, and what
//! any of them types goes to the guest.
//!
//! The latest output is kept once for all viewers. Reading from the guest never waits for one of
//! them: a viewer that is further behind than what is kept is told how much it has missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};
use domain::{InstanceId, Moment};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::{mpsc, watch};

/// Viewers of one console at a time.
const VIEWERS: usize = 16;
/// Bytes of output that are kept for viewers that are behind.
const KEPT: usize = 256 * 1024;
/// Bytes of output that are given at once, at most.
const PIECE: usize = 16 * 1024;
/// Bytes of one piece of input, at most.
pub(crate) const CONSOLE_INPUT: usize = 4 * 1024;
/// Pieces of input that wait for the guest, at most.
const INPUT_QUEUE: usize = 16;
/// Why a console ends by itself.
const ENDED: &str = "the virtual machine was turned off or restarted";

/// The output of an instance on its console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleOutput {
    /// The latest bytes.
    pub bytes: Vec<u8>,
    /// When the last byte was written, if that is known.
    pub at: Option<Moment>,
}

/// Why an instance has no console that takes input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoConsole {
    /// The reason.
    pub error: String,
    /// The remedy.
    pub hint: &'static str,
}

impl NoConsole {
    /// The instance is simulated, or its machine is not run by this server.
    pub(crate) fn without_machine(instance: &InstanceId) -> NoConsole {
        NoConsole {
            error: format!("{instance} has no console: no virtual machine runs for it here"),
            hint: "Only servers with --hypervisor qemu run guests; see docs/hosts.md.",
        }
    }
}

/// The next that comes to a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsolePiece {
    /// Output of the guest.
    Bytes {
        /// How many bytes before it are lost to this viewer, which was too slow for them.
        omitted: u64,
        /// The output.
        bytes: Vec<u8>,
        /// Whether it was written before this viewer came.
        is_earlier: bool,
    },
    /// There will be no more, for this reason.
    Ended(&'static str),
}

/// How much was written so far, and whether that is all.
#[derive(Clone, Copy, Debug, Default)]
struct OutputProgress {
    bytes: u64,
    ended: bool,
}

/// The latest output.
#[derive(Debug, Default)]
struct LatestOutput {
    latest: VecDeque<u8>,
    /// Bytes written so far; `latest` ends there.
    written: u64,
    /// Nothing is read any more.
    is_over: bool,
}

/// The console of one instance, while it is viewed.
#[derive(Debug)]
pub(crate) struct SharedConsole {
    screen: Mutex<LatestOutput>,
    progress: watch::Sender<OutputProgress>,
    input: mpsc::Sender<Bytes>,
}

/// The result of asking to view a console that is open.
#[derive(Debug)]
pub(crate) enum ConsoleView {
    /// One more viewer.
    Viewer(ConsoleViewer),
    /// There are as many as there may be.
    Full,
    /// It is open no more.
    Over,
}

/// One viewer of a console. The console is closed when its last viewer is dropped.
#[derive(Debug)]
pub struct ConsoleViewer {
    console: Arc<SharedConsole>,
    progress: watch::Receiver<OutputProgress>,
    /// Where this viewer is in all that was written.
    position: u64,
    /// Where it was written to when this viewer came.
    live_from: u64,
}

impl SharedConsole {
    /// Opens a console over the connection to the guest's serial port, for its first viewer, who is
    /// shown first what was written earlier.
    pub(crate) fn open<S>(guest: S, earlier: &[u8]) -> (Arc<SharedConsole>, ConsoleViewer)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (progress, seen) = watch::channel(OutputProgress::default());
        let (input, typed) = mpsc::channel(INPUT_QUEUE);
        let console = Arc::new(SharedConsole { screen: Mutex::default(), progress, input });
        console.push(earlier);
        tokio::spawn(carry(Arc::clone(&console), guest, typed));
        let viewer = ConsoleViewer {
            console: Arc::clone(&console),
            progress: seen,
            position: 0,
            live_from: earlier.len() as u64,
        };
        (console, viewer)
    }

    /// One more viewer, who is shown the output that is kept.
    pub(crate) fn view(self: &Arc<Self>) -> ConsoleView {
        let screen = self.lock();
        match self.progress.receiver_count() {
            _ if screen.is_over => ConsoleView::Over,
            // The end of its task is on its way.
            0 => ConsoleView::Over,
            VIEWERS.. => ConsoleView::Full,
            _ => ConsoleView::Viewer(ConsoleViewer {
                position: screen.written - screen.latest.len() as u64,
                live_from: screen.written,
                progress: self.progress.subscribe(),
                console: Arc::clone(self),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LatestOutput> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, output: &[u8]) {
        let mut screen = self.lock();
        screen.latest.extend(output);
        let surplus = screen.latest.len().saturating_sub(KEPT);
        screen.latest.drain(..surplus);
        screen.written += output.len() as u64;
        let bytes = screen.written;
        drop(screen);
        self.progress.send_modify(|written| written.bytes = bytes);
    }

    /// Ends it for all viewers.
    fn end(&self) {
        self.lock().is_over = true;
        self.progress.send_modify(|written| written.ended = true);
    }

    /// Ends it unless a viewer has come meanwhile.
    fn end_unless_viewed(&self) -> bool {
        let mut screen = self.lock();
        screen.is_over = self.progress.receiver_count() == 0;
        screen.is_over
    }
}

/// Carries output and input until the guest or the last viewer is gone. Output of the guest is
/// always read: it would have to wait otherwise.
async fn carry<S>(console: Arc<SharedConsole>, guest: S, mut typed: mpsc::Receiver<Bytes>)
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (mut from_guest, mut to_guest) = split(guest);
    let mut piece = vec![0; PIECE];
    let mut waiting = Bytes::new();
    loop {
        tokio::select! {
            read = from_guest.read(&mut piece) => match read {
                Ok(count) if count > 0 => console.push(&piece[..count]),
                Ok(_) | Err(_) => return console.end(),
            },
            Some(input) = typed.recv(), if waiting.is_empty() => waiting = input,
            written = to_guest.write(&waiting), if !waiting.is_empty() => match written {
                Ok(count) if count > 0 => waiting.advance(count),
                Ok(_) | Err(_) => return console.end(),
            },
            () = console.progress.closed() => if console.end_unless_viewed() {
                return;
            },
        }
    }
}

impl ConsoleViewer {
    /// Waits for output that this viewer has not had. Cancelled, nothing is lost.
    pub(crate) async fn next(&mut self) -> ConsolePiece {
        loop {
            let written = *self.progress.borrow_and_update();
            if written.bytes > self.position {
                return self.take();
            }
            if written.ended || self.progress.changed().await.is_err() {
                return ConsolePiece::Ended(ENDED);
            }
        }
    }

    /// The way of input to the guest, in pieces of up to [`CONSOLE_INPUT`] bytes. It is full while
    /// the guest takes none.
    pub(crate) fn input(&self) -> mpsc::Sender<Bytes> {
        self.console.input.clone()
    }

    fn take(&mut self) -> ConsolePiece {
        let screen = self.console.lock();
        let oldest = screen.written - screen.latest.len() as u64;
        let from = self.position.max(oldest);
        let omitted = from - self.position;
        let skipped = usize::try_from(from - oldest).unwrap_or(KEPT);
        let earlier = self.live_from.saturating_sub(from);
        let is_earlier = earlier > 0;
        let most = if is_earlier { usize::try_from(earlier).unwrap_or(PIECE) } else { PIECE };
        let latest = screen.latest.iter().skip(skipped).take(most.min(PIECE));
        let bytes: Vec<u8> = latest.copied().collect();
        self.position = from + bytes.len() as u64;
        ConsolePiece::Bytes { omitted, bytes, is_earlier }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{DuplexStream, duplex};

    use super::*;

    /// Longer than anything here takes.
    const SOON: Duration = Duration::from_secs(10);

    fn open(earlier: &[u8]) -> (DuplexStream, Arc<SharedConsole>, ConsoleViewer) {
        let (guest, ours) = duplex(64);
        let (console, viewer) = SharedConsole::open(ours, earlier);
        (guest, console, viewer)
    }

    fn join(console: &Arc<SharedConsole>) -> ConsoleViewer {
        match console.view() {
            ConsoleView::Viewer(viewer) => viewer,
            other => panic!("{other:?}"),
        }
    }

    async fn next(viewer: &mut ConsoleViewer) -> ConsolePiece {
        tokio::time::timeout(SOON, viewer.next()).await.unwrap()
    }

    /// Reads until this much has come; with the sum of what was omitted.
    async fn read(viewer: &mut ConsoleViewer, until: u64) -> (Vec<u8>, u64) {
        let (mut read, mut missed) = (Vec::new(), 0);
        while missed + (read.len() as u64) < until {
            match next(viewer).await {
                ConsolePiece::Bytes { omitted, bytes, .. } => {
                    missed += omitted;
                    read.extend(bytes);
                }
                ended => panic!("{ended:?}"),
            }
        }
        (read, missed)
    }

    #[tokio::test]
    async fn all_viewers_see_what_was_before_and_what_comes() {
        let (mut guest, console, mut first) = open(b"earlier\n");
        guest.write_all(b"login: ").await.unwrap();
        assert_eq!(read(&mut first, 15).await, (b"earlier\nlogin: ".to_vec(), 0));
        let mut second = join(&console);
        guest.write_all(b"root").await.unwrap();
        assert_eq!(read(&mut second, 19).await.0, b"earlier\nlogin: root");
        assert_eq!(read(&mut first, 4).await.0, b"root");
    }

    #[tokio::test]
    async fn what_any_viewer_types_reaches_the_guest() {
        let (mut guest, console, first) = open(b"");
        let second = join(&console);
        first.input().send(Bytes::from_static(b"ls\n")).await.unwrap();
        second.input().send(Bytes::from_static(b"id\n")).await.unwrap();
        let mut typed = [0; 6];
        tokio::time::timeout(SOON, guest.read_exact(&mut typed)).await.unwrap().unwrap();
        assert_eq!(&typed, b"ls\nid\n");
    }

    #[tokio::test]
    async fn guest_never_waits_for_a_viewer_that_does_not_read() {
        let (mut guest, _console, mut viewer) = open(b"");
        let written = 3 * KEPT;
        let much = vec![b'.'; written];
        let writes = guest.write_all(&much);
        tokio::time::timeout(SOON, writes).await.unwrap().unwrap();
        drop(guest);
        let mut progress = viewer.progress.clone();
        tokio::time::timeout(SOON, progress.wait_for(|one| one.ended)).await.unwrap().unwrap();
        let (read, missed) = read(&mut viewer, written as u64).await;
        assert_eq!((read.len(), missed as usize), (KEPT, written - KEPT));
        assert_eq!(next(&mut viewer).await, ConsolePiece::Ended(ENDED));
    }

    #[tokio::test]
    async fn guest_that_takes_no_input_still_shows_its_output() {
        let (mut guest, _console, mut viewer) = open(b"");
        let input = viewer.input();
        let piece = Bytes::from(vec![b'x'; CONSOLE_INPUT]);
        let fill = async { while input.send(piece.clone()).await.is_ok() {} };
        assert!(tokio::time::timeout(Duration::from_millis(50), fill).await.is_err());
        guest.write_all(b"busy").await.unwrap();
        assert_eq!(read(&mut viewer, 4).await.0, b"busy");
    }

    #[tokio::test]
    async fn console_is_closed_with_its_last_viewer() {
        let (mut guest, console, first) = open(b"");
        let second = join(&console);
        drop(first);
        guest.write_all(b"on").await.unwrap();
        drop(second);
        let mut rest = Vec::new();
        tokio::time::timeout(SOON, guest.read_to_end(&mut rest)).await.unwrap().unwrap();
        assert!(matches!(console.view(), ConsoleView::Over));
    }

    #[tokio::test]
    async fn viewers_are_bounded() {
        let (_guest, console, _first) = open(b"");
        let others: Vec<_> = (1..VIEWERS).map(|_| join(&console)).collect();
        assert!(matches!(console.view(), ConsoleView::Full));
        drop(others);
        assert!(matches!(console.view(), ConsoleView::Viewer(_)));
    }
}

//! The keyboard: the bytes of standard input, key by key if it is a terminal.

use std::io::{IsTerminal, Read, Stdin};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

use crate::cli::Failure;

/// Bytes that are read at once, at most.
const PIECE: usize = 1_024;
/// Pieces that wait to be sent, at most.
const QUEUE: usize = 16;
/// Ctrl-], which leaves a terminal.
const LEAVE: u8 = 0x1d;
/// Undoes what a guest may have left: the other screen, a hidden cursor, marked pastes, the mouse,
/// news of the focus, other keys, an area that scrolls (whose end would move the cursor), drawn
/// characters, colours.
const CALM: &[u8] = b"\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\
    \x1b[?1004l\x1b[?1l\x1b>\x1b7\x1b[r\x1b8\x1b(B\x1b[0m\r\n";

/// The next that came from the keyboard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The word to leave, after these bytes.
    Leave(Vec<u8>),
    /// The end of a pipe.
    End,
}

/// Standard input. A terminal gives each key as it is pressed, and is as it was before when this is
/// dropped.
pub(super) struct Keyboard {
    typed: mpsc::Receiver<Vec<u8>>,
    mode: Option<RawMode>,
}

impl Keyboard {
    /// Begins to read.
    pub(super) fn open() -> Result<Keyboard, Failure> {
        let mode = match std::io::stdin().is_terminal() {
            true => Some(RawMode::enter()?),
            false => None,
        };
        let (sender, typed) = mpsc::channel(QUEUE);
        // A thread of its own, which a read that never ends does not keep the program from ending.
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            let mut piece = [0; PIECE];
            while let Ok(count @ 1..) = input.read(&mut piece) {
                if sender.blocking_send(piece[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Keyboard { typed, mode })
    }

    /// Whether it is a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.mode.is_some()
    }

    /// Waits for what is typed next.
    pub(super) async fn next(&mut self) -> Typed {
        match self.typed.recv().await {
            Some(bytes) if self.is_terminal() => until_leave(bytes),
            Some(bytes) => Typed::Bytes(bytes),
            None => Typed::End,
        }
    }
}

/// The bytes before the word to leave, if it is there.
fn until_leave(mut bytes: Vec<u8>) -> Typed {
    match bytes.iter().position(|byte| *byte == LEAVE) {
        Some(at) => {
            bytes.truncate(at);
            Typed::Leave(bytes)
        }
        None => Typed::Bytes(bytes),
    }
}

/// A terminal that gives keys instead of lines, until this is dropped: also when the program is
/// told to end, or fails.
struct RawMode {
    terminal: Stdin,
    before: Termios,
}

impl RawMode {
    fn enter() -> Result<RawMode, Failure> {
        let terminal = std::io::stdin();
        let cannot = |error: rustix::io::Errno| {
            let hint = "Give the lines by a pipe instead.";
            Failure::new(format!("the terminal cannot be set: {error}"), hint)
        };
        let before = tcgetattr(&terminal).map_err(cannot)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Drain, &raw).map_err(cannot)?;
        Ok(RawMode { terminal, before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        if std::io::stdout().is_terminal() {
            // A terminal that is gone needs no calm.
            let _ = crate::cli::output::write(CALM);
        }
        // An answer of the terminal to the guest that is unread would be typed into the shell.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_leave_gives_what_was_typed_before() {
        assert_eq!(until_leave(b"ls\r".to_vec()), Typed::Bytes(b"ls\r".to_vec()));
        assert_eq!(until_leave(b"ls\x1dmore".to_vec()), Typed::Leave(b"ls".to_vec()));
    }
}

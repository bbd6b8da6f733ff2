//! Lines of JSON: the greeting, commands, replies, errors and events.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Bytes of a line at most. Answers about many devices are large; this is far beyond them.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Bytes that are kept for the next line; a longer one gives back what it took.
const USUAL_LINE: usize = 64 * 1024;

/// Which QEMU it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Version {
    /// 7 of 7.2.22.
    pub major: u32,
    /// 2 of 7.2.22.
    pub minor: u32,
    /// 22 of 7.2.22.
    pub micro: u32,
}

/// The class of an error, the only part of it that programs may look at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum ErrorClass {
    /// No other class.
    GenericError,
    /// There is no such command.
    CommandNotFound,
    /// There is no such device.
    DeviceNotFound,
    /// The device is not active.
    DeviceNotActive,
    /// KVM lacks something.
    KVMMissingCap,
    /// A class that this client does not know.
    #[serde(other)]
    Other,
}

/// A command on the wire.
#[derive(Serialize)]
pub(crate) struct CommandRequest<'c, C> {
    pub execute: &'c str,
    pub arguments: &'c C,
    pub id: u64,
}

/// The first line of a connection.
#[derive(Deserialize)]
pub(crate) struct Greeting {
    #[serde(rename = "QMP")]
    pub qmp: Banner,
}

#[derive(Deserialize)]
pub(crate) struct Banner {
    pub version: Versions,
}

#[derive(Deserialize)]
pub(crate) struct Versions {
    pub qemu: Version,
}

/// Any later line.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// An event.
    Event {
        /// Its name.
        event: String,
        /// Its data.
        #[serde(default)]
        data: Value,
    },
    /// A command went well.
    Return {
        /// The value of the reply.
        r#return: Value,
        /// Which command; null if it was not understood far enough. Only numbers are ours.
        #[serde(default)]
        id: Value,
    },
    /// A command failed.
    Error {
        /// Why.
        error: CommandFailure,
        /// Which command; null if it was not understood far enough. Only numbers are ours.
        #[serde(default)]
        id: Value,
    },
}

/// Why a command failed.
#[derive(Deserialize)]
pub(crate) struct CommandFailure {
    pub class: ErrorClass,
    pub desc: String,
}

/// Reads a line into `line`, past blank ones; false at the end of the stream. A line that is too
/// long is an error.
pub(crate) async fn read_line(
    stream: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    line.shrink_to(USUAL_LINE);
    loop {
        let available = stream.fill_buf().await?;
        if available.is_empty() {
            return Ok(false);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(available.len(), |at| at + 1);
        if line.len() + taken > LONGEST_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
        }
        line.extend_from_slice(&available[..taken]);
        stream.consume(taken);
        if end.is_none() {
            continue;
        }
        if !line.trim_ascii().is_empty() {
            return Ok(true);
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::BufReader;

    use super::*;

    /// Bytes of which many are blank or end a line.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = any::<u8>().prop_map(|byte| match byte {
            0..40 => b'\n',
            40..80 => b' ',
            80..90 => b'\r',
            other => other,
        });
        prop::collection::vec(byte, 0..500)
    }

    proptest! {
        #[test]
        fn read_line_returns_the_lines_that_were_sent(sent in bytes(), piece in 1..64_usize) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(async {
                let mut stream = BufReader::with_capacity(piece, &sent[..]);
                let (mut line, mut read) = (Vec::new(), Vec::new());
                while read_line(&mut stream, &mut line).await.unwrap() {
                    prop_assert_eq!(line.iter().position(|b| *b == b'\n'), Some(line.len() - 1));
                    read.extend_from_slice(&line);
                }
                Ok(read)
            })?;
            let lines = sent.split_inclusive(|byte| *byte == b'\n');
            let whole = lines.filter(|line| line.ends_with(b"\n"));
            let said: Vec<_> = whole.filter(|line| !line.trim_ascii().is_empty()).collect();
            prop_assert_eq!(read, said.concat());
        }
    }
}

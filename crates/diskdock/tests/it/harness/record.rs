//! Records what every story was answered, for `tests/recorded.rs` to judge when all have been told.
//!
//! Only a run of all stories is recorded: one with a filter says nothing about those left out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

/// The file, and what is in it already.
struct Recording {
    file: File,
    known: BTreeSet<String>,
}

static RECORDING: LazyLock<Option<Mutex<Recording>>> = LazyLock::new(|| {
    let is_whole = std::env::args().skip(1).all(|word| {
        word.starts_with("--") && !["--skip", "--exact", "--ignored"].contains(&word.as_str())
    });
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answered.tsv");
    is_whole.then(|| {
        let file = File::create(path).unwrap();
        Mutex::new(Recording { file, known: BTreeSet::new() })
    })
});

/// An action was answered so; the cause is the precondition that did not hold, if one did not.
pub(crate) fn answered(action: &str, status: u16, code: &str, cause: &str) {
    let Some(recording) = RECORDING.as_ref() else { return };
    let line = format!("{action}\t{status}\t{code}\t{cause}\n");
    let mut recording = recording.lock().unwrap();
    if recording.known.insert(line.clone()) {
        recording.file.write_all(line.as_bytes()).unwrap();
    }
}

//! Asks Ceph by its own tool, `rbd`, within a deadline.
//!
//! A call of Ceph's library cannot be ended before Ceph answers; a process can. Once one went
//! without an answer, Ceph counts as away for that image: callers are told so at once, and a thread
//! asks again until there is an answer. Other images may lie where Ceph answers. Texts for people
//! are never read for what they mean, only exit codes, which are numbers of errors of the system,
//! and JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::options::RbdOptions;
use crate::storage::error::StorageError;
use crate::storage::tool::Tool;

/// The tool, and its package.
const RBD: (&str, &str) = ("rbd", "ceph-common");
/// The name of the storage system in messages.
const CEPH: &str = "Ceph";
/// How long the tool waits for monitors, in seconds.
const MONITORS_S: &str = "5";
/// How often Ceph is asked whether it is back.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

// Numbers of errors of the system.
const NOT_THERE: i32 = 2;
const BUSY: i32 = 16;
const THERE: i32 = 17;
const NOT_EMPTY: i32 = 39;
const SHUT_DOWN: i32 = 108;
const TIMED_OUT: i32 = 110;

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToolTimeout {
    /// A look at one object.
    Look,
    /// A change of a few objects.
    Change,
    /// The whole content of an image may be read or deleted.
    Content,
}

impl ToolTimeout {
    /// The deadline of the process.
    fn deadline(self) -> Duration {
        Duration::from_secs(match self {
            ToolTimeout::Look => 10,
            ToolTimeout::Change => 40,
            ToolTimeout::Content => 1_800,
        })
    }

    /// How long the tool waits for one object, in seconds: less, so that it says so itself and
    /// takes its watch of the image away. None where it may wait for very many.
    fn of_object_s(self) -> Option<&'static str> {
        match self {
            ToolTimeout::Look => Some("6"),
            ToolTimeout::Change => Some("30"),
            ToolTimeout::Content => None,
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Well.
    Done,
    /// The image is not there; or the pool, or the key: see [`super::Rbd::names`].
    Missing,
    /// It is there already.
    Exists,
    /// It is open elsewhere.
    InUse,
    /// It has snapshots.
    NotEmpty,
    /// In another way.
    Failed,
}

/// The answer to a command.
#[derive(Debug)]
pub(super) struct Answer {
    pub code: Code,
    command: String,
    stdout: String,
    words: String,
}

impl Answer {
    /// The error of a command that should have gone well.
    pub(super) fn error(self) -> StorageError {
        StorageError::Tool { command: self.command, words: self.words }
    }

    /// Fails unless the command ended in one of these ways.
    pub(super) fn expect(self, codes: &[Code]) -> Result<Answer, StorageError> {
        if codes.contains(&self.code) { Ok(self) } else { Err(self.error()) }
    }

    /// The answer about an image in JSON; none if the pool has none of this name. That one is not
    /// there is believed only of a pool whose `names` can be listed.
    pub(super) fn read_of<T: DeserializeOwned>(
        self,
        image: &str,
        names: impl FnOnce() -> Result<Vec<String>, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        if self.code != Code::Missing {
            return self.expect(&[Code::Done])?.read().map(Some);
        }
        let is_named = names()?.iter().any(|name| name == image);
        if is_named { Err(self.error()) } else { Ok(None) }
    }

    /// The answer, which is one word.
    pub(super) fn text(&self) -> String {
        self.stdout.trim().to_owned()
    }

    /// The answer in JSON.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, StorageError> {
        serde_json::from_str(&self.stdout).map_err(|error| {
            let words = format!("its answer cannot be read: {error}");
            StorageError::Tool { command: self.command, words }
        })
    }
}

/// The way to a pool.
#[derive(Debug)]
pub(super) struct RbdClient {
    pub options: RbdOptions,
    /// The file with the key of the user.
    pub keyring: PathBuf,
    /// The images for which Ceph counts as away, and its last words; a name is empty for the pool.
    away: Mutex<BTreeMap<String, String>>,
}

impl RbdClient {
    pub(super) fn new(options: RbdOptions, keyring: PathBuf) -> RbdClient {
        RbdClient { options, keyring, away: Mutex::default() }
    }

    /// The name of an image for the tool.
    pub(super) fn in_pool(&self, image: &str) -> String {
        format!("{}/{image}", self.options.pool)
    }

    /// The names of all images, which proves that the pool is there.
    pub(super) fn names(self: &Arc<Self>) -> Result<Vec<String>, StorageError> {
        let listed = self.ask(ToolTimeout::Look, "ls", None, &["--format", "json"])?;
        listed.expect(&[Code::Done])?.read()
    }

    /// Asks the tool about an image, or about the pool if none is named.
    pub(super) fn ask(
        self: &Arc<Self>,
        timeout: ToolTimeout,
        verb: &str,
        image: Option<&str>,
        rest: &[&str],
    ) -> Result<Answer, StorageError> {
        // A snapshot is where its image is.
        let asked = image.and_then(|image| image.split('@').next()).unwrap_or_default();
        if let Some(words) = self.away().get(asked) {
            return Err(unreachable(words.clone()));
        }
        let answer = self.run(timeout, verb, image, rest);
        if let Err(StorageError::Unreachable { words, .. }) = &answer {
            self.wait_for(asked, words);
        }
        answer
    }

    fn run(
        &self,
        timeout: ToolTimeout,
        verb: &str,
        image: Option<&str>,
        rest: &[&str],
    ) -> Result<Answer, StorageError> {
        let mut words = verb.split(' ');
        let mut tool = Tool::of(RBD, words.next().unwrap_or_default(), timeout.deadline());
        for word in words {
            tool = tool.arg(word);
        }
        let RbdOptions { pool, conf, user, .. } = &self.options;
        tool = tool.arg("--conf").arg(conf).arg("--name").arg(format!("client.{user}"));
        tool = tool.arg("--keyring").arg(&self.keyring);
        tool = tool.arg("--client-mount-timeout").arg(MONITORS_S);
        tool = tool.arg("--rados-mon-op-timeout").arg(MONITORS_S);
        if let Some(seconds) = timeout.of_object_s() {
            tool = tool.arg("--rados-osd-op-timeout").arg(seconds);
        }
        tool = tool.arg(image.map_or_else(|| pool.clone(), |image| self.in_pool(image)));
        for argument in rest {
            tool = tool.arg(argument);
        }
        let (began, deadline) = (Instant::now(), tool.timeout());
        let ended = match tool.output() {
            Err(StorageError::Tool { words, .. }) if began.elapsed() >= deadline => {
                return Err(unreachable(format!("rbd {verb}: {words}")));
            }
            ended => ended?,
        };
        let said = ended.stderr.lines().rfind(|line| !line.trim().is_empty());
        let said = said.map(|line| line.trim().trim_start_matches("rbd: ").to_owned());
        let said = said.unwrap_or_else(|| ended.status.to_string());
        let code = match ended.status.code() {
            Some(0) => Code::Done,
            Some(NOT_THERE) => Code::Missing,
            Some(THERE) => Code::Exists,
            Some(BUSY) => Code::InUse,
            Some(NOT_EMPTY) => Code::NotEmpty,
            Some(SHUT_DOWN | TIMED_OUT) => {
                return Err(unreachable(format!("rbd {verb}: {said}")));
            }
            Some(_) | None => Code::Failed,
        };
        Ok(Answer { code, command: format!("rbd {verb}"), stdout: ended.stdout, words: said })
    }

    fn away(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ceph counts as away for this image, until it answers.
    #[expect(clippy::disallowed_methods, reason = "a thread of its own, which ends with the pool")]
    fn wait_for(self: &Arc<Self>, image: &str, words: &str) {
        tracing::warn!(image, words, "Ceph does not answer; it is asked again until it does");
        let mut away = self.away();
        let is_first = away.is_empty();
        away.insert(image.to_owned(), words.to_owned());
        drop(away);
        if !is_first {
            // The thread that asks for another one asks for it too.
            return;
        }
        let client = Arc::downgrade(self);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(LOOK_AGAIN);
                let Some(client) = client.upgrade() else { return };
                if client.look_again() {
                    return;
                }
            }
        });
    }

    /// Asks about every image for which Ceph is away; true if it is for none any more.
    fn look_again(&self) -> bool {
        let images: Vec<_> = self.away().keys().cloned().collect();
        for image in images {
            let looked = match image.as_str() {
                "" => self.run(ToolTimeout::Look, "ls", None, &[]),
                image => self.run(ToolTimeout::Look, "status", Some(image), &[]),
            };
            if !matches!(looked, Err(StorageError::Unreachable { .. })) {
                tracing::info!(image = image.as_str(), "Ceph answers again");
                self.away().remove(&image);
            }
        }
        self.away().is_empty()
    }
}

fn unreachable(words: String) -> StorageError {
    StorageError::Unreachable { system: CEPH, words }
}

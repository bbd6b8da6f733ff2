//! Questions of servers that hosts answer. Hosts listen nowhere, so a question waits in the store
//! until its host looks for work, and the answer until the server has read it.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{InstanceId, Moment};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::Runner;
use crate::hypervisor::ConsoleOutput;
use crate::store::{EntityReads, Store, StoreError, WriteTx};

/// How long a server waits for an answer: a host that missed the wake-up looks every two seconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// How long it rests between two looks for the answer.
const LOOKS_EVERY: Duration = Duration::from_millis(40);
/// Bytes of a console that are passed on, the latest ones.
const CONSOLE: usize = 64 << 10;

/// A question that a host can answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HostQuestion {
    /// The console output of an instance.
    Console(InstanceId),
}

/// The answer to the question for a console; the error is why it cannot be read.
type ConsoleAnswer = Result<PassedConsole, String>;

/// A console on its way through the store.
#[derive(Debug, Serialize, Deserialize)]
struct PassedConsole {
    /// In Base64.
    bytes: String,
    at: Option<Moment>,
}

/// The console output of an instance, from the host that it is on.
pub(crate) async fn ask_for_console(
    store: &Store,
    instance: &InstanceId,
) -> io::Result<ConsoleOutput> {
    let wanted = instance.clone();
    let host = store.read(move |tx| tx.look_at(&wanted)).await.map_err(io::Error::other)?;
    let host = host.map(|instance| instance.host.clone()).filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| io::Error::other(format!("{instance} is on no host")))?;
    let answer = ask(store, &host, &HostQuestion::Console(instance.clone())).await?;
    let answer: ConsoleAnswer = serde_json::from_str(&answer).map_err(io::Error::other)?;
    let passed = answer.map_err(|why| io::Error::other(format!("{host}: {why}")))?;
    let bytes = STANDARD.decode(passed.bytes).map_err(io::Error::other)?;
    Ok(ConsoleOutput { bytes, at: passed.at })
}

/// Asks a host, and waits for the answer.
async fn ask(store: &Store, host: &str, question: &HostQuestion) -> io::Result<String> {
    let deadline = Instant::now() + ANSWERED_WITHIN;
    let question = serde_json::to_string(question).map_err(io::Error::other)?;
    let of = host.to_owned();
    let asked = store.write(move |tx| tx.ask_host(&of, &question)).await;
    let Some(number) = asked.map_err(io::Error::other)? else {
        let why = format!("too many questions wait for {host} already");
        return Err(io::Error::new(ErrorKind::TimedOut, why));
    };
    let answer = loop {
        let found = store.read(move |tx| tx.answer(number)).await.map_err(io::Error::other)?;
        if found.is_some() || Instant::now() >= deadline {
            break found;
        }
        sleep(LOOKS_EVERY).await;
    };
    // Left behind, it is forgotten with a later question.
    let forget = move |tx: &mut dyn WriteTx| tx.forget_question(number);
    if let Err(fault) = store.write(forget).await {
        tracing::warn!(%fault, number, "a question is left in the store");
    }
    let silent = format!("{host} has not answered within {ANSWERED_WITHIN:?}");
    answer.ok_or_else(|| io::Error::new(ErrorKind::TimedOut, silent))
}

impl Runner {
    /// In a process of a host: answers the questions that wait for it.
    pub(super) async fn answer_questions(&self, host: &str) -> Result<(), StoreError> {
        let of = host.to_owned();
        for asked in self.store.read(move |tx| tx.questions(&of)).await? {
            let (driver, question) = (Arc::clone(&self.hypervisor), asked.question.clone());
            let answer = tokio::task::spawn_blocking(move || {
                let output = match serde_json::from_str(&question) {
                    Ok(HostQuestion::Console(instance)) => driver.console_output(&instance),
                    Err(_) => Err(io::Error::other("the question is of a later version")),
                };
                let passed: ConsoleAnswer = output.map(passed).map_err(|why| why.to_string());
                serde_json::to_string(&passed).unwrap_or_default()
            });
            let answer = answer.await.map_err(|fault| StoreError::Engine(fault.to_string()))?;
            let write = move |tx: &mut dyn WriteTx| tx.answer_question(&asked, &answer);
            self.store.write(write).await?;
        }
        Ok(())
    }
}

fn passed(output: ConsoleOutput) -> PassedConsole {
    let latest = &output.bytes[output.bytes.len().saturating_sub(CONSOLE)..];
    PassedConsole { bytes: STANDARD.encode(latest), at: output.at }
}

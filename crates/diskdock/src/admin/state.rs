//! The whole state: reset, export, import.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::Limited;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use super::controls::update_creating_takes_time;
use super::spool::{FillFault, Spool};
use super::{AdminError, AdminState, ControlResult, Json};
use crate::actions::OPERATIONS;
use crate::operations::{MissingInHypervisor, reconcile};
use crate::service::Services;
use crate::store::{
    ExportCheck, ExportError, ExportFault, ExportPart, KINDS, OperationRow, ReadTx, StoreError,
    WriteTx, read_parts, write_export,
};

/// The largest state that can be imported, in bytes.
const STATE: usize = 4 * 1024 * 1024 * 1024;
/// Bytes of a state that are sent at a time.
const PIPE: usize = 64 * 1024;

/// Forgets everything but the keys.
pub(crate) async fn reset(State(state): State<AdminState>) -> ControlResult {
    state.simulated()?;
    let elsewhere = state.clone();
    state
        .gateway
        .services
        .store
        .write_then(|tx| tx.wipe(), move |()| drop_in_flight(&elsewhere))
        .await?;
    state.gateway.faults.clear();
    state.gateway.services.clock.reset();
    Ok(Json(json!({ "reset": true })))
}

/// Drops operations and transitions of the state that was replaced. Called right after the commit,
/// before any other write can start something new.
fn drop_in_flight(state: &AdminState) {
    state.gateway.services.runner.drop_in_flight();
    if let Some(simulated) = &state.simulated {
        simulated.clear();
        update_creating_takes_time(state, simulated);
    }
}

/// The whole store but keys, tokens and the record of calls, as of one moment.
pub(crate) async fn export(State(state): State<AdminState>) -> Result<Response, AdminError> {
    let place = state.transfer_place()?;
    let spool = Arc::new(Mutex::new(new_spool(&state).await?));
    let written = Arc::clone(&spool);
    let write = move |tx: &dyn ReadTx| {
        let mut spool = written.lock().unwrap_or_else(PoisonError::into_inner);
        spool.rewrite(|out| write_export(tx, out))
    };
    state.gateway.services.store.read(write).await?;
    let whole = spool.lock().unwrap_or_else(PoisonError::into_inner).whole_file();
    let (file, length) = whole.map_err(no_room)?;
    let (reading, writing) = tokio::io::duplex(PIPE);
    let writing = SyncIoBridge::new(writing);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send(file, length, place, writing) {
            // The reply is shorter than it says, which no client takes for a whole export.
            tracing::info!(%error, "an export was not sent to its end");
        }
    });
    let body = Body::from_stream(ReaderStream::with_capacity(reading, PIPE));
    let headers =
        [(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_LENGTH, length.to_string())];
    Ok((headers, body).into_response())
}

/// Sends a file of this length. Another transfer may begin as soon as the last byte has come.
fn send(
    mut file: File,
    length: u64,
    place: OwnedSemaphorePermit,
    mut to: impl Write,
) -> io::Result<()> {
    let (mut place, mut left) = (Some(place), length);
    let mut buffer = vec![0; PIPE];
    while left > 0 {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        left = left.saturating_sub(read as u64);
        if left == 0 {
            place = None;
        }
        to.write_all(&buffer[..read])?;
    }
    drop(place);
    to.flush()
}

/// Puts an export in the place of everything but the keys. It is kept in a file until all of it
/// has come and is known to be right.
pub(crate) async fn import(State(state): State<AdminState>, body: Body) -> ControlResult {
    state.simulated()?;
    let _place = state.transfer_place()?;
    let spool = new_spool(&state).await?;
    let body = Body::new(Limited::new(body, STATE)).into_data_stream();
    let reading = SyncIoBridge::new(StreamReader::new(body.map_err(io::Error::other)));
    let filled = on_a_thread(move || filled(spool, reading)).await?;
    let spool = filled.map_err(|fault| match fault {
        FillFault::File(error) => no_room(error),
        FillFault::Source(error) => incomplete(&error),
    })?;
    Ok(Json(json!({ "imported": replace(&state, spool, HINT).await? })))
}

/// The remedy for a body that is no state.
const HINT: &str = "Send what an export gave.";

/// The answer to a body that ended early, or is too long.
fn incomplete(error: &io::Error) -> AdminError {
    let too_large = error.to_string().contains("length limit exceeded");
    let status = if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
    AdminError { status, ..AdminError::bad(error, HINT) }
}

fn filled(mut spool: Spool, from: impl Read) -> Result<Spool, FillFault> {
    spool.fill(from).map(|()| spool)
}

async fn new_spool(state: &AdminState) -> Result<Spool, AdminError> {
    let directory = state.directory.clone();
    on_a_thread(move || Spool::new(&directory)).await?.map_err(no_room)
}

fn no_room(error: io::Error) -> AdminError {
    tracing::error!(%error, "a state cannot be kept in the data directory");
    let hint = "See whether the data directory has room, and the server's log.";
    let error = "the state cannot be kept in the data directory";
    AdminError { status: StatusCode::INTERNAL_SERVER_ERROR, ..AdminError::bad(error, hint) }
}

impl From<ExportFault> for AdminError {
    fn from(fault: ExportFault) -> AdminError {
        match fault {
            ExportFault::Store(fault) => fault.into(),
            ExportFault::Io(error) => no_room(error),
        }
    }
}

/// Puts an export in the place of everything but the keys. Gives how many there are of each kind.
async fn replace(state: &AdminState, spool: Spool, hint: &str) -> Result<Value, AdminError> {
    let simulated = state.simulated()?;
    let (checked, counts) = on_a_thread(move || checked(spool)).await?;
    let mut spool = checked.map_err(|fault| AdminError::bad(fault, hint))?;
    let (elsewhere, loading) = (state.clone(), state.clone());
    let replace = move |tx: &mut dyn WriteTx| {
        tx.wipe()?;
        load(&mut spool, tx, &loading.gateway.services)
    };
    let services = &state.gateway.services;
    services.store.write_then(replace, move |()| drop_in_flight(&elsewhere)).await?;
    let now = services.clock.now();
    reconcile(&services.store, simulated, MissingInHypervisor::Adopt, now).await?;
    services.runner.recover().await?;
    let count = |what: &'static str| (what.to_owned(), json!(counts.get(what)));
    Ok(KINDS.iter().map(|of| of.kind.plural).chain(["operations"]).map(count).collect())
}

/// Reads an export to its end. Gives it back if it hangs together and all its operations are known,
/// with how many there are of each kind; else what is wrong.
fn checked(mut spool: Spool) -> (Result<Spool, String>, BTreeMap<&'static str, usize>) {
    let kinds = KINDS.iter().map(|of| of.kind.plural);
    let mut counts: BTreeMap<_, _> = kinds.chain(["operations"]).map(|what| (what, 0)).collect();
    let mut count = |what: &'static str| *counts.entry(what).or_default() += 1;
    let mut check = ExportCheck::default();
    let words = |ExportError(fault)| fault;
    let read = read_parts_of(&mut spool, &mut |part| {
        match part {
            ExportPart::Format(format) => check.format(format),
            ExportPart::Resource(resource) => {
                count(resource.resource_type().kind.plural);
                check.resource(resource.as_ref()).map_err(words)?;
            }
            ExportPart::UserData(..) => {}
            ExportPart::Operation(row) => {
                count("operations");
                known_kind(&row)?;
            }
        }
        Ok(())
    });
    let read = read.and_then(|()| check.end().map_err(words));
    let read = read.and_then(|()| match check.lacks_instances() {
        false => Ok(()),
        true => read_parts_of(&mut spool, &mut |part| match part {
            ExportPart::Resource(resource) => check.attachments(resource.as_ref()).map_err(words),
            _ => Ok(()),
        }),
    });
    (read.map(|()| spool), counts)
}

fn read_parts_of(
    spool: &mut Spool,
    take: &mut dyn FnMut(ExportPart) -> Result<(), String>,
) -> Result<(), String> {
    let reading = spool.read().map_err(|error| error.to_string())?;
    read_parts(reading, take).map_err(|error| error.to_string())
}

/// Saves an export that was checked. It may be done more than once.
fn load(spool: &mut Spool, tx: &mut dyn WriteTx, services: &Services) -> Result<(), StoreError> {
    let mut failed = None;
    let read = read_parts_of(spool, &mut |mut part| {
        if let ExportPart::Operation(row) = &mut part {
            take_over(row, services);
        }
        part.load(tx).map_err(|fault| {
            let words = fault.to_string();
            failed = Some(fault);
            words
        })
    });
    match (read, failed) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(fault)) => Err(fault),
        (Err(words), None) => Err(StoreError::Engine(words)),
    }
}

/// Fills a server that was not used yet from the file of an export. False, and nothing is changed,
/// if it has resources already.
pub(super) async fn fill(state: &AdminState, file: Option<&Path>) -> Result<bool, AdminError> {
    let is_used = |tx: &dyn ReadTx| {
        for of in KINDS {
            if !tx.resources_after(of, None, 1)?.is_empty() {
                return Ok::<_, StoreError>(true);
            }
        }
        Ok(false)
    };
    if state.gateway.services.store.read(is_used).await? {
        return Ok(false);
    }
    let Some(file) = file else { return Ok(true) };
    let hint = "Name a file that `diskdock admin export` has written.";
    let name = file.display().to_string();
    let cannot = |error: &dyn std::fmt::Display| {
        AdminError::bad(format!("cannot read {name}: {error}"), hint)
    };
    let file = File::open(file).map_err(|error| cannot(&error))?;
    let spool = new_spool(state).await?;
    let spool = on_a_thread(move || filled(spool, file)).await?.map_err(|fault| match fault {
        FillFault::Source(error) => cannot(&error),
        FillFault::File(error) => no_room(error),
    })?;
    match replace(state, spool, hint).await {
        Ok(_) => Ok(true),
        Err(fault) if fault.status == StatusCode::BAD_REQUEST => Err(cannot(&fault.error)),
        Err(fault) => Err(fault),
    }
}

/// Does what may wait on a thread that may.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AdminError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a control failed");
        AdminError::bad("the control failed", "See the server's log.")
    })
}

/// Refuses an operation that this version does not know.
fn known_kind(row: &OperationRow) -> Result<(), String> {
    let kind = OPERATIONS.iter().find(|kind| kind.name == row.kind);
    let kind = kind.ok_or_else(|| format!("there is no operation {:?}", row.kind))?;
    let restored = (kind.restore)(&row.state);
    restored.map(drop).map_err(|fault| format!("operation {}: {fault}", row.id.0))
}

/// An operation of an export goes on here: under a number of its own, so that nothing that is
/// still in flight can end it, and in our lease.
fn take_over(row: &mut OperationRow, services: &Services) {
    row.id = services.environment.ids.operation(services.clock.now());
    services.store.server().clone_into(&mut row.lease_owner);
    row.time_used.until = services.clock.uptime();
}

//! The form of the tables. Several servers may start at once, so it is changed under a lock, which
//! those that find it as it should be do not need.
//!
//! The tables of resources follow from their kinds: one that is missing is made, and so is a column
//! that a kind has got since, which is filled afterwards. The rest is in numbered steps that only
//! add, so that a server of the version before works on beside a new one.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::entity::EntityKind;

use super::super::{KINDS, StoreError};
use super::columns;
use super::session::Session;
use super::value::values;

/// The steps, by the number of the form that they lead to; never changed once released.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_hosts.sql"),
    include_str!("migrations/0003_discards_on_hosts.sql"),
    include_str!("migrations/0004_columns_filled.sql"),
    include_str!("migrations/0005_fences.sql"),
    include_str!("migrations/0006_host_questions.sql"),
];
/// The key of the lock that one server at a time holds while it changes the form.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310579611)";

/// How long a server waits for another one that changes the form.
const OTHER_ENDS_WITHIN: Duration = Duration::from_secs(300);
/// How long it rests before it looks again.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// Brings the tables to the present form.
pub(super) fn forward(session: &Session) -> Result<(), StoreError> {
    check_encoding(session)?;
    let began = Instant::now();
    loop {
        if is_current(session)? {
            return columns::fill(session);
        }
        match change(session) {
            // Another one has the lock, or was faster.
            Err(StoreError::Conflict) if began.elapsed() < OTHER_ENDS_WITHIN => {
                std::thread::park_timeout(LOOKS_EVERY);
            }
            Ok(()) => {}
            ended => return ended,
        }
    }
}

/// Whether there is nothing to change.
fn is_current(session: &Session) -> Result<bool, StoreError> {
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns \
               WHERE table_schema = current_schema()";
    let rows = session.query(sql, &[])?;
    let has: BTreeSet<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_whole = |kind: &EntityKind| {
        let filled = (!kind.columns.is_empty()).then_some(columns::FILLED);
        let mut columns = kind.columns.iter().copied().chain(["body"]).chain(filled);
        columns.all(|column| has.contains(&(kind.plural, column)))
    };
    if !has.contains(&("store_version", "version")) || !KINDS.iter().all(|of| is_whole(&of.kind)) {
        return Ok(false);
    }
    Ok(version(session)? == known_version())
}

fn version(session: &Session) -> Result<i64, StoreError> {
    let found = session.one("SELECT max(version) FROM store_version", &[])?;
    Ok(found.and_then(|row| row.get::<_, Option<i64>>(0)).unwrap_or(0))
}

fn known_version() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn change(session: &Session) -> Result<(), StoreError> {
    session.batch("BEGIN ISOLATION LEVEL READ COMMITTED")?;
    let done = session.batch(LOCK).and_then(|()| steps(session)).and_then(|()| kinds(session));
    match done {
        Ok(()) => session.batch("COMMIT"),
        Err(error) => {
            // Without an answer the server undoes it by itself.
            let _ = session.batch("ROLLBACK");
            Err(error)
        }
    }
}

fn check_encoding(session: &Session) -> Result<(), StoreError> {
    let found = session.one("SELECT current_setting('server_encoding')", &[])?;
    let encoding: String = found.map(|row| row.get(0)).unwrap_or_default();
    if encoding == "UTF8" {
        return Ok(());
    }
    let remedy = "Make the database with ENCODING 'UTF8' TEMPLATE template0".to_owned();
    Err(StoreError::Unfit { found: format!("the database is encoded in {encoding}"), remedy })
}

fn steps(session: &Session) -> Result<(), StoreError> {
    session.batch("CREATE TABLE IF NOT EXISTS store_version (version bigint NOT NULL)")?;
    let (version, known) = (version(session)?, known_version());
    if version > known {
        let found = format!("the store is of version {version}, this diskdock knows {known}");
        return Err(StoreError::Unfit { found, remedy: "Use a newer diskdock".to_owned() });
    }
    for (number, sql) in (1..).zip(STEPS).filter(|(number, _)| *number > version) {
        session.batch(sql)?;
        session.execute("INSERT INTO store_version (version) VALUES ($1)", values![number])?;
    }
    Ok(())
}

/// Makes the tables of resources, and adds columns that a kind has got since.
fn kinds(session: &Session) -> Result<(), StoreError> {
    for of in KINDS {
        let EntityKind { plural, columns, .. } = of.kind;
        session.batch(&format!(
            "CREATE TABLE IF NOT EXISTS {plural} (id text COLLATE \"C\" PRIMARY KEY, \
             account text NOT NULL, region text NOT NULL, created_at bigint NOT NULL, \
             revision bigint NOT NULL, body text NOT NULL) WITH (fillfactor = 80); \
             CREATE INDEX IF NOT EXISTS {plural}_by_age \
             ON {plural} (account, region, created_at, id)"
        ))?;
        let has = columns_of(session, plural)?;
        let is_missing = |column: &str| !has.iter().any(|name| name == column);
        for column in columns.iter().filter(|column| is_missing(column)) {
            let add = "ADD COLUMN IF NOT EXISTS";
            session
                .batch(&format!("ALTER TABLE {plural} {add} {column} text NOT NULL DEFAULT ''"))?;
        }
        if !columns.is_empty() && columns.iter().copied().chain([columns::FILLED]).any(is_missing) {
            columns::are_new(session, &of.kind)?;
        }
    }
    Ok(())
}

fn columns_of(session: &Session, table: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT column_name::text FROM information_schema.columns \
               WHERE table_schema = current_schema() AND table_name = $1::text";
    let rows = session.query(sql, values![table])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

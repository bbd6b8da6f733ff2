//! The form of the store's tables, and how a store of another version gets there.

use rusqlite::Connection;

use super::super::StoreError;
use super::engine;

/// Numbered from 1; never changed once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_discards.sql"),
    include_str!("../migrations/0003_nonces.sql"),
    include_str!("../migrations/0004_leases.sql"),
    include_str!("../migrations/0005_terms.sql"),
];
/// The form that version 0.1.0 knows.
pub(super) const OLDEST: i64 = 2;
/// How a migration is undone, from [`OLDEST`] on.
const WAYS_BACK: &[&str] = &[
    include_str!("../migrations/0003_nonces.back.sql"),
    include_str!("../migrations/0004_leases.back.sql"),
    include_str!("../migrations/0005_terms.back.sql"),
];

/// Brings the store to the present form.
pub(super) fn forward(connection: &mut Connection) -> Result<(), StoreError> {
    let version = version(connection)?;
    let known = newest();
    if version > known {
        return Err(StoreError::Refused(format!(
            "the store is of version {version}, this diskdock knows {known}: use a newer one"
        )));
    }
    for (number, sql) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > version) {
        step(connection, sql, number)?;
    }
    Ok(())
}

/// Brings a copy of the store to an older form, for an older diskdock.
pub(super) fn back(connection: &mut Connection, wanted: i64) -> Result<(), StoreError> {
    let known = newest();
    if !(OLDEST..=known).contains(&wanted) {
        let why = format!("store version {wanted} cannot be written, only {OLDEST} to {known}");
        return Err(StoreError::Refused(why));
    }
    for number in (wanted + 1..=known).rev() {
        let way = usize::try_from(number - OLDEST - 1).ok().and_then(|at| WAYS_BACK.get(at));
        let sql = way.ok_or_else(|| StoreError::Engine(format!("no way back from {number}")))?;
        step(connection, sql, number - 1)?;
    }
    Ok(())
}

/// The newest form that this version knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Whether the store is in the present form.
pub(super) fn is_present(connection: &Connection) -> Result<bool, StoreError> {
    Ok(version(connection)? == newest())
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(engine)
}

fn step(connection: &mut Connection, sql: &str, version: i64) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(engine)?;
    transaction.execute_batch(sql).map_err(engine)?;
    transaction.pragma_update(None, "user_version", version).map_err(engine)?;
    transaction.commit().map_err(engine)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    fn schema(connection: &Connection) -> Vec<String> {
        let sql = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY type, name";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn of_version(version: i64) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        for (number, sql) in (1..=version).zip(MIGRATIONS) {
            step(&mut connection, sql, number).unwrap();
        }
        connection
    }

    #[test]
    fn forward_from_every_version_gives_the_same_schema() {
        let fresh = schema(&of_version(newest()));
        for version in 0..=newest() {
            let mut old = of_version(version);
            forward(&mut old).unwrap();
            assert_eq!(schema(&old), fresh, "from version {version}");
            forward(&mut old).unwrap();
        }
    }

    #[test]
    fn back_to_an_older_version_and_forward_gives_the_schemas_of_both() {
        for version in OLDEST..=newest() {
            let mut connection = of_version(newest());
            back(&mut connection, version).unwrap();
            let mut old = schema(&of_version(version));
            // An older diskdock does not mind it, and a newer one finds its identity again.
            let identity = |sql: &String| sql.contains("identity");
            let mut found = schema(&connection);
            found.retain(|sql| !identity(sql));
            old.retain(|sql| !identity(sql));
            assert_eq!(found, old, "to version {version}");
            forward(&mut connection).unwrap();
            assert_eq!(schema(&connection), schema(&of_version(newest())));
        }
        assert!(back(&mut of_version(newest()), OLDEST - 1).is_err());
    }
}

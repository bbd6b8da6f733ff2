//! The form of the store's tables, and how a store of another version gets there.

use rusqlite::Connection;

use super::super::StoreError;
use super::engine;

/// One form of the tables: how a store gets there, and how it goes back.
struct Migration {
    forward: &'static str,
    /// None for a form that is written no more.
    back: Option<&'static str>,
}

/// The form that version 0.1.0 knows: no older one is written.
pub(super) const OLDEST: i64 = 2;
/// The files of `store/migrations`, in the order of their numbers, as the build script lists them;
/// never changed once released.
const MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// All, by the number of the form that they lead to.
fn migrations() -> impl DoubleEndedIterator<Item = (i64, &'static Migration)> {
    let all: Vec<_> = (1..).zip(MIGRATIONS).collect();
    all.into_iter()
}

/// Brings the store to the present form.
pub(super) fn forward(connection: &mut Connection) -> Result<(), StoreError> {
    check_known(connection)?;
    let version = version(connection)?;
    for (number, migration) in migrations().filter(|(number, _)| *number > version) {
        step(connection, migration.forward, number)?;
    }
    Ok(())
}

/// Refuses a store of a newer diskdock.
pub(super) fn check_known(connection: &Connection) -> Result<(), StoreError> {
    let (version, known) = (version(connection)?, newest());
    if version <= known {
        return Ok(());
    }
    let found = format!("the store is of version {version}, this diskdock knows {known}");
    let remedy = "Use a newer diskdock".to_owned();
    Err(StoreError::Unfit { found, remedy })
}

/// Brings a copy of the store to an older form, for an older diskdock.
pub(super) fn back(connection: &mut Connection, wanted: i64) -> Result<(), StoreError> {
    let known = newest();
    if !(OLDEST..=known).contains(&wanted) {
        let why = format!("store version {wanted} cannot be written, only {OLDEST} to {known}");
        return Err(StoreError::Unusable(why));
    }
    for (number, migration) in migrations().rev().filter(|(number, _)| *number > wanted) {
        step(connection, migration.back.unwrap_or_default(), number - 1)?;
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

/// The form that the store is in.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
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
        for (number, migration) in migrations().filter(|(number, _)| *number <= version) {
            step(&mut connection, migration.forward, number).unwrap();
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
    fn exactly_the_migrations_after_the_oldest_form_have_a_way_back() {
        for (number, migration) in migrations() {
            assert_eq!(migration.back.is_some(), number > OLDEST, "migration {number}");
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

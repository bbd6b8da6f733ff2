//! Lists are narrowed down by columns, also where a server that does not know all of them writes.

use diskdock::store::postgres::Postgres;
use diskdock::store::{DiskFilter, Page, Store};

use super::entities::disk;
use crate::harness::postgres::{TestDatabase, server};
use crate::harness::{ACCOUNT, REGION};

/// The disks of a zone, by a list that is narrowed down by its column.
fn in_zone(store: &Store, zone: &str) -> Vec<String> {
    let zone = Some(zone.to_owned());
    let filter = DiskFilter { zone, ..DiskFilter::all(ACCOUNT.into(), REGION) };
    let page = Page::After { after: None, most: 99 };
    let found = store.read_blocking(|tx| tx.disks(&filter, &page)).unwrap();
    let mut ids: Vec<_> = found.entries.iter().map(|disk| disk.id.to_string()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn columns_are_filled_where_a_server_of_the_version_before_wrote() {
    let Some(server) = server() else { return };
    let directory = tempfile::tempdir().unwrap();
    let database = TestDatabase::of(directory.path()).unwrap();
    let open = || Store::new(Postgres::open(database.address(), directory.path(), 0).unwrap());
    let store = open();
    for name in ["one", "two", "three"] {
        store.write(move |tx| tx.save_disk(&disk(name))).await.unwrap();
    }
    let zone = disk("one").zone;
    assert_eq!(in_zone(&store, &zone), ["d-one", "d-three", "d-two"]);
    // One that knows no columns changes a disk and makes another.
    let moved = format!("replace(body, '\"zone\":\"{zone}\"', '\"zone\":\"elsewhere\"')");
    database.run(
        &server,
        &format!("UPDATE disks SET revision = revision + 1, body = {moved} WHERE id = 'd-two'"),
    );
    database.run(
        &server,
        "INSERT INTO disks (id, account, region, created_at, revision, body) \
         SELECT 'd-four', account, region, created_at, 1, replace(body, 'd-one', 'd-four') \
         FROM disks WHERE id = 'd-one'",
    );
    assert_eq!(in_zone(&store, "elsewhere"), [""; 0], "its column is as it was");
    store.fill_columns().await.unwrap();
    assert_eq!(in_zone(&store, "elsewhere"), ["d-two"]);
    assert_eq!(in_zone(&store, &zone), ["d-four", "d-one", "d-three"]);
    // What is filled can be saved over, and stays filled.
    let rename = |tx: &mut dyn diskdock::store::WriteTx| {
        let mut disk = tx.disk(&"d-four".into())?.expect("the disk");
        disk.zone = "elsewhere".to_owned();
        tx.save_disk(&disk)
    };
    store.write(rename).await.unwrap();
    assert_eq!(in_zone(&store, "elsewhere"), ["d-four", "d-two"]);
    store.close().await;
    drop(store);
    database.run(&server, "ALTER TABLE disks DROP COLUMN zone");
    let store = open();
    assert_eq!(in_zone(&store, "elsewhere"), ["d-four", "d-two"], "a new column, at the start");
    assert_eq!(in_zone(&store, &zone), ["d-one", "d-three"]);
}

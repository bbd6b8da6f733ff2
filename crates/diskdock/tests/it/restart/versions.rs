//! A server that goes on with what another version has left, and the way back.

use diskdock::clock::Clock;
use diskdock::store::sqlite::STORE;
use diskdock::store::{OperationRow, StoreError, WriteTx};
use domain::Moment;
use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{TestServer, memory, postgres};
use crate::store_contract::safety::{SAVED_BY_0_1_0, VERSION_OF_0_1_0};

/// Shortly after version 0.1.0 saved its state.
const AFTER_0_1_0: Moment = Moment(1_795_830_000_000);

/// A server on the state that version 0.1.0 left.
async fn server_of_0_1_0() -> TestServer {
    TestServer::with(|plan| {
        let old = Connection::open(plan.directory.join(STORE)).unwrap();
        old.execute_batch(SAVED_BY_0_1_0).unwrap();
        old.pragma_update(None, "user_version", VERSION_OF_0_1_0).unwrap();
        old.close().unwrap();
        plan.clock = Clock::held_at(AFTER_0_1_0);
    })
    .await
}

#[tokio::test]
async fn operations_of_0_1_0_come_to_their_end() {
    if postgres::server().is_some() || memory::is_wanted() {
        return;
    }
    for is_restarted in [false, true] {
        let mut server = server_of_0_1_0().await;
        let [leaves, stays, comes, new] = [
            "d-bp103nemoryijkmhvtll",
            "d-bp103nemos3sav2o0cen",
            "d-bp103nemos6aq726jpjt",
            "d-bp103nemp1esq6gasb8w",
        ];
        assert_eq!(states(&server).len(), 3);
        for (disk, status) in
            [(leaves, "Detaching"), (stays, "In_use"), (comes, "Attaching"), (new, "Creating")]
        {
            assert_eq!(server.status_of(disk).await, status);
        }
        server.drain().await;
        if is_restarted {
            server = server.restart().await;
        }
        server.finish_all().await;
        for (disk, status) in
            [(leaves, "Available"), (stays, "In_use"), (comes, "In_use"), (new, "Available")]
        {
            assert_eq!(server.status_of(disk).await, status);
        }
        assert_eq!(states(&server), Vec::<Value>::new());
        let failed = &server.operations_of(leaves).await[0];
        assert_eq!(failed["last_event"], "the guest refused", "an earlier one, kept for people");
        assert_eq!(server.differences().await, []);
    }
}

/// The states of all operations in the store.
fn states(server: &TestServer) -> Vec<Value> {
    let store = &server.assembly.gateway.services.store;
    let rows = store.read_blocking(|tx| tx.operations()).unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.state).unwrap()).collect()
}

#[tokio::test]
async fn state_of_an_operation_keeps_the_fields_of_a_newer_version() {
    let server = TestServer::new().await;
    let held = r#"{"transition":"create","behaviour":{"do":"hold"}}"#;
    server.control("POST", "/rules", held).await;
    let instance = server.begin_run(&[]).await.remove(0);
    server.drain().await;
    let store = &server.assembly.gateway.services.store;
    let newer = |tx: &mut dyn WriteTx| {
        for row in tx.operations()? {
            let mut state: Value = serde_json::from_str(&row.state).unwrap();
            state["newer"] = serde_json::json!({ "deep": [1, null] });
            state["build"]["machine"]["newer"] = "socket".into();
            let state = state.to_string();
            tx.save_operation(&OperationRow { state, ..row })?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(newer).await.unwrap();
    let before = states(&server);
    let server = server.restart().await;
    // The disk is made, the machine starts: this version has saved the operation anew.
    server.drain().await;
    let after = states(&server);
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before[0]["build"]["making"], after[0]["build"]["making"]);
    assert_eq!(after[0]["newer"], before[0]["newer"]);
    assert_eq!(after[0]["build"]["machine"], before[0]["build"]["machine"]);
    server.finish_all().await;
    assert_eq!(server.show(&instance).await["Status"], "Running");
    assert_eq!(states(&server), Vec::<Value>::new());
}

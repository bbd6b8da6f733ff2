//! Operations: begun, saved, ended, given up, and never with two servers at once.

use diskdock::store::{Lease, OperationRow, StoreError, TimeUsed};
use domain::{OperationId, Uptime};

use super::{Fresh, Open};
use crate::harness::{ACCOUNT, BEGINNING};

pub(crate) async fn contract(open: Open) {
    operation_is_kept_until_it_ends(open).await;
    take_over_requires_a_lease_that_was_not_renewed(open).await;
    failed_operations_are_kept_within_a_bound(open).await;
}

pub(crate) fn operation(number: i64, owner: &str) -> OperationRow {
    OperationRow {
        id: OperationId(number),
        kind: "disk.detach".to_owned(),
        account: ACCOUNT.into(),
        instance: Some("i-one".into()),
        disk: Some("d-one".into()),
        state: "{}".to_owned(),
        phase: "unplug".to_owned(),
        tries: 0,
        last_event: "accepted".to_owned(),
        created_at: BEGINNING,
        time_used: TimeUsed::default(),
        lease_owner: owner.to_owned(),
        unknown: Default::default(),
    }
}

async fn operation_is_kept_until_it_ends(open: Open) {
    let mut fresh = Fresh::new(open);
    fresh.write(|tx| tx.begin_operation(&operation(2, "a"))).await;
    fresh.write(|tx| tx.begin_operation(&operation(1, "a"))).await;
    fresh.refused(|tx| tx.begin_operation(&operation(1, "a"))).await;
    let further = OperationRow { state: "{\"at\":1}".to_owned(), tries: 3, ..operation(1, "a") };
    let saved = further.clone();
    fresh.write(move |tx| tx.save_operation(&saved)).await;
    fresh = fresh.reopened(open);
    assert_eq!(fresh.read(|tx| tx.operations()), [further, operation(2, "a")]);
    fresh.write(|tx| tx.end_operation(&operation(1, "a"))).await;
    let again = fresh.refused(|tx| tx.end_operation(&operation(1, "a"))).await;
    assert!(matches!(again, StoreError::LeaseLost), "{again:?}");
    fresh.write(|tx| tx.fail_operation(&operation(2, "a"))).await;
    assert_eq!(fresh.read(|tx| tx.operations()), []);
    assert_eq!(fresh.read(|tx| tx.failed_operations()), [operation(2, "a")]);
    let found = fresh.read(|tx| tx.operations_of("a", OperationId(i64::MIN), 10));
    assert_eq!(found, [], "what was given up is not recovered again");
}

async fn take_over_requires_a_lease_that_was_not_renewed(open: Open) {
    let fresh = Fresh::new(open);
    fresh.write(|tx| tx.begin_operation(&operation(1, "a"))).await;
    fresh.write(|tx| tx.renew_lease("a", Uptime(30_000))).await;
    let seen = fresh.read(|tx| tx.other_leases("b")).remove(0);
    assert_eq!(seen.server, "a");
    fresh.write(|tx| tx.renew_lease("a", Uptime(30_000))).await;
    let take =
        |lease: Lease| fresh.write(move |tx| tx.take_over_operations(&lease, "b", Uptime(9), 10));
    assert_eq!(take(seen.clone()).await, [], "it was renewed");
    let seen = Lease { renewals: seen.renewals + 1, ..seen };
    let taken = take(seen.clone()).await;
    assert_eq!((taken.len(), &*taken[0].lease_owner), (1, "b"));
    let used = TimeUsed { counted_ms: 30_000, until: Uptime(9), is_suspended: false };
    assert_eq!(taken[0].time_used, used, "as long as its server was seen to run");
    assert_eq!(take(seen).await, []);
    for loser in [
        fresh.refused(|tx| tx.save_operation(&operation(1, "a"))).await,
        fresh.refused(|tx| tx.end_operation(&operation(1, "a"))).await,
        fresh.refused(|tx| tx.fail_operation(&operation(1, "a"))).await,
    ] {
        assert!(matches!(loser, StoreError::LeaseLost), "{loser:?}");
    }
    fresh.write(|tx| tx.end_operation(&operation(1, "b"))).await;
}

async fn failed_operations_are_kept_within_a_bound(open: Open) {
    let fresh = Fresh::new(open);
    let many = |tx: &mut dyn diskdock::store::WriteTx| {
        (1..=1_003).try_for_each(|number| {
            tx.begin_operation(&operation(number, "a"))?;
            tx.fail_operation(&operation(number, "a"))
        })
    };
    fresh.write(many).await;
    let kept = fresh.read(|tx| tx.failed_operations());
    let numbers: Vec<_> = kept.iter().map(|row| row.id.0).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[999]), (1_000, 1_003, 4));
}

//! Operations: begun, saved, ended, given up, and never with two servers at once.

use diskdock::store::{OperationRow, StoreError};
use domain::{Moment, OperationId};

use super::{Fresh, Open};
use crate::harness::{ACCOUNT, BEGINNING};

pub async fn contract(open: Open) {
    an_operation_is_kept_until_it_ends(open).await;
    a_lease_keeps_others_away_until_it_runs_out(open).await;
    what_was_given_up_is_kept_within_a_bound(open).await;
}

pub fn operation(number: i64, owner: &str) -> OperationRow {
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
        next_at: BEGINNING,
        deadline_at: BEGINNING.plus_s(300),
        standing_since: None,
        lease_owner: owner.to_owned(),
        lease_until: until(60),
    }
}

fn until(seconds: i64) -> Moment {
    BEGINNING.plus_s(seconds)
}

async fn an_operation_is_kept_until_it_ends(open: Open) {
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
    fresh.write(|tx| tx.abandon_operation(&operation(2, "a"))).await;
    assert_eq!(fresh.read(|tx| tx.operations()), []);
    assert_eq!(fresh.read(|tx| tx.abandoned_operations()), [operation(2, "a")]);
    let claim =
        |tx: &mut dyn diskdock::store::WriteTx| tx.claim_operations("a", until(900), until(960));
    assert_eq!(fresh.write(claim).await, [], "what was given up is not taken up again");
}

async fn a_lease_keeps_others_away_until_it_runs_out(open: Open) {
    let fresh = Fresh::new(open);
    fresh.write(|tx| tx.begin_operation(&operation(1, "a"))).await;
    let claim = |owner: &'static str, at: i64| {
        fresh.write(move |tx| tx.claim_operations(owner, until(at), until(at + 60)))
    };
    assert_eq!(claim("b", 59).await, [], "the lease is alive");
    let renewed = claim("a", 50).await;
    assert_eq!((renewed.len(), renewed[0].lease_until), (1, until(110)));
    assert_eq!(claim("b", 100).await, [], "it was renewed");
    let taken = claim("b", 111).await;
    assert_eq!((taken.len(), &*taken[0].lease_owner), (1, "b"));
    assert_eq!(claim("a", 112).await, []);
    for loser in [
        fresh.refused(|tx| tx.save_operation(&operation(1, "a"))).await,
        fresh.refused(|tx| tx.end_operation(&operation(1, "a"))).await,
        fresh.refused(|tx| tx.abandon_operation(&operation(1, "a"))).await,
    ] {
        assert!(matches!(loser, StoreError::LeaseLost), "{loser:?}");
    }
    fresh.write(|tx| tx.end_operation(&operation(1, "b"))).await;
}

async fn what_was_given_up_is_kept_within_a_bound(open: Open) {
    let fresh = Fresh::new(open);
    let many = |tx: &mut dyn diskdock::store::WriteTx| {
        (1..=1_003).try_for_each(|number| {
            tx.begin_operation(&operation(number, "a"))?;
            tx.abandon_operation(&operation(number, "a"))
        })
    };
    fresh.write(many).await;
    let kept = fresh.read(|tx| tx.abandoned_operations());
    let numbers: Vec<_> = kept.iter().map(|row| row.id.0).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[999]), (1_000, 1_003, 4));
}

//! What a server does besides answering: it finds its machines, carries operations out, and keeps
//! house on a schedule.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

use crate::assembly::Assembly;
use crate::gateway::nonce::stored::forget_stored;
use crate::hypervisor::Change;
use crate::reserve;

/// How often store and hypervisor are compared, and leases renewed.
const HOUSEKEEPING: Duration = Duration::from_secs(20);
/// How long ClientTokens are remembered, in seconds.
const TOKENS_KEPT_S: i64 = 24 * 3_600;

/// Finds the machines and takes up what was under way; tries until that went well.
pub(super) async fn recover(assembly: &Assembly) {
    keep_reserve(assembly);
    while let Err(fault) = assembly.recover().await {
        tracing::error!(%fault, "cannot take up operations; trying again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Carries operations out and keeps house.
pub(super) fn run(
    assembly: &Assembly,
    changes: broadcast::Receiver<Change>,
) -> tokio::task::JoinHandle<()> {
    let gateway = Arc::clone(&assembly.gateway);
    let hypervisor = Arc::clone(&assembly.hypervisor);
    let runner = Arc::clone(&gateway.services.runner);
    let assembly = Assembly {
        gateway: Arc::clone(&gateway),
        hypervisor,
        simulated: assembly.simulated.clone(),
        inventory_source: Arc::clone(&assembly.inventory_source),
        directory: assembly.directory.clone(),
    };
    let assembly = Arc::new(assembly);
    tokio::spawn(async move {
        tokio::spawn(runner.run());
        let follower = Arc::clone(&assembly);
        tokio::spawn(async move { follower.follow(changes).await });
        let mut every = tokio::time::interval(HOUSEKEEPING);
        // After a slow pass, the next one comes no sooner.
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        every.tick().await;
        loop {
            every.tick().await;
            run_maintenance(&assembly).await;
        }
    })
}

/// Guests can fill the file system, so room is kept for the store.
fn keep_reserve(assembly: &Assembly) {
    if assembly.simulated.is_some() {
        return;
    }
    if let Err(error) = reserve::keep(&assembly.directory) {
        tracing::warn!(%error, "cannot keep room in reserve for the store");
    }
}

async fn run_maintenance(assembly: &Assembly) {
    keep_reserve(assembly);
    if let Err(fault) = assembly.run_maintenance().await {
        tracing::error!(%fault, "cannot compare the store with the hypervisor");
    }
    let services = &assembly.gateway.services;
    let now = services.clock.now();
    let now_s = services.clock.now_for_signatures().seconds();
    assembly.gateway.nonces.forget_expired(now_s);
    if let Err(fault) = forget_stored(&services.store, now_s).await {
        tracing::error!(%fault, "cannot forget old nonces");
    }
    let old = now.plus_s(-TOKENS_KEPT_S);
    if let Err(fault) = services.store.write(move |tx| tx.forget_tokens(old)).await {
        tracing::error!(%fault, "cannot forget old tokens");
    }
}

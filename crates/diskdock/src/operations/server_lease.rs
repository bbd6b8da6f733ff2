//! This server's identity, and the lease by which others that share its store know that it is
//! alive.
//!
//! A server renews one row, however many operations it carries out. No two clocks are compared: a
//! lease has lapsed for a server that has looked at it for [`LAPSES_AFTER_MS`] on its own clock and
//! never saw it renewed. Then the operations of the silent server are taken over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Uptime;

use super::runner::Runner;
use crate::store::{Lease, StoreError, WriteTx, host_of_owner};

/// How often the lease is renewed.
pub(crate) const RENEWED_EVERY: Duration = Duration::from_secs(20);
/// How long a lease must have been seen without being renewed before it has lapsed, in
/// milliseconds.
const LAPSES_AFTER_MS: i64 = 60_000;
/// Operations that are taken over in one transaction.
const TAKEOVER_BATCH: u32 = 256;

/// The leases of other servers, as this one observes them.
#[derive(Debug, Default)]
pub(super) struct LeaseWatch {
    /// The lease as it was seen last, and when it was first seen like that.
    seen: HashMap<String, (Lease, Uptime)>,
}

impl LeaseWatch {
    /// The lapsed ones among these leases.
    pub(super) fn lapsed(&mut self, leases: Vec<Lease>, now: Uptime) -> Vec<Lease> {
        let mut seen = HashMap::new();
        for lease in leases {
            let before = self.seen.remove(&lease.server).filter(|(before, _)| *before == lease);
            let since = before.map_or(now, |(_, since)| since);
            seen.insert(lease.server.clone(), (lease, since));
        }
        self.seen = seen;
        let lapsed =
            self.seen.values().filter(|(_, since)| now.since_ms(*since) >= LAPSES_AFTER_MS);
        lapsed.map(|(lease, _)| lease.clone()).collect()
    }
}

impl Runner {
    /// Renews the lease of this process, and saves how long it has been running.
    pub async fn renew_lease(&self) -> Result<(), StoreError> {
        let (uptime, owner) = (self.clock.uptime(), self.owner());
        let host = self.store.term().map(|term| term.host.clone());
        let renew = move |tx: &mut dyn WriteTx| match &host {
            Some(host) => tx.renew_host(host, uptime),
            None => tx.renew_lease(&owner, uptime),
        };
        self.store.write(renew).await
    }

    /// Renews the lease, notes how far the store has come, and fills what servers of the version
    /// before have left.
    pub(super) async fn renew_lease_and_age(&self) -> Result<(), StoreError> {
        self.renew_lease().await?;
        self.store.note_age().await?;
        self.store.fill_columns().await
    }

    /// Takes over what other servers had in flight that are silent. Gives how many operations that
    /// was.
    pub async fn take_over(self: &Arc<Self>) -> Result<usize, StoreError> {
        let server = self.store.server().to_owned();
        let me = server.clone();
        let mut leases = self.store.read(move |tx| tx.other_leases(&me)).await?;
        // Only a host itself can do what is to be done on it, however long it is silent.
        leases.retain(|lease| host_of_owner(&lease.server).is_none());
        let now = self.clock.uptime();
        let lapsed = self.lease_watch().lapsed(leases, now);
        let mut taken = 0;
        for lease in lapsed {
            loop {
                let (lease, server) = (lease.clone(), server.clone());
                let take = move |tx: &mut dyn WriteTx| {
                    tx.take_over_operations(&lease, &server, now, TAKEOVER_BATCH)
                };
                let (last, count) = self.recover_found(take).await?;
                taken += count;
                if last.is_none() {
                    break;
                }
            }
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(renewals: i64) -> Lease {
        Lease { server: "other".to_owned(), renewals, uptime: Uptime(0) }
    }

    #[test]
    fn lapsed_returns_leases_unchanged_for_the_whole_period() {
        let mut watch = LeaseWatch::default();
        let mut lapsed = |renewals, at_ms| watch.lapsed(vec![lease(renewals)], Uptime(at_ms)).len();
        assert_eq!(lapsed(7, 1_000_000), 0, "time before the first look does not count");
        assert_eq!(lapsed(7, 1_059_999), 0);
        assert_eq!(lapsed(8, 1_060_000), 0, "it was renewed");
        assert_eq!(lapsed(8, 1_119_999), 0);
        assert_eq!(lapsed(8, 1_120_000), 1);
        assert_eq!(lapsed(9, 1_120_001), 0, "it is back");
    }
}

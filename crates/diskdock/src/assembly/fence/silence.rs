//! Which host is fenced without an operator: one that was silent for long, while this process has
//! watched.
//!
//! ```text
//!   seen silent, again and again, for all of the time -> fenced, one host at a time
//!   the store did not answer, or this process stood still -> the time begins anew
//! ```
//!
//! No two clocks are compared: a host is silent as long as this process sees its lease as it was,
//! and that time passes on the clock of this process, which never goes back. So neither its start
//! nor a database that was away, in which no host could be heard of, makes a host silent.

use std::collections::HashMap;

use domain::host::{HostAdmission, HostState, HostStorage};
use domain::{Host, Uptime};

use crate::store::{HostRecord, HostTerm, Lease, Store, StoreError, owner_of_host};

/// The longest time between two looks that counts, in milliseconds. A longer one means that this
/// process stood still, or waited for the store.
const LOOKS_APART_MS: i64 = 30_000;
/// How long after a failure a fence is repeated that this process has begun, in milliseconds.
const REPEATED_AFTER_MS: i64 = 30_000;

/// A host that is to be fenced, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostHost {
    /// Its name.
    pub name: String,
    /// Its epoch.
    pub epoch: i64,
    /// The word of an operator on it.
    pub admission: HostAdmission,
}

impl LostHost {
    fn of(host: &Host) -> LostHost {
        let (name, epoch, admission) = (host.name.clone(), host.epoch, host.admission);
        LostHost { name, epoch, admission }
    }

    /// Whether the host is still as it was seen.
    pub(super) fn is(&self, host: &Host) -> bool {
        *self == LostHost::of(host)
    }
}

/// The result of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SilenceSeen {
    /// No host was silent for long enough.
    Nothing,
    /// This host is to be fenced.
    Lost(LostHost),
    /// A host would be, but more hosts are silent than are heard of. Then it is likelier that they
    /// do not reach the database than that all of them are lost.
    TooMany {
        /// Hosts that are silent.
        silent: usize,
        /// Hosts that are heard of.
        heard: usize,
    },
}

/// A host as it was seen last: it is silent as long as that does not change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WatchedHost {
    host: LostHost,
    renewals: Option<i64>,
}

/// The hosts as this process watches them.
#[derive(Debug)]
pub struct SilenceWatch {
    after_ms: i64,
    /// Each host, and since when it was seen like that.
    seen: HashMap<String, (WatchedHost, Uptime)>,
    looked: Option<Uptime>,
    /// The fence that this process has begun last.
    begun: Option<HostTerm>,
}

impl SilenceWatch {
    /// A watch that calls hosts lost after so many milliseconds of silence.
    pub fn new(after_ms: i64) -> SilenceWatch {
        SilenceWatch { after_ms, seen: HashMap::new(), looked: None, begun: None }
    }

    /// This process fences a host now: if that fails, it is repeated soon.
    pub fn begun(&mut self, term: &HostTerm) {
        self.begun = Some(term.clone());
    }

    /// All hosts have to be silent for all of the time again.
    pub fn begin_anew(&mut self) {
        (self.seen, self.looked) = (HashMap::new(), None);
    }

    /// Looks at the hosts of a store. The time begins anew if it does not answer.
    pub async fn look(&mut self, store: &Store, now: Uptime) -> Result<SilenceSeen, StoreError> {
        let me = store.server().to_owned();
        let looked = store.read(move |tx| Ok((tx.hosts()?, tx.other_leases(&me)?))).await;
        match looked {
            Ok((hosts, leases)) => Ok(self.see(&hosts, &leases, now)),
            Err(fault) => {
                self.begin_anew();
                Err(fault)
            }
        }
    }

    fn see(&mut self, hosts: &[HostRecord], leases: &[Lease], now: Uptime) -> SilenceSeen {
        if self.looked.is_some_and(|at| now.since_ms(at) > LOOKS_APART_MS) {
            self.begin_anew();
        }
        self.looked = Some(now);
        let mut seen = HashMap::new();
        for HostRecord { host, .. } in hosts {
            let owner = owner_of_host(&host.name);
            let lease = leases.iter().find(|lease| lease.server == owner);
            let is =
                WatchedHost { host: LostHost::of(host), renewals: lease.map(|one| one.renewals) };
            let before = self.seen.remove(&host.name).filter(|(before, _)| *before == is);
            let since = before.map_or(now, |(_, since)| since);
            seen.insert(host.name.clone(), (is, since));
        }
        self.seen = seen;
        self.choose(hosts, now)
    }

    fn choose(&self, hosts: &[HostRecord], now: Uptime) -> SilenceSeen {
        let Some(lost) = hosts.iter().find(|one| self.is_lost(one, now)) else {
            return SilenceSeen::Nothing;
        };
        let (mut silent, mut heard) = (0, 0);
        for one in hosts {
            match one.host.state(one.heard_ms_ago) {
                HostState::Silent => silent += 1,
                HostState::Up | HostState::Drained => heard += 1,
                HostState::Fencing | HostState::Fenced => {}
            }
        }
        // A fence that has begun is brought to its end.
        if silent > heard && !lost.host.is_fenced() {
            return SilenceSeen::TooMany { silent, heard };
        }
        SilenceSeen::Lost(LostHost::of(&lost.host))
    }

    /// Whether a host has been silent for all of the time, and has something that others could
    /// have: one without instances has no guests, and one that an operator has drained is being
    /// worked on.
    fn is_lost(&self, found: &HostRecord, now: Uptime) -> bool {
        let HostRecord { host, heard_ms_ago, placed } = found;
        if host.storage != HostStorage::Rbd || placed.is_empty() {
            return false;
        }
        let Some((_, since)) = self.seen.get(&host.name) else { return false };
        let silent_for_ms = now.since_ms(*since);
        match host.admission {
            HostAdmission::Drained => false,
            HostAdmission::Open => {
                let is_silent = host.state(*heard_ms_ago) == HostState::Silent;
                let by_database = heard_ms_ago.is_none_or(|ago| ago >= self.after_ms);
                is_silent && by_database && silent_for_ms >= self.after_ms
            }
            // Nobody goes on with it, or nobody stands in for the host.
            HostAdmission::Fencing | HostAdmission::Fenced => {
                let own = |term: &HostTerm| term.host == host.name && term.epoch == host.epoch;
                let is_own = self.begun.as_ref().is_some_and(own);
                silent_for_ms >= if is_own { REPEATED_AFTER_MS } else { self.after_ms }
            }
        }
    }
}

#[cfg(test)]
mod tests;

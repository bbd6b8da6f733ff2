//! Keeps a host from writing to a pool, whatever its guests do, and proves it.
//!
//! ```text
//!   its key is removed -> its addresses are blocklisted -> they are listed
//!   -> for each image: locks of these addresses are broken, nobody has it open, its header is
//!      written
//! ```
//!
//! A key that is removed stops new connections, and none that is there. A blocklisted address stops
//! both, but an OSD that has not heard of it yet takes writes on: it has heard of it when it
//! answers a client that has. Every process that is started after the listing is such a client, and
//! so is every later opener of the image. So no write of the host comes after what that reads.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::client::{Code, RbdClient, ToolTimeout};
use super::cluster::ask;
use super::image::ImageWatchers;
use super::key_file::find_keyring;
use super::options::RbdOptions;
use crate::failpoint;
use crate::storage::error::StorageError;
use crate::storage::file_name::checked;

/// How long an address stays blocklisted, in seconds: ten years. Ceph's own default is an hour,
/// after which a guest that slept writes again.
const BLOCKED_FOR_S: &str = "315360000";
/// Years that an entry of the list has to last at least to be ours.
const LASTS_YEARS: i32 = 5;
/// The metadata that is written to the header of an image: the epoch of the fence.
const FENCED: &str = "diskdock.fenced";
/// How long a watch of a blocklisted address may still be listed.
const WATCH_ENDS_WITHIN: Duration = Duration::from_secs(40);
/// How often that is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A host as Ceph knows it.
#[derive(Clone, Debug)]
pub(crate) struct FencedClient {
    /// Its user, without `client.` before it.
    pub user: String,
    /// All addresses that it speaks to Ceph from.
    pub addresses: Vec<IpAddr>,
}

/// Fails if this process fences the host no more, or cannot tell.
pub(crate) type Still<'s> = &'s dyn Fn() -> Result<(), StorageError>;

/// The control of a pool: a user who may remove keys and blocklist addresses.
pub(crate) struct PoolControl {
    client: Arc<RbdClient>,
    keyring: PathBuf,
}

/// An entry of the list of blocked addresses.
#[derive(Deserialize)]
struct Blocked {
    addr: String,
    until: String,
}

/// A client that has the lock of an image.
#[derive(Deserialize)]
struct LockOwner {
    id: String,
    locker: String,
    address: String,
}

impl PoolControl {
    /// The control with this user. Fails if its key cannot be read.
    pub(crate) fn open(options: RbdOptions) -> Result<PoolControl, StorageError> {
        let keyring = find_keyring(&options)?;
        let client = Arc::new(RbdClient::new(options, keyring.clone()));
        Ok(PoolControl { client, keyring })
    }

    /// Keeps a host out of the cluster: it can neither write nor come again. May be repeated.
    /// `still` is asked before each step whether this is still the fence of the host: a process
    /// that stood still would otherwise shut a host out that was taken in again.
    pub(crate) fn shut_out(
        &self,
        host: &FencedClient,
        year: i32,
        still: Still<'_>,
    ) -> Result<(), StorageError> {
        still()?;
        self.ceph(&["auth", "rm", &format!("client.{}", host.user)])?;
        failpoint::hit("fence.key_removed");
        for address in &host.addresses {
            let address = address.to_string();
            still()?;
            self.ceph(&["osd", "blocklist", "add", &address, BLOCKED_FOR_S])?;
        }
        failpoint::hit("fence.blocked");
        let listed = self.ceph(&["osd", "blocklist", "ls", "--format", "json"])?;
        let listed = blocked_in(&listed)?;
        for address in &host.addresses {
            if !listed.iter().any(|one| one.blocks(*address, year)) {
                let words = format!("{address} is not in it for {LASTS_YEARS} years");
                return Err(StorageError::Tool {
                    command: "ceph osd blocklist ls".to_owned(),
                    words,
                });
            }
        }
        failpoint::hit("fence.listed");
        Ok(())
    }

    /// Takes an image away from a host that is shut out, and leaves it free. Fails if anybody has
    /// it who is not that host: then nothing is proven. One that is not there has no writer. May be
    /// repeated. `still` is asked as in [`PoolControl::shut_out`].
    pub(crate) fn take(
        &self,
        disk: &str,
        host: &FencedClient,
        epoch: i64,
        still: Still<'_>,
    ) -> Result<(), StorageError> {
        let image = checked(disk)?;
        still()?;
        let Some(owners) = self.look::<Vec<LockOwner>>("lock ls", image)? else { return Ok(()) };
        for LockOwner { id, locker, address } in owners {
            self.refuse_other(image, &address, host)?;
            still()?;
            let broken = self.ask(ToolTimeout::Change, "lock rm", image, &[&id, &locker])?;
            broken.expect(&[Code::Done, Code::Missing])?;
            failpoint::hit("fence.lock_broken");
        }
        self.wait_until_closed(image, host)?;
        still()?;
        let epoch = epoch.to_string();
        let written = self.ask(ToolTimeout::Change, "image-meta set", image, &[FENCED, &epoch])?;
        written.expect(&[Code::Done])?;
        let left = self.look::<Vec<LockOwner>>("lock ls", image)?.unwrap_or_default();
        match left.first() {
            Some(owner) => Err(self.held(image, &owner.address)),
            None => Ok(()),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a wait with a deadline, off the runtime")]
    fn wait_until_closed(&self, image: &str, host: &FencedClient) -> Result<(), StorageError> {
        let deadline = Instant::now() + WATCH_ENDS_WITHIN;
        loop {
            let found: Option<ImageWatchers> = self.look("status", image)?;
            let watchers = found.map(|found| found.watchers).unwrap_or_default();
            let Some(first) = watchers.first() else { return Ok(()) };
            for watcher in &watchers {
                self.refuse_other(image, &watcher.address, host)?;
            }
            if Instant::now() >= deadline {
                return Err(self.held(image, &first.address));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Fails if an image is open at an address that is not of the host: the host may have more
    /// addresses than it told, or another one may have the disk.
    fn refuse_other(
        &self,
        image: &str,
        address: &str,
        host: &FencedClient,
    ) -> Result<(), StorageError> {
        let is_its = ip_of(address).is_some_and(|found| host.addresses.contains(&found));
        if is_its { Ok(()) } else { Err(self.held(image, address)) }
    }

    fn held(&self, image: &str, address: &str) -> StorageError {
        let hint = "this is no address of the host that is fenced, or it goes on. Find out who \
                    that is, and end it; a host names its other addresses with --storage-address";
        StorageError::Taken {
            what: format!("{} is open at {address}", self.client.in_pool(image)),
            hint: hint.to_owned(),
        }
    }

    fn ask(
        &self,
        timeout: ToolTimeout,
        verb: &str,
        image: &str,
        rest: &[&str],
    ) -> Result<super::client::Answer, StorageError> {
        self.client.ask(timeout, verb, Some(image), rest)
    }

    /// The answer of the tool about an image; none if the pool has none of this name.
    fn look<T: serde::de::DeserializeOwned>(
        &self,
        verb: &str,
        image: &str,
    ) -> Result<Option<T>, StorageError> {
        let answer = self.ask(ToolTimeout::Look, verb, image, &["--format", "json"])?;
        answer.read_of(image, || self.client.names())
    }

    /// Runs `ceph`, and expects it to go well. Gives its standard output.
    fn ceph(&self, words: &[&str]) -> Result<String, StorageError> {
        let ended = ask(&self.client.options, &self.keyring, words)?;
        if ended.status.success() {
            return Ok(ended.stdout);
        }
        let command = format!("ceph {}", words.join(" "));
        Err(StorageError::Tool { command, words: ended.message() })
    }
}

/// The addresses in the answer of the tool: a list, and another one of ranges behind it.
fn blocked_in(answer: &str) -> Result<Vec<Blocked>, StorageError> {
    let lists = serde_json::Deserializer::from_str(answer).into_iter::<Vec<Blocked>>();
    let lists = lists.collect::<Result<Vec<_>, _>>().map_err(|error| {
        let words = format!("its answer cannot be read: {error}");
        StorageError::Tool { command: "ceph osd blocklist ls".to_owned(), words }
    })?;
    Ok(lists.into_iter().flatten().collect())
}

impl Blocked {
    /// Whether this blocks all clients of an address for long.
    fn blocks(&self, address: IpAddr, year: i32) -> bool {
        let all = self.addr.ends_with(":0/0");
        let until = self.until.get(..4).and_then(|text| text.parse::<i32>().ok());
        let lasts = until.is_some_and(|until| until >= year.saturating_add(LASTS_YEARS));
        all && lasts && ip_of(&self.addr) == Some(address)
    }
}

/// The address in `10.0.0.1:0/123`, `[fd00::1]:0/123` or `v2:10.0.0.1:0/123`.
pub(super) fn ip_of(address: &str) -> Option<IpAddr> {
    let (host, _) = address.rsplit_once(':')?;
    let host = host.trim_start_matches("v1:").trim_start_matches("v2:");
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ip_of_reads_addresses_as_ceph_writes_them() {
        for (text, ip) in [
            ("10.77.0.2:0/1234", "10.77.0.2"),
            ("v2:10.77.0.2:0/0", "10.77.0.2"),
            ("[fd00::2]:0/7", "fd00::2"),
        ] {
            assert_eq!(ip_of(text), Some(ip.parse().unwrap()), "{text}");
        }
        assert_eq!(ip_of("cidr:10.77.0.0/24"), None);
    }

    #[test]
    fn fence_that_is_over_does_nothing_to_the_cluster() {
        let directory = tempfile::tempdir().unwrap();
        let keyring = directory.path().join("keyring");
        std::fs::write(&keyring, "[client.control]\nkey = AQ==\n").unwrap();
        let options = format!("rbd:pool=disks,user=control,keyring={}", keyring.display());
        let control = PoolControl::open(RbdOptions::parse(&options).unwrap()).unwrap();
        let host = FencedClient { user: "a".to_owned(), addresses: Vec::new() };
        let asked = std::cell::Cell::new(0);
        let over = || -> Result<(), StorageError> {
            asked.set(asked.get() + 1);
            Err(StorageError::Taken { what: "it is over".to_owned(), hint: String::new() })
        };
        for ended in [control.shut_out(&host, 2026, &over), control.take("d-1", &host, 2, &over)] {
            // Without a cluster, the tools would have failed in another way.
            assert!(matches!(ended, Err(StorageError::Taken { .. })), "{ended:?}");
        }
        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn entry_blocks_a_host_only_if_it_blocks_all_its_clients_for_years() {
        let ip: IpAddr = "10.77.0.2".parse().unwrap();
        let entry = |addr: &str, until: &str| Blocked { addr: addr.into(), until: until.into() };
        let decade = "2036-11-27T16:00:00.000000+0000";
        assert!(entry("10.77.0.2:0/0", decade).blocks(ip, 2026));
        assert!(!entry("10.77.0.2:0/0", "2026-11-30T17:00:00.000000+0000").blocks(ip, 2026));
        assert!(!entry("10.77.0.2:0/4711", decade).blocks(ip, 2026), "one client of it");
        assert!(!entry("10.77.0.3:0/0", decade).blocks(ip, 2026));
        let answer = r#"[{"addr":"10.77.0.2:0/0","until":"2036-11-27T16:01:32"}][]"#;
        assert!(blocked_in(answer).unwrap()[0].blocks(ip, 2026));
        assert!(blocked_in("listed").is_err());
    }
}

//! The connected clients, bounded in total and for each address.
//!
//! When a bound is reached, room is made by closing the connection that has kept the server
//! waiting longest: with an unfinished request, an unread reply, or no request at all. A
//! client that is being served is never closed, and one address cannot take another's room.

mod large_bodies;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) use large_bodies::LargeBody;

/// How many clients may be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// From all addresses together.
    pub total: usize,
    /// From one address; of IPv6, from one network of 64 bits.
    pub per_address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> ConnectionLimits {
        ConnectionLimits { total: 4_096, per_address: 1_024 }
    }
}

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionPhase {
    /// No request has begun.
    Idle,
    /// A part of a request's head has come.
    Head,
    /// The head has come, the body has not ended.
    Body,
    /// The request is whole and its reply has not ended.
    Served,
}

impl ConnectionPhase {
    const ALL: [ConnectionPhase; 4] = [
        ConnectionPhase::Idle,
        ConnectionPhase::Head,
        ConnectionPhase::Body,
        ConnectionPhase::Served,
    ];
}

/// One connected client.
pub(super) struct ConnectedClient {
    /// The moment that times are counted from.
    epoch: Instant,
    /// Milliseconds since the epoch at which the phase began, times four, plus the phase.
    phase: AtomicU64,
    /// Milliseconds since the epoch, plus one, since when it does not read; 0 while it does.
    stalled: AtomicU64,
    /// A reply was sent although the body of its request had not ended.
    unread: AtomicBool,
    /// Notifies the connection that it has to close to make room for another.
    evicted: Notify,
}

impl ConnectedClient {
    fn new(epoch: Instant) -> ConnectedClient {
        let client = ConnectedClient {
            epoch,
            phase: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            evicted: Notify::new(),
        };
        client.enter(ConnectionPhase::Idle);
        client
    }

    /// Another phase begins.
    pub(super) fn enter(&self, phase: ConnectionPhase) {
        self.phase.store(self.now_ms() << 2 | phase as u64, Ordering::Release);
    }

    /// The phase of the connection, and since when it lasts.
    pub(super) fn phase(&self) -> (ConnectionPhase, Instant) {
        let packed = self.phase.load(Ordering::Acquire);
        let phase = ConnectionPhase::ALL[(packed & 3) as usize];
        (phase, self.epoch + Duration::from_millis(packed >> 2))
    }

    /// Records whether the client reads what is sent.
    pub(super) fn set_stalled(&self, stalled: bool) {
        let since = if stalled { self.now_ms() + 1 } else { 0 };
        self.stalled.store(since, Ordering::Release);
    }

    /// The rest of the request's body will not be read.
    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Release);
        self.enter(ConnectionPhase::Served);
    }

    /// Whether the client may still be sending what will not be read.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Acquire)
    }

    /// Waits until the connection has to close.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// Since when the server waits for it, in milliseconds since the epoch; none while it does not.
    fn waiting_since_ms(&self) -> Option<u64> {
        let stalled = self.stalled.load(Ordering::Acquire).checked_sub(1);
        let packed = self.phase.load(Ordering::Acquire);
        let served = packed & 3 == ConnectionPhase::Served as u64;
        let waiting = (!served).then_some(packed >> 2);
        [stalled, waiting].into_iter().flatten().min()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX >> 2)
    }
}

/// All connected clients.
pub(super) struct Connections {
    limits: ConnectionLimits,
    epoch: Instant,
    table: Mutex<ClientTable>,
    /// Notifies whenever a client has disconnected.
    gone: Notify,
}

#[derive(Default)]
struct ClientTable {
    by_address: HashMap<IpAddr, HashMap<u64, Arc<ConnectedClient>>>,
    total: usize,
    last_number: u64,
    /// The clients whose large bodies are being read or served, by address.
    large_bodies: HashMap<IpAddr, Vec<u64>>,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Connections> {
        let (epoch, table) = (Instant::now(), Mutex::default());
        Arc::new(Connections { limits, epoch, table, gone: Notify::new() })
    }

    /// Waits until there is room for one more client, closing the one that waits longest if need
    /// be. Looks again now and then, since a client that was being served may wait by now.
    pub(super) async fn room(&self) {
        const LOOK_AGAIN: Duration = Duration::from_millis(50);
        while !self.make_room() {
            // Timing out is as good as hearing that one has gone.
            let _ = tokio::time::timeout(LOOK_AGAIN, self.gone.notified()).await;
        }
    }

    fn make_room(&self) -> bool {
        self.lock().total < self.limits.total || self.evict_one()
    }

    /// Closes the connection that has kept the server waiting longest, from the address with most
    /// of them; false if all of those are being served.
    pub(super) fn evict_one(&self) -> bool {
        let mut table = self.lock();
        let most = table.by_address.iter().max_by_key(|(_, clients)| clients.len());
        let address = most.map(|(address, _)| *address);
        address.is_some_and(|address| table.evict_from(&address))
    }

    /// Admits a client; none if its address is at its bound and all its clients are being served.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Admitted> {
        let address = group_of(peer);
        let mut table = self.lock();
        let of_address = table.by_address.get(&address).map_or(0, HashMap::len);
        if of_address >= self.limits.per_address && !table.evict_from(&address) {
            return None;
        }
        table.last_number += 1;
        table.total += 1;
        let (number, client) = (table.last_number, Arc::new(ConnectedClient::new(self.epoch)));
        table.by_address.entry(address).or_default().insert(number, Arc::clone(&client));
        Some(Admitted { connections: Arc::clone(self), address, number, client })
    }

    fn lock(&self) -> MutexGuard<'_, ClientTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientTable {
    /// Closes the connection from this address that has kept the server waiting longest; false if
    /// all of them are being served.
    fn evict_from(&mut self, address: &IpAddr) -> bool {
        let Some(clients) = self.by_address.get(address) else { return false };
        let waiting = clients
            .iter()
            .filter_map(|(number, client)| Some((client.waiting_since_ms()?, *number)));
        let Some((_, number)) = waiting.min() else { return false };
        if let Some(client) = self.remove(address, number) {
            client.evicted.notify_one();
        }
        true
    }

    fn remove(&mut self, address: &IpAddr, number: u64) -> Option<Arc<ConnectedClient>> {
        let clients = self.by_address.get_mut(address)?;
        let client = clients.remove(&number)?;
        if clients.is_empty() {
            self.by_address.remove(address);
        }
        self.total -= 1;
        Some(client)
    }
}

/// An admitted client; dropping this ends its admission.
pub(super) struct Admitted {
    connections: Arc<Connections>,
    address: IpAddr,
    number: u64,
    pub(super) client: Arc<ConnectedClient>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.address, self.number);
        self.connections.gone.notify_one();
    }
}

/// The group that an address is counted in: for IPv6 the network of 64 bits, which one client has.
fn group_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    pub(super) fn connections(total: usize, per_address: usize) -> Arc<Connections> {
        Connections::new(ConnectionLimits { total, per_address })
    }

    pub(super) fn other(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    pub(super) async fn is_evicted(admitted: &Admitted) -> bool {
        let short = Duration::from_millis(1);
        tokio::time::timeout(short, admitted.client.evicted()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn admit_at_the_bound_of_an_address_closes_the_longest_waiting_of_that_address() {
        let connections = connections(10, 3);
        let elsewhere = connections.admit(other(1)).unwrap();
        let served = connections.admit(HERE).unwrap();
        served.client.enter(ConnectionPhase::Served);
        let long = connections.admit(HERE).unwrap();
        tokio::time::advance(Duration::from_millis(5)).await;
        let short = connections.admit(HERE).unwrap();
        let latest = connections.admit(HERE).unwrap();
        assert!(is_evicted(&long).await);
        for stays in [&elsewhere, &served, &short, &latest] {
            assert!(!is_evicted(stays).await);
        }
        assert_eq!(connections.lock().total, 4);
        drop(long);
        assert_eq!(connections.lock().total, 4, "it was not counted any more");
    }

    #[tokio::test(start_paused = true)]
    async fn admit_refuses_an_address_whose_clients_are_all_being_served() {
        let connections = connections(10, 2);
        let served = [connections.admit(HERE).unwrap(), connections.admit(HERE).unwrap()];
        served.iter().for_each(|admitted| admitted.client.enter(ConnectionPhase::Served));
        assert!(connections.admit(HERE).is_none());
        assert!(connections.admit(other(1)).is_some());
        served[1].client.set_stalled(true);
        assert!(connections.admit(HERE).is_some(), "a client that does not read makes room");
        assert!(is_evicted(&served[1]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn room_at_the_total_bound_is_made_by_the_address_with_most_clients() {
        let connections = connections(3, 3);
        let lonely = connections.admit(other(1)).unwrap();
        tokio::time::advance(Duration::from_millis(5)).await;
        let many = [connections.admit(HERE).unwrap(), connections.admit(HERE).unwrap()];
        connections.room().await;
        assert!(is_evicted(&many[0]).await || is_evicted(&many[1]).await);
        assert!(!is_evicted(&lonely).await);
    }

    #[tokio::test(start_paused = true)]
    async fn admit_succeeds_after_a_served_client_has_gone() {
        let connections = connections(1, 1);
        let served = connections.admit(HERE).unwrap();
        served.client.enter(ConnectionPhase::Served);
        let waits = tokio::spawn({
            let connections = Arc::clone(&connections);
            async move { connections.room().await }
        });
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!waits.is_finished());
        drop(served);
        waits.await.unwrap();
        assert_eq!(connections.lock().total, 0);
    }

    #[test]
    fn group_of_joins_what_one_client_has_to_itself() {
        let group = |text: &str| group_of(text.parse().unwrap());
        assert_eq!(group("2001:db8::1"), group("2001:db8::ffff:1"));
        assert_ne!(group("2001:db8::1"), group("2001:db8:0:1::1"));
        assert_eq!(group("::ffff:192.0.2.1"), group("192.0.2.1"));
        assert_ne!(group("192.0.2.1"), group("192.0.2.2"));
    }
}

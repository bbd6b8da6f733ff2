//! The room for large bodies, which connected clients share: bounded in total and for each address,
//! so that neither one address nor a few that send slowly keep it from all others.

use std::net::IpAddr;
use std::time::Duration;

use super::{Admitted, ClientTable, ConnectionPhase};

/// Large bodies in memory at a time: 128 MiB, whatever the number of connections.
const LARGE_BODIES: usize = 128;
/// Those of one address, so that one that sends them slowly leaves room for others.
const LARGE_BODIES_OF_ADDRESS: usize = 32;
/// A large body that has been coming for so long gives way to one of an address that has fewer.
const LARGE_BODY_TIME: Duration = Duration::from_secs(5);

impl Admitted {
    /// Room for a large body of this client until it is dropped, if there is any.
    pub(in super::super) fn large_body(&self) -> Option<LargeBody<'_>> {
        let mut table = self.connections.lock();
        let in_all: usize = table.large_bodies.values().map(Vec::len).sum();
        let of_address = table.large_bodies.get(&self.address).map_or(0, Vec::len);
        if of_address >= LARGE_BODIES_OF_ADDRESS
            || (in_all >= LARGE_BODIES && !table.evict_large_body(of_address))
        {
            return None;
        }
        table.large_bodies.entry(self.address).or_default().push(self.number);
        drop(table);
        Some(LargeBody { admitted: self })
    }
}

/// Room for a large body.
pub(in super::super) struct LargeBody<'a> {
    admitted: &'a Admitted,
}

impl Drop for LargeBody<'_> {
    fn drop(&mut self) {
        let address = &self.admitted.address;
        let mut table = self.admitted.connections.lock();
        table.forget_large_body(address, self.admitted.number);
    }
}

impl ClientTable {
    /// Closes the connection whose large body has been coming for longest, of the address with most
    /// of them; false if none has more than so many, or none of its bodies is slow.
    fn evict_large_body(&mut self, of_address: usize) -> bool {
        let most = self.large_bodies.iter().max_by_key(|(_, numbers)| numbers.len());
        let Some((address, numbers)) = most.filter(|(_, held)| held.len() > of_address) else {
            return false;
        };
        let coming = numbers.iter().filter_map(|number| {
            let (phase, since) = self.by_address.get(address)?.get(number)?.phase();
            let is_slow = since.elapsed() >= LARGE_BODY_TIME;
            (phase == ConnectionPhase::Body && is_slow).then_some((since, *number))
        });
        let Some((_, number)) = coming.min() else { return false };
        let address = *address;
        self.forget_large_body(&address, number);
        if let Some(client) = self.remove(&address, number) {
            client.evicted.notify_one();
        }
        true
    }

    fn forget_large_body(&mut self, address: &IpAddr, number: u64) {
        let Some(held) = self.large_bodies.get_mut(address) else { return };
        held.retain(|one| *one != number);
        if held.is_empty() {
            self.large_bodies.remove(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HERE, connections, is_evicted, other};
    use super::*;

    #[tokio::test]
    async fn large_bodies_of_one_address_leave_room_for_others() {
        let connections = connections(10, 10);
        let there = connections.admit(other(1)).unwrap();
        let more = LARGE_BODIES_OF_ADDRESS;
        let clients: Vec<_> = (0..=more).map(|_| connections.admit(HERE).unwrap()).collect();
        let mut held: Vec<_> = clients[..more].iter().map(Admitted::large_body).collect();
        assert!(held.iter().all(Option::is_some) && clients[more].large_body().is_none());
        assert!(there.large_body().is_some());
        held.pop();
        assert!(clients[more].large_body().is_some());
        drop(held);
        assert!(connections.lock().large_bodies.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn slow_large_bodies_of_many_addresses_give_way_to_one_of_another() {
        let connections = connections(200, 200);
        let slow: Vec<_> = (0..4)
            .flat_map(|last| (0..LARGE_BODIES_OF_ADDRESS).map(move |_| other(last)))
            .map(|address| connections.admit(address).unwrap())
            .collect();
        slow.iter().for_each(|one| one.client.enter(ConnectionPhase::Body));
        let mut held: Vec<_> = slow.iter().map(Admitted::large_body).collect();
        assert_eq!(held.iter().flatten().count(), LARGE_BODIES);
        let honest = connections.admit(HERE).unwrap();
        assert!(honest.large_body().is_none(), "none of the others is slow yet");
        tokio::time::advance(LARGE_BODY_TIME).await;
        let served = 5;
        slow[..served].iter().for_each(|one| one.client.enter(ConnectionPhase::Served));
        let body = honest.large_body();
        assert!(body.is_some());
        let mut evicted = Vec::new();
        for (number, one) in slow.iter().enumerate() {
            if is_evicted(one).await {
                evicted.push(number);
            }
        }
        assert!(evicted.len() == 1 && evicted[0] >= served, "{evicted:?}");
        // The one that was closed gives nothing back twice.
        held[evicted[0]] = None;
        let counted: usize = connections.lock().large_bodies.values().map(Vec::len).sum();
        assert_eq!(counted, LARGE_BODIES);
    }
}

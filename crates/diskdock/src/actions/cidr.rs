//! Ranges of IPv4 addresses: which ones a VPC and a vSwitch may have, and which addresses of them
//! can be given to instances.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// Ranges that no VPC has: shared addresses, the host itself, link-local ones, and all beyond
/// unicast (documentation of CreateVpc).
const NO_VPC: [(Ipv4Addr, u8); 4] = [
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// Bits of the mask of a VPC, at least and at most.
const VPC_MASK: (u8, u8) = (8, 28);
/// Bits of the mask of a vSwitch, at least and at most.
const VSWITCH_MASK: (u8, u8) = (16, 29);
/// Addresses of a vSwitch that are the service's own: the first, and the last three.
const RESERVED: (u32, u32) = (1, 3);

/// The range of this text; none if a bit is set behind the mask.
pub(super) fn strict(text: &str) -> Option<Ipv4Net> {
    let range: Ipv4Net = text.parse().ok()?;
    (range.trunc() == range).then_some(range)
}

fn overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(other) || other.contains(one)
}

/// The range of a VPC; none if no VPC may have it.
pub(super) fn of_vpc(text: &str) -> Option<Ipv4Net> {
    let range = strict(text)?;
    let forbidden = |(first, mask): &(Ipv4Addr, u8)| {
        Ipv4Net::new(*first, *mask).is_ok_and(|taken| overlap(&range, &taken))
    };
    let has_length = (VPC_MASK.0..=VPC_MASK.1).contains(&range.prefix_len());
    (has_length && !NO_VPC.iter().any(forbidden)).then_some(range)
}

/// Whether a range overlaps the addresses that the cloud shares among its services.
pub(super) fn overlaps_shared(range: &Ipv4Net) -> bool {
    Ipv4Net::new(NO_VPC[0].0, NO_VPC[0].1).is_ok_and(|shared| overlap(range, &shared))
}

/// Whether a vSwitch may have as many addresses as this range.
pub(super) fn has_vswitch_length(range: &Ipv4Net) -> bool {
    (VSWITCH_MASK.0..=VSWITCH_MASK.1).contains(&range.prefix_len())
}

/// Whether two ranges, as texts, have an address in common.
pub(super) fn texts_overlap(one: &str, other: &Ipv4Net) -> bool {
    one.parse().is_ok_and(|one: Ipv4Net| overlap(&one, other))
}

/// Whether a range lies in another one, a text.
pub(super) fn lies_in(range: &Ipv4Net, outer: &str) -> bool {
    outer.parse().is_ok_and(|outer: Ipv4Net| outer.contains(range))
}

/// The first and the last address of a range that an instance can have, as numbers.
fn usable(range: &Ipv4Net) -> (u32, u32) {
    let (first, last) = (u32::from(range.network()), u32::from(range.broadcast()));
    (first.saturating_add(RESERVED.0), last.saturating_sub(RESERVED.1))
}

/// How many addresses a range has for instances.
pub(super) fn capacity(range: &str) -> u32 {
    let Ok(range) = range.parse::<Ipv4Net>() else { return 0 };
    let (first, last) = usable(&range);
    (last + 1).saturating_sub(first)
}

/// Whether an instance can have this address of a range.
pub(super) fn is_usable(range: &str, address: Ipv4Addr) -> bool {
    let Ok(range) = range.parse::<Ipv4Net>() else { return false };
    let (first, last) = usable(&range);
    (first..=last).contains(&u32::from(address))
}

/// So many free addresses of a range, from the beginning; fewer if it has no more.
pub(super) fn free(
    range: &str,
    count: usize,
    is_taken: impl Fn(Ipv4Addr) -> bool,
) -> Vec<Ipv4Addr> {
    let Ok(range) = range.parse::<Ipv4Net>() else { return Vec::new() };
    let (first, last) = usable(&range);
    let all = (first..=last).map(Ipv4Addr::from);
    all.filter(|address| !is_taken(*address)).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_vpc_takes_unicast_ranges_of_8_to_28_bits() {
        for text in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "203.0.113.0/28"] {
            assert!(of_vpc(text).is_some(), "{text}");
        }
        for text in [
            "10.0.0.1/8",
            "10.0.0.0/7",
            "10.0.0.0/29",
            "10.0.0.0",
            "100.64.0.0/16",
            "100.0.0.0/8",
            "127.0.0.0/16",
            "169.254.1.0/24",
            "224.0.0.0/8",
            "255.0.0.0/8",
            "fd00::/8",
            "",
        ] {
            assert!(of_vpc(text).is_none(), "{text}");
        }
    }

    #[test]
    fn has_vswitch_length_takes_16_to_29_bits() {
        let fits = |text: &str| strict(text).is_some_and(|range| has_vswitch_length(&range));
        assert!(fits("10.1.0.0/16") && fits("10.1.0.8/29"));
        assert!(!fits("10.0.0.0/15") && !fits("10.1.0.4/30"));
    }

    #[test]
    fn texts_overlap_for_equal_and_nested_ranges_only() {
        let range = strict("10.0.1.0/24").unwrap_or_default();
        assert!(texts_overlap("10.0.1.0/24", &range));
        assert!(texts_overlap("10.0.0.0/16", &range) && texts_overlap("10.0.1.8/29", &range));
        assert!(!texts_overlap("10.0.2.0/24", &range) && !texts_overlap("", &range));
        assert!(lies_in(&range, "10.0.0.0/16") && !lies_in(&range, "10.0.1.0/25"));
    }

    #[test]
    fn free_leaves_out_reserved_and_taken_addresses() {
        let address = |last| Ipv4Addr::new(10, 0, 0, last);
        assert_eq!(capacity("10.0.0.0/29"), 4);
        assert_eq!(free("10.0.0.0/29", 9, |_| false), [1, 2, 3, 4].map(address));
        assert_eq!(free("10.0.0.0/29", 2, |one| one == address(2)), [1, 3].map(address));
        assert!(is_usable("10.0.0.0/29", address(4)));
        for reserved in [0, 5, 6, 7, 8] {
            assert!(!is_usable("10.0.0.0/29", address(reserved)), "{reserved}");
        }
    }
}

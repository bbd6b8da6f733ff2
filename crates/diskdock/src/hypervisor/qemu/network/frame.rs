//! Frames between QEMU and passt, and which of them may leave a guest.
//!
//! Both sides write a frame as its length, four bytes with the highest first, and the frame.

use std::io::{self, Read, Write};
use std::net::Ipv4Addr;

use super::host_addresses::HostAddresses;

/// Bytes of a frame at most: the largest IP packet with its header, and what QEMU may put before
/// it.
const LARGEST: usize = 69_632;
/// Bytes of an Ethernet header: to, from, type.
const ETHERNET: usize = 14;
const TYPE_IPV4: [u8; 2] = [0x08, 0x00];
const TYPE_ARP: [u8; 2] = [0x08, 0x06];
/// Bytes of an IPv4 header at least.
const IPV4: usize = 20;
const PROTOCOL_UDP: u8 = 17;
const DHCP_SERVER: u16 = 67;
/// Bytes of an ARP packet for IPv4 over Ethernet.
const ARP: usize = 28;
const ARP_REPLY: u16 = 2;

/// Reads the next frame; none when the other side has closed between two frames.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > LARGEST {
        let what = format!("a frame of {length} bytes is larger than any");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let mut frame = vec![0; length];
    from.read_exact(&mut frame)?;
    Ok(Some(frame))
}

/// Writes a frame in one piece.
pub(crate) fn write(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(4 + frame.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    to.write_all(&bytes)
}

/// Whether a guest may send this frame: ARP, and IPv4 to other machines than the host. A guest
/// chooses every byte of a frame, so what is not understood does not pass.
pub(crate) fn may_leave(frame: &[u8], host: &HostAddresses) -> bool {
    let Some((header, packet)) = frame.split_at_checked(ETHERNET) else { return false };
    match [header[12], header[13]] {
        TYPE_ARP => true,
        TYPE_IPV4 => is_for_others(packet, host),
        _ => false,
    }
}

fn is_for_others(packet: &[u8], host: &HostAddresses) -> bool {
    if packet.len() < IPV4 || packet[0] >> 4 != 4 {
        return false;
    }
    let source = Ipv4Addr::new(packet[12], packet[13], packet[14], packet[15]);
    let to = Ipv4Addr::new(packet[16], packet[17], packet[18], packet[19]);
    if to.is_broadcast() {
        return is_dhcp(packet);
    }
    // 0.0.0.0 is this host to Linux, and what goes to a group comes back to it.
    let elsewhere = !to.is_loopback() && to.octets()[0] != 0 && to.octets()[0] < 224;
    elsewhere && !source.is_loopback() && !host.contains(to)
}

/// Whether it asks for an address, which passt answers by itself.
fn is_dhcp(packet: &[u8]) -> bool {
    let header = usize::from(packet[0] & 0x0f) * 4;
    let is_first_fragment = u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff == 0;
    let port =
        packet.get(header + 2..header + 4).map(|port| u16::from_be_bytes([port[0], port[1]]));
    packet[9] == PROTOCOL_UDP && is_first_fragment && header >= IPV4 && port == Some(DHCP_SERVER)
}

/// Asks, as the guest, who has the gateway's address.
pub(crate) fn arp_request(mac: [u8; 6], guest: Ipv4Addr, gateway: Ipv4Addr) -> Vec<u8> {
    let mut frame = Vec::with_capacity(ETHERNET + ARP);
    frame.extend_from_slice(&[0xff; 6]);
    frame.extend_from_slice(&mac);
    frame.extend_from_slice(&TYPE_ARP);
    // Ethernet, IPv4, the lengths of their addresses, a request.
    frame.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend_from_slice(&mac);
    frame.extend_from_slice(&guest.octets());
    frame.extend_from_slice(&[0; 6]);
    frame.extend_from_slice(&gateway.octets());
    frame
}

/// Whether it says who has this address.
pub(crate) fn is_arp_reply(frame: &[u8], of: Ipv4Addr) -> bool {
    let is_reply = |arp: &[u8]| u16::from_be_bytes([arp[6], arp[7]]) == ARP_REPLY;
    frame.len() >= ETHERNET + ARP
        && frame[12..ETHERNET] == TYPE_ARP
        && is_reply(&frame[ETHERNET..])
        && frame[28..32] == of.octets()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAC: [u8; 6] = [0x52, 0x54, 0, 1, 2, 3];

    fn host() -> HostAddresses {
        HostAddresses::parse(
            "Local:\n  |-- 127.0.0.0\n     /8 host LOCAL\n  |-- 192.0.2.2\n     /32 host LOCAL\n",
        )
    }

    fn ipv4(to: [u8; 4], protocol: u8, port: u16) -> Vec<u8> {
        let mut frame = [&[0xff; 6][..], &MAC, &TYPE_IPV4].concat();
        frame.extend_from_slice(&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 2, 15]);
        frame.extend_from_slice(&to);
        frame.extend_from_slice(&[0x80, 0]);
        frame.extend_from_slice(&port.to_be_bytes());
        frame.extend_from_slice(&[0, 8, 0, 0]);
        frame
    }

    #[test]
    fn may_leave_to_other_machines_and_not_to_the_host() {
        let leaves = |to: [u8; 4]| may_leave(&ipv4(to, 6, 80), &host());
        for other in [[192, 0, 2, 1], [192, 0, 2, 3], [8, 8, 8, 8], [10, 0, 2, 2], [223, 0, 0, 1]] {
            assert!(leaves(other), "{other:?}");
        }
        let own = [[127, 0, 0, 1], [127, 255, 0, 9], [0, 0, 0, 0], [0, 1, 2, 3], [192, 0, 2, 2]];
        for host in own.into_iter().chain([[224, 0, 0, 251], [240, 0, 0, 1], [255; 4]]) {
            assert!(!leaves(host), "{host:?}");
        }
    }

    #[test]
    fn may_leave_as_a_broadcast_only_to_ask_for_an_address() {
        let leaves = |frame: &[u8]| may_leave(frame, &host());
        assert!(leaves(&ipv4([255; 4], PROTOCOL_UDP, 67)));
        assert!(!leaves(&ipv4([255; 4], PROTOCOL_UDP, 68)));
        assert!(!leaves(&ipv4([255; 4], 6, 67)));
        let mut later_fragment = ipv4([255; 4], PROTOCOL_UDP, 67);
        later_fragment[ETHERNET + 7] = 1;
        assert!(!leaves(&later_fragment));
        let mut short_header = ipv4([255; 4], PROTOCOL_UDP, 67);
        short_header[ETHERNET] = 0x40;
        assert!(!leaves(&short_header));
    }

    #[test]
    fn may_leave_refuses_unknown_frames() {
        let mut ipv6 = ipv4([8, 8, 8, 8], 6, 80);
        ipv6[12..14].copy_from_slice(&[0x86, 0xdd]);
        let mut tagged = ipv4([8, 8, 8, 8], 6, 80);
        tagged[12..14].copy_from_slice(&[0x81, 0]);
        let mut version_six = ipv4([8, 8, 8, 8], 6, 80);
        version_six[ETHERNET] = 0x65;
        let mut from_loopback = ipv4([8, 8, 8, 8], 6, 80);
        from_loopback[ETHERNET + 12] = 127;
        for frame in [ipv6, tagged, version_six, from_loopback, vec![], vec![0; 13]] {
            assert!(!may_leave(&frame, &host()), "{frame:?}");
        }
    }

    #[test]
    fn an_arp_reply_is_known_by_the_address_it_is_about() {
        let gateway = Ipv4Addr::new(10, 0, 2, 2);
        let request = arp_request(MAC, Ipv4Addr::new(10, 0, 2, 15), gateway);
        assert!(may_leave(&request, &host()) && !is_arp_reply(&request, gateway));
        let mut reply = arp_request(MAC, gateway, Ipv4Addr::new(10, 0, 2, 15));
        reply[ETHERNET + 7] = 2;
        assert!(is_arp_reply(&reply, gateway));
        assert!(!is_arp_reply(&reply, Ipv4Addr::new(10, 0, 2, 3)));
        assert!(!is_arp_reply(&reply[..ETHERNET + ARP - 1], gateway));
    }

    #[test]
    fn read_returns_the_written_frame_and_refuses_an_oversized_one() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"one").unwrap();
        write(&mut bytes, b"").unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(read(&mut from).unwrap().unwrap(), b"one");
        assert_eq!(read(&mut from).unwrap().unwrap(), b"");
        assert!(read(&mut from).unwrap().is_none());
        assert!(read(&mut &bytes[..5]).is_err(), "half a frame is none");
        assert!(read(&mut &[0xff; 8][..]).is_err());
    }

    proptest! {
        #[test]
        fn may_leave_never_lets_anything_through_to_the_host(
            mut frame in proptest::collection::vec(any::<u8>(), 0..96),
            to in prop_oneof![
                Just([127, 0, 0, 1]), Just([0, 0, 0, 0]), Just([192, 0, 2, 2]), any::<[u8; 3]>()
                    .prop_map(|rest| [127, rest[0], rest[1], rest[2]])
            ],
            is_ipv4 in any::<bool>(),
        ) {
            if frame.len() >= 34 {
                frame[30..34].copy_from_slice(&to);
                if is_ipv4 {
                    frame[12..14].copy_from_slice(&TYPE_IPV4);
                }
            }
            let is_arp = frame.get(12..14).is_some_and(|kind| kind == TYPE_ARP);
            prop_assert!(is_arp || !may_leave(&frame, &host()));
        }
    }
}

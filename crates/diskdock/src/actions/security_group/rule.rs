//! A rule of a group, read from what a request says of it. Pure.

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::security_group::{RuleDirection, Traffic};
use ipnet::{Ipv4Net, Ipv6Net};

use super::rule_params::{EgressRule, IngressRule, NicType, Protocol, RuleBase, RulePolicy};
use crate::actions::prelude::*;

/// A rule that is asked for.
#[derive(Clone, Debug)]
pub(super) struct AskedRule {
    /// The traffic.
    pub traffic: Traffic,
    /// The account of the other end's group, or empty.
    pub group_owner: String,
    /// Free text.
    pub description: String,
}

/// The other end of the traffic that a request describes.
pub(super) struct OtherEnd<'a> {
    cidr: Option<&'a Text<1, 64>>,
    ipv6_cidr: Option<&'a Text<1, 64>>,
    group: Option<&'a Text<1, 64>>,
    prefix_list: Option<&'a Text<1, 64>>,
    owner: String,
    missing: &'static ErrorCode,
}

/// A rule as a request describes it, for one way of traffic.
pub(super) trait DescribedRule {
    /// The way of the traffic.
    const DIRECTION: RuleDirection;
    /// The errors if the group at the other end is not there, and if it is in another VPC.
    const OTHER_GROUP: [&'static ErrorCode; 2];

    fn base(&self) -> &RuleBase;
    /// The end of the traffic that is not in the group.
    fn other_end(&self) -> OtherEnd<'_>;
    /// The IPv4 and IPv6 addresses of the end that is in the group.
    fn own_ranges(&self) -> [&Option<Text<1, 64>>; 2];

    /// Whether anything is said of it.
    fn is_given(&self) -> bool {
        let end = self.other_end();
        self.base().is_given() || end.group.is_some() || end.prefix_list.is_some()
    }

    /// The rule, if what is said makes one.
    fn read(&self, has_vpc: bool) -> Result<AskedRule, &'static ErrorCode> {
        let mut asked = self.base().read(has_vpc)?;
        self.other_end().write(&mut asked)?;
        [asked.traffic.own_cidr, asked.traffic.own_ipv6_cidr] = self.own_ranges().map(text);
        Ok(asked)
    }
}

impl DescribedRule for IngressRule {
    const DIRECTION: RuleDirection = RuleDirection::Ingress;
    const OTHER_GROUP: [&'static ErrorCode; 2] = [&SOURCE_GROUP_NOT_FOUND, &SOURCE_GROUP_ELSEWHERE];

    fn base(&self) -> &RuleBase {
        &self.base
    }

    fn other_end(&self) -> OtherEnd<'_> {
        let (base, end) = (&self.base, &self.end);
        OtherEnd {
            cidr: base.source_cidr_ip.as_ref(),
            ipv6_cidr: base.ipv6_source_cidr_ip.as_ref(),
            group: end.source_group_id.as_ref(),
            prefix_list: end.source_prefix_list_id.as_ref(),
            owner: owner(&end.source_group_owner_account, end.source_group_owner_id),
            missing: &SOURCE_MISSING,
        }
    }

    fn own_ranges(&self) -> [&Option<Text<1, 64>>; 2] {
        [&self.base.dest_cidr_ip, &self.base.ipv6_dest_cidr_ip]
    }
}

impl DescribedRule for EgressRule {
    const DIRECTION: RuleDirection = RuleDirection::Egress;
    const OTHER_GROUP: [&'static ErrorCode; 2] = [&DEST_GROUP_NOT_FOUND, &DEST_GROUP_ELSEWHERE];

    fn base(&self) -> &RuleBase {
        &self.base
    }

    fn other_end(&self) -> OtherEnd<'_> {
        let (base, end) = (&self.base, &self.end);
        OtherEnd {
            cidr: base.dest_cidr_ip.as_ref(),
            ipv6_cidr: base.ipv6_dest_cidr_ip.as_ref(),
            group: end.dest_group_id.as_ref(),
            prefix_list: end.dest_prefix_list_id.as_ref(),
            owner: owner(&end.dest_group_owner_account, end.dest_group_owner_id),
            missing: &DESTINATION_MISSING,
        }
    }

    fn own_ranges(&self) -> [&Option<Text<1, 64>>; 2] {
        [&self.base.source_cidr_ip, &self.base.ipv6_source_cidr_ip]
    }
}

impl OtherEnd<'_> {
    /// A range wins over a group, and a group over a list.
    fn write(&self, asked: &mut AskedRule) -> Result<(), &'static ErrorCode> {
        let traffic = &mut asked.traffic;
        match (self.cidr, self.ipv6_cidr, self.group, self.prefix_list) {
            (Some(cidr), ..) => traffic.cidr.clone_from(&cidr.0),
            (None, Some(cidr), ..) => traffic.ipv6_cidr.clone_from(&cidr.0),
            (None, None, Some(group), _) => {
                traffic.group.clone_from(&group.0);
                asked.group_owner.clone_from(&self.owner);
            }
            (None, None, None, Some(_)) => return Err(&PREFIX_LIST_NOT_FOUND),
            (None, None, None, None) => return Err(self.missing),
        }
        Ok(())
    }
}

impl RuleBase {
    fn is_given(&self) -> bool {
        let texts = [
            &self.source_cidr_ip,
            &self.ipv6_source_cidr_ip,
            &self.dest_cidr_ip,
            &self.ipv6_dest_cidr_ip,
        ];
        self.ip_protocol.is_some()
            || self.port_range.is_some()
            || texts.into_iter().any(Option::is_some)
    }

    /// The rule without its ends.
    fn read(&self, has_vpc: bool) -> Result<AskedRule, &'static ErrorCode> {
        let protocol = self.ip_protocol.ok_or(&PROTOCOL_NOT_VALID)?;
        let ports = self.port_range.as_ref().ok_or(&PORT_RANGE_MISSING)?;
        check_ports(protocol, &ports.0)?;
        if let Some(ports) = &self.source_port_range {
            check_ports(protocol, &ports.0)?;
        }
        self.check_ranges()?;
        let nic = match self.nic_type {
            Some(NicType::Internet) | None if !has_vpc => "internet",
            _ => "intranet",
        };
        let traffic = Traffic {
            protocol: protocol.as_str().to_owned(),
            ports: ports.0.clone(),
            other_ports: text(&self.source_port_range),
            nic: nic.to_owned(),
            accepts: self.policy != Some(RulePolicy::Drop),
            priority: self.priority()?,
            ..Traffic::default()
        };
        let description = self.description.as_ref().map(|text| text.0.clone()).unwrap_or_default();
        Ok(AskedRule { traffic, group_owner: String::new(), description })
    }

    fn priority(&self) -> Result<u32, &'static ErrorCode> {
        let Some(Text(text)) = &self.priority else { return Ok(1) };
        text.parse().ok().filter(|number| (1..=100).contains(number)).ok_or(&PRIORITY_NOT_VALID)
    }

    fn check_ranges(&self) -> Result<(), &'static ErrorCode> {
        let is = |range: &Option<Text<1, 64>>, fits: fn(&str) -> bool| {
            range.as_ref().is_none_or(|range| fits(&range.0))
        };
        let both = |one: &Option<Text<1, 64>>, other: &Option<Text<1, 64>>| {
            one.is_some() && other.is_some()
        };
        let broken = [
            (!is(&self.source_cidr_ip, is_ipv4), &SOURCE_RANGE_NOT_VALID),
            (!is(&self.dest_cidr_ip, is_ipv4), &DEST_RANGE_NOT_VALID),
            (!is(&self.ipv6_source_cidr_ip, is_ipv6), &IPV6_SOURCE_NOT_VALID),
            (!is(&self.ipv6_dest_cidr_ip, is_ipv6), &IPV6_DEST_NOT_VALID),
            (both(&self.source_cidr_ip, &self.ipv6_source_cidr_ip), &TWO_SOURCES),
            (both(&self.dest_cidr_ip, &self.ipv6_dest_cidr_ip), &TWO_DESTINATIONS),
        ];
        let first = broken.into_iter().find(|(is_broken, _)| *is_broken);
        first.map_or(Ok(()), |(_, error)| Err(error))
    }
}

impl Protocol {
    fn has_ports(self) -> bool {
        matches!(self, Protocol::Tcp | Protocol::Udp)
    }
}

fn text<const MIN: usize, const MAX: usize>(text: &Option<Text<MIN, MAX>>) -> String {
    text.as_ref().map(|text| text.0.clone()).unwrap_or_default()
}

fn owner<const MOST: i64>(name: &Option<Text<1, 64>>, id: Option<Integer<0, MOST>>) -> String {
    id.map_or_else(|| text(name), |id| id.0.to_string())
}

fn check_ports(protocol: Protocol, text: &str) -> Result<(), &'static ErrorCode> {
    if !protocol.has_ports() {
        return if text == "-1/-1" { Ok(()) } else { Err(&PORT_RANGE_OF_PROTOCOL) };
    }
    let (first, last) = text.split_once('/').ok_or(&PORT_RANGE_NOT_VALID)?;
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port >= 1);
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok(()),
        _ => Err(&PORT_RANGE_NOT_VALID),
    }
}

fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv4Net>().is_ok()
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok() || text.parse::<Ipv6Net>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_ports_goes_by_the_protocol() {
        for (protocol, text, fits) in [
            (Protocol::Tcp, "22/22", true),
            (Protocol::Tcp, "1/65535", true),
            (Protocol::Udp, "80/79", false),
            (Protocol::Udp, "0/80", false),
            (Protocol::Tcp, "22", false),
            (Protocol::Tcp, "-1/-1", false),
            (Protocol::Tcp, "1/65536", false),
            (Protocol::Icmp, "-1/-1", true),
            (Protocol::All, "1/65535", false),
        ] {
            assert_eq!(check_ports(protocol, text).is_ok(), fits, "{protocol:?} {text}");
        }
    }

    #[test]
    fn ranges_are_addresses_or_networks_of_their_family() {
        assert!(is_ipv4("10.0.0.1") && is_ipv4("10.0.0.0/8") && is_ipv4("0.0.0.0/0"));
        assert!(!is_ipv4("10.0.0.0/33") && !is_ipv4("::/0") && !is_ipv4(""));
        assert!(is_ipv6("::/0") && is_ipv6("2001:db8::1") && !is_ipv6("10.0.0.1"));
    }
}

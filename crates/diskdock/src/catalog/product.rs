//! Products of the vendor: each with its version, host and actions.

use super::action::Entry;
use super::errors::ErrorCode;
use super::resource::Resource;
use super::spec::Spec;

/// A product whose API, or a part of it, this server has.
#[derive(Debug)]
pub struct Product {
    /// Its code: `Ecs`.
    pub code: &'static str,
    /// The version of its API: `2014-05-26`.
    pub version: &'static str,
    /// Its code in the names of actions and resources that policies are about: `ecs`.
    pub ram_code: &'static str,
    /// The prefix of its hosts: `ecs` of `ecs.cn-hangzhou.aliyuncs.com`.
    pub host_prefix: &'static str,
    /// Whether it has a host in every region; otherwise one for all of them.
    pub is_regional: bool,
    /// Its actions, in groups.
    pub groups: &'static [&'static ActionGroup],
    /// Names of all actions that the product has anywhere, sorted, one on a line.
    pub known_actions: &'static str,
    /// The codes with which its edge refuses.
    pub errors: ErrorDialect,
    /// The major version of its current Go SDK, as import paths have it: `v7`.
    pub go_sdk: &'static str,
}

/// The codes of a product for requests that are refused before an action is known.
#[derive(Debug)]
pub struct ErrorDialect {
    /// No action of the product has this name.
    pub unknown_action: &'static ErrorCode,
    /// The product has the action, but this server does not; `{}` is its name.
    pub action_not_here: &'static ErrorCode,
    /// The policies of the key do not allow the action, or one denies it.
    pub not_allowed: &'static ErrorCode,
}

/// Actions that belong together, and the kinds of resource that they are about.
#[derive(Debug)]
pub struct ActionGroup {
    /// Their subject.
    pub title: &'static str,
    /// The actions, in order.
    pub actions: &'static [Entry],
    /// The kinds of resource, in order.
    pub resources: &'static [&'static Resource],
}

/// An action with the product and the group that have it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The product.
    pub product: &'static Product,
    /// The group.
    pub group: &'static ActionGroup,
    /// The action.
    pub entry: Entry,
}

impl Listed {
    /// The description of the action.
    pub fn spec(&self) -> &'static Spec {
        self.entry.spec()
    }
}

impl Product {
    /// Its actions, in order.
    pub fn listed(&'static self) -> impl Iterator<Item = Listed> {
        self.groups.iter().flat_map(move |group| {
            group.actions.iter().map(move |entry| Listed { product: self, group, entry: *entry })
        })
    }

    /// The actions of one of its groups, in order.
    pub fn in_group(&'static self, group: &'static ActionGroup) -> impl Iterator<Item = Listed> {
        self.listed().filter(move |listed| std::ptr::eq(listed.group, group))
    }

    /// Its action of this name.
    pub fn find(&'static self, name: &str) -> Option<Listed> {
        self.listed().find(|listed| listed.spec().name == name)
    }

    /// Whether the product has an action of this name anywhere.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.known_actions.lines().any(|known| known == name)
    }

    /// Its host in a region.
    pub(crate) fn host(&self, region: &str) -> String {
        match self.is_regional {
            true => format!("{}.{region}.aliyuncs.com", self.host_prefix),
            false => format!("{}.aliyuncs.com", self.host_prefix),
        }
    }
}

/// The product in the name of a vendor's host: `ecs` of `ecs.cn-hangzhou.aliyuncs.com`
/// and of `ecs-vpc.cn-hangzhou.aliyuncs.com`; none for any other host.
fn named_by(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let (labels, _) = name.split_once(".aliyuncs.com")?;
    labels.split(['.', '-']).next().filter(|label| !label.is_empty())
}

/// Whether this host is one of the vendor's.
pub(crate) fn is_of_vendor(host: &str) -> bool {
    named_by(host).is_some()
}

/// Why an action is not found.
#[derive(Debug)]
pub enum Unknown {
    /// No product here has this version at this host.
    Version,
    /// The vendor has such a product, this server does not: its code and version.
    Product(&'static str, &'static str),
    /// The product has no such action anywhere.
    Action(&'static Product),
    /// The product has the action, but this server does not.
    NotHere(&'static Product),
}

/// Products of the vendor that clients of these APIs call as well, and that are not here: code,
/// version, host prefix.
const ELSEWHERE: &[(&str, &str, &str)] = &[("Ims", "2019-08-15", "ims")];

/// The action that a request asks for, by version, host and name. A vendor's host that belongs to
/// one product calls no other; any other host has them all.
pub(crate) fn find_by_request(
    products: &[&'static Product],
    version: &str,
    host: &str,
    action: &str,
) -> Result<Listed, Unknown> {
    let named = named_by(host);
    let elsewhere = |matches: &dyn Fn(&str, &str) -> bool| {
        let found = ELSEWHERE.iter().find(|(_, version, prefix)| matches(version, prefix));
        found.map(|(code, version, _)| Unknown::Product(code, version))
    };
    let is_known = |prefix: &str| ELSEWHERE.iter().any(|(.., known)| *known == prefix);
    let is_ours = |prefix: &str| products.iter().any(|product| product.host_prefix == prefix);
    if let Some(prefix) = named.filter(|prefix| is_known(prefix) && !is_ours(prefix)) {
        return Err(elsewhere(&|_, known| known == prefix).unwrap_or(Unknown::Version));
    }
    let fits = |product: &&Product| {
        let host = named.is_none_or(|prefix| prefix == product.host_prefix || !is_ours(prefix));
        product.version == version && host
    };
    let found: Vec<&'static Product> = products.iter().copied().filter(|one| fits(one)).collect();
    if let Some(listed) = found.iter().find_map(|product| product.find(action)) {
        return Ok(listed);
    }
    Err(match found.first() {
        Some(product) if product.knows(action) => Unknown::NotHere(product),
        Some(product) => Unknown::Action(product),
        None if products.iter().any(|product| product.version == version) => Unknown::Version,
        None => elsewhere(&|known, _| known == version).unwrap_or(Unknown::Version),
    })
}

/// The action of this key.
pub(crate) fn find_by_key(products: &[&'static Product], key: &str) -> Option<Listed> {
    let mut listed = products.iter().flat_map(|product| product.listed());
    listed.find(|listed| listed.is_called(products, key))
}

impl Listed {
    /// The action's name where products stand side by side: without a prefix for the first product,
    /// `Vpc.DescribeVpcs` for others.
    pub fn key(&self, products: &[&'static Product]) -> String {
        let name = self.spec().name;
        let is_first = products.first().is_some_and(|first| std::ptr::eq(*first, self.product));
        if is_first { name.to_owned() } else { format!("{}.{name}", self.product.code) }
    }

    /// Whether this is its key, or the key with the first product's code before it.
    pub(crate) fn is_called(&self, products: &[&'static Product], key: &str) -> bool {
        let is_first = products.first().is_some_and(|first| std::ptr::eq(*first, self.product));
        match key.split_once('.') {
            None => is_first && key == self.spec().name,
            Some((code, name)) => code == self.product.code && name == self.spec().name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::PRODUCTS;
    use crate::catalog::errors::{ACTION_NOT_HERE, RAM_FORBIDDEN, UNKNOWN_ACTION};

    static VPC: Product = Product {
        code: "Vpc",
        version: "2016-04-28",
        ram_code: "vpc",
        host_prefix: "vpc",
        is_regional: true,
        groups: &[&crate::actions::region::GROUP],
        known_actions: "CreateVpc\nDescribeRegions\n",
        errors: ErrorDialect {
            unknown_action: &UNKNOWN_ACTION,
            action_not_here: &ACTION_NOT_HERE,
            not_allowed: &RAM_FORBIDDEN,
        },
        go_sdk: "v6",
    };

    fn both() -> [&'static Product; 2] {
        [PRODUCTS[0], &VPC]
    }

    fn found(version: &str, host: &str, action: &str) -> Result<&'static str, Unknown> {
        find_by_request(&both(), version, host, action).map(|listed| listed.product.code)
    }

    #[test]
    fn find_by_request_tells_products_apart_by_version() {
        for host in ["127.0.0.1:5260", "", "diskdock.example"] {
            assert_eq!(found("2014-05-26", host, "DescribeRegions").unwrap(), "Ecs");
            assert_eq!(found("2016-04-28", host, "DescribeRegions").unwrap(), "Vpc");
        }
        assert!(matches!(found("2016-04-28", "", "DetachDisk"), Err(Unknown::Action(_))));
        assert!(matches!(found("2016-04-28", "", "CreateVpc"), Err(Unknown::NotHere(_))));
    }

    #[test]
    fn find_by_request_reads_the_product_from_a_vendors_host() {
        let at = |host| found("2014-05-26", host, "DescribeRegions");
        for host in
            ["ecs.aliyuncs.com", "ecs-cn-hangzhou.aliyuncs.com", "ecs.cn-beijing.aliyuncs.com:443"]
        {
            assert_eq!(at(host).unwrap(), "Ecs", "{host}");
        }
        assert!(matches!(at("vpc.cn-beijing.aliyuncs.com"), Err(Unknown::Version)));
        assert!(matches!(at("ims.aliyuncs.com"), Err(Unknown::Product("Ims", _))));
    }

    #[test]
    fn find_by_request_names_a_product_that_is_not_here() {
        let found = found("2019-08-15", "127.0.0.1", "GetUser");
        assert!(matches!(found, Err(Unknown::Product("Ims", "2019-08-15"))));
        assert!(matches!(super::tests::found("2014-05-27", "", "X"), Err(Unknown::Version)));
    }

    #[test]
    fn products_that_are_here_are_not_named_as_those_that_are_not() {
        for (code, version, prefix) in ELSEWHERE {
            let is_this = |product: &&&Product| {
                product.code == *code
                    || product.version == *version
                    || product.host_prefix == *prefix
            };
            assert!(PRODUCTS.iter().find(is_this).is_none(), "{code} is here");
        }
    }

    #[test]
    fn find_by_key_wants_the_code_of_every_product_but_the_first() {
        let key = |key| find_by_key(&both(), key).map(|listed| listed.product.code);
        assert_eq!(key("DescribeRegions"), Some("Ecs"));
        assert_eq!(key("Ecs.DescribeRegions"), Some("Ecs"));
        assert_eq!(key("Vpc.DescribeRegions"), Some("Vpc"));
        assert_eq!(key("Vpc.DetachDisk"), None);
        let listed = find_by_key(&both(), "Vpc.DescribeZones").unwrap();
        assert_eq!(listed.key(&both()), "Vpc.DescribeZones");
    }
}

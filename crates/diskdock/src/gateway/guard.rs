//! Protects the API and the controls on loopback from web pages of other origins.
//!
//! A page anywhere on the web can make a browser send requests to 127.0.0.1, and can point a name
//! of its own at that address. A user of the development key or of the operator's controls must
//! therefore not be a browser that acts for another origin, and must have named this server by a
//! name that no other site can claim.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{COOKIE, HOST, HeaderName, ORIGIN, REFERER, USER_AGENT};
use http::request::Parts;

/// Headers by which a browser tells what makes it ask.
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a server must not listen where it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExposureRefusal {
    /// Requests and replies could be read and changed on their way.
    WithoutTls,
    /// No key that is secret could call it.
    WithoutKey,
}

/// Whether a server may listen there: beyond loopback only with TLS, unless that is waived, and
/// with a secret key. `has_key` is asked only if it matters.
pub fn check_exposure(
    address: IpAddr,
    is_encrypted_or_waived: bool,
    has_key: impl FnOnce() -> bool,
) -> Result<(), ExposureRefusal> {
    if address.is_loopback() {
        Ok(())
    } else if !is_encrypted_or_waived {
        Err(ExposureRefusal::WithoutTls)
    } else if !has_key() {
        Err(ExposureRefusal::WithoutKey)
    } else {
        Ok(())
    }
}

/// The surroundings of a server: where it listens, and whether guests, which are hostile, run on
/// its host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    /// The address that it listens at.
    pub address: IpAddr,
    /// Whether virtual machines run on this host.
    pub has_guests: bool,
}

impl Surroundings {
    /// Whether the development key is valid: it is well known, so it is for programs of this host
    /// alone, and for an operator who gave no other.
    pub(crate) fn allow_development_key(self, others_are_given: bool) -> bool {
        self.are_trusted() && !others_are_given
    }

    /// Whether the operator's controls take requests without the token.
    pub(crate) fn open_controls(self) -> bool {
        self.are_trusted()
    }

    /// Only programs of this host reach the server.
    fn are_trusted(self) -> bool {
        self.address.is_loopback() && !self.has_guests
    }
}

/// The host names that this server accepts.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Names besides loopback addresses and those of the vendor, for programs only: the owner of
    /// such a name could point it here (DNS rebinding), so a browser may not use it.
    pub extra_hosts: Vec<String>,
}

impl Guard {
    /// Allows requests to the API that no foreign page can have caused; the error is the reason.
    ///
    /// Clients with a proxy setting name the vendor's hosts. The owner of such a name could point
    /// it here (DNS rebinding), so a browser may not use it: its page would be of that origin.
    pub(crate) fn check_call(&self, parts: &Parts) -> Result<(), String> {
        let navigates = text(&parts.headers, SEC_FETCH_MODE) == Some("navigate");
        if navigates {
            return Err("a link in a browser cannot call actions with this key".to_owned());
        }
        let host = without_port(host(parts));
        if host.ends_with(".aliyuncs.com") && !is_browser(&parts.headers) {
            return Ok(());
        }
        self.check(parts)
    }

    /// Allows requests that no foreign page can have caused; the error is the reason.
    pub(crate) fn check(&self, parts: &Parts) -> Result<(), String> {
        let host = host(parts);
        if !self.is_ours(host) {
            return Err(format!("this server is not called {host:?}"));
        }
        if !is_loopback(without_port(host)) && is_browser(&parts.headers) {
            return Err(format!("a browser has to use a loopback address, not {host:?}"));
        }
        self.check_origin(parts)
    }

    /// Allows requests that no page of another origin has caused, whatever name they use for this
    /// server; the error is the reason.
    pub(crate) fn check_origin(&self, parts: &Parts) -> Result<(), String> {
        let host = host(parts);
        let site = text(&parts.headers, SEC_FETCH_SITE).unwrap_or("none");
        if !matches!(site, "same-origin" | "none") {
            return Err(format!("the request comes from a page of another origin ({site})"));
        }
        for name in [ORIGIN, REFERER] {
            if let Some(origin) = text(&parts.headers, name)
                && host_of(origin) != Some(host)
            {
                return Err(format!("the request comes from {origin:?}"));
            }
        }
        Ok(())
    }

    /// Loopback addresses, `localhost` and what the operator named.
    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host);
        let is_extra = |extra: &String| extra.eq_ignore_ascii_case(name);
        is_loopback(name) || self.extra_hosts.iter().any(is_extra)
    }
}

/// Whether this name always means this host. A program that names no host is on this host.
fn is_loopback(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || name.is_empty()
        || name.eq_ignore_ascii_case("localhost")
        || name.ends_with(".localhost")
}

/// The host that the caller named.
pub(super) fn host(parts: &Parts) -> &str {
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    text(&parts.headers, HOST).or(authority).unwrap_or_default()
}

/// Whether a header tells that a browser sent the request.
fn is_browser(headers: &HeaderMap) -> bool {
    let tells = [ORIGIN, REFERER, COOKIE, SEC_FETCH_SITE, SEC_FETCH_MODE];
    let agent = text(headers, USER_AGENT).unwrap_or_default();
    tells.iter().any(|name| headers.contains_key(name)) || agent.starts_with("Mozilla/")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// `127.0.0.1:5260` of `http://127.0.0.1:5260/explorer`.
fn host_of(origin: &str) -> Option<&str> {
    let (_, rest) = origin.split_once("://")?;
    rest.split('/').next()
}

/// `127.0.0.1` of `127.0.0.1:5260`, `::1` of `[::1]:5260`.
fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn check(headers: &[(&str, &str)]) -> bool {
        Guard::default().check(&parts(headers)).is_ok()
    }

    fn check_call(headers: &[(&str, &str)]) -> bool {
        Guard::default().check_call(&parts(headers)).is_ok()
    }

    #[test]
    fn surroundings_are_trusted_on_loopback_without_guests_only() {
        let of = |address: &str, has_guests| {
            let address = address.parse().unwrap();
            let surroundings = Surroundings { address, has_guests };
            [
                surroundings.allow_development_key(false),
                surroundings.allow_development_key(true),
                surroundings.open_controls(),
            ]
        };
        assert_eq!(of("127.0.0.1", false), [true, false, true]);
        assert_eq!(of("::1", false), [true, false, true]);
        assert_eq!(of("127.0.0.1", true), [false; 3]);
        assert_eq!(of("0.0.0.0", false), [false; 3]);
    }

    #[test]
    fn check_exposure_wants_tls_and_a_key_beyond_loopback() {
        let check = |address: &str, encrypted: bool, has_key: bool| {
            check_exposure(address.parse().unwrap(), encrypted, || has_key)
        };
        assert_eq!(check("127.0.0.1", false, false), Ok(()));
        assert_eq!(check("::1", false, false), Ok(()));
        assert_eq!(check("0.0.0.0", false, true), Err(ExposureRefusal::WithoutTls));
        assert_eq!(check("192.0.2.1", true, false), Err(ExposureRefusal::WithoutKey));
        assert_eq!(check("192.0.2.1", true, true), Ok(()));
    }

    #[test]
    fn check_allows_programs_on_this_host() {
        assert!(check(&[("host", "127.0.0.1:5260")]));
        assert!(check(&[("host", "[::1]:5260")]));
        assert!(check(&[("host", "localhost")]));
    }

    #[test]
    fn check_allows_vendor_hosts_for_programs_only() {
        let host = ("host", "ecs-cn-hangzhou.aliyuncs.com");
        assert!(check_call(&[host]));
        assert!(!check(&[host]));
        assert!(!check_call(&[host, ("user-agent", "Mozilla/5.0 (X11)")]));
        assert!(!check_call(&[host, ("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn check_lets_programs_use_an_allowed_name_and_no_browser() {
        let guard = Guard { extra_hosts: vec!["disks.example".to_owned()] };
        let passes = |headers: &[(&str, &str)]| {
            let parts = parts(headers);
            assert_eq!(guard.check(&parts).is_ok(), guard.check_call(&parts).is_ok());
            guard.check(&parts).is_ok()
        };
        let host = ("host", "Disks.example:5260");
        assert!(passes(&[host]));
        assert!(passes(&[host, ("user-agent", "python-requests/2.32")]));
        for tells in [
            ("user-agent", "Mozilla/5.0 (X11)"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://Disks.example:5260"),
            ("referer", "http://Disks.example:5260/explorer"),
            ("cookie", "a=b"),
        ] {
            assert!(!passes(&[host, tells]), "{tells:?}");
        }
    }

    #[test]
    fn check_refuses_calls_by_a_followed_link() {
        let host = ("host", "127.0.0.1:5260");
        assert!(check_call(&[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
        assert!(!check_call(&[host, ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")]));
    }

    #[test]
    fn check_allows_pages_of_this_server() {
        assert!(check(&[
            ("host", "127.0.0.1:5260"),
            ("origin", "http://127.0.0.1:5260"),
            ("sec-fetch-site", "same-origin"),
        ]));
    }

    #[test]
    fn check_refuses_pages_of_other_origins() {
        let host = ("host", "127.0.0.1:5260");
        assert!(!check(&[host, ("origin", "https://evil.example")]));
        assert!(!check(&[host, ("origin", "null")]));
        assert!(!check(&[host, ("referer", "https://evil.example/page")]));
        assert!(!check(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!check(&[host, ("origin", "http://127.0.0.1:9999")]));
    }

    #[test]
    fn check_origin_refuses_pages_of_other_origins_under_any_name() {
        let passes =
            |headers: &[(&str, &str)]| Guard::default().check_origin(&parts(headers)).is_ok();
        let host = ("host", "disks.example");
        assert!(passes(&[host]));
        assert!(passes(&[host, ("origin", "https://disks.example")]));
        assert!(!passes(&[host, ("origin", "https://evil.example")]));
        assert!(!passes(&[host, ("origin", "null")]));
        assert!(!passes(&[host, ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn check_refuses_a_foreign_host_name() {
        assert!(!check(&[("host", "evil.example:5260")]));
        assert!(!check(&[("host", "127.0.0.1.evil.example")]));
        assert!(!check(&[("host", "evil-aliyuncs.com")]));
    }
}

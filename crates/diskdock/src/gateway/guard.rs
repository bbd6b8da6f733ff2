//! Keeps web pages of other origins away from what is open on loopback.
//!
//! A page anywhere on the web can make a browser send requests to 127.0.0.1, and can point a name
//! of its own at that address. Whoever uses the development key or the operator's controls must
//! therefore not be a browser that acts for another origin, and must have named this server by a
//! name that nobody else can claim.

use http::HeaderMap;
use http::header::{HOST, ORIGIN, REFERER};
use http::request::Parts;

/// Which hosts this server may be called by.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Names besides loopback addresses and those of the vendor.
    pub extra_hosts: Vec<String>,
}

impl Guard {
    /// Passes requests that no foreign page can have caused; else says why not.
    pub fn check(&self, parts: &Parts) -> Result<(), String> {
        let authority = parts.uri.authority().map(|authority| authority.as_str());
        let host = text(&parts.headers, HOST.as_str()).or(authority).unwrap_or_default();
        if !self.is_ours(host) {
            return Err(format!("this server is not called {host:?}"));
        }
        let site = text(&parts.headers, "sec-fetch-site").unwrap_or("none");
        if !matches!(site, "same-origin" | "none") {
            return Err(format!("the request comes from a page of another origin ({site})"));
        }
        for name in [ORIGIN.as_str(), REFERER.as_str()] {
            if let Some(origin) = text(&parts.headers, name)
                && host_of(origin) != Some(host)
            {
                return Err(format!("the request comes from {origin:?}"));
            }
        }
        Ok(())
    }

    /// Loopback addresses, `localhost`, the vendor's own names (clients that go through a proxy
    /// setting use them) and what the operator named.
    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host);
        let loopback = name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback
            || name.is_empty()
            || name.eq_ignore_ascii_case("localhost")
            || name.ends_with(".localhost")
            || name.ends_with(".aliyuncs.com")
            || self.extra_hosts.iter().any(|extra| extra.eq_ignore_ascii_case(name))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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

    fn check(headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Guard::default().check(&parts).is_ok()
    }

    #[test]
    fn programs_on_this_machine_pass() {
        assert!(check(&[("host", "127.0.0.1:5260")]));
        assert!(check(&[("host", "[::1]:5260")]));
        assert!(check(&[("host", "localhost")]));
        assert!(check(&[("host", "ecs-cn-hangzhou.aliyuncs.com")]));
    }

    #[test]
    fn the_servers_own_pages_pass() {
        assert!(check(&[
            ("host", "127.0.0.1:5260"),
            ("origin", "http://127.0.0.1:5260"),
            ("sec-fetch-site", "same-origin"),
        ]));
    }

    #[test]
    fn pages_of_other_origins_do_not() {
        let host = ("host", "127.0.0.1:5260");
        assert!(!check(&[host, ("origin", "https://evil.example")]));
        assert!(!check(&[host, ("origin", "null")]));
        assert!(!check(&[host, ("referer", "https://evil.example/page")]));
        assert!(!check(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!check(&[host, ("origin", "http://127.0.0.1:9999")]));
    }

    #[test]
    fn a_name_that_somebody_pointed_here_does_not_pass() {
        assert!(!check(&[("host", "evil.example:5260")]));
        assert!(!check(&[("host", "127.0.0.1.evil.example")]));
        assert!(!check(&[("host", "evil-aliyuncs.com")]));
    }
}

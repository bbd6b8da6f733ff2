//! The address of the database: read, and given the bounds and the encryption that it needs.

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::StoreError;

/// How long connecting to one host may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long sent data may stay unacknowledged. In the text of an address the crate takes seconds
/// where libpq takes milliseconds, so it is set here.
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(5);
/// When a silent connection is asked whether it is still there, how often, and how many times.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(10), Duration::from_secs(2), 3);

/// The address of a database, such as `postgres://diskdock@db.example/diskdock`.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) config: Config,
    /// None for a connection without encryption.
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for PostgresAddress {
    /// Without the password.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PostgresAddress({})", self.place())
    }
}

impl PostgresAddress {
    /// Reads an address. Beyond this machine the connection is encrypted, and the server's
    /// certificate has to be vouched for by those in the file `authorities`.
    pub fn new(text: &str, authorities: Option<&Path>) -> Result<PostgresAddress, StoreError> {
        let unfit =
            |found: String, remedy: &str| StoreError::Unfit { found, remedy: remedy.to_owned() };
        let example = "Give postgres://USER@HOST/DATABASE, with ?sslmode=require for encryption";
        let mut config = Config::from_str(text).map_err(|error| {
            unfit(format!("the address of the database is wrong: {error}"), example)
        })?;
        if config.get_hosts().is_empty() {
            return Err(unfit("the address of the database names no host".to_owned(), example));
        }
        let mode = match config.get_ssl_mode() {
            // `prefer` would fall back to plain text without a word.
            SslMode::Prefer if is_local(&config) => SslMode::Disable,
            SslMode::Prefer => SslMode::Require,
            given => given,
        };
        let (idle, interval, retries) = KEEPALIVE;
        config
            .ssl_mode(mode)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(UNACKNOWLEDGED_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(idle)
            .keepalives_interval(interval)
            .keepalives_retries(retries)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .application_name("diskdock");
        let tls = match (mode, authorities) {
            (SslMode::Disable, _) => None,
            (_, Some(file)) => Some(MakeRustlsConnect::new(client(file)?)),
            (_, None) => {
                let found = "an encrypted connection to the database needs its authority";
                let remedy = "Name the certificate with --store-ca FILE, or trust the network \
                              with ?sslmode=disable";
                return Err(unfit(found.to_owned(), remedy));
            }
        };
        Ok(PostgresAddress { config, tls })
    }

    /// Where the database is, without a password.
    pub fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().enumerate().map(|(number, host)| {
            let ports = self.config.get_ports();
            let port = ports.get(number).or(ports.first()).copied().unwrap_or(5_432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        });
        let hosts: Vec<_> = hosts.collect();
        let user = self.config.get_user().unwrap_or_default();
        let name = self.config.get_dbname().unwrap_or(user);
        format!("postgres://{}/{name}", hosts.join(","))
    }
}

/// Whether nothing of the connection leaves this machine.
fn is_local(config: &Config) -> bool {
    let loopback = |address: &IpAddr| address.is_loopback();
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip| loopback(&ip)),
    })
}

fn client(authorities: &Path) -> Result<ClientConfig, StoreError> {
    let unfit = |error: &dyn std::fmt::Display| StoreError::Unfit {
        found: format!("cannot use {}: {error}", authorities.display()),
        remedy: "It must be a file of certificates in PEM".to_owned(),
    };
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(authorities).map_err(|error| unfit(&error))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| unfit(&error))?;
        roots.add(certificate).map_err(|error| unfit(&error))?;
    }
    if roots.is_empty() {
        return Err(unfit(&"there is no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(&error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Result<SslMode, String> {
        let address = PostgresAddress::new(text, None);
        address.map(|address| address.config.get_ssl_mode()).map_err(|error| error.to_string())
    }

    #[test]
    fn new_never_falls_back_to_plain_text() {
        for local in ["postgres://a@127.0.0.1:1/b", "postgres://localhost/b", "host=/tmp user=a"] {
            assert_eq!(mode(local), Ok(SslMode::Disable), "{local}");
        }
        assert_eq!(mode("postgres://a@db.example/b?sslmode=disable"), Ok(SslMode::Disable));
        for remote in ["postgres://a@db.example/b", "postgres://a@10.0.0.1/b?sslmode=prefer"] {
            let refusal = mode(remote).unwrap_err();
            assert!(refusal.contains("--store-ca"), "{remote}: {refusal}");
        }
    }

    #[test]
    fn new_refuses_an_address_without_a_host_and_shows_no_password() {
        for wrong in ["mysql://a", "postgres://", "user=a"] {
            assert!(mode(wrong).unwrap_err().contains("postgres://USER@HOST/DATABASE"), "{wrong}");
        }
        let address = PostgresAddress::new("postgres://a:secret@127.0.0.1:54/b", None).unwrap();
        assert_eq!(format!("{address:?}"), "PostgresAddress(postgres://127.0.0.1:54/b)");
    }
}

//! TLS towards a server: the trusted certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::Failure;

/// Where Debian and others keep the platform's certificate authorities.
const PLATFORM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Trusted certificates.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Trust {
    /// Trust this certificate authority (PEM), besides the platform's
    #[arg(long, global = true, value_name = "FILE", env = "DISKDOCK_CA_CERT")]
    pub ca_cert: Option<PathBuf>,
    /// Do not verify the server's certificate
    #[arg(long, global = true, conflicts_with = "ca_cert")]
    pub insecure: bool,
}

/// The configuration for connections to https endpoints.
pub(super) fn configuration(trust: &Trust) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(error, ""))?;
    if trust.insecure {
        let verifier = Arc::new(TrustsAnyone(provider));
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        return Ok(builder.with_no_client_auth());
    }
    Ok(builder.with_root_certificates(authorities(trust)?).with_no_client_auth())
}

fn authorities(trust: &Trust) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    let platform = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let platform = platform.unwrap_or_else(|| PLATFORM_AUTHORITIES.into());
    if platform.exists() {
        add(&mut store, &platform)?;
    }
    if let Some(file) = &trust.ca_cert {
        add(&mut store, file)?;
    }
    Ok(store)
}

fn add(store: &mut RootCertStore, file: &Path) -> Result<(), Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let hint = "It must be a file of certificates in PEM.";
        Failure::usage(format!("cannot read {}: {error}", file.display()), hint)
    };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
    for certificate in certificates {
        // Platforms ship a few that rustls does not take; the others still count.
        let _ = store.add(certificate.map_err(|error| unreadable(&error))?);
    }
    Ok(())
}

/// Takes any certificate, but checks that the server holds its key.
#[derive(Debug)]
struct TrustsAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustsAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

//! Faults in the way a request is signed.

use std::fmt;

/// A fault that is found before the secret is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// A common parameter of a 1.0 request is absent or empty.
    #[error("{0} is mandatory for this action.")]
    MissingParameter(&'static str),
    /// A header that an ACS3 request needs is absent, empty or not text.
    #[error("Specified header {0} is mandatory for this action.")]
    MissingHeader(String),
    /// A header that must be in `SignedHeaders` is not.
    #[error("The header {0} must be listed in SignedHeaders.")]
    UnsignedHeader(&'static str),
    /// A header that counts is given twice, so that it is unclear which was signed.
    #[error("The header {0} is given twice. Send it once.")]
    RepeatedHeader(String),
    /// The `Authorization` header does not have the documented fields.
    #[error(
        "The Authorization header is malformed: {0}. Write ACS3-HMAC-SHA256 \
         Credential=<id>,SignedHeaders=<names>,Signature=<hex>."
    )]
    MalformedAuthorization(&'static str),
    /// The timestamp of either scheme is not `YYYY-MM-DDThh:mm:ssZ`.
    #[error("Specified time stamp or date value is not well formatted.")]
    MalformedTimestamp,
    /// A `SignatureMethod` other than `HMAC-SHA1`.
    #[error("The specified parameter \"SignatureMethod\" is not valid. Use HMAC-SHA1.")]
    UnsupportedMethod(String),
    /// A `SignatureVersion` other than `1.0`.
    #[error("The specified parameter \"SignatureVersion\" is not valid. Use 1.0.")]
    UnsupportedVersion(String),
    /// An `ACS3-` algorithm other than `ACS3-HMAC-SHA256`.
    #[error("The signature algorithm {0} is not supported. Use ACS3-HMAC-SHA256.")]
    UnsupportedAlgorithm(String),
    /// `x-acs-content-sha256` is not the hash of the body.
    #[error("The header x-acs-content-sha256 is not the SHA-256 of the body.")]
    ContentHash,
    /// A parameter of an ACS3 request contradicts the header that it may only repeat.
    #[error("The parameter {parameter} differs from the header {header}. Send the same value.")]
    Disagreement {
        /// The name of the parameter.
        parameter: &'static str,
        /// The name of the header.
        header: &'static str,
    },
}

/// A signature that the secret does not produce. Clients parse its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Of a 1.0 request.
    Rpc {
        /// The server's string to sign.
        string_to_sign: String,
    },
    /// Of an ACS3 request.
    Acs3 {
        /// The server's string to sign.
        string_to_sign: String,
        /// The canonical request whose hash it contains.
        canonical_request: String,
    },
    /// There was no signature to check.
    Unsigned,
}

impl fmt::Display for Mismatch {
    /// The wording is fixed: clients cut the string to sign out of the 1.0 text.
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Mismatch::Rpc { string_to_sign } => write!(
                formatter,
                "Specified signature is not matched with our calculation. server string to sign \
                 is:{string_to_sign}"
            ),
            Mismatch::Acs3 { string_to_sign, canonical_request } => write!(
                formatter,
                "Specified signature does not match our calculation. server StringToSign is \
                 [{string_to_sign}] server CanonicalRequest is [{canonical_request}]"
            ),
            Mismatch::Unsigned => formatter.write_str("Signature is mandatory for this action."),
        }
    }
}

impl std::error::Error for Mismatch {}

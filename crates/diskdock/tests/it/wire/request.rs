//! The recorded requests, and a request that can be changed and checked again.

use diskdock::gateway::decode::{self, Pair};
use diskdock::gateway::signature::{self, Claims, Mismatch, Received, SigningKey};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// One line of `tests/data/wire_vectors.json`.
#[derive(Clone, Deserialize)]
pub(super) struct Vector {
    pub client: String,
    pub action: String,
    pub scheme: String,
    pub method: String,
    pub path: String,
    pub query: String,
    headers: Vec<(String, String)>,
    pub body: String,
    pub access_key_id: Option<String>,
    pub secret: Option<String>,
    pub string_to_sign: Option<String>,
    pub signature: Option<String>,
}

impl Vector {
    pub(super) fn all() -> Vec<Vector> {
        serde_json::from_str(include_str!("../../data/wire_vectors.json")).unwrap()
    }

    pub(super) fn signed() -> Vec<Vector> {
        Vector::all().into_iter().filter(|vector| vector.secret.is_some()).collect()
    }

    pub(super) fn secret(&self) -> &str {
        self.secret.as_deref().unwrap()
    }

    pub(super) fn title(&self) -> String {
        format!("{} {}", self.client, self.action)
    }

    pub(super) fn request(&self) -> Request {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        Request {
            method: self.method.clone(),
            path: self.path.clone(),
            query: decode::query(&self.query).unwrap(),
            headers,
            body: self.body.clone().into_bytes(),
        }
    }
}

/// A request whose parts can be changed one by one.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<Pair>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    /// The body as the content type says to read it.
    pub(super) fn fields(&self) -> Result<Vec<Pair>, String> {
        let content_type = self.headers.get("content-type").map_or("", |v| v.to_str().unwrap());
        let fields = match content_type.split(';').next() {
            Some("application/x-www-form-urlencoded") => decode::form(&self.body),
            Some("application/json") => decode::json(&self.body),
            _ => Ok(Vec::new()),
        };
        fields.map_err(|malformed| malformed.to_string())
    }

    /// Decodes the request and shows it to `look`, as the server would.
    pub(super) fn received<T>(&self, look: impl FnOnce(&Received) -> T) -> Result<T, String> {
        let parameters = decode::merge(self.query.clone(), self.fields()?)
            .map_err(|malformed| malformed.to_string())?;
        Ok(look(&Received {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            parameters: &parameters,
            headers: &self.headers,
            body: &self.body,
        }))
    }

    /// Shows the claims to `look`, or says why there are none.
    pub(super) fn claims<T>(&self, look: impl FnOnce(&Claims) -> T) -> Result<T, String> {
        self.received(|received| match signature::claims(received) {
            Ok(claims) => Ok(look(&claims)),
            Err(fault) => Err(fault.to_string()),
        })?
    }

    pub(super) fn verify(&self, secret: &str) -> Result<Result<(), Mismatch>, String> {
        self.received(|received| match signature::claims(received) {
            Ok(claims) => Ok(signature::verify(received, &claims, &SigningKey::new(secret))),
            Err(fault) => Err(fault.to_string()),
        })?
    }

    pub(super) fn passes(&self, secret: &str) -> bool {
        self.verify(secret) == Ok(Ok(()))
    }
}

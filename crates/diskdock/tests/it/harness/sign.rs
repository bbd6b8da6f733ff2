//! Signs requests as clients do.

use std::cell::Cell;

use diskdock::actions::PRODUCTS;
use diskdock::catalog::times::with_seconds;
use diskdock::gateway::signature::{
    Acs3Request, payload_hash, percent_encode, sign_acs3, sign_rpc,
};
use domain::Moment;
use http::{HeaderMap, HeaderValue, Request};

/// How a request is signed and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// ACS3 instead of signature 1.0.
    pub acs3: bool,
    /// GET instead of POST.
    pub get: bool,
    /// Parameters of the action in a form body instead of the query.
    pub form: bool,
    /// XML instead of JSON. Only signature 1.0 can say so.
    pub xml: bool,
}

impl Style {
    /// Every style that a real client has.
    pub(crate) const ALL: &'static [Style] = &[
        Style { acs3: false, get: false, form: false, xml: false },
        Style { acs3: false, get: true, form: false, xml: true },
        Style { acs3: false, get: false, form: true, xml: true },
        Style { acs3: false, get: true, form: false, xml: false },
        Style { acs3: true, get: false, form: false, xml: false },
        Style { acs3: true, get: false, form: true, xml: false },
        Style { acs3: true, get: true, form: false, xml: false },
    ];

    /// XML, signature 1.0, GET: what libcloud sends.
    pub(crate) const XML: Style = Style { acs3: false, get: true, form: false, xml: true };
    /// The style of the current generated SDKs.
    pub(crate) const ACS3: Style = Style { acs3: true, get: false, form: false, xml: false };
}

/// A caller with a key.
#[derive(Debug)]
pub(crate) struct Signer {
    pub id: String,
    pub secret: String,
    /// The token of a temporary key.
    pub token: Option<String>,
    nonces: Cell<u64>,
}

impl Default for Signer {
    fn default() -> Signer {
        Signer::new("testid", "testsecret")
    }
}

impl Signer {
    /// A caller with this key.
    pub(crate) fn new(id: &str, secret: &str) -> Signer {
        Signer { id: id.to_owned(), secret: secret.to_owned(), token: None, nonces: Cell::new(0) }
    }

    /// The same caller with the token of a temporary key.
    pub(crate) fn with_token(self, token: Option<String>) -> Signer {
        Signer { token, ..self }
    }

    /// Leaves so many nonces to another signer with the same key.
    pub(crate) fn skip_nonces(&self, number: u64) {
        self.nonces.set(self.nonces.get() + number);
    }

    /// A nonce that this signer has not used.
    pub(crate) fn nonce(&self) -> String {
        self.nonces.set(self.nonces.get() + 1);
        format!("nonce-{}-{}", self.id, self.nonces.get())
    }

    /// A signed request.
    pub(crate) fn sign(
        &self,
        style: Style,
        action: &str,
        parameters: &[(&str, &str)],
        now: Moment,
    ) -> Request<Vec<u8>> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let own: Vec<_> = parameters.iter().map(owned).collect();
        if style.acs3 {
            self.acs3(style, target(action), &own, now)
        } else {
            self.rpc(style, target(action), own, now)
        }
    }

    fn rpc(
        &self,
        style: Style,
        (version, action): (&str, &str),
        own: Vec<(String, String)>,
        now: Moment,
    ) -> Request<Vec<u8>> {
        let format = if style.xml { "XML" } else { "JSON" };
        let (timestamp, nonce) = (with_seconds(now), self.nonce());
        let mut common: Vec<(String, String)> = [
            ("Action", action),
            ("Version", version),
            ("AccessKeyId", &self.id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &timestamp),
            ("Format", format),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let token = self.token.iter().map(|token| ("SecurityToken".to_owned(), token.clone()));
        common.extend(token);
        let method = if style.get { "GET" } else { "POST" };
        let all: Vec<_> = common.iter().chain(&own).cloned().collect();
        common.push(("Signature".to_owned(), sign_rpc(method, &all, &self.secret)));
        let (query, body) = if style.form {
            (encode(&common), encode(&own).into_bytes())
        } else {
            common.extend(own);
            (encode(&common), Vec::new())
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/?{query}"))
            .header("host", "127.0.0.1:5260");
        let request = if style.form { request.header("content-type", FORM) } else { request };
        request.body(body).unwrap()
    }

    fn acs3(
        &self,
        style: Style,
        (version, action): (&str, &str),
        own: &[(String, String)],
        now: Moment,
    ) -> Request<Vec<u8>> {
        let (query, body) =
            if style.form { (&[][..], encode(own).into_bytes()) } else { (own, Vec::new()) };
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        };
        set("host", "127.0.0.1:5260");
        set("x-acs-action", action);
        set("x-acs-version", version);
        set("x-acs-date", &with_seconds(now));
        set("x-acs-signature-nonce", &self.nonce());
        set("x-acs-content-sha256", &payload_hash(&body));
        if let Some(token) = &self.token {
            set("x-acs-security-token", token);
        }
        if style.form {
            set("content-type", FORM);
        }
        let method = if style.get { "GET" } else { "POST" };
        let to_sign = Acs3Request {
            method,
            path: "/",
            query,
            headers: &headers,
            body: &body,
            access_key_id: &self.id,
        };
        let authorization = sign_acs3(&to_sign, &self.secret);
        let mut request = Request::builder().method(method).uri(format!("/?{}", encode(query)));
        *request.headers_mut().unwrap() = headers;
        request.header("authorization", authorization).body(body).unwrap()
    }
}

/// The version and the name of the action of this key; one that is not known is of ECS.
fn target(key: &str) -> (&'static str, &str) {
    let (code, name) = key.split_once('.').unwrap_or((PRODUCTS[0].code, key));
    let product = PRODUCTS.iter().find(|product| product.code == code);
    (product.map_or(PRODUCTS[0].version, |product| product.version), name)
}

const FORM: &str = "application/x-www-form-urlencoded";

fn encode(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| {
        format!("{}={}", percent_encode(name), percent_encode(value))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

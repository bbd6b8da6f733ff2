//! Replies to requests whose head cannot be read. hyper answers those itself, with a bare status;
//! a reply with a code and a RequestId is sent in its place.

use std::fmt::Write;

use crate::catalog::errors::{HEAD_TOO_LARGE, MALFORMED_REQUEST, REQUEST_LINE_TOO_LONG};
use crate::catalog::{ActionError, Refusal};
use crate::gateway::respond::ApiResponse;
use crate::gateway::{Gateway, guessed_format};

/// The statuses of hyper's bare replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BareReply {
    /// 400: it is not HTTP.
    Malformed,
    /// 414: the request line is too long.
    LineTooLong,
    /// 431: the head is too large, or has too many headers.
    HeadTooLarge,
}

impl BareReply {
    /// The bare reply at the end of what is written, and where it begins. No reply of ours has one
    /// of these statuses and no body.
    pub(super) fn at_the_end_of(written: &[u8]) -> Option<(BareReply, usize)> {
        const BEGINS: &[u8] = b"HTTP/1.1 4";
        let head = written.strip_suffix(b"\r\n\r\n")?;
        let begins_at = head.windows(BEGINS.len()).rposition(|window| window == BEGINS)?;
        let head = std::str::from_utf8(&head[begins_at..]).ok()?;
        let is_bare = head.lines().any(|line| line.eq_ignore_ascii_case("content-length: 0"));
        let bare = match head.split(' ').nth(1)? {
            "400" => BareReply::Malformed,
            "414" => BareReply::LineTooLong,
            "431" => BareReply::HeadTooLarge,
            _ => return None,
        };
        is_bare.then_some((bare, begins_at))
    }

    fn refusal(self) -> Refusal {
        match self {
            BareReply::Malformed => Refusal::about(&MALFORMED_REQUEST, "it is not HTTP/1.1"),
            BareReply::LineTooLong => (&REQUEST_LINE_TOO_LONG).into(),
            BareReply::HeadTooLarge => (&HEAD_TOO_LARGE).into(),
        }
    }

    /// The whole reply, after which the connection is closed.
    pub(super) fn explained(self, gateway: &Gateway, head: &[u8]) -> Vec<u8> {
        let ids = &gateway.services.environment.ids;
        let format = guessed_format(pairs(head));
        let stop = ActionError::Refused(self.refusal());
        let answer = ApiResponse::stopped(&stop, &ids.request(), &host(head), format);
        gateway.metrics.request("unknown", answer.code, std::time::Duration::ZERO);
        let (parts, body) = answer.into_response(&ids.trace()).into_parts();
        let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", parts.status);
        // Writing into a String does not fail.
        let _ = write!(text, "content-length: {}\r\n", body.len());
        for (name, value) in &parts.headers {
            let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
        text.push_str("\r\n");
        let mut reply = text.into_bytes();
        reply.extend(body);
        reply
    }
}

/// The parameters in this head, among other words.
fn pairs(head: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    head.split(|byte| matches!(byte, b'?' | b'&' | b' ' | b'\r'))
}

/// The host that the head names.
fn host(head: &[u8]) -> String {
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| match line.split_at_checked(5)? {
        (name, value) if name.eq_ignore_ascii_case(b"host:") => Some(value.trim_ascii()),
        _ => None,
    });
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Format;

    const BARE: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\n\
        connection: close\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn at_the_end_of_finds_a_bare_reply_after_another_reply() {
        assert_eq!(BareReply::at_the_end_of(BARE), Some((BareReply::HeadTooLarge, 0)));
        let before = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(BareReply::at_the_end_of(before), None);
        let both = [&before[..], BARE].concat();
        let found = BareReply::at_the_end_of(&both);
        assert_eq!(found, Some((BareReply::HeadTooLarge, before.len())));
    }

    #[test]
    fn at_the_end_of_leaves_other_replies_alone() {
        for other in [
            &b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 20\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            b"\r\n\r\n",
            b"",
        ] {
            assert_eq!(BareReply::at_the_end_of(other), None);
        }
    }

    #[test]
    fn format_and_host_are_read_from_a_head_that_is_not_whole() {
        let head = b"GET /?A=1&format=xml&B=2 HTTP/1.1\r\nHost:  here:1\r\nx: ";
        assert_eq!(guessed_format(pairs(head)), Format::Xml);
        assert_eq!(host(head), "here:1");
        let json = [
            &b"GET /?Format=XMLX HTTP/1.1\r\n"[..],
            b"GET /?Format=json&SignatureVersion=1.0&A=1 HTTP/1.1\r\n",
            b"",
        ];
        assert!(json.iter().all(|head| guessed_format(pairs(head)) == Format::Json));
        let default_of_rpc = b"GET /?A=1&SignatureVersion=1.0 HTTP/1.1\r\n";
        assert_eq!(guessed_format(pairs(default_of_rpc)), Format::Xml);
        assert_eq!(host(b"\xff\xff"), "");
    }
}

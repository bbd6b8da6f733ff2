//! A call as a span, in the JSON form of OTLP.

use std::fmt::Debug;

use domain::Moment;
use serde_json::{Value, json};
use tracing::Event;
use tracing::field::{Field, Visit};

/// OTLP: the span of a server.
const KIND_SERVER: u8 = 2;
/// OTLP: the call failed by the server's fault.
const STATUS_ERROR: u8 = 2;
const NANOSECONDS: i128 = 1_000_000;

/// The fields of a call's line in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CallFields {
    message: String,
    request_id: String,
    action: String,
    code: String,
    cause: String,
    /// The header of the same name; empty without one.
    traceparent: String,
    status: u64,
    took_us: u64,
    /// Milliseconds since 1970.
    ended_ms: i64,
}

impl CallFields {
    /// The call of an event, unless it is about something else, or its caller does not want a span.
    pub(super) fn of(event: &Event<'_>, now: Moment) -> Option<CallFields> {
        let mut fields = CallFields { ended_ms: now.0, ..CallFields::default() };
        event.record(&mut fields);
        (fields.message == "call" && fields.is_sampled()).then_some(fields)
    }

    fn is_sampled(&self) -> bool {
        parent(&self.traceparent).is_none_or(|(.., is_sampled)| is_sampled)
    }
}

impl Visit for CallFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let place = match field.name() {
            "request_id" => &mut self.request_id,
            "action" => &mut self.action,
            "code" => &mut self.code,
            "cause" => &mut self.cause,
            "traceparent" => &mut self.traceparent,
            _ => return,
        };
        value.clone_into(place);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = value;
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "took_us" {
            self.took_us = u64::try_from(value).unwrap_or(u64::MAX);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

/// The trace and the span that a caller names, and whether it wants spans: `00-<trace>-<span>-01`.
fn parent(traceparent: &str) -> Option<(&str, &str, bool)> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        text.len() == length && digits && text.bytes().any(|byte| byte != b'0')
    };
    let is_known = version.len() == 2 && version != "ff" && flags.len() == 2;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (is_known && is_hex(trace, 32) && is_hex(span, 16)).then_some((trace, span, flags & 1 == 1))
}

/// The request that brings calls to a collector.
pub(super) fn document(calls: &[CallFields]) -> Value {
    let attribute =
        |name: &str, value: &str| json!({ "key": name, "value": { "stringValue": value } });
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", "diskdock"),
            attribute("service.version", env!("CARGO_PKG_VERSION")),
        ] },
        "scopeSpans": [{
            "scope": { "name": "diskdock" },
            "spans": calls.iter().map(span).collect::<Vec<_>>(),
        }],
    }] })
}

/// A span. Its ids are those of the request's id, unless the caller has begun a trace.
fn span(call: &CallFields) -> Value {
    let own: String = call.request_id.to_lowercase().chars().filter(|c| *c != '-').collect();
    let (trace, from) = match parent(&call.traceparent) {
        Some((trace, span, _)) => (trace, span),
        None => (own.as_str(), ""),
    };
    let ended = i128::from(call.ended_ms) * NANOSECONDS;
    let text = |name: &str, value: &str| json!({ "key": name, "value": { "stringValue": value } });
    let number =
        |name: &str, value: u64| json!({ "key": name, "value": { "intValue": value.to_string() } });
    let mut attributes = vec![
        text("rpc.method", &call.action),
        number("http.response.status_code", call.status),
        text("diskdock.request_id", &call.request_id),
    ];
    if call.status >= 400 {
        attributes.push(text("error.type", &call.code));
    }
    if !call.cause.is_empty() {
        attributes.push(text("diskdock.cause", &call.cause));
    }
    let status = if call.status >= 500 { json!({ "code": STATUS_ERROR }) } else { json!({}) };
    json!({
        "traceId": trace,
        "spanId": own.get(16..32).unwrap_or_default(),
        "parentSpanId": from,
        "name": call.action,
        "kind": KIND_SERVER,
        "startTimeUnixNano": (ended - i128::from(call.took_us) * 1_000).to_string(),
        "endTimeUnixNano": ended.to_string(),
        "attributes": attributes,
        "status": status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn parent_reads_the_header_of_a_caller() {
        let header = |flags: &str| format!("00-{TRACE}-{SPAN}-{flags}");
        assert_eq!(parent(&header("01")), Some((TRACE, SPAN, true)));
        assert_eq!(parent(&header("00")), Some((TRACE, SPAN, false)));
        let zero = format!("00-{}-{SPAN}-01", "0".repeat(32));
        for wrong in ["", "00", "00-1-2-01", &zero, &header("0"), &header("zz")] {
            assert_eq!(parent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn span_has_the_ids_of_the_request_or_of_the_caller() {
        let call = CallFields {
            request_id: "4D5E6F70-0000-4000-8000-00000000000A".to_owned(),
            action: "DetachDisk".to_owned(),
            code: "IncorrectDiskStatus".to_owned(),
            status: 403,
            took_us: 1_500,
            ended_ms: 2,
            ..CallFields::default()
        };
        let alone = span(&call);
        assert_eq!(alone["traceId"], "4d5e6f70000040008000".to_owned() + "00000000000a");
        assert_eq!(
            (&alone["spanId"], &alone["parentSpanId"]),
            (&json!("800000000000000a"), &json!(""))
        );
        assert_eq!(alone["startTimeUnixNano"], "500000");
        assert_eq!(alone["endTimeUnixNano"], "2000000");
        assert_eq!(alone["status"], json!({}), "the caller's fault is none of the server");
        assert!(alone["attributes"].to_string().contains("IncorrectDiskStatus"));
        let traceparent = format!("00-{TRACE}-{SPAN}-01");
        let inside = span(&CallFields { traceparent, status: 503, ..call });
        assert_eq!((&inside["traceId"], &inside["parentSpanId"]), (&json!(TRACE), &json!(SPAN)));
        assert_eq!(inside["status"]["code"], STATUS_ERROR);
    }
}

//! The tree of a reply.

use maud::{Markup, html};

use super::text::line;
use crate::catalog::document::one_line;
use crate::catalog::pages::reply_type;
use crate::catalog::{ReplyField, ReplyShape};

/// The fields of a reply, with the RequestId that every reply has.
pub(super) fn tree(shape: &ReplyShape) -> Markup {
    html! {
        ul.tree {
            li id="reply.RequestId" {
                code { "RequestId" } " " span.type { "string" } " The request's id; name it in reports."
            }
            @if let ReplyShape::Object(fields) = shape { (fields_of(fields, "reply")) }
        }
    }
}

fn fields_of(fields: &[ReplyField], path: &str) -> Markup {
    html! {
        @for field in fields {
            @let (kind, inside) = reply_type(&field.shape);
            @let path = format!("{path}.{}", field.name);
            li id=(path) {
                code { (field.name) } " " span.type { (kind) } " " (line(&one_line(field.doc)))
                @if !inside.is_empty() { ul { (fields_of(inside, &path)) } }
            }
        }
    }
}

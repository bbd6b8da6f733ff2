//! The tree of a reply.

use maud::{Markup, html};

use super::text::line;
use crate::catalog::document::one_line;
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
            @let (kind, inside) = kind(&field.shape);
            @let path = format!("{path}.{}", field.name);
            li id=(path) {
                code { (field.name) } " " span.type { (kind) } " " (line(&one_line(field.doc)))
                @if !inside.is_empty() { ul { (fields_of(inside, &path)) } }
            }
        }
    }
}

/// The type in words, and the fields inside it.
fn kind(shape: &ReplyShape) -> (String, &'static [ReplyField]) {
    match shape {
        ReplyShape::Text => ("string".to_owned(), &[]),
        ReplyShape::Integer => ("integer".to_owned(), &[]),
        ReplyShape::Number => ("number".to_owned(), &[]),
        ReplyShape::Boolean => ("boolean".to_owned(), &[]),
        ReplyShape::Object(fields) => ("object".to_owned(), fields),
        ReplyShape::List(of) => {
            let (one, inside) = kind(of);
            (format!("list of {one}"), inside)
        }
    }
}

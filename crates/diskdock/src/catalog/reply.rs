//! Replies: a struct whose field types say what the wire carries, and the two ways to write it.

use serde::Serialize;
use serde_json::Value;

use super::xml::{self, XML_DECLARATION};

/// JSON or XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json;charset=utf-8`
    Json,
    /// `text/xml;charset=utf-8`
    Xml,
}

impl Format {
    /// The content type, byte for byte as clients compare it.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Format::Json => "application/json;charset=utf-8",
            Format::Xml => "text/xml;charset=utf-8",
        }
    }
}

/// The shape of a reply: for the documents and the explorer.
#[derive(Clone, Copy, Debug)]
pub enum ReplyShape {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object with these fields.
    Object(&'static [ReplyField]),
    /// A list.
    List(&'static ReplyShape),
}

/// One field of a reply.
#[derive(Clone, Copy, Debug)]
pub struct ReplyField {
    /// The name on the wire.
    pub name: &'static str,
    /// Its meaning.
    pub doc: &'static str,
    /// Its shape.
    pub shape: ReplyShape,
}

/// A type that can stand in a reply.
pub trait ReplyValue: Serialize {
    /// Its shape.
    const SHAPE: ReplyShape;

    /// Whether it is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

macro_rules! plain_replies {
    ($($ty:ty => $shape:ident),* $(,)?) => {
        $(impl ReplyValue for $ty { const SHAPE: ReplyShape = ReplyShape::$shape; })*
    };
}

plain_replies!(
    String => Text, &str => Text, std::borrow::Cow<'_, str> => Text, bool => Boolean,
    u16 => Integer, u32 => Integer, u64 => Integer, usize => Integer, i32 => Integer,
    i64 => Integer, f32 => Number, f64 => Number,
);

impl<T: ReplyValue> ReplyValue for Vec<T> {
    const SHAPE: ReplyShape = ReplyShape::List(&T::SHAPE);
}

impl<T: ReplyValue> ReplyValue for Option<T> {
    const SHAPE: ReplyShape = T::SHAPE;

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// The reply of an action that returns only a RequestId.
impl ReplyValue for () {
    const SHAPE: ReplyShape = ReplyShape::Object(&[]);
}

/// Declares a struct of a reply; field names become wire names as in
/// [`params!`](crate::catalog::params). A `#[derive(…)]` after the documentation adds traits.
macro_rules! reply {
    ($(#[doc = $sdoc:literal])*
    $(#[derive($($trait:ident),*)])?
    $vis:vis struct $name:ident $(<$life:lifetime>)? { $(
        $(#[doc = $doc:literal])*
        $(#[wire = $wire:literal])?
        $field:ident: $ty:ty
    ),* $(,)? }) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug $($(, $trait)*)?)]
        $vis struct $name $(<$life>)? { $($(#[doc = $doc])* pub $field: $ty),* }

        impl $(<$life>)? serde::Serialize for $name $(<$life>)? {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                use $crate::catalog::ReplyValue;
                const FIELDS: usize = [$(stringify!($field)),*].len();
                let mut object = out.serialize_struct(stringify!($name), FIELDS)?;
                $(
                    let name = $crate::catalog::wire_name!($field $(, $wire)?);
                    if self.$field.is_absent() {
                        object.skip_field(name)?;
                    } else {
                        object.serialize_field(name, &self.$field)?;
                    }
                )*
                object.end()
            }
        }

        impl $(<$life>)? $crate::catalog::ReplyValue for $name $(<$life>)? {
            const SHAPE: $crate::catalog::ReplyShape = $crate::catalog::ReplyShape::Object(&[$(
                $crate::catalog::ReplyField {
                    name: $crate::catalog::wire_name!($field $(, $wire)?),
                    doc: concat!($($doc, "\n",)*),
                    shape: <$ty as $crate::catalog::ReplyValue>::SHAPE,
                }
            ),*]);
        }
    };
}
pub(crate) use reply;

/// The body of a successful answer: the RequestId, then the fields of the reply (a JSON object).
pub fn render(action: &str, request_id: &str, reply: &[u8], format: Format) -> Vec<u8> {
    match format {
        Format::Json => json_body(request_id, reply),
        Format::Xml => xml_body(action, request_id, reply),
    }
}

fn json_body(request_id: &str, reply: &[u8]) -> Vec<u8> {
    let fields = reply.strip_prefix(b"{").unwrap_or(b"}");
    let mut body = Vec::with_capacity(reply.len() + 64);
    body.extend_from_slice(b"{\"RequestId\":\"");
    body.extend_from_slice(request_id.as_bytes());
    body.extend_from_slice(if fields == b"}" { b"\"" } else { b"\"," });
    body.extend_from_slice(fields);
    body
}

fn xml_body(action: &str, request_id: &str, reply: &[u8]) -> Vec<u8> {
    let tree: Value = serde_json::from_slice(reply).expect("replies are JSON");
    let mut body = format!("{XML_DECLARATION}<{action}Response>");
    xml::element("RequestId", &Value::from(request_id), &mut body);
    xml::members(&tree, &mut body);
    body.push_str(&format!("</{action}Response>"));
    body.into_bytes()
}

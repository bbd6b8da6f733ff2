//! The models of the typed SDKs: the type that a parameter has there.
//!
//! The catalog says what the server takes, and each action where a model differs from that.

use crate::catalog::{ParamSpec, Repeat, SdkParam, Shape, TypedSdk};

/// The type of a parameter in the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text; also JSON lists, which the models take as text.
    Text,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// `true` or `false`.
    Boolean,
    /// A number with a fraction, of 32 bits.
    Float,
}

/// Old spellings of `Key` and `Value` of tags, which no model has.
const LEGACY: &[&str] = &["key", "value"];

/// The type of a parameter in the SDK's model, or none if the model does not have it. The path is
/// the wire name without numbers; the differences are those of the action.
pub(super) fn kind(
    sdk: Option<TypedSdk>,
    differences: &[SdkParam],
    path: &str,
    spec: &ParamSpec,
) -> Option<Kind> {
    let is_lacking = sdk.is_some_and(|sdk| differences.iter().any(|one| one.is_lacking(path, sdk)));
    if LEGACY.contains(&spec.name) || is_lacking {
        return None;
    }
    let is_text = differences.iter().any(|one| one.is_text(path));
    Some(match spec.shape {
        _ if spec.repeat == Repeat::JsonArray || is_text => Kind::Text,
        Shape::Integer { .. } if differences.iter().any(|one| one.is_long(path)) => Kind::Long,
        Shape::Integer { .. } => Kind::Integer,
        Shape::Boolean => Kind::Boolean,
        Shape::Number => Kind::Float,
        Shape::Text { .. } | Shape::Id(_) | Shape::Choice(..) | Shape::Time | Shape::Group => {
            Kind::Text
        }
    })
}

//! Differences between the wire and the models of the typed SDKs, declared on each action.
//!
//! The parameters say what the server takes. The request classes of the SDKs were generated from
//! other sources and at other times: some lack a parameter, some give it another type. The facts
//! are those of the versions that `tests/samples` compiles against, which tells when they change.

/// A typed SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypedSdk {
    Python,
    Java,
    Go,
    TypeScript,
    CSharp,
}

impl TypedSdk {
    pub(crate) const ALL: &'static [TypedSdk] =
        &[TypedSdk::Python, TypedSdk::Java, TypedSdk::Go, TypedSdk::TypeScript, TypedSdk::CSharp];
    pub(crate) const ALL_BUT_PYTHON: &'static [TypedSdk] =
        &[TypedSdk::Java, TypedSdk::Go, TypedSdk::TypeScript, TypedSdk::CSharp];
    /// Those whose pinned version is older.
    pub(crate) const OLDER: &'static [TypedSdk] = &[TypedSdk::Java, TypedSdk::Go, TypedSdk::CSharp];
    /// Those whose pinned version is older still.
    pub(crate) const OLDEST: &'static [TypedSdk] = &[TypedSdk::Java, TypedSdk::CSharp];
}

/// A parameter that a model does not have as the server takes it.
pub struct SdkParam {
    /// The wire name without numbers: `SystemDisk.Size`.
    path: &'static str,
    difference: InModels,
}

enum InModels {
    Text,
    Long,
    Lacking(&'static [TypedSdk]),
}

impl SdkParam {
    /// Text in the models, although the server wants something narrower.
    pub(crate) const fn text(path: &'static str) -> SdkParam {
        SdkParam { path, difference: InModels::Text }
    }

    /// A whole number of 64 bits in the models.
    pub(crate) const fn long(path: &'static str) -> SdkParam {
        SdkParam { path, difference: InModels::Long }
    }

    /// Not in the models of these SDKs, with all that is below it.
    pub(crate) const fn lacking(path: &'static str, sdks: &'static [TypedSdk]) -> SdkParam {
        SdkParam { path, difference: InModels::Lacking(sdks) }
    }

    /// Whether the parameter of this path is text in the models.
    pub(crate) fn is_text(&self, path: &str) -> bool {
        matches!(self.difference, InModels::Text) && self.path == path
    }

    /// Whether the parameter of this path is a number of 64 bits in the models.
    pub(crate) fn is_long(&self, path: &str) -> bool {
        matches!(self.difference, InModels::Long) && self.path == path
    }

    /// Whether the model of this SDK lacks the parameter of this path.
    pub(crate) fn is_lacking(&self, path: &str, sdk: TypedSdk) -> bool {
        let InModels::Lacking(sdks) = self.difference else { return false };
        let below = path.strip_prefix(self.path);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) && sdks.contains(&sdk)
    }
}

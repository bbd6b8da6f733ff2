//! The declaration of a closed set of words on the wire. Its users import serde's derives.

/// Declares a closed set of words on the wire, with a way back from text.
macro_rules! string_enum {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $line:literal])* $variant:ident = $text:literal),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $line])* #[serde(rename = $text)] $variant),* }

        impl $name {
            /// Every literal, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($text),*];

            /// The literal on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// The variant of a literal; the case must match.
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use string_enum;

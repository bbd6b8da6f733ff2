//! Values: one type for each kind of parameter, with its limits and an example.
//!
//! An action names the type and so has its limits, which are defined here once.

use domain::{Category, ChargeType, PerformanceLevel, TaskAction};

use super::errors::{ErrorCode, INVALID_PARAMETER};

/// The limits of a value: for people, the explorer's form and the machine-readable catalog.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Text of so many characters, with a rule in words (possibly empty).
    Text {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
        /// Further limits, in words.
        rule: &'static str,
    },
    /// An id with this prefix.
    Id(&'static str),
    /// A whole number in this range.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// `true` or `false`, in any case.
    Boolean,
    /// One of these words, written so or in any case.
    Choice(&'static [&'static str], Case),
    /// A moment in UTC.
    Time,
    /// A number with a fraction.
    Number,
    /// A structure with parameters of its own.
    Group,
}

/// Whether upper and lower case make a difference in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Exact: the word is written as it is listed.
    Exact,
    /// Any case is accepted.
    Any,
}

impl Case {
    /// Whether `text` counts as `word`.
    pub(crate) fn accepts(self, text: &str, word: &str) -> bool {
        match self {
            Case::Exact => text == word,
            Case::Any => text.eq_ignore_ascii_case(word),
        }
    }
}

impl Shape {
    /// The shape in words, to stand behind "Expected".
    pub(crate) fn in_words(&self) -> String {
        match self {
            Shape::Text { min, max, rule: "" } => {
                format!("text of {min} to {max} characters")
            }
            Shape::Text { min, max, rule } => format!("text of {min} to {max} characters, {rule}"),
            Shape::Id(prefix) => format!("an id that begins with {prefix}"),
            Shape::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Shape::Boolean => "true or false".to_owned(),
            Shape::Choice(words, Case::Exact) => format!("one of {}", words.join(", ")),
            Shape::Choice(words, Case::Any) => {
                format!("one of {}, in any case", words.join(", "))
            }
            Shape::Time => "a time in UTC such as 2026-01-02T03:04Z or 2026-01-02T03:04:05Z".into(),
            Shape::Number => "a number".to_owned(),
            Shape::Group => "a structure".to_owned(),
        }
    }

    /// The type's name in the machine-readable catalog, as the vendor's metadata has it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Shape::Text { .. } | Shape::Id(_) | Shape::Choice(..) | Shape::Time => "string",
            Shape::Integer { .. } => "integer",
            Shape::Boolean => "boolean",
            Shape::Number => "number",
            Shape::Group => "object",
        }
    }
}

/// A type for one parameter.
pub trait Value: Sized {
    /// Its limits.
    const SHAPE: Shape;
    /// A value that it accepts.
    const EXAMPLE: &'static str;
    /// The kind of resource that it names, by its noun.
    const NAMES: Option<&'static str> = None;
    /// The error for a value outside the limits, unless the field declares another.
    const MALFORMED: &'static ErrorCode = &INVALID_PARAMETER;

    /// The value of this text, or none if the text is outside the limits.
    fn parse(text: &str) -> Option<Self>;
}

/// Text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<const MIN: usize = 0, const MAX: usize = 4096>(pub String);

impl<const MIN: usize, const MAX: usize> Value for Text<MIN, MAX> {
    const SHAPE: Shape = Shape::Text { min: MIN, max: MAX, rule: "" };
    const EXAMPLE: &'static str = "text";

    fn parse(text: &str) -> Option<Self> {
        (MIN..=MAX).contains(&text.chars().count()).then(|| Text(text.to_owned()))
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Value for Integer<MIN, MAX> {
    const SHAPE: Shape = Shape::Integer { min: MIN, max: MAX };
    const EXAMPLE: &'static str = if MIN <= 40 && MAX >= 40 { "40" } else { "1" };

    fn parse(text: &str) -> Option<Self> {
        let number: i64 = text.parse().ok()?;
        (MIN..=MAX).contains(&number).then_some(Integer(number))
    }
}

/// A number that is taken as the nearest one of `MIN` to `MAX` when it lies outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamped<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Value for Clamped<MIN, MAX> {
    const SHAPE: Shape = Shape::Integer { min: MIN, max: MAX };
    const EXAMPLE: &'static str = "10";

    fn parse(text: &str) -> Option<Self> {
        text.parse::<i64>().ok().map(|number| Clamped(number.clamp(MIN, MAX)))
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Boolean;
    const EXAMPLE: &'static str = "false";

    fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

impl Value for f64 {
    const SHAPE: Shape = Shape::Number;
    const EXAMPLE: &'static str = "0.5";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// Ids of a kind of resource as parameters: opaque, at most 128 characters. An id of the wrong kind
/// is simply not found.
macro_rules! id_parameter {
    ($name:ty, $example:literal) => {
        impl $crate::catalog::Value for $name {
            const SHAPE: $crate::catalog::Shape = $crate::catalog::Shape::Id(
                <<$name as domain::EntityId>::Entity as domain::Entity>::KIND.id_prefix,
            );
            const EXAMPLE: &'static str = $example;
            const NAMES: Option<&'static str> =
                Some(<<$name as domain::EntityId>::Entity as domain::Entity>::KIND.name);

            fn parse(text: &str) -> Option<Self> {
                (!text.is_empty() && text.len() <= 128).then(|| text.into())
            }
        }
    };
}
pub(crate) use id_parameter;

/// Types that are closed sets of words.
macro_rules! choices {
    ($($name:ty, $example:literal;)*) => {$(
        impl Value for $name {
            const SHAPE: Shape = Shape::Choice(<$name>::WORDS, Case::Exact);
            const EXAMPLE: &'static str = $example;

            fn parse(text: &str) -> Option<Self> {
                Self::from_word(text)
            }
        }
    )*};
}

choices! {
    Category, "cloud_essd";
    ChargeType, "PostPaid";
    PerformanceLevel, "PL1";
    TaskAction, "ModifyDiskSpec";
}

/// Declares a closed set of words that only one or a few actions know. Words are read as they are
/// written here, or `in any case`.
macro_rules! choice {
    ($(#[doc = $doc:literal])* $vis:vis enum $name:ident in any case { $($words:tt)* }) => {
        $crate::catalog::choice!(@declare Any $(#[doc = $doc])* $vis $name { $($words)* });
    };
    ($(#[doc = $doc:literal])* $vis:vis enum $name:ident { $($words:tt)* }) => {
        $crate::catalog::choice!(@declare Exact $(#[doc = $doc])* $vis $name { $($words)* });
    };
    (@declare $case:ident $(#[doc = $doc:literal])* $vis:vis $name:ident {
        $($variant:ident = $word:literal),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $(#[doc = concat!("`", $word, "`")] $variant),* }

        impl $name {
            /// The word as it is written here.
            #[allow(dead_code, reason = "not every set of words is written, too")]
            $vis const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl $crate::catalog::Value for $name {
            const SHAPE: $crate::catalog::Shape =
                $crate::catalog::Shape::Choice(&[$($word),*], $crate::catalog::Case::$case);
            const EXAMPLE: &'static str = [$($word),*][0];

            fn parse(text: &str) -> Option<Self> {
                let is = |word: &str| $crate::catalog::Case::$case.accepts(text, word);
                $(if is($word) { return Some($name::$variant); })*
                None
            }
        }
    };
}
pub(crate) use choice;

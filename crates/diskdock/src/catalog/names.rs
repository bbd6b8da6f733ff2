//! Values that several actions share: names, descriptions, tags, tokens.

use super::errors::{
    CLIENT_TOKEN_INVALID, DESCRIPTION_MALFORMED, DISK_NAME_MALFORMED, ErrorCode,
    IMAGE_NAME_MALFORMED, INSTANCE_NAME_MALFORMED, KEY_PAIR_NAME_MALFORMED,
    SECURITY_GROUP_NAME_MALFORMED, SNAPSHOT_NAME_MALFORMED, TAG_KEY_MALFORMED, TAG_VALUE_MALFORMED,
    TIME_END_BEFORE_START,
};
use super::params::params;
use super::value::{Shape, Value};

/// 2 to 128 characters: a letter of any script first, then letters, digits, `:` `_` `.` `-`; not
/// `http://` or `https://` at the front (documentation of CreateDisk).
fn is_display_name(text: &str) -> bool {
    let length = text.chars().count();
    let starts_well = text.chars().next().is_some_and(char::is_alphabetic);
    let goes_on_well = text.chars().all(|c| c.is_alphanumeric() || ":_.- ".contains(c));
    (2..=128).contains(&length) && starts_well && goes_on_well && !is_link(text)
}

fn is_link(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Whether a text has only ASCII letters, digits and these.
pub(crate) fn is_made_of(text: &str, others: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

const NAME_RULE: &str = "a letter first, then letters, digits, colons, underscores, periods and \
                         hyphens, and not beginning with http:// or https://";

macro_rules! display_names {
    ($($(#[doc = $doc:literal])* $name:ident, $example:literal, $error:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub String);

        impl Value for $name {
            const SHAPE: Shape = Shape::Text { min: 2, max: 128, rule: NAME_RULE };
            const EXAMPLE: &'static str = $example;
            const MALFORMED: &'static ErrorCode = &$error;

            fn parse(text: &str) -> Option<Self> {
                is_display_name(text).then(|| $name(text.to_owned()))
            }
        }
    )*};
}

display_names! {
    /// The display name of a disk.
    DiskName, "data-1", DISK_NAME_MALFORMED;
    /// The display name of an instance.
    InstanceName, "web-1", INSTANCE_NAME_MALFORMED;
    /// The name of a key pair.
    KeyPairName, "ops", KEY_PAIR_NAME_MALFORMED;
    /// The display name of a security group.
    SecurityGroupName, "web", SECURITY_GROUP_NAME_MALFORMED;
}

/// The display name of a snapshot: as others, and not beginning with `auto`, which the names of
/// automatic snapshots do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotName(pub String);

impl Value for SnapshotName {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 128,
        rule: "a letter first, then letters, digits, colons, underscores, periods and hyphens, \
               and not beginning with auto, http:// or https://",
    };
    const EXAMPLE: &'static str = "before-upgrade";
    const MALFORMED: &'static ErrorCode = &SNAPSHOT_NAME_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let fits = is_display_name(text) && !text.starts_with("auto");
        fits.then(|| SnapshotName(text.to_owned()))
    }
}

/// The name of an image or of a family of images: as others, and beginning neither with `aliyun`
/// nor with `acs:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageName(pub String);

impl Value for ImageName {
    const SHAPE: Shape = Shape::Text {
        min: 2,
        max: 128,
        rule: "a letter first, then letters, digits, colons, underscores, periods and hyphens, \
               and not beginning with aliyun, acs:, http:// or https://",
    };
    const EXAMPLE: &'static str = "golden-1";
    const MALFORMED: &'static ErrorCode = &IMAGE_NAME_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let reserved = text.starts_with("aliyun") || text.starts_with("acs:");
        (is_display_name(text) && !reserved).then(|| ImageName(text.to_owned()))
    }
}

/// A description: 2 to 256 characters, or empty; not a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description(pub String);

impl Value for Description {
    const SHAPE: Shape = Shape::Text {
        min: 0,
        max: 256,
        rule: "at least 2 if any, not beginning with http:// or https://",
    };
    const EXAMPLE: &'static str = "database files";
    const MALFORMED: &'static ErrorCode = &DESCRIPTION_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let length = text.chars().count();
        let fits = length != 1 && length <= 256 && !is_link(text);
        fits.then(|| Description(text.to_owned()))
    }
}

/// Text of `MIN` to `MAX` characters that is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unlinked<const MIN: usize, const MAX: usize>(pub String);

impl<const MIN: usize, const MAX: usize> Value for Unlinked<MIN, MAX> {
    const SHAPE: Shape =
        Shape::Text { min: MIN, max: MAX, rule: "not beginning with http:// or https://" };
    const EXAMPLE: &'static str = "lab";

    fn parse(text: &str) -> Option<Self> {
        let fits = (MIN..=MAX).contains(&text.chars().count()) && !is_link(text);
        fits.then(|| Unlinked(text.to_owned()))
    }
}

/// The idempotency token of a caller: 1 to 64 ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientToken(pub String);

impl Value for ClientToken {
    const SHAPE: Shape = Shape::Text { min: 1, max: 64, rule: "ASCII only" };
    const EXAMPLE: &'static str = "0c593ea1-3bea-11e9-b96b-88e9fe637760";
    const MALFORMED: &'static ErrorCode = &CLIENT_TOKEN_INVALID;

    fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len()) && text.is_ascii();
        fits.then(|| ClientToken(text.to_owned()))
    }
}

/// The key of a tag: 1 to 128 characters, not beginning with `aliyun` or `acs:`, not a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagKey(pub String);

impl Value for TagKey {
    const SHAPE: Shape = Shape::Text {
        min: 1,
        max: 128,
        rule: "not beginning with aliyun or acs:, without http:// and https://",
    };
    const EXAMPLE: &'static str = "team";
    const MALFORMED: &'static ErrorCode = &TAG_KEY_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let reserved = text.starts_with("aliyun") || text.starts_with("acs:");
        let fits = (1..=128).contains(&text.chars().count());
        (fits && !reserved && !has_link(text)).then(|| TagKey(text.to_owned()))
    }
}

/// The value of a tag: up to 128 characters, not a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagValue(pub String);

impl Value for TagValue {
    const SHAPE: Shape = Shape::Text { min: 0, max: 128, rule: "without http:// and https://" };
    const EXAMPLE: &'static str = "storage";
    const MALFORMED: &'static ErrorCode = &TAG_VALUE_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        let fits = text.chars().count() <= 128 && !has_link(text);
        fits.then(|| TagValue(text.to_owned()))
    }
}

fn has_link(text: &str) -> bool {
    text.contains("http://") || text.contains("https://")
}

params!(
    /// One tag to set. Old clients spell the members in lower case.
    pub(crate) struct TagParam {
        /// The key.
        key: Option<TagKey>,
        /// The value; empty if left out.
        value: Option<TagValue>,
        /// Old spelling of `Key`.
        #[wire = "key"]
        legacy_key: Option<TagKey>,
        /// Old spelling of `Value`.
        #[wire = "value"]
        legacy_value: Option<TagValue>,
    }
);

params!(
    /// One tag to set, of a list that has no old spelling.
    pub(crate) struct PlainTag {
        /// The key.
        key: Option<TagKey>,
        /// The value; empty if left out.
        value: Option<TagValue>,
    }
);

params!(
    /// One tag to look for. Keys of the service itself, such as `acs:…`, can be looked for too.
    pub(crate) struct TagFilter {
        /// The key.
        key: Option<super::Text<1, 128>>,
        /// The value; any value if left out.
        value: Option<super::Text<0, 128>>,
        /// Old spelling of `Key`.
        #[wire = "key"]
        legacy_key: Option<super::Text<1, 128>>,
        /// Old spelling of `Value`.
        #[wire = "value"]
        legacy_value: Option<super::Text<0, 128>>,
    }
);

params!(
    /// One tag to look for, of a list that has no old spelling.
    pub(crate) struct PlainTagFilter {
        /// The key.
        key: Option<super::Text<1, 128>>,
        /// The value; any value if left out.
        value: Option<super::Text<0, 128>>,
    }
);

params!(
    /// A span of time.
    pub(crate) struct TimeSpan {
        /// Its beginning.
        start: Option<super::Time>,
        /// Its end.
        end: Option<super::Time>,
    }
);

impl TimeSpan {
    /// Refuses a span that ends before it begins.
    pub(crate) fn check(&self) -> Result<(), &'static ErrorCode> {
        match (self.start, self.end) {
            (Some(start), Some(end)) if end.0 < start.0 => Err(&TIME_END_BEFORE_START),
            _ => Ok(()),
        }
    }
}

/// A region's id. The action checks whether the region exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionId(pub String);

/// A zone's id. The action checks whether the zone exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZoneId(pub String);

impl Value for RegionId {
    const SHAPE: Shape = Shape::Text { min: 1, max: 64, rule: "" };
    const EXAMPLE: &'static str = "cn-hangzhou";
    const NAMES: Option<&'static str> = Some("region");

    fn parse(text: &str) -> Option<Self> {
        (1..=64).contains(&text.len()).then(|| RegionId(text.to_owned()))
    }
}

impl Value for ZoneId {
    const SHAPE: Shape = Shape::Text { min: 1, max: 64, rule: "" };
    const EXAMPLE: &'static str = "cn-hangzhou-i";
    const NAMES: Option<&'static str> = Some("zone");

    fn parse(text: &str) -> Option<Self> {
        (1..=64).contains(&text.len()).then(|| ZoneId(text.to_owned()))
    }
}

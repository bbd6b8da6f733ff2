//! Declares structs of parameters: `params!` and `joined_params!`.

use super::ParamSpec;

/// A name on the wire, made from a field's name when the program is compiled.
#[derive(Clone, Copy, Debug)]
pub struct WireName {
    bytes: [u8; 64],
    length: usize,
}

impl WireName {
    /// `disk_id` becomes `DiskId`.
    pub const fn pascal(snake: &str) -> WireName {
        let source = snake.as_bytes();
        let mut name = WireName { bytes: [0; 64], length: 0 };
        let (mut at, mut upper) = (0, true);
        while at < source.len() {
            if source[at] == b'_' {
                upper = true;
            } else {
                let byte = source[at];
                name.bytes[name.length] = if upper { byte.to_ascii_uppercase() } else { byte };
                name.length += 1;
                upper = false;
            }
            at += 1;
        }
        name
    }

    /// The name.
    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => panic!("field names are ASCII"),
        }
    }
}

/// The wire name of a field: `wire_name!(disk_id)` or `wire_name!(kms_key_id, "KMSKeyId")`.
macro_rules! wire_name {
    ($field:ident) => {{
        const NAME: &$crate::catalog::WireName =
            &$crate::catalog::WireName::pascal(stringify!($field));
        NAME.as_str()
    }};
    ($field:ident, $wire:literal) => {
        $wire
    };
}
pub(crate) use wire_name;

/// First of two expressions if there are two, else the default.
macro_rules! or_default {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}
pub(crate) use or_default;

/// Declares a struct of parameters. Attributes of a field, in this order: its documentation,
/// `#[wire = "KMSKeyId"]` for odd names, `#[missing = CODE]`, `#[malformed = CODE]`,
/// `#[example = "text"]`, `#[names = "disk"]` for the kind of resource that it names where its type
/// does not say, `#[offers = "vpc"]` for the kind that forms offer where no policy is asked about the
/// resource, `#[fits = ["Available"]]` for the statuses in which one fits where the action's
/// transition does not say, `#[common = true]` where forms are long and this one is given often.
macro_rules! params {
    ($(#[doc = $sdoc:literal])* $vis:vis struct $name:ident { $(
        $(#[doc = $doc:literal])*
        $(#[wire = $wire:literal])?
        $(#[missing = $missing:expr])?
        $(#[malformed = $malformed:expr])?
        $(#[example = $example:literal])?
        $(#[names = $names:literal])?
        $(#[offers = $offers:literal])?
        $(#[fits = $fits:expr])?
        $(#[common = $common:literal])?
        $field:ident: $ty:ty
    ),* $(,)? }) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug)]
        #[allow(dead_code, reason = "a parameter may have no effect: `Ignored` says so")]
        $vis struct $name { $($(#[doc = $doc])* pub $field: $ty),* }

        impl $crate::catalog::Params for $name {
            const SPECS: &'static [$crate::catalog::ParamSpec] = &[$(
                $crate::catalog::ParamSpec {
                    name: $crate::catalog::wire_name!($field $(, $wire)?),
                    doc: concat!($($doc, "\n",)*),
                    shape: <$ty as $crate::catalog::Field>::SHAPE,
                    example: $crate::catalog::or_default!(
                        <$ty as $crate::catalog::Field>::EXAMPLE $(, $example)?),
                    presence: <$ty as $crate::catalog::Field>::PRESENCE,
                    repeat: <$ty as $crate::catalog::Field>::REPEAT,
                    honoured: <$ty as $crate::catalog::Field>::HONOURED,
                    children: <$ty as $crate::catalog::Field>::CHILDREN,
                    names: $crate::catalog::or_default!(
                        <$ty as $crate::catalog::Field>::NAMES $(, Some($names))?),
                    offers: $crate::catalog::or_default!(
                        $crate::catalog::or_default!(
                            <$ty as $crate::catalog::Field>::NAMES $(, Some($names))?)
                        $(, Some($offers))?),
                    fits: $crate::catalog::or_default!(&[] $(, &$fits)?),
                    common: $crate::catalog::or_default!(false $(, $common)?),
                    missing: $crate::catalog::or_default!(
                        $crate::catalog::DEFAULT_MISSING $(, &$missing)?),
                    malformed: $crate::catalog::or_default!(
                        <$ty as $crate::catalog::Field>::MALFORMED $(, &$malformed)?),
                }
            ),*];

            #[allow(unused_mut, unused_variables, reason = "an action may have no parameters")]
            fn read(
                given: &$crate::catalog::RawParams<'_>,
            ) -> Result<Self, $crate::catalog::Refusal> {
                let mut specs = Self::SPECS.iter();
                let mut next = || specs.next().expect("as many specs as fields");
                Ok($name {
                    $($field: <$ty as $crate::catalog::Field>::read(given, next())?),*
                })
            }
        }
    };
}
pub(crate) use params;

/// The parameters of both lists, in order. `N` is how many there are.
pub const fn join<const N: usize>(one: &[ParamSpec], other: &[ParamSpec]) -> [ParamSpec; N] {
    assert!(one.len() + other.len() == N, "as many specs as both lists have");
    let mut joined = [one[0]; N];
    let mut at = 1;
    while at < N {
        joined[at] = if at < one.len() { one[at] } else { other[at - one.len()] };
        at += 1;
    }
    joined
}

/// Declares a struct of parameters that is made of two others, for actions that share most of
/// theirs: on the wire, all stand side by side.
macro_rules! joined_params {
    ($(#[doc = $sdoc:literal])* $vis:vis struct $name:ident {
        $(#[doc = $odoc:literal])* $one:ident: $one_ty:ty,
        $(#[doc = $tdoc:literal])* $other:ident: $other_ty:ty,
    }) => {
        $(#[doc = $sdoc])*
        #[derive(Clone, Debug)]
        #[allow(dead_code, reason = "a parameter may have no effect: `Ignored` says so")]
        $vis struct $name {
            $(#[doc = $odoc])* pub $one: $one_ty,
            $(#[doc = $tdoc])* pub $other: $other_ty,
        }

        impl $crate::catalog::Params for $name {
            const SPECS: &'static [$crate::catalog::ParamSpec] = {
                const ONE: &[$crate::catalog::ParamSpec] =
                    <$one_ty as $crate::catalog::Params>::SPECS;
                const OTHER: &[$crate::catalog::ParamSpec] =
                    <$other_ty as $crate::catalog::Params>::SPECS;
                &$crate::catalog::join::<{ ONE.len() + OTHER.len() }>(ONE, OTHER)
            };

            fn read(
                given: &$crate::catalog::RawParams<'_>,
            ) -> Result<Self, $crate::catalog::Refusal> {
                Ok($name {
                    $one: <$one_ty as $crate::catalog::Params>::read(given)?,
                    $other: <$other_ty as $crate::catalog::Params>::read(given)?,
                })
            }
        }
    };
}
pub(crate) use joined_params;

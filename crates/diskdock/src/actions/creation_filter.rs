//! The condition on the time of creation that lists have, each with error codes of its own.

use crate::catalog::choice;

choice!(
    /// Keys of a condition on the time of creation.
    pub(crate) enum CreationKey {
        From = "CreationStartTime",
        To = "CreationEndTime",
    }
);

/// Declares the parameters `Filter.N.Key` and `Filter.N.Value` of a list, and `span`, which reads
/// them, with the codes for a key and a value that are missing or malformed.
macro_rules! creation_filter {
    ($name:ident, $no_key:ident, $no_value:ident) => {
        $crate::catalog::params!(
            /// A condition on the time of creation.
            pub(crate) struct $name {
                /// `CreationStartTime` or `CreationEndTime`.
                #[malformed = $no_key]
                key: Option<$crate::actions::creation_filter::CreationKey>,
                /// The time.
                #[malformed = $no_value]
                value: Option<$crate::catalog::Time>,
            }
        );

        impl $name {
            /// The earliest and the latest creation that are asked for.
            fn span(
                filters: &[$name],
            ) -> Result<(Option<Moment>, Option<Moment>), &'static $crate::catalog::ErrorCode> {
                use $crate::actions::creation_filter::CreationKey;
                let mut span = (None, None);
                for one in filters {
                    let key = one.key.ok_or(&$no_key)?;
                    let time = one.value.ok_or(&$no_value)?;
                    match key {
                        CreationKey::From => span.0 = Some(time.0),
                        CreationKey::To => span.1 = Some(time.0),
                    }
                }
                Ok(span)
            }
        }
    };
}
pub(super) use creation_filter;

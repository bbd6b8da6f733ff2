//! `GetUserMFAInfo`: the second factor of a user, which there is none of here.

use super::lookup;
use crate::actions::prelude::*;

/// Shows the second factor of a user.
pub(crate) struct GetUserMfaInfo;

params!(
    /// Parameters of GetUserMFAInfo.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of GetUserMFAInfo.
    pub(crate) struct Reply {
        /// The device.
        #[wire = "MFADevice"]
        mfa_device: MfaDevice,
    }
);

reply!(
    /// A second factor.
    pub(crate) struct MfaDevice {
        /// Its serial number.
        serial_number: String,
        /// `VMFA` for a program that shows codes.
        #[wire = "Type"]
        kind: String,
    }
);

impl Query for GetUserMfaInfo {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetUserMFAInfo";
    const SUMMARY: &'static str = "Shows the second factor of a user.";
    const DETAILS: &'static str = "No user has one: there is no console to log on to.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND, &USER_WITHOUT_MFA_DEVICE];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        lookup::user(tx, call, &params.user_name.0)?;
        Err((&USER_WITHOUT_MFA_DEVICE).into())
    }
}

//! `UnbindMFADevice`: take the second factor of a user away, which there is none of here.

use super::lookup;
use crate::actions::prelude::*;

/// Takes the second factor of a user away.
pub(crate) struct UnbindMfaDevice;

params!(
    /// Parameters of UnbindMFADevice.
    pub(crate) struct Params {
        /// The user.
        #[malformed = USER_NAME_LENGTH]
        #[example = "alice"]
        #[names = "user"]
        user_name: Text<1, 64>,
    }
);

reply!(
    /// Reply of UnbindMFADevice.
    pub(crate) struct Reply {
        /// The device.
        #[wire = "MFADevice"]
        mfa_device: UnboundDevice,
    }
);

reply!(
    /// The second factor that was taken away.
    pub(crate) struct UnboundDevice {
        /// Its serial number.
        serial_number: String,
    }
);

/// The user exists.
pub(crate) struct Facts;

impl Action for UnbindMfaDevice {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "UnbindMFADevice";
    const SUMMARY: &'static str = "Takes the second factor of a user away.";
    const DETAILS: &'static str = "\
No user has one: there is no console to log on to. Programs that delete users ask for it first, and \
take this answer for done.";
    const CAUTION: &'static str = "The user logs on without a second factor from then on.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&USER_NAME_CHARACTERS, &USER_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<Facts>] =
        &[must("the user has a second factor", |_| false, &USER_WITHOUT_MFA_DEVICE)];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        lookup::user(tx, call, &params.user_name.0)?;
        Ok(Facts)
    }

    fn effect(_: &Call<'_>, _: &Params, _: Facts) -> Effect<Reply> {
        let mfa_device = UnboundDevice { serial_number: String::new() };
        Effect::reply(Reply { mfa_device })
    }
}

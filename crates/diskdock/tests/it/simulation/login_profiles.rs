//! Login profiles of users: steps of a run, and the answers that are expected.

use super::access::{Access, NO_USER};
use super::model::{Expected, WELL};
use super::steps::Simulation;

impl Simulation {
    /// Makes, looks up or deletes the login profile of the user, or asks for its second factor.
    pub(super) async fn change_login_profile(&mut self, caller: usize, access: &mut Access) {
        let user = ("UserName", "alice");
        let has_user = |well: Expected| if access.user { well } else { NO_USER };
        let there: Expected =
            if access.profile { WELL } else { &["EntityNotExist.User.LoginProfile"] };
        match self.pick(4) {
            0 => {
                let well: Expected =
                    if access.profile { &["EntityAlreadyExists.User.LoginProfile"] } else { WELL };
                let (ask, expected) = ([user, ("Password", "Example-1234")], has_user(well));
                let made = self.call(caller, "Ram.CreateLoginProfile", &ask, expected).await;
                access.profile |= made.is_some();
            }
            1 => {
                let shown = self.ask(caller, "Ram.GetLoginProfile", &[user]).await;
                let code = if shown.status == 200 { "" } else { shown.code() };
                assert_eq!([code], has_user(there), "{}", shown.text);
            }
            2 => {
                let expected = has_user(&["EntityNotExist.User.MFADevice"]);
                self.call(caller, "Ram.UnbindMFADevice", &[user], expected).await;
            }
            _ => {
                let expected = has_user(there);
                let gone = self.call(caller, "Ram.DeleteLoginProfile", &[user], expected).await;
                access.profile &= gone.is_none();
            }
        }
    }
}

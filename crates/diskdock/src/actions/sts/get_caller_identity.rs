//! `GetCallerIdentity`: show the identity of the caller.

use crate::actions::prelude::*;
use crate::catalog::CallerIdentity;

/// Shows the identity of the caller.
pub(crate) struct GetCallerIdentity;

params!(
    /// Parameters of GetCallerIdentity.
    pub(crate) struct Params {}
);

reply!(
    /// Reply of GetCallerIdentity.
    pub(crate) struct Reply {
        /// The account.
        account_id: String,
        /// `acs:ram::<account>:root`, `acs:ram::<account>:user/<name>`, or
        /// `acs:ram::<account>:assumed-role/<role>/<session>`.
        arn: String,
        /// `Account` for a key of the account itself, `RAMUser` for one of a user,
        /// `AssumedRoleUser` for a temporary one.
        identity_type: &'static str,
        /// The account, the id of the user, or `<role id>:<session>`.
        principal_id: String,
        /// The account, or the id of the user; absent for a role.
        user_id: Option<String>,
        /// The id of the role; only for a role.
        role_id: Option<String>,
    }
);

impl Query for GetCallerIdentity {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetCallerIdentity";
    const SUMMARY: &'static str = "Shows the identity of the caller.";
    const OPEN: bool = true;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, _: &Params) -> Result<Reply, ActionError> {
        let account = call.caller.account.as_str();
        let (name, identity_type, principal_id, role) = match &call.caller.identity {
            CallerIdentity::User(id) => {
                // One that is gone meanwhile has no name any more.
                let name = call.find(tx, id)?.map(|user| user.name).unwrap_or_default();
                (format!("user/{name}"), "RAMUser", id.to_string(), None)
            }
            CallerIdentity::Role(role) => {
                let name = format!("assumed-role/{}/{}", role.name, role.session);
                (name, "AssumedRoleUser", format!("{}:{}", role.id, role.session), Some(&role.id))
            }
            CallerIdentity::Account | CallerIdentity::LimitedKey => {
                ("root".to_owned(), "Account", account.to_owned(), None)
            }
        };
        Ok(Reply {
            account_id: account.to_owned(),
            arn: format!("acs:ram::{account}:{name}"),
            identity_type,
            user_id: role.is_none().then(|| principal_id.clone()),
            principal_id,
            role_id: role.map(ToString::to_string),
        })
    }
}

//! The product STS: who signed a request.

use super::prelude::*;
use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, NO_PERMISSION, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, CallerIdentity, Entry, ErrorDialect, Product};

/// Security Token Service.
pub(super) static STS: Product = Product {
    code: "Sts",
    version: "2015-04-01",
    host_prefix: "sts",
    is_regional: true,
    groups: &[&GROUP],
    // Public SDKs list the names.
    known_actions: "\
AssumeRole
AssumeRoleWithOIDC
AssumeRoleWithSAML
GetCallerIdentity
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &NO_PERMISSION,
    },
    go_sdk: "v2",
};

static GROUP: ActionGroup =
    ActionGroup { title: "Identity", resources: &[], actions: &[Entry::Query(&GetCallerIdentity)] };

/// Tells who signed the request.
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
        /// `acs:ram::<account>:root`, or `acs:ram::<account>:user/<name>`.
        arn: String,
        /// `Account` for a key of the account itself, `RAMUser` for one of a user.
        identity_type: &'static str,
        /// The account, or the id of the user.
        principal_id: String,
        /// The account, or the id of the user.
        user_id: String,
        /// The role; only for a key of a role, of which there are none here.
        role_id: Option<String>,
    }
);

impl Query for GetCallerIdentity {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "GetCallerIdentity";
    const SUMMARY: &'static str = "Tells who signed the request.";
    const OPEN: bool = true;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, _: &Params) -> Result<Reply, ActionError> {
        let account = call.caller.account.as_str();
        if let CallerIdentity::User(id) = &call.caller.identity {
            // One that is gone meanwhile has no name any more.
            let name = call.find(tx, id)?.map(|user| user.name).unwrap_or_default();
            return Ok(Reply {
                account_id: account.to_owned(),
                arn: format!("acs:ram::{account}:user/{name}"),
                identity_type: "RAMUser",
                principal_id: id.to_string(),
                user_id: id.to_string(),
                role_id: None,
            });
        }
        Ok(Reply {
            account_id: account.to_owned(),
            arn: format!("acs:ram::{account}:root"),
            identity_type: "Account",
            principal_id: account.to_owned(),
            user_id: account.to_owned(),
            role_id: None,
        })
    }
}

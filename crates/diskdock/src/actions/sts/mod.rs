//! The product STS: the identity of the caller, and temporary keys of roles.

pub(crate) mod assume_role;
pub(crate) mod get_caller_identity;

use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, NOT_AUTHORIZED_BY_RAM, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, Entry, ErrorDialect, Product};

/// Security Token Service.
pub(super) static STS: Product = Product {
    code: "Sts",
    version: "2015-04-01",
    ram_code: "sts",
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
        not_allowed: &NOT_AUTHORIZED_BY_RAM,
    },
    go_sdk: "v2",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Identity",
    resources: &[],
    actions: &[
        Entry::Query(&get_caller_identity::GetCallerIdentity),
        Entry::Action(&assume_role::AssumeRole),
    ],
};

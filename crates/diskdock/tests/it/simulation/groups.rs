//! Groups of users, and tags of roles and policies: steps of a run, and the answers that are
//! expected.

use super::access::{Access, DOCUMENT, NO_POLICY, NO_ROLE, NO_USER};
use super::model::{Expected, WELL};
use super::steps::Simulation;

const NO_GROUP: Expected = &["EntityNotExist.Group"];

/// The one group of an account, if it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UserGroup {
    pub exists: bool,
    /// Whether the user is in it.
    pub member: bool,
    /// Whether it has the policy.
    pub given: bool,
}

impl Simulation {
    pub(super) async fn change_user_group(&mut self, caller: usize, access: &mut Access) {
        let group = ("GroupName", "admins");
        let exists = access.group.exists;
        let has_group = |well: Expected| if exists { well } else { NO_GROUP };
        match self.pick(7) {
            0 | 1 => {
                let expected: Expected = if exists { &["EntityAlreadyExists.Group"] } else { WELL };
                let made = self.call(caller, "Ram.CreateGroup", &[group], expected).await;
                access.group.exists |= made.is_some();
            }
            2 => {
                let ask = [group, ("NewComments", "changed")];
                self.call(caller, "Ram.UpdateGroup", &ask, has_group(WELL)).await;
            }
            3 => {
                let well: Expected = match (access.group.member, access.group.given) {
                    (true, _) => &["DeleteConflict.Group.User"],
                    (false, true) => &["DeleteConflict.Group.Policy"],
                    (false, false) => WELL,
                };
                let gone = self.call(caller, "Ram.DeleteGroup", &[group], has_group(well)).await;
                access.group.exists &= gone.is_none();
            }
            4 | 5 => self.change_member(caller, access).await,
            // What is attached is detached again sooner or later.
            _ => {
                for _ in 0..3 {
                    self.change_policy_of_group(caller, access).await;
                }
            }
        }
    }

    async fn change_member(&mut self, caller: usize, access: &mut Access) {
        let ask = [("GroupName", "admins"), ("UserName", "alice")];
        if !access.user && self.pick(4) > 0 {
            access.user |= self.call(caller, "Ram.CreateUser", &ask[1..], WELL).await.is_some();
        }
        let UserGroup { exists, member, .. } = access.group;
        let expected = |well: Expected| match (access.user, exists) {
            (false, _) => NO_USER,
            (true, false) => NO_GROUP,
            (true, true) => well,
        };
        if self.pick(4) > usize::from(member) * 2 {
            let well: Expected = if member { &["EntityAlreadyExists.User.Group"] } else { WELL };
            let done = self.call(caller, "Ram.AddUserToGroup", &ask, expected(well)).await;
            access.group.member |= done.is_some();
        } else {
            let well: Expected = if member { WELL } else { &["EntityNotExist.User.Group"] };
            let done = self.call(caller, "Ram.RemoveUserFromGroup", &ask, expected(well)).await;
            access.group.member &= done.is_none();
        }
    }

    async fn change_policy_of_group(&mut self, caller: usize, access: &mut Access) {
        let ask = [("GroupName", "admins"), ("PolicyType", "Custom"), ("PolicyName", "writers")];
        if !access.policy && self.pick(4) > 0 {
            let policy = [("PolicyName", "writers"), ("PolicyDocument", DOCUMENT)];
            let made = self.call(caller, "Ram.CreatePolicy", &policy, WELL).await;
            access.policy |= made.is_some();
        }
        let UserGroup { exists, given, .. } = access.group;
        let expected = |well: Expected| match (exists, access.policy) {
            (false, _) => NO_GROUP,
            (true, false) => NO_POLICY,
            (true, true) => well,
        };
        if self.pick(4) > usize::from(given) * 2 {
            let well: Expected = if given { &["EntityAlreadyExists.Group.Policy"] } else { WELL };
            let done = self.call(caller, "Ram.AttachPolicyToGroup", &ask, expected(well)).await;
            access.group.given |= done.is_some();
        } else {
            let well: Expected = if given { WELL } else { &["EntityNotExist.Group.Policy"] };
            let done = self.call(caller, "Ram.DetachPolicyFromGroup", &ask, expected(well)).await;
            access.group.given &= done.is_none();
        }
    }

    /// Tags the role or the policy, or takes a tag off.
    pub(super) async fn change_tags_of_access(&mut self, caller: usize, access: &Access) {
        let is_role = self.pick(2) == 0;
        let (kind, name, expected) = match (is_role, access.role, access.policy) {
            (true, true, _) => ("role", r#"["operators"]"#, WELL),
            (true, false, _) => ("role", r#"["operators"]"#, NO_ROLE),
            (false, _, true) => ("policy", r#"["writers"]"#, WELL),
            (false, _, false) => ("policy", r#"["writers"]"#, NO_POLICY),
        };
        let ask = [("ResourceType", kind), ("ResourceNames", name)];
        let tag = ("Tag", r#"[{"Key":"team","Value":"storage"}]"#);
        let keys = ("TagKeys", r#"["team"]"#);
        if self.pick(2) == 0 {
            self.call(caller, "Ram.TagResources", &[ask[0], ask[1], tag], expected).await;
        } else {
            self.call(caller, "Ram.UntagResources", &[ask[0], ask[1], keys], expected).await;
        }
    }
}

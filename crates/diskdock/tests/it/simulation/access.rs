//! Users, roles, policies and keys: steps of a run, and the answers that are expected.

use super::groups::UserGroup;
use super::model::{Expected, WELL};
use super::policy_versions::Versions;
use super::steps::{CALLERS, OTHER_ACCOUNT, Simulation};
use crate::harness::ACCOUNT;

pub(super) const NO_USER: Expected = &["EntityNotExist.User"];
pub(super) const NO_ROLE: Expected = &["EntityNotExist.Role"];
const TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}"#;
pub(super) const NO_POLICY: Expected = &["EntityNotExist.Policy"];
pub(super) const DOCUMENT: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;

/// The one user, the one role and the one policy of an account, if they are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    pub user: bool,
    pub policy: bool,
    pub versions: Versions,
    pub attached: bool,
    pub role: bool,
    /// Whether the role has the policy.
    pub given: bool,
    pub group: UserGroup,
    /// Whether the user has a login profile.
    pub profile: bool,
    /// Keys of the user.
    pub keys: Vec<String>,
}

impl Access {
    fn has_user(&self, well: Expected) -> Expected {
        if self.user { well } else { NO_USER }
    }

    fn has_both(&self, well: Expected) -> Expected {
        if self.user && !self.policy { NO_POLICY } else { self.has_user(well) }
    }
}

impl Simulation {
    /// Makes, changes or deletes users, policies and keys.
    pub(super) async fn change_access(&mut self) {
        for _ in 0..12 {
            let caller = self.pick(CALLERS);
            let mut access = self.model.access[caller].clone();
            match self.pick(11) {
                10 => self.change_login_profile(caller, &mut access).await,
                9 => self.change_policy_versions(caller, &mut access).await,
                6 => self.change_tags_of_access(caller, &access).await,
                5 | 7 | 8 => self.change_user_group(caller, &mut access).await,
                4 => self.assume_role(caller, &access).await,
                3 => self.change_role(caller, &mut access).await,
                0 => self.change_user(caller, &mut access).await,
                1 => self.change_policy(caller, &mut access).await,
                _ => self.change_keys(caller, &mut access).await,
            }
            self.model.access[caller] = access;
        }
    }

    async fn change_user(&mut self, caller: usize, access: &mut Access) {
        let user = [("UserName", "alice")];
        match self.pick(4) {
            0 | 1 => {
                let expected: Expected =
                    if access.user { &["EntityAlreadyExists.User"] } else { WELL };
                access.user |= self.call(caller, "Ram.CreateUser", &user, expected).await.is_some();
            }
            2 => {
                let ask = [user[0], ("NewComments", "changed")];
                let expected = access.has_user(WELL);
                self.call(caller, "Ram.UpdateUser", &ask, expected).await;
            }
            _ => {
                let expected = match (access.keys.is_empty(), access.attached) {
                    (false, _) => &["DeleteConflict.User.AccessKey"],
                    (true, true) => &["DeleteConflict.User.Policy"],
                    (true, false) if access.group.member => &["DeleteConflict.User.Group"],
                    (true, false) if access.profile => &["DeleteConflict.User.LoginProfile"],
                    (true, false) => access.has_user(WELL),
                };
                access.user &= self.call(caller, "Ram.DeleteUser", &user, expected).await.is_none();
            }
        }
    }

    async fn change_policy(&mut self, caller: usize, access: &mut Access) {
        let policy = [("PolicyName", "writers"), ("PolicyDocument", DOCUMENT)];
        let both = [("UserName", "alice"), ("PolicyType", "Custom"), ("PolicyName", "writers")];
        match self.pick(6) {
            0 | 1 => {
                let expected: Expected =
                    if access.policy { &["EntityAlreadyExists.Policy"] } else { WELL };
                let made = self.call(caller, "Ram.CreatePolicy", &policy, expected).await;
                if made.is_some() {
                    (access.policy, access.versions) = (true, Versions::default());
                }
            }
            2 | 3 => {
                let well: Expected =
                    if access.attached { &["EntityAlreadyExists.User.Policy"] } else { WELL };
                let expected = access.has_both(well);
                let done = self.call(caller, "Ram.AttachPolicyToUser", &both, expected).await;
                access.attached |= done.is_some();
            }
            4 => {
                let well: Expected =
                    if access.attached { WELL } else { &["EntityNotExist.User.Policy"] };
                let expected = access.has_both(well);
                let done = self.call(caller, "Ram.DetachPolicyFromUser", &both, expected).await;
                access.attached &= done.is_none();
            }
            _ => {
                let expected = match (access.policy, access.attached || access.given) {
                    (false, _) => NO_POLICY,
                    (true, true) => &["DeleteConflict.Policy.User"],
                    (true, false) if access.group.given => &["DeleteConflict.Policy.Group"],
                    (true, false) if access.versions.are_several() => {
                        &["DeleteConflict.Policy.Version"]
                    }
                    (true, false) => WELL,
                };
                let gone = self.call(caller, "Ram.DeletePolicy", &policy[..1], expected).await;
                access.policy &= gone.is_none();
            }
        }
    }

    async fn change_role(&mut self, caller: usize, access: &mut Access) {
        let role = ("RoleName", "operators");
        let trust = ("AssumeRolePolicyDocument", TRUST);
        let both = [role, ("PolicyType", "Custom"), ("PolicyName", "writers")];
        let has_role = |well: Expected| if access.role { well } else { NO_ROLE };
        let has_both =
            |well: Expected| if access.role && !access.policy { NO_POLICY } else { has_role(well) };
        match self.pick(6) {
            0 | 1 => {
                let expected: Expected =
                    if access.role { &["EntityAlreadyExists.Role"] } else { WELL };
                let made = self.call(caller, "Ram.CreateRole", &[role, trust], expected).await;
                access.role |= made.is_some();
            }
            2 => {
                let ask = [role, ("NewDescription", "changed")];
                self.call(caller, "Ram.UpdateRole", &ask, has_role(WELL)).await;
            }
            3 => {
                let well: Expected =
                    if access.given { &["EntityAlreadyExists.Role.Policy"] } else { WELL };
                let expected = has_both(well);
                let done = self.call(caller, "Ram.AttachPolicyToRole", &both, expected).await;
                access.given |= done.is_some();
            }
            4 => {
                let well: Expected =
                    if access.given { WELL } else { &["EntityNotExist.Role.Policy"] };
                let expected = has_both(well);
                let done = self.call(caller, "Ram.DetachPolicyFromRole", &both, expected).await;
                access.given &= done.is_none();
            }
            _ => {
                let well: Expected =
                    if access.given { &["DeleteConflict.Role.Policy"] } else { WELL };
                let expected = has_role(well);
                let gone = self.call(caller, "Ram.DeleteRole", &[role], expected).await;
                access.role &= gone.is_none();
            }
        }
    }

    /// The role's document names the first account only.
    async fn assume_role(&mut self, caller: usize, access: &Access) {
        let expected: Expected = match (access.role, caller) {
            (false, _) => NO_ROLE,
            (true, 0) => WELL,
            (true, _) => &["NoPermission"],
        };
        let account = [ACCOUNT, OTHER_ACCOUNT][caller];
        let arn = format!("acs:ram::{account}:role/operators");
        let ask = [("RoleArn", arn.as_str()), ("RoleSessionName", "run")];
        self.call(CALLERS + caller, "Sts.AssumeRole", &ask, expected).await;
    }

    async fn change_keys(&mut self, caller: usize, access: &mut Access) {
        let user = ("UserName", "alice");
        let nth = self.pick(access.keys.len().max(1));
        let key = access.keys.get(nth).cloned();
        let well: Expected = if key.is_some() { WELL } else { &["EntityNotExist.User.AccessKey"] };
        let id = key.clone().unwrap_or_else(|| "none".to_owned());
        let ask = [user, ("UserAccessKeyId", id.as_str()), ("Status", "Inactive")];
        match self.pick(4) {
            0 | 1 => {
                let full = access.keys.len() == 2;
                let well: Expected = if full { &["LimitExceeded.User.AccessKey"] } else { WELL };
                let expected = access.has_user(well);
                let made = self.call(caller, "Ram.CreateAccessKey", &[user], expected).await;
                let id = made.map(|made| made["AccessKey"]["AccessKeyId"].as_str().unwrap().into());
                access.keys.extend(id);
            }
            2 => {
                let expected = access.has_user(well);
                self.call(caller, "Ram.UpdateAccessKey", &ask, expected).await;
            }
            _ => {
                let expected = access.has_user(well);
                let gone = self.call(caller, "Ram.DeleteAccessKey", &ask[..2], expected).await;
                if gone.is_some() {
                    access.keys.remove(nth);
                }
            }
        }
    }

    /// Keys are there as long as nobody deletes them, whatever happens to the server.
    pub(super) async fn look_at_access(&mut self) {
        for caller in 0..CALLERS {
            let access = self.model.access[caller].clone();
            let listed = self.ask(caller, "Ram.ListUsers", &[]).await.json;
            let users = listed["Users"]["User"].as_array().unwrap().len();
            assert_eq!(users, usize::from(access.user));
            let listed = self.ask(caller, "Ram.ListRoles", &[]).await.json;
            let roles = listed["Roles"]["Role"].as_array().unwrap().len();
            assert_eq!(roles, usize::from(access.role));
            let listed = self.ask(caller, "Ram.ListGroups", &[]).await.json;
            let groups = listed["Groups"]["Group"].as_array().unwrap().len();
            assert_eq!(groups, usize::from(access.group.exists));
            if !access.user {
                continue;
            }
            let user = [("UserName", "alice")];
            let listed = self.ask(caller, "Ram.ListAccessKeys", &user).await.json;
            let listed = listed["AccessKeys"]["AccessKey"].as_array().unwrap();
            let id = |key: &serde_json::Value| key["AccessKeyId"].as_str().unwrap().to_owned();
            let mut seen: Vec<String> = listed.iter().map(id).collect();
            let mut known = access.keys;
            seen.sort();
            known.sort();
            assert_eq!(seen, known);
            let listed = self.ask(caller, "Ram.ListPoliciesForUser", &user).await.json;
            let attached = listed["Policies"]["Policy"].as_array().unwrap().len();
            assert_eq!(attached, usize::from(access.attached));
        }
    }
}

//! The versions of a policy: v1, v2, …; one of them counts.

use serde::{Deserialize, Serialize};

use super::RamPolicy;
use crate::moment::Moment;

/// Versions of a policy, at most (documentation of the limits of RAM).
pub const POLICY_VERSIONS: usize = 5;

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// From 1; never given again.
    pub number: u32,
    /// The document, a JSON text.
    pub document: String,
    /// When it was made.
    pub created_at: Moment,
}

impl PolicyVersion {
    /// Its id: `v1`.
    pub fn id(&self) -> String {
        version_id(self.number)
    }
}

/// The id of the version of this number.
pub fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// The number in the id of a version: 1 of `v1`. None for what is no such id.
pub fn version_number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix('v')?;
    let number: u32 = digits.parse().ok()?;
    (version_id(number) == id && number > 0).then_some(number)
}

impl RamPolicy {
    /// The version that counts.
    pub fn counting_version(&self) -> PolicyVersion {
        PolicyVersion {
            number: self.default_version,
            document: self.document.clone(),
            created_at: self.document_made_at.unwrap_or(self.created_at),
        }
    }

    /// All versions, newest first.
    pub fn versions(&self) -> Vec<PolicyVersion> {
        let mut all = self.other_versions.clone();
        all.push(self.counting_version());
        all.sort_by_key(|version| std::cmp::Reverse(version.number));
        all
    }

    /// The version of this number.
    pub fn version(&self, number: u32) -> Option<PolicyVersion> {
        self.versions().into_iter().find(|version| version.number == number)
    }

    /// Whether it has as many versions as it can have.
    pub fn is_full_of_versions(&self) -> bool {
        self.other_versions.len() + 1 >= POLICY_VERSIONS
    }

    /// Adds a version, which does not count yet; gives its number.
    pub fn add_version(&mut self, document: String, now: Moment) -> u32 {
        let highest = self.versions().first().map_or(0, |version| version.number);
        let number = self.last_version.max(highest).saturating_add(1);
        self.last_version = number;
        self.other_versions.push(PolicyVersion { number, document, created_at: now });
        self.updated_at = now;
        number
    }

    /// Removes a version that does not count; changes nothing if there is no such one.
    pub fn remove_version(&mut self, number: u32, now: Moment) {
        let highest = self.versions().first().map_or(0, |version| version.number);
        self.last_version = self.last_version.max(highest);
        self.other_versions.retain(|version| version.number != number);
        self.updated_at = now;
    }

    /// Removes the oldest version that does not count, if there is one.
    pub fn remove_oldest_version(&mut self, now: Moment) {
        if let Some(oldest) = self.other_versions.iter().map(|version| version.number).min() {
            self.remove_version(oldest, now);
        }
    }

    /// Lets this version count; changes nothing if there is no such one, or it counts already.
    pub fn let_version_count(&mut self, number: u32, now: Moment) {
        let Some(at) = self.other_versions.iter().position(|version| version.number == number)
        else {
            return;
        };
        let before = self.counting_version();
        let chosen = std::mem::replace(&mut self.other_versions[at], before);
        self.default_version = chosen.number;
        self.document = chosen.document;
        self.document_made_at = Some(chosen.created_at);
        self.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;
    use crate::ram::RamPolicyId;

    fn policy() -> RamPolicy {
        let account = AccountId::from("1");
        let id = RamPolicyId::of(&account, "readers");
        RamPolicy::new(id, account, "readers".to_owned(), "one".to_owned(), Moment(0))
    }

    fn numbers(policy: &RamPolicy) -> Vec<u32> {
        policy.versions().iter().map(|version| version.number).collect()
    }

    #[test]
    fn version_number_takes_ids_as_they_are_given() {
        assert_eq!(version_number("v12"), Some(12));
        for odd in ["", "v", "1", "v0", "v01", "v+1", "V1", "v1 ", "v99999999999"] {
            assert_eq!(version_number(odd), None, "{odd}");
        }
    }

    #[test]
    fn let_version_count_changes_the_document_and_keeps_the_former() {
        let mut policy = policy();
        assert_eq!(policy.add_version("two".to_owned(), Moment(2)), 2);
        assert_eq!((policy.document.as_str(), numbers(&policy)), ("one", vec![2, 1]));
        policy.let_version_count(2, Moment(3));
        assert_eq!(policy.document, "two");
        assert_eq!(policy.counting_version().created_at, Moment(2));
        assert_eq!(policy.version(1).unwrap().document, "one");
        let same = policy.clone();
        policy.let_version_count(2, Moment(4));
        policy.let_version_count(7, Moment(4));
        assert_eq!(policy, same);
    }

    #[test]
    fn numbers_of_versions_are_never_given_again() {
        let mut policy = policy();
        for number in 2..=5 {
            assert!(!policy.is_full_of_versions());
            assert_eq!(policy.add_version(String::new(), Moment(1)), number);
        }
        assert!(policy.is_full_of_versions());
        policy.remove_oldest_version(Moment(2));
        assert_eq!(numbers(&policy), [5, 4, 3, 1], "the one that counts stays");
        policy.remove_version(5, Moment(2));
        assert_eq!(policy.add_version(String::new(), Moment(3)), 6);
    }
}

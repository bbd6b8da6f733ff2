//! Properties of every action and of every error code.

use std::collections::BTreeSet;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::errors::{self, *};
use diskdock::catalog::{ErrorCode, Goal, Ids, ParamSpec, ReplyShape, Risk, Spec};

/// Codes that no action declares: the gateway and the shared path of all requests answer them.
pub(crate) static GATEWAY: &[&ErrorCode] = &[
    &MISSING_PARAMETER,
    &EMPTY_PARAMETER,
    &INVALID_PARAMETER,
    &UNKNOWN_PARAMETER,
    &MALFORMED_REQUEST,
    &UNKNOWN_ACTION,
    &ACTION_NOT_HERE,
    &ACTION_OF_PRODUCT_NOT_HERE,
    &INVALID_VERSION,
    &PRODUCT_NOT_HERE,
    &INVALID_FORMAT,
    &UNSUPPORTED_METHOD,
    &SIGNATURE_MISMATCH,
    &INCOMPLETE_SIGNATURE,
    &SIGNATURE_METHOD,
    &TIMESTAMP_EXPIRED,
    &TIMESTAMP_FORMAT,
    &NONCE_USED,
    &ACCESS_KEY_NOT_FOUND,
    &ACCESS_KEY_INACTIVE,
    &MISSING_SECURITY_TOKEN,
    &DISK_QUOTA,
    &INSTANCE_QUOTA,
    &NO_STOCK,
    &DISK_ELSEWHERE,
    &SNAPSHOT_ELSEWHERE,
    &IMAGE_NOT_ON_HOST,
    &DISK_CAPACITY,
    &SECURITY_TOKEN,
    &SECURITY_TOKEN_MISMATCH,
    &MISSING_HEADER,
    &NO_AUTHENTICATION,
    &RAM_FORBIDDEN,
    &NO_PERMISSION,
    &KMS_NO_PERMISSION,
    &THROTTLING,
    &THROTTLING_USER,
    &TOO_MANY_OPERATIONS,
    &DRY_RUN,
    &CLIENT_TOKEN_MISMATCH,
    &FORBIDDEN_ORIGIN,
    &REQUEST_TOO_LARGE,
    &REQUEST_LINE_TOO_LONG,
    &HEAD_TOO_LARGE,
    &METHOD_NOT_ALLOWED,
    &INTERNAL_ERROR,
    &SERVICE_UNAVAILABLE,
    &REGION_MALFORMED,
    &NEXT_TOKEN_NOT_VALID,
];

fn is_in(error: &ErrorCode, list: &[&'static ErrorCode]) -> bool {
    list.iter().any(|one| std::ptr::eq(*one, error))
}

#[test]
fn names_of_actions_are_unique() {
    let mut seen = BTreeSet::new();
    for entry in actions::all() {
        let key = entry.key(PRODUCTS);
        assert!(seen.insert(key.clone()), "{key} is there twice");
    }
}

#[test]
fn names_of_parameters_are_unique() {
    fn check(action: &str, specs: &[ParamSpec]) {
        let mut seen = BTreeSet::new();
        for spec in specs {
            assert!(seen.insert(spec.name), "{action}: {} is there twice", spec.name);
            check(action, spec.children);
        }
    }
    for entry in actions::all() {
        check(entry.spec().name, entry.spec().parameters);
    }
}

#[test]
fn every_parameter_is_documented() {
    fn check(action: &str, specs: &[ParamSpec]) {
        for spec in specs {
            assert!(spec.doc.trim().ends_with('.'), "{action}: {} has no sentence", spec.name);
            check(action, spec.children);
        }
    }
    for entry in actions::all() {
        check(entry.spec().name, entry.spec().parameters);
    }
}

#[test]
fn every_reply_field_is_documented() {
    fn check(action: &str, shape: &ReplyShape) {
        match shape {
            ReplyShape::List(of) => check(action, of),
            ReplyShape::Object(fields) => {
                for field in *fields {
                    let documented = field.doc.trim().ends_with('.');
                    assert!(documented, "{action}: {} has no sentence", field.name);
                    check(action, &field.shape);
                }
            }
            ReplyShape::Text | ReplyShape::Integer | ReplyShape::Number | ReplyShape::Boolean => {}
        }
    }
    for entry in actions::all() {
        check(entry.spec().name, &entry.spec().reply);
    }
}

#[test]
fn summaries_are_sentences_and_preconditions_are_not() {
    for entry in actions::all() {
        let spec = entry.spec();
        assert!(spec.summary.ends_with('.'), "{}: summary", spec.name);
        for (sentence, _) in (spec.preconditions)() {
            assert!(!sentence.ends_with('.'), "{}: {sentence}", spec.name);
        }
    }
}

#[test]
fn every_error_code_is_used() {
    let mut used: Vec<&'static ErrorCode> = Vec::new();
    for entry in actions::all() {
        used.extend(entry.spec().errors());
        used.push(entry.spec().token_mismatch);
    }
    let known = |error: &ErrorCode| [&used[..], GATEWAY].iter().any(|l| is_in(error, l));
    let idle: Vec<_> = errors::all().filter(|error| !known(error)).collect();
    assert!(idle.is_empty(), "no action declares these: {idle:#?}");
}

#[test]
fn no_error_is_declared_twice() {
    let mut seen = BTreeSet::new();
    for ErrorCode { status, code, message, .. } in errors::all() {
        assert!(seen.insert((status, code, message)), "{status} {code} {message}: twice");
    }
}

/// Some clients look for a code anywhere in the text of an error.
#[test]
fn no_message_contains_the_code_of_another_error() {
    // The vendor's own text for it is the name of another code.
    for error in errors::all().filter(|error| error.code != "DiskError") {
        for other in errors::all().filter(|other| other.code != error.code) {
            let confusing = error.message.contains(other.code) && !error.code.contains(other.code);
            assert!(!confusing, "{} would be taken for {}", error.code, other.code);
        }
    }
}

#[test]
fn every_remedy_ends_with_a_full_stop() {
    for error in errors::all() {
        assert!(error.remedy.ends_with('.'), "{}: {}", error.code, error.remedy);
    }
}

/// The shape at a place of a reply.
fn at(shape: &ReplyShape, path: &[&str]) -> Option<ReplyShape> {
    path.iter().try_fold(*shape, |shape, name| match shape {
        ReplyShape::Object(fields) => {
            fields.iter().find(|field| field.name == *name).map(|field| field.shape)
        }
        ReplyShape::List(of) => at(of, &[name]),
        _ => None,
    })
}

#[test]
fn every_resource_is_listed_as_it_says() {
    for resource in actions::resources() {
        let (noun, listing) = (resource.noun, &resource.listing);
        let spec = actions::all().find(|one| one.spec().name == listing.action);
        let spec = spec.unwrap_or_else(|| panic!("{noun}")).spec();
        assert!(!spec.mutates && listing.ids.is_none_or(|ids| spec.takes(ids)), "{noun}");
        let [outer, inner] = listing.path;
        let list = at(&spec.reply, &[outer, inner]);
        assert!(matches!(list, Some(ReplyShape::List(_))), "{noun}: {list:?}");
        let mut fields = vec![listing.id];
        fields.extend(listing.holder);
        fields.extend((!resource.statuses.is_empty()).then_some("Status"));
        for text in listing.texts {
            let parts = text.split('{').skip(1);
            fields.extend(parts.map(|part| part.split_once('}').unwrap().0));
        }
        for field in fields {
            assert!(at(&spec.reply, &[outer, inner, field]).is_some(), "{noun}: {field}");
        }
    }
}

#[test]
fn parameters_name_kinds_of_resource_that_exist() {
    fn check(spec: &Spec, specs: &[ParamSpec]) {
        for parameter in specs {
            let resource = parameter.names.map(|noun| actions::resource(noun).unwrap());
            for status in spec.fitting(parameter) {
                let known = resource.unwrap().statuses.iter().any(|known| known.name == status);
                assert!(known, "{} {}: {status}", spec.name, parameter.name);
            }
            check(spec, parameter.children);
        }
    }
    for listed in actions::all() {
        check(listed.spec(), listed.spec().parameters);
    }
}

/// Parameters that are called like ids of a kind that is listed, and offer none of it.
const OFFER_NOTHING: [&str; 8] = [
    // The names of pairs that are new.
    "CreateKeyPair KeyPairName",
    "ImportKeyPair KeyPairName",
    // An instance of KMS.
    "CreateKey DKMSInstanceId",
    // Refused, whatever it names.
    "ReplaceSystemDisk DiskId",
    // Anything that is paid for, not only instances of ECS.
    "QueryAvailableInstances InstanceIDs",
    // Whether an interface is the first one.
    "RunInstances NetworkInterface.InstanceType",
    // Access keys, of which there is no list that is the same for all.
    "DeleteAccessKey UserAccessKeyId",
    "UpdateAccessKey UserAccessKeyId",
];

/// Whether a parameter is called like ids of a listed kind: `DiskId`, `ExcludeDiskId`, `DiskIds`.
fn is_called_like_an_id(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let one = name.strip_suffix('s').unwrap_or(&name);
    let ids = actions::resources().map(|kind| kind.listing.id.to_ascii_lowercase());
    // Users, groups, roles and policies are named in parameters that also make them.
    let ids = ids.filter(|id| id.ends_with("id") || id == "keypairname");
    ids.chain(["instancetype".to_owned()]).any(|id| one.ends_with(&id))
}

#[test]
fn parameters_that_take_an_id_offer_what_there_is() {
    fn check(action: &str, specs: &[ParamSpec], prefix: &str, silent: &mut BTreeSet<String>) {
        for parameter in specs {
            let (name, place) = (parameter.name, format!("{action} {prefix}{}", parameter.name));
            assert!(parameter.names.is_none() || parameter.offers == parameter.names, "{place}");
            match parameter.offers {
                Some(noun) => assert!(actions::resource(noun).is_some(), "{place}: {noun}"),
                None if parameter.children.is_empty() && is_called_like_an_id(name) => {
                    silent.insert(place);
                }
                None => {}
            }
            check(action, parameter.children, &format!("{prefix}{name}."), silent);
        }
    }
    let mut silent = BTreeSet::new();
    for spec in actions::all().map(|listed| listed.spec()) {
        check(spec.name, spec.parameters, "", &mut silent);
    }
    let listed = OFFER_NOTHING.map(str::to_owned).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(silent, listed, "declare #[offers = …], or say why there is none");
}

#[test]
fn every_asynchronous_action_declares_its_final_status() {
    for spec in actions::all().map(|listed| listed.spec()) {
        let Some(transition) = spec.transition else { continue };
        let Some(settling) = &transition.settles else { continue };
        let found = match settling.ids {
            Ids::Requested(name) => spec.takes(name),
            Ids::Replied(field) => at(&spec.reply, &[field]).is_some(),
            Ids::RepliedList(path) => at(&spec.reply, &path).is_some(),
        };
        assert!(found, "{}: where are the ids?", spec.name);
        let goals = settling.goal_with.map(|(parameter, goal)| {
            assert!(spec.takes(parameter), "{}: {parameter}", spec.name);
            goal
        });
        for goal in goals.into_iter().chain([settling.goal]) {
            if let Goal::Status(status) = goal {
                assert!(transition.resource.lasting().contains(&status), "{}: {status}", spec.name);
            }
        }
        assert!(settling.taken_from.is_none_or(|parameter| spec.takes(parameter)), "{}", spec.name);
    }
}

/// Destructive actions ask first; this list is short enough to be read.
#[test]
fn exactly_these_actions_are_destructive() {
    let taking = actions::all().map(|listed| listed.spec()).filter(|s| s.risk == Risk::TakesAway);
    let expected = [
        "DetachDisk",
        "DeleteDisk",
        "ReInitDisk",
        "ResetDisk",
        "ReplaceSystemDisk",
        "StopInstance",
        "StopInstances",
        "RebootInstance",
        "RebootInstances",
        "DeleteInstance",
        "DeleteInstances",
        "DeleteImage",
        "DeleteSnapshot",
        "DeleteSnapshotGroup",
        "DeleteSecurityGroup",
        "DeleteAutoSnapshotPolicy",
        "DetachKeyPair",
        "DeleteKeyPairs",
        "CancelTask",
        "DeleteVpc",
        "DeleteVSwitch",
        "DeleteUser",
        "DetachPolicyFromUser",
        "UpdateAccessKey",
        "DeleteAccessKey",
        "DeleteLoginProfile",
        "UnbindMFADevice",
        "DeleteGroup",
        "RemoveUserFromGroup",
        "DetachPolicyFromGroup",
        "DeleteRole",
        "DetachPolicyFromRole",
        "DeletePolicy",
        "DeletePolicyVersion",
        "ScheduleKeyDeletion",
    ];
    assert_eq!(taking.map(|spec| spec.name).collect::<Vec<_>>(), expected);
}

#[test]
fn every_destructive_action_says_what_to_know_before() {
    let silent = actions::all().map(|listed| listed.spec());
    let silent = silent.filter(|spec| spec.risk == Risk::TakesAway && spec.caution.is_empty());
    assert_eq!(silent.map(|spec| spec.name).collect::<Vec<_>>(), [] as [&str; 0]);
    let detach = actions::find("DetachDisk").unwrap().spec();
    assert!(detach.caution.starts_with("Unmount the disk in the guest first"));
}

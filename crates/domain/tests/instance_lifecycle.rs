//! Every state that an instance can come into, and every transition out of each.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use domain::{IllegalTransition, Instance, InstanceStatus, Moment};

type Step = (&'static str, fn(&mut Instance) -> Result<(), IllegalTransition>);

const STEPS: [Step; 5] = [
    ("start", Instance::start),
    ("started", |instance| instance.started(Moment(7))),
    ("stop", Instance::stop),
    ("stopped", Instance::stopped),
    ("stop_failed", Instance::stop_failed),
];

/// The drawing at the top of the rules, as a table: from, step, to.
const LEGAL: &[(&str, &str, &str)] = &[
    ("Pending", "start", "Starting"),
    ("Pending", "stopped", "Stopped"),
    ("Starting", "started", "Running"),
    ("Starting", "stopped", "Stopped"),
    ("Running", "stop", "Stopping"),
    ("Running", "start", "Starting"),
    ("Running", "stopped", "Stopped"),
    ("Stopping", "stopped", "Stopped"),
    ("Stopping", "stop_failed", "Running"),
    ("Stopped", "start", "Starting"),
];

/// A plain instance in this status.
fn instance(status: &str) -> Instance {
    Instance {
        id: "i-one".into(),
        account: "1".into(),
        region: "cn-hangzhou".to_owned(),
        zone: "cn-hangzhou-i".to_owned(),
        instance_type: "ecs.g6.large".to_owned(),
        image: "image".to_owned(),
        name: "web-1".to_owned(),
        description: String::new(),
        host_name: "web-1".to_owned(),
        charge_type: domain::ChargeType::PostPaid,
        expires_at: None,
        status: InstanceStatus::from_word(status).unwrap(),
        stopped_mode: domain::instance::StoppedMode::NotApplicable,
        locks: Vec::new(),
        deletion_protection: false,
        host: String::new(),
        tags: Vec::new(),
        system_disk: None,
        network: domain::instance::InstanceNetwork::default(),
        key_pair: String::new(),
        public_key: String::new(),
        password_hash: String::new(),
        base_image: String::new(),
        ram_role: String::new(),
        resource_group: String::new(),
        spot_strategy: "NoSpot".to_owned(),
        credit_specification: String::new(),
        auto_release_at: None,
        created_at: Moment(1),
        started_at: None,
        releasing: false,
        interrupted: false,
        unknown: Default::default(),
    }
}

#[test]
fn instance_takes_exactly_the_declared_transitions() {
    for from in InstanceStatus::WORDS {
        for (name, step) in STEPS {
            let before = instance(from);
            let mut after = before.clone();
            let done = step(&mut after);
            let drawn = LEGAL.iter().find(|(at, by, _)| at == from && *by == name);
            if let Some((.., to)) = drawn {
                assert_eq!((done, after.status.as_str()), (Ok(()), *to), "{from} {name}");
                assert_eq!(after.started_at.is_some(), name == "started");
            } else {
                assert_eq!(done, Err(IllegalTransition), "{from} {name}");
                assert_eq!(before, after, "{from} {name}");
            }
        }
    }
}

#[test]
fn instance_that_is_being_released_takes_no_transition() {
    for from in InstanceStatus::WORDS {
        for (name, step) in STEPS {
            let mut leaving = instance(from);
            leaving.releasing = true;
            let before = leaving.clone();
            assert_eq!(step(&mut leaving), Err(IllegalTransition), "{from} {name}");
            assert_eq!(before, leaving);
        }
    }
}

#[test]
fn only_running_and_stopped_are_stable() {
    let stable = |word: &&&str| instance(word).has_stable_status();
    let words: Vec<_> = InstanceStatus::WORDS.iter().filter(stable).collect();
    assert_eq!(words, [&"Running", &"Stopped"]);
}

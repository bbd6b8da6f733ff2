//! Tests of the jobs of this server.

use super::*;
use crate::actions::OPERATIONS;
use crate::operations::NewOperation;

const BEGINNING: Uptime = Uptime(1_000);

fn detach(number: i64, account: &str, instance: &str, disk: &str) -> Job {
    let detach = OPERATIONS.iter().find(|kind| kind.name == "disk.detach").unwrap();
    let state = format!(r#"{{"slot":{{"instance":"{instance}","disk":"{disk}","generation":1}}}}"#);
    let operation = (detach.restore)(&state).unwrap();
    let new = NewOperation::new(
        OperationId(number),
        &account.into(),
        operation,
        domain::Moment(0),
        BEGINNING,
        "local",
    );
    let deadline = Deadline::new(new.operation.timeout(), BEGINNING);
    Job::new(new.row, new.operation, deadline, BEGINNING)
}

#[test]
fn wake_affects_operations_of_the_machine_only() {
    let mut jobs = Jobs::default();
    for (number, disk) in [(1, "d-a"), (2, "d-b")] {
        jobs.add(detach(number, "1", &format!("i-{number}"), disk));
    }
    let running = jobs.take_due(BEGINNING);
    assert_eq!(running.len(), 2);
    let later = BEGINNING.plus_ms(500);
    for (number, disk) in [(3, "d-a"), (4, "d-b")] {
        let mut job = detach(number, "1", &format!("i-{number}"), disk);
        job.schedule.due = later;
        jobs.add(job);
    }
    let now = BEGINNING.plus_ms(1);
    jobs.wake(&Selection { disk: Some("d-a".into()), instance: None }, now);
    jobs.wake(&Selection { disk: Some("d-b".into()), instance: Some("i-a".into()) }, now);
    for mut job in running {
        job.schedule.due = later;
        jobs.give_back(job.row.id, Some(job), now);
    }
    let due = |jobs: &mut Jobs, at| {
        let mut due: Vec<_> = jobs.take_due(at).iter().map(|job| job.row.id.0).collect();
        due.sort_unstable();
        due
    };
    assert_eq!(due(&mut jobs, now), [1, 3]);
    assert_eq!(due(&mut jobs, later), [2, 4]);
}

#[test]
fn count_of_follows_operations_that_begin_and_end() {
    let mut jobs = Jobs::default();
    for (number, account) in [(1, "1"), (2, "1"), (3, "2")] {
        jobs.add(detach(number, account, "i-1", &format!("d-{number}")));
    }
    let counts = |jobs: &Jobs| (jobs.count_of(&"1".into()), jobs.count_of(&"2".into()));
    assert_eq!(counts(&jobs), (2, 1));
    let taken = jobs.take_due(BEGINNING);
    assert_eq!(counts(&jobs), (2, 1), "what takes a step is in flight");
    for job in taken {
        let id = job.row.id;
        jobs.give_back(id, (id.0 == 2).then_some(job), BEGINNING);
    }
    assert_eq!(counts(&jobs), (1, 0));
    assert_eq!((jobs.count(), jobs.accounts.len()), (1, 1));
}

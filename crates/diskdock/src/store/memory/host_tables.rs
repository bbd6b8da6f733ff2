//! Hosts, what is placed on them, and the operations that wait for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::host::FenceRecord;
use domain::{Host, InstanceId, OperationId, Uptime};
use smol_str::SmolStr;

use super::super::engine_rows::held;
use super::super::hosts::{MOST_QUESTIONS, QUESTION_LASTS_MS};
use super::super::{
    HostReads, HostRecord, HostTerm, HostWrites, OperationRow, StoreError, WaitingQuestion,
    WriteTx, owner_of_host,
};
use super::memory_tx::{MemoryTx, TablesOf};
use super::tables::{AskedQuestion, Tables};

/// How long a question is kept.
const QUESTION_LASTS: Duration = Duration::from_millis(QUESTION_LASTS_MS.unsigned_abs());

impl<T: TablesOf> HostReads for MemoryTx<T> {
    fn hosts(&self) -> Result<Vec<HostRecord>, StoreError> {
        self.allow_lists()?;
        Ok(self.tables().hosts.values().map(|host| record(self.tables(), host)).collect())
    }

    fn host(&self, name: &str) -> Result<Option<HostRecord>, StoreError> {
        Ok(self.tables().hosts.get(name).map(|host| record(self.tables(), host)))
    }

    fn instances_on(
        &self,
        host: &str,
        after: Option<&InstanceId>,
        most: u32,
    ) -> Result<Vec<InstanceId>, StoreError> {
        self.allow_lists()?;
        let from = SmolStr::new(after.map_or("", InstanceId::as_str));
        let found = self.tables().placements.range((SmolStr::new(host), from.clone())..);
        let found = found.map(|((on, instance), ())| (on, instance));
        let found = found.take_while(|(on, _)| **on == host);
        let found = found.filter(|(_, instance)| **instance != from);
        Ok(found.take(most as usize).map(|(_, instance)| instance.as_str().into()).collect())
    }

    fn has_work(&self, host: &str) -> Result<bool, StoreError> {
        let from = (SmolStr::new(host), OperationId(i64::MIN));
        let first = self.tables().host_work.range(from..).next();
        Ok(first.is_some_and(|((of, _), ())| of == host) || waiting(self, host).next().is_some())
    }

    fn questions(&self, host: &str) -> Result<Vec<WaitingQuestion>, StoreError> {
        let found = waiting(self, host).map(|(number, asked)| WaitingQuestion {
            number: *number,
            question: asked.question.clone(),
        });
        Ok(found.collect())
    }

    fn answer(&self, number: i64) -> Result<Option<String>, StoreError> {
        Ok(self.tables().host_questions.get(&number).and_then(|asked| asked.answer.clone()))
    }

    fn discarding_hosts(&self) -> Result<Vec<String>, StoreError> {
        self.allow_lists()?;
        let tables = self.tables();
        let hosts = tables.discards.values().chain(tables.snapshot_discards.values());
        let hosts: BTreeSet<_> = hosts.filter(|host| !host.is_empty()).collect();
        Ok(hosts.into_iter().map(SmolStr::to_string).collect())
    }

    fn fences(&self) -> Result<Vec<FenceRecord>, StoreError> {
        self.allow_lists()?;
        Ok(self.tables().fences.values().map(|fence| FenceRecord::clone(fence)).collect())
    }
}

impl HostWrites for MemoryTx<&mut Tables> {
    fn save_host(&mut self, host: &Host) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.hosts, (&*host.name).into(), Some(Arc::new(host.clone())));
        Ok(())
    }

    fn remove_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.hosts, name.into(), None);
        self.set(|tables| &mut tables.heartbeats, name.into(), None);
        Ok(())
    }

    fn renew_host(&mut self, name: &str, uptime: Uptime) -> Result<(), StoreError> {
        self.heard_of_host(name)?;
        self.renew_lease(&owner_of_host(name), uptime)
    }

    fn save_fence(&mut self, fence: &FenceRecord) -> Result<(), StoreError> {
        let of = (SmolStr::new(&fence.host), SmolStr::new(&fence.boot_id));
        self.set(|tables| &mut tables.fences, of, Some(Arc::new(fence.clone())));
        Ok(())
    }

    fn heard_of_host(&mut self, name: &str) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.heartbeats, name.into(), Some(Instant::now()));
        Ok(())
    }

    fn hold_term(&mut self, term: &HostTerm) -> Result<(), StoreError> {
        let host = self.tables().hosts.get(&*term.host);
        held(host.is_some_and(|host| host.epoch == term.epoch))
    }

    fn ask_host(&mut self, host: &str, question: &str) -> Result<Option<i64>, StoreError> {
        let is_old = |asked: &AskedQuestion| asked.asked_at.elapsed() > QUESTION_LASTS;
        let questions = &self.tables().host_questions;
        let old = questions.iter().filter(|(_, asked)| is_old(asked)).map(|(number, _)| *number);
        for number in old.collect::<Vec<_>>() {
            self.forget_question(number)?;
        }
        if waiting(self, host).count() >= MOST_QUESTIONS {
            return Ok(None);
        }
        let last = self.tables().host_questions.get_max().map_or(0, |(number, _)| *number);
        let asked = AskedQuestion {
            host: host.into(),
            asked_at: Instant::now(),
            question: question.to_owned(),
            answer: None,
        };
        let number = last + 1;
        self.set(|tables| &mut tables.host_questions, number, Some(Arc::new(asked)));
        Ok(Some(number))
    }

    fn answer_question(&mut self, asked: &WaitingQuestion, answer: &str) -> Result<(), StoreError> {
        let WaitingQuestion { number, question } = asked;
        let found = self.tables().host_questions.get(number);
        if let Some(found) = found.filter(|found| found.question == *question) {
            let answered =
                AskedQuestion { answer: Some(answer.to_owned()), ..AskedQuestion::clone(found) };
            self.set(|tables| &mut tables.host_questions, *number, Some(Arc::new(answered)));
        }
        Ok(())
    }

    fn forget_question(&mut self, number: i64) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.host_questions, number, None);
        Ok(())
    }

    fn queue_work(&mut self, host: &str, operation: OperationId) -> Result<(), StoreError> {
        self.set(|tables| &mut tables.host_work, (host.into(), operation), Some(()));
        Ok(())
    }

    fn take_work(&mut self, host: &str, most: u32) -> Result<Vec<OperationRow>, StoreError> {
        let from = (SmolStr::new(host), OperationId(i64::MIN));
        let waiting = self.tables().host_work.range(from..).map(|(key, ())| key);
        let waiting = waiting.take_while(|(of, _)| of == host).take(most as usize);
        let mut taken = Vec::new();
        for key in waiting.cloned().collect::<Vec<_>>() {
            taken.extend(self.tables().operations.get(&key.1).map(|row| OperationRow::clone(row)));
            self.set(|tables| &mut tables.host_work, key, None);
        }
        Ok(taken)
    }
}

/// The questions that wait for a host.
fn waiting<'t, T: TablesOf>(
    tx: &'t MemoryTx<T>,
    host: &'t str,
) -> impl Iterator<Item = (&'t i64, &'t Arc<AskedQuestion>)> {
    let asked = tx.tables().host_questions.iter();
    asked.filter(move |(_, asked)| asked.host == host && asked.answer.is_none())
}

/// A host with when it was heard of, and what is placed on it.
fn record(tables: &Tables, host: &Arc<Host>) -> HostRecord {
    let name = SmolStr::new(&host.name);
    let heard = tables.heartbeats.get(&name);
    let loads = tables.host_loads.range((name.clone(), SmolStr::default())..);
    let loads = loads.take_while(|((on, _), _)| *on == name);
    HostRecord {
        host: Host::clone(host),
        heard_ms_ago: heard.map(|at| i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX)),
        placed: loads.map(|((_, of), amount)| (of.to_string(), *amount)).collect(),
    }
}

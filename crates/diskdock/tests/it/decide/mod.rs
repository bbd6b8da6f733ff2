//! Actions decided on store in a temporary folder, without a server around them.

mod modify;
mod region;
mod resize;
mod snapshots;

use crate::harness::record;
use diskdock::actions;
use diskdock::catalog::{
    ActionError, Call, Caller, EncodedEffect, Entry, Environment, Input, QueryReply, Refusal,
};
use diskdock::ids::IdGenerator;
use diskdock::inventory;
use diskdock::store::sqlite::{Durability, Sqlite};
use diskdock::store::{ReadTx, Store};
use domain::{Disk, Instance, Moment};
use serde_json::Value;

/// 2026-01-02T00:00:00Z
const NOW: Moment = Moment(1_767_312_000_000);

/// A store, and the environment of a request.
struct Bench {
    store: Store,
    environment: Environment,
    caller: Caller,
    now: Moment,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let engine = Sqlite::open(folder.path(), Durability::Relaxed).unwrap();
        let inventory = inventory::load(None).unwrap();
        let environment = Environment::plain(inventory, IdGenerator::from_seed(1), false);
        let caller = Caller {
            account: "1000".into(),
            access_key_id: "key".to_owned(),
            host: "127.0.0.1:5260".to_owned(),
            region: None,
            identity: Default::default(),
            origin: Default::default(),
        };
        Bench { store: Store::new(engine), environment, caller, now: NOW, _folder: folder }
    }

    fn save(&self, disks: Vec<Disk>, instances: Vec<Instance>) {
        let write = self.store.write(move |tx| {
            disks.iter().try_for_each(|disk| tx.save_disk(disk))?;
            instances.iter().try_for_each(|instance| tx.save_instance(instance))
        });
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(write).unwrap();
    }

    /// The reply, or the code of the refusal.
    fn ask(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Value, &'static str> {
        self.run(action, pairs).map(|outcome| serde_json::from_slice(&outcome.reply).unwrap())
    }

    /// The effect, or the code of the refusal.
    fn run(&self, name: &str, pairs: &[(&str, &str)]) -> Result<EncodedEffect, &'static str> {
        let mut pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        pairs.sort();
        let input = Input::from_sorted(pairs);
        let call = Call { caller: &self.caller, now: self.now, environment: &self.environment };
        let answer = match actions::find(name).unwrap().entry {
            Entry::Query(query) => {
                let ready = query.parse(&input).map_err(|refusal| refused(name, &refusal))?;
                let read = |tx: &dyn ReadTx| match ready.answer(tx, &call)? {
                    QueryReply::Complete(reply) => Ok(EncodedEffect::reply(reply)),
                    QueryReply::Incomplete(complete) => {
                        complete(&self.environment).map(EncodedEffect::reply)
                    }
                };
                self.store.read_blocking(read)
            }
            Entry::Action(action) => {
                let ready = action.parse(&input).map_err(|refusal| refused(name, &refusal))?;
                self.store.read_blocking(|tx| ready.decide(tx, &call))
            }
        };
        answer.map_err(|stop| match stop {
            ActionError::Refused(refusal) => refused(name, &refusal),
            ActionError::Failed(fault) => panic!("{fault}"),
            ActionError::Broken(what) => panic!("{what}"),
        })
    }
}

/// The code of a refusal, which is recorded as answered.
fn refused(action: &str, refusal: &Refusal) -> &'static str {
    let error = refusal.error;
    record::answered(action, error.status, error.code, refusal.cause.in_words());
    error.code
}

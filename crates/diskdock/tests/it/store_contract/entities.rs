//! Disks, instances, user data, tokens, keys and calls: saved, found again, removed.

use diskdock::store::{
    AccessKey, CallRecord, DiskFilter, EntityReads, Export, InstanceFilter, KeyStatus, Page,
    RoleSession, TokenRecord,
};
use domain::{AccountId, Category, Disk, DiskStatus, Instance, Moment, Phase};

use super::{Fresh, Open};
use crate::harness::{ACCOUNT, BEGINNING, REGION, ZONE};

pub(crate) async fn contract(open: Open) {
    get_finds_saved_entities_and_no_removed_ones(open).await;
    attached_follows_every_change_of_a_disk(open).await;
    save_keeps_the_user_data_of_an_instance(open).await;
    tokens_keys_and_calls_are_kept(open).await;
    snapshot_restores_the_whole_store(open).await;
}

pub(crate) fn disk(name: &str) -> Disk {
    let id = format!("d-{name}").into();
    let mut disk = Disk::new(id, ACCOUNT.into(), Category::CloudEssd, 20, BEGINNING);
    (disk.region, disk.zone) = (REGION.to_owned(), ZONE.to_owned());
    disk
}

pub(crate) fn instance(name: &str) -> Instance {
    let ids = diskdock::ids::IdGenerator::from_seed(0);
    let plain = crate::harness::instance(&ids);
    Instance { id: format!("i-{name}").into(), ..plain }
}

fn count(fresh: &Fresh) -> (Option<u64>, Option<u64>) {
    let page = Page::Numbered { number: 1, size: 1 };
    let disks = DiskFilter::all(ACCOUNT.into(), REGION);
    let instances = InstanceFilter::all(ACCOUNT.into(), REGION);
    fresh.read(|tx| Ok((tx.disks(&disks, &page)?.total, tx.instances(&instances, &page)?.total)))
}

async fn get_finds_saved_entities_and_no_removed_ones(open: Open) {
    let mut fresh = Fresh::new(open);
    assert_eq!(count(&fresh), (Some(0), Some(0)));
    let mut saved = disk("one");
    let first = saved.clone();
    fresh.write(move |tx| tx.save_disk(&first)).await;
    saved.name = "new".to_owned();
    saved.zone = "cn-hangzhou-h".to_owned();
    let second = saved.clone();
    fresh
        .write(move |tx| {
            tx.disk(&second.id)?;
            tx.save_disk(&second)?;
            tx.save_disk(&second)
        })
        .await;
    fresh = fresh.reopened(open);
    assert_eq!(fresh.read(|tx| tx.disk(&"d-one".into())), Some(saved));
    assert_eq!(count(&fresh), (Some(1), Some(0)));
    for _ in 0..2 {
        fresh.write(|tx| tx.remove_disk(&"d-one".into())).await;
        assert_eq!(fresh.read(|tx| tx.disk(&"d-one".into())), None);
        assert_eq!(count(&fresh), (Some(0), Some(0)));
    }
    fresh.write(|tx| tx.save_disk(&disk("one"))).await;
    assert_eq!(count(&fresh), (Some(1), Some(0)));
}

async fn attached_follows_every_change_of_a_disk(open: Open) {
    let fresh = Fresh::new(open);
    let on = |name: &str| {
        let attached = fresh.read(|tx| tx.attached(&format!("i-{name}").as_str().into()));
        attached.iter().map(|at| (at.device.clone(), at.phase, at.generation)).collect::<Vec<_>>()
    };
    let step = |change: fn(&mut Disk)| {
        fresh.write(move |tx| {
            let mut disk = tx.disk(&"d-one".into())?.unwrap_or_else(|| disk("one"));
            change(&mut disk);
            tx.save_disk(&disk)
        })
    };
    step(|disk| {
        disk.multi_attach = true;
        disk.begin_attach("i-a".into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
        disk.begin_attach("i-b".into(), "/dev/xvdc".to_owned(), BEGINNING).unwrap();
    })
    .await;
    assert_eq!(on("a"), [("/dev/xvdb".to_owned(), Phase::Attaching, 1)]);
    step(|disk| disk.finish_attach(&"i-a".into(), 1).unwrap()).await;
    assert_eq!(on("a"), [("/dev/xvdb".to_owned(), Phase::Attached, 1)]);
    assert_eq!(on("b"), [("/dev/xvdc".to_owned(), Phase::Attaching, 2)]);
    step(|disk| disk.fail_attach(&"i-b".into(), 2).unwrap()).await;
    assert_eq!(on("b"), []);
    step(|disk| disk.detached_by_instance_deletion(&"i-a".into(), BEGINNING)).await;
    assert_eq!(on("a"), []);
    step(|disk| {
        disk.begin_attach("i-a".into(), "/dev/xvdd".to_owned(), BEGINNING).unwrap();
    })
    .await;
    assert_eq!(on("a"), [("/dev/xvdd".to_owned(), Phase::Attaching, 3)]);
    fresh.write(|tx| tx.remove_disk(&"d-one".into())).await;
    assert_eq!(on("a"), []);
}

async fn save_keeps_the_user_data_of_an_instance(open: Open) {
    let mut fresh = Fresh::new(open);
    fresh.write(|tx| tx.save_instance(&instance("one"))).await;
    for data in ["b25l", "dHdv"] {
        fresh.write(move |tx| tx.save_user_data(&"i-one".into(), data)).await;
    }
    fresh = fresh.reopened(open);
    assert_eq!(fresh.read(|tx| tx.instance(&"i-one".into())), Some(instance("one")));
    assert_eq!(fresh.read(|tx| tx.user_data(&"i-one".into())).as_deref(), Some("dHdv"));
    assert_eq!(fresh.read(|tx| tx.walk::<Instance>(None, 9)).len(), 1);
    fresh.write(|tx| tx.remove_instance(&"i-one".into())).await;
    assert_eq!(fresh.read(|tx| tx.instance(&"i-one".into())), None);
    assert_eq!(fresh.read(|tx| tx.user_data(&"i-one".into())), None);
    assert_eq!(count(&fresh), (Some(0), Some(0)));
}

fn token(token: &str, created_at: Moment) -> TokenRecord {
    TokenRecord {
        account: ACCOUNT.into(),
        action: "CreateDisk".to_owned(),
        token: token.to_owned(),
        parameters: "00".to_owned(),
        reply: "{}".to_owned(),
        created_at,
    }
}

fn call(number: usize) -> CallRecord {
    CallRecord {
        at: BEGINNING,
        request_id: number.to_string(),
        account: ACCOUNT.into(),
        access_key_id: "testid".to_owned(),
        action: "AttachDisk".to_owned(),
        resource: String::new(),
    }
}

fn key(status: KeyStatus) -> AccessKey {
    let (id, secret) = ("LTAIone".to_owned(), "secret".to_owned());
    AccessKey {
        id,
        secret,
        account: ACCOUNT.into(),
        status,
        created_at: BEGINNING,
        user: Some("200000000000000001".into()),
        session: Some(Box::new(RoleSession {
            role: "300000000000000001".into(),
            role_name: "operators".to_owned(),
            name: "alice".to_owned(),
            source_identity: String::new(),
            token: "token".to_owned(),
            expires_at: BEGINNING.plus_s(3_600),
            policy: Some(serde_json::json!({ "Version": "1" })),
            unknown: Default::default(),
        })),
        policies: vec![serde_json::json!({ "Version": "1" })],
        unknown: Default::default(),
    }
}

async fn tokens_keys_and_calls_are_kept(open: Open) {
    let mut fresh = Fresh::new(open);
    let account = AccountId::from(ACCOUNT);
    fresh.write(|tx| tx.save_token(&token("old", BEGINNING))).await;
    fresh.write(|tx| tx.save_token(&token("new", BEGINNING.plus_s(9)))).await;
    fresh.refused(|tx| tx.save_token(&token("new", BEGINNING))).await;
    for status in [KeyStatus::Active, KeyStatus::Inactive] {
        fresh.write(move |tx| tx.save_access_key(&key(status))).await;
    }
    let many = |tx: &mut dyn diskdock::store::WriteTx| {
        (0..10_300).try_for_each(|number| tx.record_call(&call(number)))
    };
    fresh.write(many).await;
    fresh = fresh.reopened(open);
    let found = |name: &str| fresh.read(|tx| tx.token(&account, "CreateDisk", name));
    assert_eq!(found("old"), Some(token("old", BEGINNING)));
    fresh.write(|tx| tx.delete_tokens(BEGINNING.plus_s(9))).await;
    assert_eq!(found("old"), None);
    assert!(found("new").is_some());
    assert_eq!(fresh.read(|tx| tx.token(&account, "DeleteDisk", "new")), None);
    let calls = fresh.read(|tx| tx.calls(20_000));
    assert!((10_000..=10_256).contains(&calls.len()), "the latest are kept, within a bound");
    assert_eq!((&*calls[0].request_id, &*calls[9_999].request_id), ("10299", "300"));
    fresh.write(|tx| tx.wipe()).await;
    assert_eq!(fresh.read(|tx| tx.calls(9)), []);
    assert_eq!(found("new"), None);
    assert_eq!(fresh.read(|tx| tx.access_keys()), [key(KeyStatus::Inactive)]);
    fresh.write(|tx| tx.record_call(&call(7))).await;
    assert_eq!(fresh.read(|tx| tx.calls(9)), [call(7)]);
    for _ in 0..2 {
        fresh.write(|tx| tx.remove_access_key("LTAIone")).await;
        assert_eq!(fresh.read(|tx| tx.access_keys()), []);
    }
}

async fn snapshot_restores_the_whole_store(open: Open) {
    let (one, other) = (Fresh::new(open), Fresh::new(open));
    one.write(|tx| {
        let mut attached = disk("two");
        attached.begin_attach("i-one".into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
        tx.save_disk(&disk("one"))?;
        tx.save_disk(&attached)?;
        tx.save_instance(&instance("one"))?;
        tx.save_user_data(&"i-one".into(), "b25l")?;
        tx.begin_operation(&super::operations::operation(1, "local"))
    })
    .await;
    let taken: Export = one.read(|tx| tx.export());
    taken.check().unwrap();
    let text = serde_json::to_string(&taken).unwrap();
    other.write(move |tx| tx.load_export(&serde_json::from_str(&text).unwrap())).await;
    assert_eq!(other.read(|tx| tx.export()), taken);
    assert_eq!(count(&other), (Some(2), Some(1)));
    assert_eq!(other.read(|tx| tx.attached(&"i-one".into())).len(), 1);
    let two = other.read(|tx| tx.disk(&"d-two".into())).unwrap();
    assert_eq!(two.status(), DiskStatus::Attaching);
    other.write(|tx| tx.wipe()).await;
    assert_eq!(other.read(|tx| tx.export()).all::<Disk>().count(), 0);
    assert_eq!(count(&other), (Some(0), Some(0)));
}

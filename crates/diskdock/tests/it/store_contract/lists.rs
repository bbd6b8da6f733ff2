//! Lists: pages that do not slip, and filters that mean what they say.

use std::sync::Arc;

use diskdock::store::{DiskFilter, Page, WriteTx};
use domain::{Activity, Category, ChargeType, Disk, DiskId, DiskKind, DiskStatus, LockReason, Tag};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::entities::{disk, instance};
use super::{Fresh, Open};
use crate::harness::{ACCOUNT, BEGINNING, REGION};

pub(super) async fn contract(open: Open) {
    list_by_page_number_covers_every_entry(open).await;
    list_by_cursor_neither_skips_nor_repeats_after_changes(open).await;
    list_with_a_filter_equals_a_scan_of_all_disks(open).await;
    save_accepts_the_entries_of_a_list_of_the_same_write(open).await;
}

fn all() -> DiskFilter {
    DiskFilter::all(ACCOUNT.into(), REGION)
}

async fn fill(fresh: &Fresh, names: std::ops::Range<u32>) {
    fresh
        .write(move |tx| names.clone().try_for_each(|n| tx.save_disk(&disk(&format!("{n:03}")))))
        .await;
}

fn ids(disks: &[Arc<Disk>]) -> Vec<&str> {
    disks.iter().map(|disk| disk.id.as_str()).collect()
}

async fn list_by_page_number_covers_every_entry(open: Open) {
    let fresh = Fresh::new(open);
    fill(&fresh, 0..10).await;
    for (number, expected) in
        [(1, vec!["d-009", "d-008", "d-007", "d-006"]), (3, vec!["d-001", "d-000"]), (4, vec![])]
    {
        let page = fresh.read(|tx| tx.disks(&all(), &Page::Numbered { number, size: 4 }));
        assert_eq!((ids(&page.entries), page.total), (expected, Some(10)));
    }
    let mut some = all();
    some.also.push(|disk| disk.id.as_str() >= "d-004");
    let page = fresh.read(|tx| tx.disks(&some, &Page::Numbered { number: 2, size: 4 }));
    assert_eq!((ids(&page.entries), page.total), (vec!["d-005", "d-004"], Some(6)));
}

async fn list_by_cursor_neither_skips_nor_repeats_after_changes(open: Open) {
    let fresh = Fresh::new(open);
    fill(&fresh, 0..9).await;
    let (mut after, mut seen, mut rounds) = (None, Vec::new(), 0);
    loop {
        let page =
            fresh.read(|tx| tx.disks(&all(), &Page::After { after: after.clone(), most: 3 }));
        seen.extend(page.entries.iter().map(|disk| disk.id.clone()));
        // Newer ones come and one that was shown goes, between the pages.
        fill(&fresh, 100 + rounds..101 + rounds).await;
        let shown = seen[rounds as usize].clone();
        fresh.write(move |tx| tx.remove_disk(&shown)).await;
        rounds += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<DiskId> = (0..9).rev().map(|n| format!("d-{n:03}").into()).collect();
    assert_eq!((seen, rounds), (expected, 3), "each once, none left out, no empty page");
}

async fn save_accepts_the_entries_of_a_list_of_the_same_write(open: Open) {
    let fresh = Fresh::new(open);
    fill(&fresh, 0..3).await;
    let fresh = fresh.reopened(open);
    let rename = |name: &'static str| {
        move |tx: &mut dyn WriteTx| {
            let page = tx.disks(&all(), &Page::After { after: None, most: 2 })?;
            page.entries.into_iter().map(Arc::unwrap_or_clone).try_for_each(|mut disk| {
                disk.name = name.into();
                tx.save_disk(&disk)
            })
        }
    };
    fresh.write(rename("first")).await;
    fresh.write(rename("second")).await;
    let page = fresh.read(|tx| tx.disks(&all(), &Page::Numbered { number: 1, size: 4 }));
    let names: Vec<_> = page.entries.iter().map(|disk| disk.name.as_str()).collect();
    assert_eq!(names, ["second", "second", disk("000").name.as_str()]);
}

fn disks() -> impl Strategy<Value = Disk> {
    let words = prop::sample::select(vec!["", "web", "web-1", "db"]);
    let category = prop::sample::select(vec![Category::Cloud, Category::CloudEssd]);
    let paid = prop::sample::select(vec![ChargeType::PostPaid, ChargeType::PrePaid]);
    let tags = prop::sample::subsequence(vec![("k", "v"), ("k2", "v"), ("k3", "w")], 0..3);
    (0..4u8, words, category, paid, tags, 0..5i64, any::<(bool, bool, bool)>()).prop_map(
        |(phase, name, category, charge_type, tags, age, (system, elsewhere, locked))| {
            let mut disk = disk("x");
            (disk.name, disk.category, disk.charge_type) = (name.to_owned(), category, charge_type);
            disk.tags = tags.iter().map(|(key, value)| Tag::new(key, value)).collect();
            disk.created_at = BEGINNING.plus_s(age);
            disk.activity = (phase == 0).then_some(Activity::Creating);
            if phase > 1 {
                let on = if elsewhere { "i-two" } else { "i-one" };
                let generation =
                    disk.begin_attach(on.into(), "/dev/xvdb".to_owned(), BEGINNING).unwrap();
                if phase > 2 {
                    disk.finish_attach(&on.into(), generation).unwrap();
                }
            }
            if system {
                (disk.kind, disk.zone) = (DiskKind::System, "cn-hangzhou-h".to_owned());
            }
            disk.locks.extend(locked.then_some(LockReason::Financial));
            disk
        },
    )
}

fn filters() -> impl Strategy<Value = DiskFilter> {
    use prop::option::weighted;
    use prop::sample::select;
    let name = weighted(0.3, select(vec!["web", "web*", "*1", "*e*", "*"]));
    let status = select(vec![DiskStatus::Available, DiskStatus::InUse, DiskStatus::Attaching]);
    let few = (0..12u8, 0..12u8);
    (
        name,
        weighted(0.3, status),
        weighted(0.2, select(vec![DiskKind::System, DiskKind::Data])),
        weighted(0.2, select(vec![Category::Cloud, Category::CloudEssd])),
        weighted(0.2, select(vec!["i-one", "i-two", "i-none"])),
        weighted(0.2, few),
        weighted(0.2, select(vec![("k", None), ("k", Some("v")), ("k3", Some("v"))])),
        weighted(0.2, 0..5i64),
    )
        .prop_map(|(name, status, kind, category, instance, ids, tag, since)| {
            let mut filter = all();
            filter.name = name.map(str::to_owned);
            (filter.status, filter.kind, filter.category) = (status, kind, category);
            filter.instance = instance.map(Into::into);
            let id = |n: u8| DiskId::from(format!("d-{n:03}"));
            filter.ids = ids.map(|(one, other)| vec![id(one), id(other)]);
            let owned =
                |(key, value): (&str, Option<&str>)| (key.to_owned(), value.map(str::to_owned));
            filter.tags = tag.map(owned).into_iter().collect();
            filter.created = (since.map(|age| BEGINNING.plus_s(age)), None);
            filter
        })
}

async fn list_with_a_filter_equals_a_scan_of_all_disks(open: Open) {
    let mut runner = TestRunner::deterministic();
    let fresh = Fresh::new(open);
    let every: Vec<Disk> = (0..12)
        .map(|n| {
            let disk = disks().new_tree(&mut runner).unwrap().current();
            Disk { id: format!("d-{n:03}").into(), ..disk }
        })
        .collect();
    let saved = every.clone();
    fresh
        .write(move |tx| {
            tx.save_instance(&instance("one"))?;
            saved.iter().try_for_each(|disk| tx.save_disk(disk))
        })
        .await;
    for _ in 0..400 {
        let filter = filters().new_tree(&mut runner).unwrap().current();
        let mut expected: Vec<_> = every.iter().filter(|disk| filter.matches(disk)).collect();
        expected.sort_by_key(|disk| &disk.id);
        let page = fresh.read(|tx| tx.disks(&filter, &Page::Numbered { number: 1, size: 99 }));
        let mut found: Vec<_> = page.entries.iter().map(Arc::as_ref).collect();
        found.sort_by_key(|disk| &disk.id);
        assert_eq!(found, expected, "{filter:?}");
        assert_eq!(page.total, Some(expected.len() as u64), "{filter:?}");
        let (mut after, mut followed) = (None, 0);
        loop {
            let page =
                fresh.read(|tx| tx.disks(&filter, &Page::After { after: after.clone(), most: 5 }));
            followed += page.entries.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(followed, expected.len(), "{filter:?}");
    }
}

//! `diskdock doctor`, on the host that the tests run on.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diskdock::storage::Owner;
use serde_json::Value;

use super::{complaint, diskdock};

/// The doctor's report, and its exit code.
fn examined(data: &Path, more: &[&str]) -> (Value, Option<i32>) {
    let output = diskdock(data, &[&["doctor", "--json"], more].concat());
    let reply = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("no JSON: {}", complaint(&output));
    });
    (reply, output.status.code())
}

/// (verdict, found, remedy)
fn point(reply: &Value, name: &str) -> (String, String, String) {
    let points = reply["points"].as_array().unwrap();
    let point = points.iter().find(|point| point["name"] == name);
    let point = point.unwrap_or_else(|| panic!("nothing about {name}: {reply:#}"));
    let text = |field: &str| point[field].as_str().unwrap().to_owned();
    (text("verdict"), text("found"), text("remedy"))
}

#[test]
fn doctor_of_a_complete_host_reports_no_problem() {
    let data = tempfile::tempdir().unwrap();
    let (reply, code) = examined(data.path(), &[]);
    for name in
        ["QEMU", "qemu-img", "machine type", "guests", "sandbox", "directory", "locks", "links"]
    {
        let (verdict, found, remedy) = point(&reply, name);
        assert_eq!(verdict, "ok", "{name}: {found}: {remedy}");
    }
    let (verdict, found, _) = point(&reply, "KVM");
    match verdict.as_str() {
        "ok" => assert!(found.contains("processor")),
        _ => assert!(verdict == "warning" && found.contains("slower"), "{found}"),
    }
    for name in ["space", "inodes", "open files", "user", "passt", "ovmf", "memory", "io_uring"] {
        let (verdict, found, remedy) = point(&reply, name);
        assert!(verdict == "ok" || !remedy.is_empty(), "{name}: {found}");
    }
    assert_eq!((&reply["fit"], code), (&true.into(), Some(0)));
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn doctor_says_in_what_state_the_store_is_and_changes_nothing() {
    use super::backup::{names_in, stopped_with};
    let data = stopped_with("one").await;
    let path = data.path().join("books.sqlite");
    let sound = std::fs::read(&path).unwrap();
    let store = || point(&examined(data.path(), &["--qemu", "/nowhere"]).0, "store");
    let names = names_in(data.path());
    let (verdict, found, _) = store();
    assert_eq!((verdict.as_str(), &*found), ("ok", "it is sound: 1 disks, 0 instances"));
    assert_eq!(names_in(data.path()), names);

    let mut damaged = sound.clone();
    damaged[4_096..12_288].fill(0xaa);
    for (bytes, words) in [
        (None, "is missing"),
        (Some(&[][..]), "is empty"),
        (Some(b"no store at all, is it?".as_slice()), "it is no SQLite file"),
        (Some(&sound[..3 * 4_096]), "is damaged"),
        (Some(&damaged[..]), "is damaged"),
    ] {
        match bytes {
            None => std::fs::remove_file(&path).unwrap(),
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
        }
        let (verdict, found, remedy) = store();
        assert_eq!(verdict, "problem", "{found}");
        assert!(found.contains(words) && remedy.contains("diskdock restore"), "{found}: {remedy}");
        assert_eq!(std::fs::read(&path).ok().as_deref(), bytes);
    }
    std::fs::write(&path, &sound).unwrap();
    std::fs::write(data.path().join("store-mark"), "{\"name\":\"x\",\"opened\":9}").unwrap();
    assert!(store().1.contains("another store than the one that lay here"));
    std::fs::remove_file(data.path().join("store-mark")).unwrap();

    std::fs::create_dir_all(data.path().join("machines/i-9")).unwrap();
    std::fs::create_dir_all(data.path().join("disks")).unwrap();
    std::fs::write(data.path().join("machines/i-9/machine.json"), "{}").unwrap();
    std::fs::write(data.path().join("disks/d-new.raw"), "x").unwrap();
    let (verdict, found, remedy) = store();
    assert_eq!(verdict, "warning");
    for id in ["d-new", "i-9", "d-one"] {
        assert!(found.contains(id), "{found}");
    }
    assert!(remedy.contains("later backup"), "{remedy}");
}

#[test]
fn doctor_text_output_gives_a_verdict_on_every_line() {
    let data = tempfile::tempdir().unwrap();
    let output = diskdock(&data.path().join("to/be/made"), &["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in text.lines() {
        let known = ["ok  ", "warning  ", "problem  ", "       "].iter();
        assert!(known.clone().any(|beginning| line.starts_with(beginning)), "{line}");
    }
    assert!(text.contains("to/be/made can be made"), "{text}");
}

#[test]
fn doctor_reports_missing_programs_with_a_remedy() {
    let data = tempfile::tempdir().unwrap();
    let (reply, code) = examined(data.path(), &["--qemu", "/nowhere/qemu"]);
    let (verdict, found, remedy) = point(&reply, "QEMU");
    assert_eq!((verdict.as_str(), code), ("problem", Some(1)));
    assert!(found.contains("/nowhere/qemu") && remedy.contains("apt-get install"), "{found}");
    let old = data.path().join("old");
    std::fs::write(&old, "#!/bin/sh\necho QEMU emulator version 5.2.0; exit 1\n").unwrap();
    std::fs::set_permissions(&old, PermissionsExt::from_mode(0o755)).unwrap();
    let (reply, code) = examined(data.path(), &["--qemu", old.to_str().unwrap()]);
    let (_, found, remedy) = point(&reply, "QEMU");
    assert!(found.contains("5.2.0 is too old") && remedy.contains("7.2"), "{found}");
    assert_eq!(point(&reply, "guests").0, "problem");
    assert_eq!((&reply["fit"], code), (&false.into(), Some(1)));
}

#[test]
fn doctor_checks_that_the_user_exists_and_reads_the_data() {
    let data = tempfile::tempdir().unwrap();
    if Owner::ourselves().uid != 0 {
        let (told, _) = examined(data.path(), &["--qemu-user", "nobody-of-this-name"]);
        assert!(point(&told, "user").1.contains("as we do"), "{told:#}");
        return;
    }
    let (told, code) = examined(data.path(), &["--qemu-user", "nobody-of-this-name"]);
    let (verdict, found, remedy) = point(&told, "user");
    assert_eq!((verdict.as_str(), code), ("problem", Some(1)));
    assert!(found.contains("nobody-of-this-name") && remedy.contains("useradd"), "{found}");
    let (told, _) = examined(data.path(), &["--qemu-user", "root"]);
    assert_eq!(point(&told, "user").0, "problem");

    let inner = data.path().join("inner");
    std::fs::set_permissions(data.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let (told, _) = examined(&inner, &["--qemu-user", "nobody"]);
    assert_eq!(point(&told, "user").0, "warning", "others may be nobody as well");
    let (verdict, found, remedy) = point(&told, "reach");
    assert_eq!(verdict, "problem");
    let door = data.path().to_str().unwrap();
    assert!(found.contains(door) && remedy.contains("chmod o+x"), "{found}: {remedy}");
    std::fs::set_permissions(data.path(), PermissionsExt::from_mode(0o711)).unwrap();
    let (told, _) = examined(&inner, &["--qemu-user", "nobody"]);
    assert_eq!(point(&told, "reach").0, "ok", "{told:#}");
}

//! `serve --init`: what a server without resources begins with.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use super::child::{LIST, NEW_DISK, Server, count};

/// Writes a script that the server can run.
fn script(directory: &Path, name: &str, lines: &str) {
    let path = directory.join(name);
    std::fs::write(&path, format!("#!/bin/bash\nset -e\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

/// Creates a disk of this name with the program itself, as the environment of the script has it.
fn create(name: &str) -> String {
    format!("diskdock {} --DiskName {name}", NEW_DISK.join(" "))
}

fn refused(options: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.args(["serve", "--ephemeral", "--listen", "127.0.0.1:0"]).args(options);
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn init_begins_with_an_export_and_runs_programs_in_order_once() {
    let scratch = tempfile::tempdir().unwrap();
    let (files, data) = (scratch.path().join("init"), scratch.path().join("data"));
    std::fs::create_dir(&files).unwrap();
    let export = files.join("50-world.json").display().to_string();
    let first = Server::start(&["--ephemeral"]);
    first.prints(&NEW_DISK, &[]);
    first.prints(&["admin", "export", "--file", &export], &[]);
    first.stop();
    script(&files, "10-one.sh", &create("one"));
    // It finds what the first one has made, and the ready path says that it is not ended.
    let ready = "exec 3<>/dev/tcp/127.0.0.1/${DISKDOCK_ENDPOINT##*:}\n\
                 printf 'GET /_diskdock/ready HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n' >&3\n\
                 read -r status <&3\ntest \"${status:9:3}\" = 503";
    let finds = "diskdock call DescribeDisks --DiskName one | grep -q DiskId";
    script(&files, "20-two.sh", &format!("{finds}\n{ready}\n{}", create("two")));
    std::fs::write(files.join("README"), "not executable").unwrap();
    let (init, data) = (files.display().to_string(), data.display().to_string());
    let options = ["--init", &init, "--data-dir", &data];
    let second = Server::start(&options);
    assert_eq!(count(&second.prints(&LIST, &[])), 3);
    let log = second.stop();
    assert!(log.contains("README") && log.contains("left alone"), "{log}");
    let third = Server::start(&options);
    assert_eq!(count(&third.prints(&LIST, &[])), 3, "nothing is run again");
    third.stop();
}

#[test]
fn init_with_a_program_that_fails_ends_the_server_and_names_the_program() {
    let scratch = tempfile::tempdir().unwrap();
    script(scratch.path(), "10-fails.sh", "echo on purpose; exit 7");
    script(scratch.path(), "20-later.sh", "echo never said");
    let (code, said) = refused(&["--init", scratch.path().to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("10-fails.sh of --init failed: exit status: 7"), "{said}");
    assert!(said.contains("on purpose") && !said.contains("never said"), "{said}");
    std::fs::write(scratch.path().join("10-fails.sh"), "#!/does/not/exist\n").unwrap();
    let (code, said) = refused(&["--init", scratch.path().to_str().unwrap()]);
    assert_eq!((code, said.contains("10-fails.sh of --init failed")), (Some(1), true), "{said}");
}

#[test]
fn init_refuses_two_exports_and_a_directory_that_is_none() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().to_str().unwrap();
    for name in ["a.json", "b.json"] {
        std::fs::write(scratch.path().join(name), "{}").unwrap();
    }
    let (code, said) = refused(&["--init", directory]);
    assert_eq!((code, said.contains("two exports")), (Some(2), true), "{said}");
    std::fs::remove_file(scratch.path().join("b.json")).unwrap();
    let (code, said) = refused(&["--init", directory, "--import", "/dev/null"]);
    assert_eq!((code, said.contains("leave --import out")), (Some(2), true), "{said}");
    let (code, said) = refused(&["--init", "/does/not/exist"]);
    assert_eq!((code, said.contains("cannot read /does/not/exist")), (Some(1), true), "{said}");
}

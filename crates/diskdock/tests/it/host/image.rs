//! `diskdock image`, from import to delete.

use serde_json::Value;

use super::{complaint, diskdock, out};
use crate::storage::{below, kernel, put_image, raw_disk};
use diskdock::storage::{Directory, NewVolume, Volumes};

#[test]
fn image_command_imports_lists_and_deletes_an_image() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = raw_disk(source.path(), 64 << 20, b"find me");
    let file = file.to_str().unwrap();
    let output = diskdock(data.path(), &["image", "import", file, "--name", "debian-12.7"]);
    assert_eq!(output.stdout, b"m-debian-12-7 is imported (1 GiB)\n");
    let reply = complaint(&output);
    assert!(reply.starts_with("checking\n") && reply.ends_with("making it durable\n"), "{reply}");
    assert!(reply.contains("copied 100 %\n") && !reply.contains('\r'), "no terminal: {reply}");

    let vmlinuz = kernel(source.path());
    let vmlinuz = vmlinuz.to_str().unwrap();
    let arguments = ["image", "import", "--kernel", vmlinuz, "--append", "console=ttyS0"];
    let rest = ["--name", "tiny", "--id", "m-7", "--output", "json"];
    let reply: Value =
        serde_json::from_str(&out(data.path(), &[&arguments[..], &rest].concat())).unwrap();
    assert_eq!(reply["id"], "m-7");
    assert_eq!(reply["boot"]["command_line"], "console=ttyS0");

    let listed = out(data.path(), &["image", "list"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("ID") && lines.len() == 3, "{listed}");
    assert!(lines[1].starts_with("m-7 ") && lines[1].contains("  kernel  "), "{listed}");
    assert!(lines[2].starts_with("m-debian-12-7  debian-12.7  "), "{listed}");
    let listed: Value =
        serde_json::from_str(&out(data.path(), &["image", "list", "--output", "json"])).unwrap();
    assert_eq!(listed["images"][1]["size_gib"], 1);

    assert_eq!(out(data.path(), &["image", "delete", "m-7"]), "m-7 is deleted\n");
    out(data.path(), &["image", "delete", "m-debian-12-7"]);
    assert_eq!(below(data.path()), ["images"]);
}

#[test]
fn image_command_explains_refusals() {
    let (data, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = |code: i32, arguments: &[&str], words: &[&str]| {
        let output = diskdock(data.path(), arguments);
        let told = complaint(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{arguments:?}: {told}");
    };
    let text = source.path().join("notes");
    std::fs::write(&text, [b'x'; 1024]).unwrap();
    let text = text.to_str().unwrap();
    refused(1, &["image", "import", text, "--name", "n"], &["neither qcow2", "--format raw"]);
    refused(1, &["image", "import", text, "--name", "n", "--id", "a/b"], &["no id of a disk"]);
    refused(2, &["image", "import", "--name", "n"], &["<FILE>"]);
    refused(2, &["image", "import", text], &["--name"]);
    refused(2, &["image", "import", text, "--name", "n", "--append", "x"], &["--kernel"]);
    refused(1, &["image", "delete", "m-none"], &["m-none is missing", "image list"]);
    put_image(data.path(), "m-1", 8);
    let pool = Directory::open(data.path(), None).unwrap();
    pool.create(&NewVolume::plain("d-1".into(), 1), Some("m-1")).unwrap();
    refused(1, &["image", "delete", "m-1"], &["in use by d-1", "delete the instances"]);
    let nowhere = diskdock(&data.path().join("nowhere"), &["image", "delete", "m-1"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(complaint(&nowhere).contains("--data-dir"));
}

#[test]
fn image_list_names_a_damaged_image_beside_the_others() {
    let data = tempfile::tempdir().unwrap();
    put_image(data.path(), "m-1", 8);
    put_image(data.path(), "m-2", 8);
    std::fs::write(data.path().join("images/m-1/image.json"), "{").unwrap();
    let output = diskdock(data.path(), &["image", "list"]);
    assert!(output.status.success());
    assert!(complaint(&output).contains("m-1/image.json"), "{}", complaint(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("m-2"));
    out(data.path(), &["image", "delete", "m-1"]);
}

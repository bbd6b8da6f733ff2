//! The data for a guest's first boot: a NoCloud seed, a small FAT file system labelled `cidata`
//! that cloud-init and its like look for, on a CD-ROM.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fatfs::{FileSystem, FormatVolumeOptions, FsOptions, format_volume};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::machine::off_thread;
use super::process::User;
use crate::hypervisor::MachineSpec;
use crate::storage::no_follow;

/// The file system in the directory that belongs to QEMU.
const FILE: &str = "seed.img";
/// Bytes of the file system; user data has 32 KiB at most.
const SIZE: u64 = 1024 * 1024;
/// Bytes of a CD-ROM's sector. Linux mounts no FAT whose sectors are smaller than the drive's.
const SECTOR: u16 = 2_048;
/// The label by which guests find it, filled up to the eleven bytes of a FAT label.
const LABEL: [u8; 11] = *b"cidata     ";

/// Writes the seed of a machine and says where it is.
pub(crate) async fn make(
    spec: &MachineSpec,
    run: &Path,
    user: Option<User>,
) -> io::Result<Option<PathBuf>> {
    let (spec, path) = (spec.clone(), run.join(FILE));
    off_thread(move || {
        let file = write(&spec, &path)?;
        if let Some(user) = user {
            fchown(&file, Some(user.uid), Some(user.gid))?;
        }
        Ok(Some(path))
    })
    .await
}

fn write(spec: &MachineSpec, path: &Path) -> io::Result<File> {
    let user_data = STANDARD.decode(&spec.user_data).map_err(io::Error::other)?;
    // Made anew each time: an intruder in QEMU may have put another there.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut options = File::options();
    let options = options.read(true).write(true).create_new(true).mode(0o600);
    let mut file = options.custom_flags(no_follow()).open(path)?;
    file.set_len(SIZE)?;
    let options = FormatVolumeOptions::new().bytes_per_sector(SECTOR).volume_label(LABEL);
    format_volume(&mut file, options)?;
    let seed = FileSystem::new(&mut file, FsOptions::new())?;
    let root = seed.root_dir();
    root.create_file("meta-data")?.write_all(meta_data(spec).as_bytes())?;
    root.create_file("user-data")?.write_all(&user_data)?;
    if !spec.password_hash.is_empty() {
        let vendor_data = vendor_data(&spec.password_hash);
        root.create_file("vendor-data")?.write_all(vendor_data.as_bytes())?;
    }
    drop(root);
    seed.unmount()?;
    Ok(file)
}

/// YAML takes JSON, in which every name stays a name.
fn meta_data(spec: &MachineSpec) -> String {
    let instance = spec.instance.as_str();
    let mut data = json!({ "instance-id": instance, "local-hostname": spec.host_name });
    if !spec.public_key.is_empty() {
        data["public-keys"] = json!([spec.public_key]);
    }
    data.to_string()
}

/// Orders for the guest besides the caller's own user data: let root in by password, and take this
/// one. A boot hook runs with every boot, and does it once for each password that is given: a guest
/// that has booted before takes a new one too, and one that its user sets stays.
fn vendor_data(password_hash: &str) -> String {
    let digest = Sha256::digest(password_hash);
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let take = format!("sh -c 'echo \"root:$0\" | chpasswd -e' '{password_hash}'");
    let hook = format!("#!/bin/sh\nexec cloud-init-per once diskdock_{name} {take}\n");
    let parts = json!([
        { "type": "text/cloud-config", "content": "#cloud-config\nssh_pwauth: true\n" },
        { "type": "text/cloud-boothook", "content": hook },
    ]);
    format!("#cloud-config-archive\n{parts}\n")
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    use crate::hypervisor::qemu::tests::spec;

    const PUBLIC: &str = "ssh-rsa AAAA";
    const HASH: &str = "$6$rounds=5000$abc$def/g";

    #[test]
    fn seed_contains_the_given_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let spec = MachineSpec {
            host_name: "a\": \"b".to_owned(),
            user_data: STANDARD.encode("#cloud-config\n"),
            public_key: PUBLIC.to_owned(),
            password_hash: HASH.to_owned(),
            ..spec("i-1")
        };
        for _ in 0..2 {
            write(&spec, &path).unwrap();
            let seed = FileSystem::new(File::open(&path).unwrap(), FsOptions::new()).unwrap();
            assert_eq!(seed.volume_label().trim(), "cidata");
            let read = |name: &str| {
                let mut text = String::new();
                seed.root_dir().open_file(name).unwrap().read_to_string(&mut text).unwrap();
                text
            };
            assert_eq!(read("user-data"), "#cloud-config\n");
            assert!(read("meta-data").contains(r#""local-hostname":"a\": \"b""#));
            assert!(read("meta-data").contains(r#""public-keys":["ssh-rsa AAAA"]"#));
            assert!(read("vendor-data").starts_with("#cloud-config-archive\n["));
            assert!(read("vendor-data").contains(HASH));
        }
        assert!(write(&MachineSpec { user_data: "???".to_owned(), ..spec }, &path).is_err());
    }

    #[test]
    fn boot_hook_of_a_password_gives_its_hash_to_chpasswd() {
        let directory = tempfile::tempdir().unwrap();
        let program = |name: &str, script: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            path
        };
        program("cloud-init-per", "echo \"$1 $2\"; shift 2; exec \"$@\"");
        program("chpasswd", "echo \"$1\"; cat");
        let data = vendor_data(HASH);
        let parts = data.strip_prefix("#cloud-config-archive\n").unwrap();
        let parts: serde_json::Value = serde_json::from_str(parts).unwrap();
        assert_eq!(parts[1]["type"], "text/cloud-boothook");
        let hook = parts[1]["content"].as_str().unwrap().strip_prefix("#!/bin/sh\n").unwrap();
        let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
        let ran = std::process::Command::new(program("hook", hook)).env("PATH", path).output();
        let said = String::from_utf8(ran.unwrap().stdout).unwrap();
        let (once, rest) = said.split_once('\n').unwrap();
        assert!(once.starts_with("once diskdock_"), "{once}");
        assert_eq!(rest, format!("-e\nroot:{HASH}\n"));
    }
}

//! Files in a directory keep the contract of volumes.

use diskdock::storage::Directory;

use crate::volumes_contract::{Storage, contract};

#[test]
fn directory_keeps_the_contract() {
    let data = tempfile::tempdir().unwrap();
    let directory = Directory::open(data.path(), None).unwrap();
    contract(&Storage { volumes: &directory, key: None });
}

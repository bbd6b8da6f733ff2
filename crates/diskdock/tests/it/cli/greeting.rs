//! The greeting of a server with TLS: whichever form it has, it names the certificate to trust.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The output of a server with this certificate, up to a line that has `last`.
fn greeting(certificate: &Path, last: &str, options: &[&str]) -> String {
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/server/test-key.pem");
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    command.args(["serve", "--log", "error", "--tls-key", key, "--tls-cert"]).arg(certificate);
    command.args(options).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = Process(command.spawn().unwrap());
    let output = BufReader::new(process.0.stdout.take().unwrap());
    let mut said = String::new();
    for line in output.lines().map(Result::unwrap) {
        said.push_str(&line);
        said.push('\n');
        if line.contains(last) {
            return said;
        }
    }
    panic!("{options:?}: no line has {last:?}: {said}");
}

#[test]
fn greeting_with_tls_names_the_certificate_in_every_form() {
    let scratch = tempfile::tempdir().unwrap();
    let certificate = scratch.path().join("my cert.pem");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/server/test-cert.pem");
    std::fs::copy(source, &certificate).unwrap();
    let file = std::fs::canonicalize(&certificate).unwrap();
    let file = file.to_str().unwrap();
    let local = ["--ephemeral", "--listen", "127.0.0.1:0"];
    let said = greeting(&certificate, "move the clock", &local);
    for way in [
        format!("SSL_CERT_FILE='{file}' aliyun "),
        format!("protocol=\"https\", ca=\"{file}\""),
        format!("curl --cacert '{file}' https://"),
        format!(" DISKDOCK_CA_CERT='{file}'"),
    ] {
        assert!(said.contains(&way), "{way}: {said}");
    }
    let open = ["--ephemeral", "--listen", "0.0.0.0:0", "--key", "ci:secret"];
    let said = greeting(&certificate, "diskdock key list", &open);
    assert!(said.contains(&format!("trust      '{file}' (--ca-cert")), "{said}");
    let said = greeting(&certificate, "endpoint", &[&local[..], &["--child"]].concat());
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["ca_cert"], file);
    let state = scratch.path().join("state");
    let machines = ["--hypervisor", "qemu", "--network", "none", "--listen", "127.0.0.1:0"];
    let machines = [&machines[..], &["--data-dir", state.to_str().unwrap()]].concat();
    let said = greeting(&certificate, "admin token beside it", &machines);
    assert!(said.contains(&format!(" DISKDOCK_CA_CERT='{file}'\n")), "{said}");
}

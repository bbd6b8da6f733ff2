//! GetInstanceConsoleOutput: what a guest has written, in Base64.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diskdock::catalog::{ConsoleOutput, Environment as Surroundings};
use domain::InstanceId;

use crate::harness::{Answer, BEGINNING, REGION, TestServer};

impl TestServer {
    /// From now on this is what every console has.
    fn console_has(
        &self,
        console: impl Fn(&InstanceId) -> std::io::Result<ConsoleOutput> + Send + Sync + 'static,
    ) {
        let environments = &self.assembly.gateway.services.environment;
        let current = Surroundings::clone(&environments.current());
        environments.replace(Surroundings { console: Arc::new(console), ..current });
    }
}

fn of(instance: &str) -> [(&str, &str); 2] {
    [("RegionId", REGION), ("InstanceId", instance)]
}

fn decoded(answer: &Answer) -> Vec<u8> {
    STANDARD.decode(answer.text_at("ConsoleOutput")).unwrap()
}

#[tokio::test]
async fn console_output_of_a_simulated_instance_says_so() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let answer = server.ok("GetInstanceConsoleOutput", &of(&instance)).await;
    assert_eq!(answer.text_at("InstanceId"), instance);
    let text = String::from_utf8(decoded(&answer)).unwrap();
    assert!(text.starts_with(&format!("{instance} is simulated")), "{text}");
    assert_eq!(answer.text_at("LastUpdateTime"), "2026-01-02 11:04:05", "now, in UTC+8");
}

#[tokio::test]
async fn console_output_is_the_latest_64_kib_with_their_time() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    server.console_has(|_| {
        let mut bytes = vec![b'x'];
        bytes.extend((0..65_536).map(|at| u8::try_from(at % 251).unwrap()));
        Ok(ConsoleOutput { bytes, at: Some(BEGINNING.plus_s(-86_400)) })
    });
    let answer = server.ok("GetInstanceConsoleOutput", &of(&instance)).await;
    let bytes = decoded(&answer);
    assert_eq!((bytes.len(), &bytes[..3]), (65_536, &[0, 1, 2][..]), "byte for byte");
    assert_eq!(answer.text_at("LastUpdateTime"), "2026-01-01 11:04:05");
}

#[tokio::test]
async fn remove_symbols_strips_control_sequences() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let written = "\u{1b}[32m[  OK  ]\u{1b}[0m Started \u{7}login.\r\n";
    server.console_has(move |_| Ok(ConsoleOutput { bytes: written.into(), at: None }));
    for (remove, expected) in
        [(None, written), (Some("false"), written), (Some("true"), "[  OK  ] Started login.\n")]
    {
        let mut ask = of(&instance).to_vec();
        ask.extend(remove.map(|remove| ("RemoveSymbols", remove)));
        let answer = server.ok("GetInstanceConsoleOutput", &ask).await;
        assert_eq!(decoded(&answer), expected.as_bytes());
    }
}

#[tokio::test]
async fn unreadable_console_answers_internal_error_and_is_logged() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    server.console_has(|_| Err(std::io::Error::other("the secret place is gone")));
    let answer = server.call("GetInstanceConsoleOutput", &of(&instance)).await;
    assert_eq!(answer.refusal(), (500, "InternalError"));
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    assert_eq!(server.warned("the secret place is gone"), 1);
}

#[tokio::test]
async fn slow_console_holds_up_no_other_request() {
    let server = TestServer::new().await;
    let instance = server.running_instance().await;
    let (answered, others) = std::sync::mpsc::channel();
    let others = std::sync::Mutex::new(others);
    server.console_has(move |_| {
        let others = others.lock().unwrap();
        others.recv_timeout(Duration::from_secs(10)).map_err(std::io::Error::other)?;
        Ok(ConsoleOutput { bytes: b"login:".to_vec(), at: None })
    });
    let ask = of(&instance);
    let slow = server.ok("GetInstanceConsoleOutput", &ask);
    let other = async {
        tokio::task::yield_now().await;
        server.ok("StopInstance", &[("InstanceId", &instance)]).await;
        answered.send(()).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, other);
    assert_eq!(decoded(&slow), b"login:");
}

#[tokio::test]
async fn get_instance_console_output_refuses_unknown_and_foreign_instances() {
    let mut server = TestServer::new().await;
    let instance = server.running_instance().await;
    let action = "GetInstanceConsoleOutput";
    let not_found = (404, "InvalidInstanceId.NotFound");
    server.expect_code(action, &[("RegionId", REGION)], (400, "MissingParameter")).await;
    server.expect_code(action, &[("InstanceId", &instance)], (400, "MissingParameter")).await;
    server.expect_code(action, &of("i-nowhere"), not_found).await;
    let nowhere = [("RegionId", "nowhere"), ("InstanceId", instance.as_str())];
    server.expect_code(action, &nowhere, (404, "InvalidRegionId.NotFound")).await;
    let elsewhere = [("RegionId", "cn-shanghai"), ("InstanceId", instance.as_str())];
    server.expect_code(action, &elsewhere, not_found).await;
    server.become_another_account().await;
    server.expect_code(action, &of(&instance), not_found).await;
}

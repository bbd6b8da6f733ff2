//! The command line: what it sends, what it refuses to send, and what it shows.

mod child;
mod completions;
mod configuration;
mod documents;
mod greeting;
mod init;
mod mcp;
mod read_only;
mod refusals;
mod traces;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};

use diskdock::actions;
use diskdock::catalog::document;
use diskdock::cli::{Failure, USAGE, call, commands};
use diskdock::gateway::decode::{self, Pair};
use diskdock::gateway::signature::{self, Received, SigningKey};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// The parameters of `diskdock call <line>`, as they would be sent.
fn parameters(line: &str) -> Result<Vec<Pair>, Failure> {
    let words: Vec<&str> = line.split(' ').collect();
    let entry = actions::find(words[0]).unwrap();
    let whole = ["diskdock", "call"].iter().chain(&words).map(OsString::from).collect();
    let folded = call::fold_parameters(whole).into_iter().map(|word| word.into_string().unwrap());
    let given: Vec<String> =
        folded.filter_map(|word| word.strip_prefix("--parameter=").map(str::to_owned)).collect();
    let pairs = call::pairs(&given, entry.spec().parameters)?;
    call::check(entry, &pairs)?;
    Ok(pairs)
}

fn sent(line: &str) -> String {
    let pairs = parameters(line).unwrap();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn refused(line: &str) -> Failure {
    let failure = parameters(line).unwrap_err();
    assert_eq!(failure.code, USAGE);
    failure
}

#[test]
fn call_reads_parameters_in_every_spelling() {
    let plain = "DiskId=d-1 InstanceId=i-1";
    assert_eq!(sent("DetachDisk --DiskId d-1 --InstanceId=i-1"), plain);
    let line = "DescribeDisks --RegionId r --DiskIds d-1 --DiskIds d-2";
    assert_eq!(sent(line), "DiskIds=[\"d-1\",\"d-2\"] RegionId=r");
    let line = "DescribeDisks --RegionId r --DiskIds [\"d-1\"]";
    assert_eq!(sent(line), "DiskIds=[\"d-1\"] RegionId=r");
    let line = "DescribeDisks --RegionId r --Tag team=a=b --Tag bare";
    let expected = "RegionId=r Tag.1.Key=team Tag.1.Value=a=b Tag.2.Key=bare Tag.2.Value=";
    assert_eq!(sent(line), expected);
    let line = "DescribeDisks --RegionId r --Tag.1.Key team --AdditionalAttributes A \
                --AdditionalAttributes B --Portable";
    let expected = "AdditionalAttributes.1=A AdditionalAttributes.2=B Portable=true RegionId=r \
                    Tag.1.Key=team";
    assert_eq!(sent(line), expected);
}

#[test]
fn call_explains_an_invalid_request_before_sending_it() {
    let unknown = refused("DetachDisk --DiskId d-1 --InstaceId i-1");
    assert!(unknown.message.contains("InstaceId"), "{unknown}");
    assert!(unknown.hint.contains("Did you mean InstanceId?"), "{unknown}");
    let inner = refused("DescribeDisks --RegionId r --Tag.1.Kye team");
    assert!(inner.hint.contains("Did you mean Tag.N.Key?"), "{inner}");
    let missing = refused("DetachDisk --DeleteWithInstance true");
    assert_eq!(missing.message, "DetachDisk wants InstanceId and DiskId");
    let wrong = refused("DescribeDisks --RegionId r --PageSize 101");
    assert!(wrong.message.contains("Expected a whole number from 1 to 100"), "{wrong}");
    let twice = refused("DetachDisk --DiskId d-1 --DiskId d-2 --InstanceId i-1");
    assert_eq!(twice.message, "--DiskId is given twice");
    let valueless = refused("DetachDisk --DiskId --InstanceId i-1");
    assert_eq!(valueless.message, "--DiskId has no value");
    let ours = refused("DescribeDisks --RegionId r --Format XML");
    assert!(ours.hint.contains("--output"), "{ours}");
}

#[test]
fn catalog_document_describes_every_action() {
    let document = document::document(actions::PRODUCTS);
    assert_eq!(document["products"][0]["code"], "Ecs");
    let all = document["actions"].as_array().unwrap();
    assert_eq!(all.len(), actions::all().count());
    for action in all {
        let name = &action["name"];
        for field in ["group", "summary"] {
            assert!(!action[field].as_str().unwrap().is_empty(), "{field} of {name}");
        }
        action["parameters"].as_array().unwrap().iter().for_each(sound_parameter);
        assert_eq!(action["reply"]["type"], "object", "{name}");
    }
    let detach = all.iter().find(|action| action["name"] == "DetachDisk").unwrap();
    assert_eq!(detach["asynchronous"], true);
    assert_eq!(detach["parameters"][1]["name"], "DiskId");
    assert_eq!(detach["parameters"][1]["limits"]["prefix"], "d-");
    assert_eq!(detach["preconditions"].as_array().unwrap().len(), 14);
    assert!(detach["errors"].as_array().unwrap().iter().all(|error| error["status"].is_u64()));
    let describe = all.iter().find(|action| action["name"] == "DescribeDisks").unwrap();
    let disks = describe["reply"]["fields"].as_array().unwrap().last().unwrap();
    assert_eq!(disks["fields"][0]["type"], "array");
}

fn sound_parameter(parameter: &Value) {
    let name = &parameter["name"];
    for field in ["name", "type", "repeat", "doc"] {
        assert!(!parameter[field].as_str().unwrap().is_empty(), "{field} of {name}");
    }
    assert!(parameter["required"].is_boolean() && parameter["honoured"].is_boolean(), "{name}");
    assert!(!parameter["limits"]["words"].as_str().unwrap().is_empty(), "{name}");
    let inner = parameter.get("parameters").and_then(Value::as_array);
    inner.into_iter().flatten().for_each(sound_parameter);
}

#[test]
fn call_help_describes_the_action() {
    let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
    let help = commands::help_of_action(&words("diskdock call DetachDisk --help")).unwrap();
    assert!(help.contains("Usage: diskdock call DetachDisk"), "{help}");
    assert!(help.contains("--DiskId") && help.contains("[required]"), "{help}");
    assert_eq!(commands::help_of_action(&words("diskdock call --help")), None);
    assert_eq!(commands::help_of_action(&words("diskdock call DetachDisk")), None);
}

fn diskdock(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    for name in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"] {
        command.env_remove(name);
    }
    command.env_remove("DISKDOCK_ENDPOINT").args(arguments).output().unwrap()
}

#[test]
fn exit_codes_distinguish_kinds_of_failure() {
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let wrong = diskdock(&["call", "DetachDiks", "--DiskId", "d-1"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("Did you mean DetachDisk?"));
    // A port that was just free, so that no server listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let alone = diskdock(&["call", "DescribeDisks", "--endpoint", &endpoint]);
    assert_eq!(alone.status.code(), Some(3));
    assert!(stderr(&alone).contains("diskdock serve"));
    let keyless = diskdock(&["call", "DescribeDisks", "--endpoint", "http://192.0.2.1"]);
    assert_eq!(keyless.status.code(), Some(2));
    assert!(stderr(&keyless).contains("ALIBABA_CLOUD_ACCESS_KEY_ID"));
}

/// A request as a server receives it.
struct Seen {
    query: Vec<Pair>,
    headers: HeaderMap,
}

impl Seen {
    fn read(stream: &TcpStream) -> Seen {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let target = line.split(' ').nth(1).unwrap();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = decode::query(query).unwrap();
        let mut headers = HeaderMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        Seen { query, headers }
    }

    fn verify(&self, secret: &str) {
        let parameters = decode::merge(self.query.clone(), Vec::new()).unwrap();
        let received = Received {
            method: "POST",
            path: "/",
            query: &self.query,
            parameters: &parameters,
            headers: &self.headers,
            body: b"",
        };
        let claims = signature::claims(&received).unwrap();
        signature::verify(&received, &claims, &SigningKey::new(secret)).unwrap();
    }
}

/// Answers one request after the other with these bodies; an error body has a `Code`.
fn answering(bodies: &[&str]) -> (String, std::thread::JoinHandle<Vec<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let bodies: Vec<String> = bodies.iter().map(|body| (*body).to_owned()).collect();
    let server = std::thread::spawn(move || {
        let answer = |body: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let seen = Seen::read(&stream);
            let status = if body.contains("\"Code\"") { "404 Not Found" } else { "200 OK" };
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
            // The client hangs up when it has read everything.
            let _ = stream.read(&mut [0]);
            seen
        };
        bodies.into_iter().map(answer).collect()
    });
    (endpoint, server)
}

#[test]
fn call_signs_requests_in_both_schemes() {
    for scheme in ["v1", "v3"] {
        let reply = r#"{"RequestId":"R","Disks":{"Disk":[{"DiskId":"d-1","Size":40}]}}"#;
        let (endpoint, server) = answering(&[reply]);
        let arguments = ["call", "DescribeDisks", "--endpoint", &endpoint, "--signature", scheme];
        let odd = ["--DiskName", "a b*~ü", "--output", "table"];
        let output = diskdock(&[&arguments[..], &odd[..]].concat());
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(shown, "DISKID  SIZE\nd-1     40\n", "{scheme}");
        let seen = server.join().unwrap();
        seen[0].verify("testsecret");
        let has = |pair: (&str, &str)| {
            seen[0].query.iter().any(|(n, v)| (n.as_str(), v.as_str()) == pair)
        };
        assert!(has(("RegionId", "cn-hangzhou")) && has(("DiskName", "a b*~ü")), "{scheme}");
    }
}

#[test]
fn call_wait_ends_when_the_disk_has_its_final_status() {
    let disk = |status: &str, instance: &str| {
        format!(
            "{{\"Disks\":{{\"Disk\":[{{\"DiskId\":\"d-1\",\"Status\":\"{status}\",\
             \"InstanceId\":\"{instance}\"}}]}}}}"
        )
    };
    let arguments = ["call", "DetachDisk", "--DiskId", "d-1", "--InstanceId", "i-1", "--wait"];
    let (detaching, available) = (disk("Detaching", "i-1"), disk("Available", ""));
    // The third is asked whether it is a diskdock, which could say when to look again.
    let (endpoint, server) = answering(&["{}", &detaching, "{}", &available]);
    let output = diskdock(&[&arguments[..], &["--endpoint", &endpoint]].concat());
    assert_eq!(output.status.code(), Some(0));
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(progress.contains("d-1 Detaching\n") && progress.contains("d-1 Available\n"));
    server.join().unwrap();
}

#[test]
fn call_wait_fails_with_the_reason_when_the_disk_goes_back() {
    let back = r#"{"Disks":{"Disk":[{"DiskId":"d-1","Status":"In_use","InstanceId":"i-1"}]}}"#;
    let (endpoint, server) = answering(&["{}", back]);
    let arguments = ["call", "DetachDisk", "--DiskId", "d-1", "--InstanceId", "i-1", "--wait"];
    let output = diskdock(&[&arguments[..], &["--endpoint", &endpoint]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("d-1 went back to In_use"));
    server.join().unwrap();
}

#[test]
fn call_prints_the_remedy_of_a_refusal() {
    let body = r#"{"RequestId":"R-1","Code":"InvalidDiskId.NotFound","Message":"No such disk."}"#;
    let (endpoint, server) = answering(&[body]);
    let arguments = ["call", "DetachDisk", "--DiskId", "d-1", "--InstanceId", "i-1"];
    let output = diskdock(&[&arguments[..], &["--endpoint", &endpoint]].concat());
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("InvalidDiskId.NotFound: No such disk.") && told.contains("R-1"),
        "{told}"
    );
    server.join().unwrap();
}

/// A console as the API tells it.
fn told(console: &str) -> String {
    use base64::Engine;
    let output = base64::engine::general_purpose::STANDARD.encode(console);
    format!("{{\"RequestId\":\"R\",\"InstanceId\":\"i-1\",\"ConsoleOutput\":\"{output}\"}}")
}

#[test]
fn console_command_strips_control_sequences() {
    let written = "\u{1b}]0;title\u{7}\u{1b}[31mlogin:\u{1b}[0m \r\nGrüße\n";
    for (flag, shown) in [(&[][..], "login: \nGrüße\n"), (&["--raw"][..], written)] {
        let (endpoint, server) = answering(&[&told(written)]);
        let arguments = ["console", "i-1", "--endpoint", &endpoint, "--region", "cn-beijing"];
        let output = diskdock(&[&arguments[..], flag].concat());
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stdout), shown);
        let seen = server.join().unwrap();
        seen[0].verify("testsecret");
        assert_eq!(seen[0].headers["x-acs-action"], "GetInstanceConsoleOutput");
        let sent = [("InstanceId", "i-1"), ("RegionId", "cn-beijing")];
        let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(seen[0].query, sent);
    }
}

#[test]
fn console_command_follows_new_output() {
    let looks = ["one\ntwo \u{1b}[3", "one\ntwo \u{1b}[31mthree\n", "three\nfour\n", "five\n"];
    let looks: Vec<String> = looks.iter().map(|console| told(console)).collect();
    let looks: Vec<&str> = looks.iter().map(String::as_str).collect();
    let (endpoint, server) = answering(&looks);
    // Without Ctrl-C, it ends when the server is gone.
    let output = diskdock(&["console", "i-1", "--follow", "--endpoint", &endpoint]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\ntwo three\nfour\nfive\n");
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(warned.matches("some of it may be missing").count(), 1, "{warned}");
}

#[test]
fn console_command_refuses_an_unknown_instance() {
    let body = r#"{"RequestId":"R-1","Code":"InvalidInstanceId.NotFound","Message":"No such."}"#;
    let (endpoint, server) = answering(&[body]);
    let output = diskdock(&["console", "i-1", "--endpoint", &endpoint]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("InvalidInstanceId.NotFound"));
}

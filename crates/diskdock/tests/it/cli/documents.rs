//! Manual pages, and the OpenAPI document of a server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use diskdock::actions::{PRODUCTS, all};
use serde_json::Value;

use super::child::Server;

#[test]
fn man_writes_a_page_for_every_command() {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    assert!(command.arg("man").arg(scratch.path()).status().unwrap().success());
    let page = |name: &str| std::fs::read_to_string(scratch.path().join(name)).unwrap();
    assert!(page("diskdock.1").contains("diskdock\\-serve"));
    let serve = page("diskdock-serve.1");
    assert!(serve.contains("\\-\\-data\\-dir") && serve.contains("data directory"));
    assert!(page("diskdock-admin-clock-advance.1").contains("forward"));
}

/// The body of a page.
fn get(endpoint: &str, path: &str) -> String {
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/json"), "{head}");
    body.to_owned()
}

#[test]
fn openapi_document_has_every_action_with_its_parameters_and_errors() {
    let server = Server::start(&["--ephemeral"]);
    let document = get(&server.endpoint, "/openapi.json");
    let document: Value = serde_json::from_str(&document).unwrap();
    server.stop();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), all().count());
    for listed in all() {
        let (key, spec) = (listed.key(PRODUCTS), listed.spec());
        let operation = &paths[&format!("/#{key}")]["post"];
        assert_eq!(operation["operationId"], key.as_str());
        let named = operation["parameters"].as_array().unwrap();
        let has = |name: &str| named.iter().any(|one| one["name"] == name);
        assert!(has("Action") && has("Version"), "{key}");
        let plain = spec.parameters.iter().filter(|one| one.children.is_empty());
        for parameter in plain {
            let (name, first) = (parameter.name, format!("{}.1", parameter.name));
            assert!(has(name) || has(&first), "{key} {name}");
        }
        let responses = operation["responses"].as_object().unwrap();
        for error in spec.errors() {
            let reply = responses[&error.status.to_string()]["description"].as_str().unwrap();
            assert!(reply.contains(&format!("`{}`", error.code)), "{key} {}", error.code);
        }
        assert!(
            responses["200"]["content"]["application/json"]["schema"]["properties"]["RequestId"]
                .is_object()
        );
    }
}

#[test]
fn metadata_has_every_action_in_the_form_of_the_vendor() {
    let server = Server::start(&["--ephemeral"]);
    let ask = |path: &str| -> Value {
        serde_json::from_str(&get(&server.endpoint, &format!("/meta/v1/{path}"))).unwrap()
    };
    let codes: Vec<String> = PRODUCTS.iter().map(|product| product.code.to_owned()).collect();
    let listed = ask("products.json");
    let listed = listed.as_array().unwrap().iter();
    assert_eq!(listed.map(|one| one["code"].as_str().unwrap()).collect::<Vec<_>>(), codes);
    for product in PRODUCTS {
        let place = format!("products/{}/versions/{}", product.code, product.version);
        let whole = ask(&format!("{place}/api-docs.json"));
        assert_eq!(whole["info"]["product"], product.code);
        let apis = whole["apis"].as_object().unwrap();
        assert_eq!(apis.len(), product.listed().count());
        for listed in product.listed() {
            let (spec, api) = (listed.spec(), &apis[listed.spec().name]);
            let kind = if spec.mutates { "write" } else { "read" };
            assert_eq!(api["operationType"], kind, "{}", spec.name);
            let named = api["parameters"].as_array().unwrap().iter();
            let named: Vec<_> = named.map(|one| one["name"].as_str().unwrap()).collect();
            let declared: Vec<_> = spec.parameters.iter().map(|one| one.name).collect();
            assert_eq!(named, declared, "{}", spec.name);
        }
    }
    let detach = ask("products/ecs/versions/2014-05-26/apis/DetachDisk/api.json");
    let disk = detach["parameters"].as_array().unwrap().iter().find(|one| one["name"] == "DiskId");
    let disk = disk.unwrap();
    assert_eq!((&disk["in"], &disk["schema"]["required"]), (&"query".into(), &true.into()));
    let refused = detach["errorCodes"]["403"].as_array().unwrap();
    assert!(refused.iter().any(|one| one["errorCode"] == "IncorrectDiskStatus"));
    let run = ask("products/Ecs/versions/2014-05-26/apis/RunInstances/api.json");
    let parameters = run["parameters"].as_array().unwrap();
    let disks = parameters.iter().find(|one| one["name"] == "DataDisk").unwrap();
    assert_eq!(
        (&disks["style"], &disks["schema"]["type"]),
        (&"repeatList".into(), &"array".into())
    );
    assert!(disks["schema"]["items"]["properties"]["Size"]["maximum"].is_string());
    server.stop();
}

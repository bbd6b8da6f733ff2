//! Two equal worlds: the same ids, the same clock, the same things in them.

use diskdock::actions::PRODUCTS;
use diskdock::ids::IdGenerator;
use serde_json::Value;

use super::judge;
use super::request::{Pairs, Subject};
use super::values::Known;
use crate::harness::{Answer, IMAGE, REGION, Style, TestServer, ZONE};

/// Names of what has no id, by the noun of its kind or the name of the parameter.
const NAMES: [(&str, &[&str]); 14] = [
    ("RegionId", &[REGION]),
    ("ZoneId", &[ZONE]),
    ("image", &[IMAGE, "m-none"]),
    ("type", &["ecs.g6.large", "ecs.g6.xlarge", "ecs.d1.2xlarge"]),
    ("key pair", &["pair", "other-pair"]),
    ("user", &["alice", "bob"]),
    ("role", &["operators", "none"]),
    ("group", &["admins", "none"]),
    ("policy", &["readers", "AdministratorAccess"]),
    ("PolicyType", &["Custom", "System"]),
    ("ResourceType", &["disk", "instance", "snapshot", "image"]),
    ("DiskCategory", &["cloud_essd", "cloud_efficiency", "cloud_auto"]),
    ("Size", &["40", "20", "2000"]),
    ("PublicKeyBody", &[PUBLIC_KEY]),
];
const PUBLIC_KEY: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";

/// Bytes of parameters that are sent in a query; each may become three there.
const LONGEST_IN_QUERY: usize = 15_000;

pub(super) struct Worlds {
    json: TestServer,
    xml: TestServer,
    pub known: Known,
    /// The store of the first one, as of the latest change.
    before: String,
}

impl Worlds {
    pub(super) async fn new(seed: u64) -> Worlds {
        let world = async || {
            let server =
                TestServer::with(|plan| plan.ids = IdGenerator::from_seed(seed << 32)).await;
            furnish(&server).await;
            server
        };
        let (json, xml) = (world().await, world().await);
        let before = json.export_json();
        let known = known(&before);
        Worlds { json, xml, known, before }
    }

    /// Sends the request to both, and judges the answers; `style` chooses how clients sign it.
    /// Tells whether it was answered well.
    pub(super) async fn ask(&mut self, subject: &Subject, pairs: &Pairs, style: usize) -> bool {
        let spec = subject.listed.spec();
        let key = subject.listed.key(PRODUCTS);
        let ask: Vec<_> = pairs.iter().map(|(name, text)| (&name[..], &text[..])).collect();
        let length: usize = pairs.iter().map(|(name, text)| name.len() + text.len()).sum();
        let fits = |one: &&Style| length < LONGEST_IN_QUERY || one.form;
        let of = |xml| {
            let styles = Style::ALL.iter().filter(|style| style.xml == xml).filter(fits);
            let styles: Vec<_> = styles.collect();
            *styles[style % styles.len()]
        };
        let told = self.json.call_in(of(false), &key, &ask).await;
        judge::check(spec, &told);
        let written = self.xml.call_in(of(true), &key, &ask).await;
        assert_eq!(told.status, written.status, "{} {}", told.text, written.text);
        assert_eq!(tree(&told), tree(&written), "{} {}", told.text, written.text);
        assert_eq!(told.ignored(), written.ignored());
        let after = self.json.export_json();
        let may_change = told.status == 200 && spec.mutates;
        assert!(may_change || after == self.before, "changed by {}", told.text);
        if may_change {
            self.json.pass(200).await;
            self.xml.pass(200).await;
            self.before = self.json.export_json();
            self.known = known(&self.before);
        }
        told.status == 200
    }

    /// Everything comes to its end in both, in the same way.
    pub(super) async fn end(&self) {
        for server in [&self.json, &self.xml] {
            server.finish_all().await;
            assert_eq!(server.differences().await, []);
        }
        let ids = |server: &TestServer| known(&server.export_json());
        assert_eq!(ids(&self.json), ids(&self.xml));
    }
}

fn tree(answer: &Answer) -> Value {
    judge::untyped(&answer.json)
}

/// One of each kind of resource, and a disk in each status that lasts.
async fn furnish(server: &TestServer) {
    let instance = server.run_one(&[("SystemDisk.Category", Some("cloud_essd"))]).await;
    server.stopped_instance().await;
    let disk = server.disk_on(&instance).await;
    server.available_disk().await;
    let region = ("RegionId", REGION);
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let trust = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}"#;
    let role = [("RoleName", "operators"), ("AssumeRolePolicyDocument", trust)];
    let vpc = server.ok("Vpc.CreateVpc", &[region]).await.text_at("VpcId");
    server.finish_all().await;
    let switch = [region, ("VpcId", &vpc), ("ZoneId", ZONE), ("CidrBlock", "172.16.1.0/24")];
    let schedule = [
        ("regionId", REGION),
        ("timePoints", "[\"1\"]"),
        ("repeatWeekdays", "[\"1\"]"),
        ("retentionDays", "-1"),
    ];
    for (action, ask) in [
        ("Vpc.CreateVSwitch", &switch[..]),
        ("CreateSecurityGroup", &[region, ("VpcId", &vpc)]),
        ("CreateSnapshot", &[("DiskId", &disk)]),
        ("CreateSnapshotGroup", &[region, ("InstanceId", &instance)]),
        ("CreateImage", &[region, ("InstanceId", &instance)]),
        ("CreateAutoSnapshotPolicy", &schedule),
        ("CreateKeyPair", &[region, ("KeyPairName", "pair")]),
        ("ModifyDiskSpec", &[("DiskId", &disk), ("DiskCategory", "cloud_auto")]),
        ("Kms.CreateKey", &[region]),
        ("Ram.CreateRole", &role),
        ("Ram.CreateGroup", &[("GroupName", "admins")]),
        ("Ram.CreateUser", &[("UserName", "alice")]),
        ("Ram.CreatePolicy", &[("PolicyName", "readers"), ("PolicyDocument", policy)]),
    ] {
        server.ok(action, ask).await;
        server.finish_all().await;
    }
}

/// The ids in an export by their prefix, and names of what has none.
fn known(export: &str) -> Known {
    let mut known: Known = Known::new();
    let export: Value = serde_json::from_str(export).unwrap();
    for entities in export.as_object().unwrap().values().filter_map(Value::as_array) {
        for id in entities.iter().filter_map(|entity| entity["id"].as_str()) {
            let prefix = id.split_inclusive('-').next().unwrap_or_default();
            known.entry(prefix.to_owned()).or_default().push(id.to_owned());
        }
    }
    let named = NAMES.map(|(key, names)| {
        (key.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
    });
    known.extend(named);
    let images = known.get("m-").cloned().unwrap_or_default();
    known.entry("image".to_owned()).or_default().extend(images);
    let keys = known.get("key-").cloned().unwrap_or_default();
    known.insert("key".to_owned(), keys);
    known
}

//! Samples: every action has one in every language, or a reason why not; nothing that is filled in
//! gets out of its literal. Their requests are tested by `tests/samples`, which runs them.

use std::process::Command;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::{ParamSpec, Repeat};
use diskdock::explorer::samples::{Ask, Language, NoSample, Sample, Target, sample};

type Pair = (String, String);

const AWKWARD: &str = "a\n*/ \"\"\" '; $(x) `y` ${z} %{w} {{region}} ?> </script> \u{202e}\u{0}";

fn this_server() -> Target {
    let endpoint = "127.0.0.1:5260".to_owned();
    Target::ThisServer { endpoint, https: false, region: "cn-hangzhou".to_owned() }
}

fn written(language: Language, action: &str, values: &[Pair]) -> Result<Sample, NoSample> {
    written_for(this_server(), language, action, values)
}

fn written_for(
    target: Target,
    language: Language,
    action: &str,
    values: &[Pair],
) -> Result<Sample, NoSample> {
    let listed = actions::find(action).unwrap();
    sample(language, &Ask { listed, values, target })
}

fn pairs(list: &[(&str, &str)]) -> Vec<Pair> {
    list.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Every parameter of an action with this value.
fn all_with(specs: &[ParamSpec], prefix: &str, value: &str, out: &mut Vec<Pair>) {
    for spec in specs {
        let number = if spec.repeat == Repeat::Numbered { ".1" } else { "" };
        let name = format!("{prefix}{}{number}", spec.name);
        if spec.children.is_empty() {
            out.push((name, value.to_owned()));
        } else {
            all_with(spec.children, &format!("{name}."), value, out);
        }
    }
}

#[test]
fn every_action_has_a_sample_in_every_language_or_a_reason() {
    for (key, spec) in actions::all().map(|entry| (entry.key(PRODUCTS), entry.spec())) {
        for language in Language::ALL {
            match written(language, &key, &[]) {
                Ok(sample) => {
                    let calls = sample.code.contains(spec.name) || language == Language::Terraform;
                    assert!(calls, "{} in {}", spec.name, language.name());
                    assert!(!sample.code.contains("{{") && sample.how_to_run.lines().count() > 1);
                    assert!(sample.file_name.ends_with(language.extension()));
                }
                Err(NoSample { why }) => {
                    assert_eq!(language, Language::Terraform, "{}: {why}", spec.name);
                    assert!(why.ends_with('.'));
                }
            }
        }
    }
}

#[test]
fn sample_values_stay_inside_their_literal() {
    for (key, spec) in actions::all().map(|entry| (entry.key(PRODUCTS), entry.spec())) {
        let mut values = Vec::new();
        all_with(spec.parameters, "", AWKWARD, &mut values);
        for language in Language::ALL {
            match written(language, &key, &values) {
                Ok(Sample { code, .. }) => {
                    assert!(!code.contains("a\n*/") && !code.contains('\u{202e}'), "{}", spec.name);
                    assert!(!code.contains('\0'));
                }
                // A character with the number 0 is more than a shell can hold.
                Err(NoSample { why }) => assert!(
                    matches!(language, Language::Cli | Language::Curl | Language::Terraform)
                        || values.is_empty(),
                    "{} in {}: {why}",
                    spec.name,
                    language.name()
                ),
            }
        }
    }
}

#[test]
fn parameter_names_cannot_inject_code_into_a_sample() {
    let why = |name: &str| {
        let refused = written(Language::Python, "DetachDisk", &pairs(&[(name, "x")]));
        refused.unwrap_err().why
    };
    assert!(why("Disk\nId").contains("is not the name of a parameter"));
    assert!(why("").contains("is not the name of a parameter"));
    assert!(why("Signature").contains("sets Signature itself"));
    let twice = pairs(&[("DiskId", "d-1"), ("DiskId", "d-2")]);
    let refused = written(Language::Go, "DetachDisk", &twice).unwrap_err();
    assert_eq!(refused.why, "DiskId is given twice. Give it once.");
}

#[test]
fn missing_required_parameters_get_marked_example_values() {
    let sample = written(Language::Curl, "DetachDisk", &pairs(&[("DiskId", "d-1")])).unwrap();
    assert!(sample.code.contains("# InstanceId was not filled in; this is an example."));
    assert!(sample.code.contains("InstanceId i-bp1000q5z9rt6j4xn8de"));
}

#[test]
fn values_that_an_sdk_would_change_are_sent_by_wire_name() {
    let odd = pairs(&[("RegionId", "r"), ("Size", "040")]);
    let sample = written(Language::Java, "CreateDisk", &odd).unwrap();
    assert!(sample.code.contains("because the SDK takes only a plain number for Size."));
    assert!(sample.code.contains("query.put(\"Size\", \"040\");"));
    let plain = written(Language::Java, "CreateDisk", &pairs(&[("Size", "40")])).unwrap();
    assert!(plain.code.contains(".setSize(40)"));
}

#[test]
fn samples_for_the_cloud_use_tls_and_the_regional_endpoint() {
    let target = Target::Cloud { region: "cn-beijing".to_owned() };
    let sample = written_for(target, Language::Python, "DescribeDisks", &[]).unwrap();
    assert!(sample.code.contains("endpoint=\"ecs.cn-beijing.aliyuncs.com\""));
    assert!(sample.code.contains("protocol=\"HTTPS\""));
    assert!(sample.code.contains("region_id=\"cn-beijing\","));
}

#[test]
fn terraform_sample_shows_where_a_detach_happens() {
    let refused = written(Language::Terraform, "DetachDisk", &[]).unwrap_err();
    assert!(refused.why.contains("alicloud_ecs_disk_attachment"));
    let refused = written(Language::Terraform, "RunInstances", &[]).unwrap_err();
    assert!(refused.why.contains("does not do without ImageId, InstanceType"));
}

/// The program's exit code, and what it printed on both streams.
fn run(words: &[&str]) -> (i32, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_diskdock"));
    let program = program.env_remove("DISKDOCK_ENDPOINT").env_remove("ALIBABA_CLOUD_REGION_ID");
    let done = program.arg("sample").args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn sample_command_prints_or_saves_a_sample() {
    let (code, out, err) = run(&["python", "DetachDisk", "--InstanceId", "i-1", "--DiskId=-d 1"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("instance_id=\"i-1\",") && out.contains("disk_id=\"-d 1\","));
    assert!(err.contains("pip install --quiet -r requirements.txt"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let (code, out, _) = run(&["java", "DescribeRegions", "--save", path]);
    assert_eq!((code, out.trim().ends_with("DescribeRegions.java")), (0, true));
    assert!(std::fs::read_to_string(out.trim()).unwrap().contains("class DescribeRegions"));
}

#[test]
fn sample_command_explains_invalid_arguments() {
    let (code, _, err) = run(&["python", "DetachDisc"]);
    assert!(code == 2 && err.contains("Did you mean DetachDisk?"), "{code} {err}");
    let (code, _, err) = run(&["go", "DetachDisk", "--InstaceId", "i-1"]);
    assert!(code == 2 && err.contains("Did you mean InstanceId?"), "{code} {err}");
    let (code, _, err) = run(&["cobol", "DetachDisk"]);
    assert!(code == 2 && err.contains("python"), "{code} {err}");
    let (code, _, err) = run(&["terraform", "DetachDisk"]);
    assert!(code == 1 && err.contains("Try another language"), "{code} {err}");
    let (code, _, err) = run(&["go", "DetachDisk", "--save", "/no/such/folder"]);
    assert!(code == 1 && err.contains("a folder that exists"), "{code} {err}");
}

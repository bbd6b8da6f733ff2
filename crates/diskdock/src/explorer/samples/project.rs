//! Samples as small projects: the program, a manifest with pinned versions, and how to run it.
//!
//! The versions are those that `tests/samples` compiles and runs the samples with.

use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::names::kebab;
use super::{Ask, Language, NoSample, Sample, sample};
use crate::catalog::Product;

/// The product whose SDKs are pinned; those of others are the latest.
const PINNED: &str = "Ecs";
const PYTHON_ECS: &str = "7.11.8";
const PYTHON_OPENAPI: &str = "0.4.6";
const JAVA_ECS: &str = "5.3.0";
const NODE_ECS: &str = "7.11.6";
const NODE_OPENAPI: &str = "1.0.8";
const NODE_DARABONBA: &str = "1.0.5";
const NODE_TYPES: &str = "20.9.5";
const NODE_TYPESCRIPT: &str = "5.9.3";
/// Not tried, since no .NET is there: the last version that the vendor's repository has with the
/// libraries that the sample names (Tea 1, TeaUtil 0.1).
const CSHARP_ECS: &str = "7.0.11";
const GO_MOD: &str = include_str!("pins/go.mod");
const GO_SUM: &str = include_str!("pins/go.sum");

/// A folder with a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The name of the folder.
    pub name: String,
    /// Names and contents of the files in it.
    pub files: Vec<(String, String)>,
    /// The commands to type in it, a line each.
    pub how_to_run: String,
}

/// The project of the sample for a call in a language.
pub fn project(language: Language, ask: &Ask<'_>) -> Result<Project, NoSample> {
    let Sample { file_name, code, how_to_run } = sample(language, ask)?;
    let action = ask.listed.spec().name;
    let name = format!("{}-{}", kebab(action), language.slug());
    let mut files = vec![(file_name.clone(), code)];
    files.extend(manifest(language, ask.listed.product));
    files.push(("README.md".to_owned(), readme(language, ask, &file_name, &how_to_run)));
    Ok(Project { name, files, how_to_run })
}

impl Project {
    /// The folder as a zip file.
    pub fn zip(&self) -> Vec<u8> {
        self.write_zip().expect("the files are small, and memory can be written")
    }

    fn write_zip(&self) -> ZipResult<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        for (name, content) in &self.files {
            archive.start_file(format!("{}/{name}", self.name), options)?;
            archive.write_all(content.as_bytes())?;
        }
        Ok(archive.finish()?.into_inner())
    }
}

fn readme(language: Language, ask: &Ask<'_>, file_name: &str, how_to_run: &str) -> String {
    let spec = ask.listed.spec();
    let (name, how) = (language.name(), how_to_run.trim_end());
    let cautions = if spec.caution.is_empty() { "" } else { "\n\n" };
    format!(
        "# {action}\n\n{summary} `{file_name}` makes the call, in {name}.{cautions}{caution}\n\n\
         To run it, in this folder:\n\n```\n{how}\n```\n\n\
         The key is read from the environment and is in no file. An error is printed with its code, \
         message and RequestId.\n",
        action = spec.name,
        summary = spec.summary,
        caution = spec.caution,
    )
}

/// The files beside the program that say what it needs; none where it needs no package.
fn manifest(language: Language, product: &Product) -> Vec<(String, String)> {
    let sdk = Packages::of(product);
    let files = match language {
        Language::Python => vec![("requirements.txt", sdk.requirements())],
        Language::TypeScript => vec![("package.json", sdk.package_json())],
        Language::Go => sdk.go(),
        Language::Java => vec![("pom.xml", sdk.pom())],
        Language::CSharp => vec![("sample.csproj", sdk.csproj())],
        Language::Php => vec![("composer.json", COMPOSER.to_owned())],
        Language::Cli | Language::Curl | Language::Terraform => Vec::new(),
    };
    files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

const COMPOSER: &str = r#"{
    "type": "project",
    "require": {
        "php": ">=8.0",
        "ext-curl": "*"
    }
}
"#;

/// The SDKs of a product.
struct Packages {
    /// `ecs20140526`
    sdk: String,
    /// `Ecs20140526`
    pascal: String,
    /// `ecs-20140526/v7`
    go: String,
    pinned: bool,
}

impl Packages {
    fn of(product: &Product) -> Packages {
        let digits = product.version.replace('-', "");
        let alias = product.code.to_lowercase();
        Packages {
            sdk: format!("{alias}{digits}"),
            pascal: format!("{}{digits}", product.code),
            go: format!("{alias}-{digits}/{}", product.go_sdk),
            pinned: product.code == PINNED,
        }
    }

    /// A version if it is known, or the word for the latest.
    fn version<'v>(&self, pinned: &'v str, latest: &'v str) -> &'v str {
        if self.pinned { pinned } else { latest }
    }

    fn requirements(&self) -> String {
        let exactly = if self.pinned { format!("=={PYTHON_ECS}") } else { String::new() };
        format!("alibabacloud-{}{exactly}\nalibabacloud-tea-openapi=={PYTHON_OPENAPI}\n", self.sdk)
    }

    fn package_json(&self) -> String {
        let (sdk, version) = (&self.sdk, self.version(NODE_ECS, "latest"));
        format!(
            r#"{{
  "private": true,
  "dependencies": {{
    "@alicloud/{sdk}": "{version}",
    "@alicloud/openapi-core": "{NODE_OPENAPI}",
    "@darabonba/typescript": "{NODE_DARABONBA}"
  }},
  "devDependencies": {{
    "@types/node": "{NODE_TYPES}",
    "typescript": "{NODE_TYPESCRIPT}"
  }}
}}
"#
        )
    }

    /// With the sums of every module, where the versions are pinned.
    fn go(&self) -> Vec<(&'static str, String)> {
        if self.pinned {
            return vec![("go.mod", GO_MOD.to_owned()), ("go.sum", GO_SUM.to_owned())];
        }
        let module = format!("module sample\n\ngo 1.19\n\n// go mod tidy adds {}\n", self.go);
        vec![("go.mod", module)]
    }

    fn pom(&self) -> String {
        let (sdk, version) = (&self.sdk, self.version(JAVA_ECS, "LATEST"));
        format!(
            r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sample</groupId>
  <artifactId>sample</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.aliyun</groupId>
      <artifactId>{sdk}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"#
        )
    }

    fn csproj(&self) -> String {
        let (sdk, version) = (&self.pascal, self.version(CSHARP_ECS, "*"));
        format!(
            r#"<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net8.0</TargetFramework>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="AlibabaCloud.SDK.{sdk}" Version="{version}" />
  </ItemGroup>
</Project>
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use super::*;

    /// The text of a file of the repository.
    fn file(path: &str) -> String {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        std::fs::read_to_string(root.join(path)).unwrap()
    }

    #[test]
    fn pinned_versions_are_those_that_tests_compile_against() {
        let python = file("tests/sdk/requirements.txt");
        assert!(python.contains(&format!("alibabacloud-ecs20140526=={PYTHON_ECS}\n")));
        assert!(python.contains(&format!("alibabacloud-tea-openapi=={PYTHON_OPENAPI}\n")));
        let pom = file("tests/sdk/java/pom.xml");
        assert!(pom.contains(&format!("<version>{JAVA_ECS}</version>")));
        let node = file("tests/samples/package.json");
        for (name, version) in [
            ("@alicloud/ecs20140526", NODE_ECS),
            ("@alicloud/openapi-core", NODE_OPENAPI),
            ("@darabonba/typescript", NODE_DARABONBA),
            ("@types/node", NODE_TYPES),
            ("typescript", NODE_TYPESCRIPT),
        ] {
            assert!(node.contains(&format!("\"{name}\": \"{version}\"")), "{name}");
        }
    }

    #[test]
    fn versions_that_are_not_tried_are_pinned_too() {
        let values = [("Size".to_owned(), "40".to_owned())];
        let ask = Ask {
            listed: crate::actions::find("CreateDisk").unwrap(),
            values: &values,
            target: Target::Cloud { region: "cn-hangzhou".to_owned() },
        };
        let of = |language, name: &str| {
            let made = project(language, &ask).unwrap();
            made.files.into_iter().find(|(file, _)| file.ends_with(name)).unwrap().1
        };
        let reference = format!("SDK.Ecs20140526\" Version=\"{CSHARP_ECS}\"");
        assert!(of(Language::CSharp, ".csproj").contains(&reference));
        let provider = "version = \"1.275.0\"";
        assert!(of(Language::Terraform, ".tf").contains(provider));
        assert!(file("docs/recipes/terraform.md").contains(provider));
    }

    #[test]
    fn zip_has_every_file_in_the_folder_of_the_project() {
        let files = vec![("a.txt".to_owned(), "é".to_owned()), ("b".to_owned(), String::new())];
        let project = Project { name: "made".to_owned(), files, how_to_run: String::new() };
        let mut archive = zip::ZipArchive::new(Cursor::new(project.zip())).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["made/a.txt", "made/b"]);
        let text = std::io::read_to_string(archive.by_name("made/a.txt").unwrap()).unwrap();
        assert_eq!(text, "é");
    }
}

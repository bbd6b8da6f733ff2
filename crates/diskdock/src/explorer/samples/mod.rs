//! Programs that make one call: from an action and the values in a form, a complete file in each of
//! nine languages.
//!
//! All languages share what is decided once: which values are sent ([`plan`]), how they fit the
//! SDKs' models ([`tree`]), what is waited for afterwards ([`waiting`]), and how a text is written
//! as a literal ([`quote`]). A language adds its syntax.

mod cli;
mod csharp;
mod curl;
mod go;
mod java;
mod model;
mod names;
mod php;
mod plan;
mod project;
mod python;
mod quote;
mod request;
mod sdk;
mod shell_wait;
mod template;
mod terraform;
mod tree;
mod typescript;
mod waiting;

use crate::catalog::{Listed, Product, TypedSdk};
pub use project::{Project, project};

/// A language that samples are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python with `alibabacloud-ecs20140526`.
    Python,
    /// Java with `com.aliyun:ecs20140526`.
    Java,
    /// Go with `github.com/alibabacloud-go/ecs-20140526`.
    Go,
    /// TypeScript with `@alicloud/ecs20140526`.
    TypeScript,
    /// PHP, signing by itself.
    Php,
    /// C# with `AlibabaCloud.SDK.Ecs20140526`.
    CSharp,
    /// A shell script around the `aliyun` program.
    Cli,
    /// A shell script that signs with openssl and sends with curl.
    Curl,
    /// A Terraform configuration.
    Terraform,
}

impl Language {
    /// All, in the order in which they are offered.
    pub const ALL: [Language; 9] = [
        Language::Python,
        Language::Java,
        Language::Go,
        Language::TypeScript,
        Language::Php,
        Language::CSharp,
        Language::Cli,
        Language::Curl,
        Language::Terraform,
    ];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::Java => "Java",
            Language::Go => "Go",
            Language::TypeScript => "TypeScript",
            Language::Php => "PHP",
            Language::CSharp => "C#",
            Language::Cli => "aliyun CLI",
            Language::Curl => "curl",
            Language::Terraform => "Terraform",
        }
    }

    /// Its name in links and on the command line.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::Java => "java",
            Language::Go => "go",
            Language::TypeScript => "typescript",
            Language::Php => "php",
            Language::CSharp => "csharp",
            Language::Cli => "cli",
            Language::Curl => "curl",
            Language::Terraform => "terraform",
        }
    }

    /// Its typed SDK, whose models may differ from the wire.
    fn sdk(self) -> Option<TypedSdk> {
        match self {
            Language::Python => Some(TypedSdk::Python),
            Language::Java => Some(TypedSdk::Java),
            Language::Go => Some(TypedSdk::Go),
            Language::TypeScript => Some(TypedSdk::TypeScript),
            Language::CSharp => Some(TypedSdk::CSharp),
            Language::Php | Language::Cli | Language::Curl | Language::Terraform => None,
        }
    }

    /// The extension of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Language::Python => "py",
            Language::Java => "java",
            Language::Go => "go",
            Language::TypeScript => "ts",
            Language::Php => "php",
            Language::CSharp => "cs",
            Language::Cli | Language::Curl => "sh",
            Language::Terraform => "tf",
        }
    }

    /// The language of this [`slug`](Language::slug).
    pub(crate) fn find(slug: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.slug() == slug)
    }
}

/// The server that a sample calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The server that the sample comes from.
    ThisServer {
        /// Its address, `host:port`.
        endpoint: String,
        /// Whether it wants TLS.
        https: bool,
        /// The region for what is asked without one.
        region: String,
    },
    /// The vendor's cloud.
    Cloud {
        /// The region to call.
        region: String,
    },
}

impl Target {
    /// The region for what is asked without one.
    pub(crate) fn region(&self) -> &str {
        let (Target::ThisServer { region, .. } | Target::Cloud { region }) = self;
        region
    }

    /// The host of a product to call, with the port if it is not the usual one.
    pub fn endpoint(&self, product: &Product) -> String {
        match self {
            Target::ThisServer { endpoint, .. } => endpoint.clone(),
            Target::Cloud { region } => product.host(region),
        }
    }

    /// Whether to use TLS.
    pub(crate) fn https(&self) -> bool {
        match self {
            Target::ThisServer { https, .. } => *https,
            Target::Cloud { .. } => true,
        }
    }
}

/// The request for a sample.
pub struct Ask<'a> {
    /// The action to call.
    pub listed: Listed,
    /// Wire names (`DataDisk.1.Size`; `DiskIds` as JSON text) and their values exactly as filled
    /// in. A field that was left alone is not in the list; one that was emptied is, as `""`.
    pub values: &'a [(String, String)],
    /// The server to call.
    pub target: Target,
}

/// A program that makes one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The name of its file.
    pub file_name: String,
    /// The file.
    pub code: String,
    /// The commands to type in the folder of its [`Project`], a line each.
    pub how_to_run: String,
}

/// Why there is no sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSample {
    /// A sentence for the reader.
    pub why: String,
}

impl NoSample {
    fn because(why: impl Into<String>) -> NoSample {
        NoSample { why: why.into() }
    }
}

/// The sample for this call in this language. It sends exactly the values that were asked for;
/// only a required parameter without a value gets the catalog's example, and a comment says so.
pub fn sample(language: Language, ask: &Ask<'_>) -> Result<Sample, NoSample> {
    let plan = plan::Plan::of(language, ask)?;
    let (code, how_to_run) = match language {
        Language::Python => sdk::write::<python::Python>(&plan),
        Language::Curl => curl::write(&plan)?,
        Language::Java => sdk::write::<java::Java>(&plan),
        Language::Go => sdk::write::<go::Go>(&plan),
        Language::TypeScript => sdk::write::<typescript::TypeScript>(&plan),
        Language::Php => php::write(&plan),
        Language::CSharp => sdk::write::<csharp::CSharp>(&plan),
        Language::Cli => cli::write(&plan)?,
        Language::Terraform => terraform::write(&plan)?,
    };
    Ok(Sample { file_name: file_name(language, ask.listed.spec().name), code, how_to_run })
}

fn file_name(language: Language, action: &str) -> String {
    let stem = match language {
        // The name of the public class.
        Language::Java | Language::CSharp => action.to_owned(),
        Language::Cli | Language::Curl => format!("{}-{}", names::kebab(action), language.slug()),
        Language::Python | Language::Go => names::snake(action),
        Language::TypeScript | Language::Php | Language::Terraform => names::kebab(action),
    };
    format!("{stem}.{}", language.extension())
}

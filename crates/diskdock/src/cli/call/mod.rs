//! `diskdock call`: call an action of any endpoint that speaks the ECS API.

mod change_waits;
mod check;
mod parameters;
mod sign;
mod wait;

use clap::ValueEnum;
use serde_json::Value;

pub(crate) use change_waits::ChangeWaits;
pub use check::{check, check_names};
pub use parameters::{fold_parameters, pairs};
pub(crate) use sign::{Credentials, SigningScheme};

use super::catalog::unknown_action;
use super::client::{ApiClient, ConnectionArgs, HttpReply};
use super::{Failure, ServerRefusal, output};
use crate::actions::{PRODUCTS, find};
use crate::catalog::errors::{self, DRY_RUN};
use crate::catalog::{ErrorCode, Listed};
use crate::gateway::decode::Pair;

/// The default region.
pub(crate) const DEFAULT_REGION: &str = "cn-hangzhou";

/// Call an action of the API.
#[derive(Clone, Debug, clap::Args)]
#[command(
    override_usage = "diskdock call [OPTIONS] <ACTION> [--Parameter value]...",
    after_help = "Parameters are written as the API names them:
  --DiskId d-1      --DiskId=d-1      --Tag.1.Key team --Tag.1.Value storage
A list can be written by repeating the parameter, a tag as key=value:
  --DiskIds d-1 --DiskIds d-2         --Tag team=storage

Examples:
  diskdock call CreateDisk --ZoneId cn-hangzhou-i --Size 40 --DiskCategory cloud_essd --wait
  diskdock call DetachDisk --InstanceId i-1 --DiskId d-1 --wait
  diskdock call DescribeDisks --Status Available --output table
  diskdock call DetachDisk --help"
)]
pub struct CallArgs {
    /// The action, such as DetachDisk
    pub action: String,
    /// A parameter as Name=value; `fold_parameters` writes `--Name value` so
    #[arg(long = "parameter", hide = true)]
    pub parameters: Vec<String>,
    /// Wait until the resources of the action have their final status
    #[arg(long)]
    pub wait: bool,
    /// Seconds to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub wait_timeout: u64,
    /// The format of the reply [default: json]; if json is asked for, errors are JSON as well
    #[arg(long, value_enum)]
    pub output: Option<ReplyFormat>,
    /// Check the request on the server without carrying it out
    #[arg(long)]
    pub dry_run: bool,
    /// Send the request without checking it first
    #[arg(long)]
    pub force: bool,
    /// The region, for actions that require one [default: cn-hangzhou]
    #[arg(long, env = "ALIBABA_CLOUD_REGION_ID")]
    pub region: Option<String>,
    /// The key
    #[command(flatten)]
    pub credentials: Credentials,
    /// The signature
    #[arg(long, value_enum, default_value = "v3")]
    pub signature: SigningScheme,
    /// The server
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// A format of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReplyFormat {
    /// As it was sent, indented
    Json,
    /// As it was sent, indented
    Xml,
    /// The most useful fields of a list
    Table,
}

/// The action of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActionTarget<'a> {
    /// The action.
    action: &'a str,
    /// The version of the product that has it.
    version: &'a str,
}

impl<'a> ActionTarget<'a> {
    /// An action of the catalog; or any name, which counts as an action of the first product unless
    /// it names another: `Vpc.CreateVpc`.
    fn of(listed: Option<Listed>, key: &'a str) -> ActionTarget<'a> {
        if let Some(listed) = listed {
            return ActionTarget { action: listed.spec().name, version: listed.product.version };
        }
        let (code, action) = key.split_once('.').unwrap_or((PRODUCTS[0].code, key));
        let known = PRODUCTS.iter().find(|product| product.code == code);
        ActionTarget { action, version: known.unwrap_or(&PRODUCTS[0]).version }
    }
}

/// Sends requests to one server with one key.
pub(crate) struct SigningClient {
    client: ApiClient,
    credentials: (String, String),
    security_token: Option<String>,
    scheme: SigningScheme,
}

impl SigningClient {
    /// A caller of this server.
    pub(crate) fn new(
        connection: &ConnectionArgs,
        credentials: &Credentials,
        scheme: SigningScheme,
    ) -> Result<SigningClient, Failure> {
        let client = ApiClient::new(connection)?;
        let security_token = credentials.security_token.clone();
        let credentials =
            credentials.complete(&connection.endpoint, client.endpoint.is_loopback())?;
        Ok(SigningClient { client, credentials, security_token, scheme })
    }

    /// Sends one request; the reply may be an error.
    async fn send(
        &self,
        target: ActionTarget<'_>,
        parameters: &[Pair],
    ) -> Result<HttpReply, Failure> {
        self.client.send(sign::request(self, target, parameters)?).await
    }

    /// Sends one request for the action of this key and reads the reply.
    pub(crate) async fn ask(&self, key: &str, parameters: &[Pair]) -> Result<Value, Failure> {
        let listed = find(key);
        let answer = self.send(ActionTarget::of(listed, key), parameters).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer, listed));
        }
        read_json(&answer)
    }
}

/// Runs the command.
pub async fn run(args: CallArgs) -> Result<(), Failure> {
    let output = args.output.unwrap_or(ReplyFormat::Json);
    let caller = SigningClient::new(&args.connection, &args.credentials, args.signature)?;
    let listed = find(&args.action);
    let parameters = prepare(&args, listed)?;
    let mut sent = parameters.clone();
    if output == ReplyFormat::Xml {
        sent.push(("Format".to_owned(), "XML".to_owned()));
    }
    let answer = caller.send(ActionTarget::of(listed, &args.action), &sent).await?;
    if let Some(ignored) = &answer.ignored {
        eprintln!("diskdock: had no effect: {ignored}");
    }
    if !answer.status.is_success() {
        let refusal = refusal(&answer, listed);
        if args.dry_run && refusal.is_refusal(DRY_RUN.code) {
            eprintln!("the request would succeed");
            return Ok(());
        }
        return Err(refusal);
    }
    show(&answer, output)?;
    if args.wait {
        wait::until_settled(&caller, &args, listed, &parameters, &answer).await?;
    }
    Ok(())
}

/// The parameters to send, checked unless `--force` is given.
fn prepare(args: &CallArgs, listed: Option<Listed>) -> Result<Vec<Pair>, Failure> {
    if listed.is_none() && !args.force {
        let mut failure = unknown_action(&args.action);
        failure.hint.push_str("\nFor an action that another endpoint has, add --force.");
        return Err(failure);
    }
    let specs = listed.map_or(&[][..], |listed| listed.spec().parameters);
    let mut parameters = pairs(&args.parameters, specs)?;
    let wants_region = listed.is_some_and(|listed| listed.spec().takes("RegionId"));
    let has = |wanted: &str| parameters.iter().any(|(name, _)| name == wanted);
    if !has("RegionId") && (wants_region || args.region.is_some()) {
        parameters.push(("RegionId".to_owned(), region(args, &parameters)));
    }
    if args.dry_run {
        parameters.retain(|(name, _)| name != "DryRun");
        parameters.push(("DryRun".to_owned(), "true".to_owned()));
    }
    parameters.sort();
    match listed {
        Some(listed) if !args.force => check(listed, &parameters)?,
        _ => {}
    }
    Ok(parameters)
}

/// The region of the request.
fn region(args: &CallArgs, parameters: &[Pair]) -> String {
    let given = value(parameters, "RegionId").or(args.region.as_deref());
    given.unwrap_or(DEFAULT_REGION).to_owned()
}

/// The value of a parameter.
fn value<'a>(parameters: &'a [Pair], wanted: &str) -> Option<&'a str> {
    parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

fn show(answer: &HttpReply, output: ReplyFormat) -> Result<(), Failure> {
    match output {
        ReplyFormat::Xml => {
            output::print(&output::indent_xml(&String::from_utf8_lossy(&answer.body)))
        }
        ReplyFormat::Json => output::print_json(&read_json(answer)?),
        ReplyFormat::Table => {
            let mut reply = read_json(answer)?;
            if let Value::Object(fields) = &mut reply {
                fields.shift_remove("RequestId");
            }
            match reply.as_object() {
                Some(fields) if fields.is_empty() => output::print("accepted"),
                _ => {
                    output::print(&output::reply_table(&reply))?;
                    warn_of_more_pages(&reply);
                    Ok(())
                }
            }
        }
    }
}

/// Warns when a table shows one page of several.
fn warn_of_more_pages(reply: &Value) {
    let shown = output::list_of(reply).map_or(0, <[Value]>::len);
    let total = reply.get("TotalCount").and_then(Value::as_u64).unwrap_or(0);
    if usize::try_from(total).is_ok_and(|total| total > shown) {
        eprintln!("{shown} of {total}; see the others with --PageNumber and --PageSize");
    }
}

fn read_json(answer: &HttpReply) -> Result<Value, Failure> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let hint = "Is that an endpoint of the ECS API? Check --endpoint.";
        Failure::new(format!("the answer is not JSON: {error}"), hint)
    })
}

/// The failure of an error reply, with its remedy.
fn refusal(answer: &HttpReply, listed: Option<Listed>) -> Failure {
    let body = String::from_utf8_lossy(&answer.body);
    let tree = serde_json::from_str::<Value>(&body).unwrap_or_default();
    let field = |name: &str| match tree.get(name).and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => element(&body, name).unwrap_or_default(),
    };
    let (code, message) = (field("Code"), field("Message"));
    if code.is_empty() {
        let shown: String = body.chars().take(200).filter(|c| !c.is_control()).collect();
        let hint = "Is that an endpoint of the ECS API? Check --endpoint.";
        return Failure::new(format!("the server answered {}: {shown}", answer.status), hint);
    }
    let remedy = known(&code, &message, listed).map_or("", |error| error.remedy);
    let advice = Some(field("Recommend")).filter(|text| !text.is_empty());
    let remedy = advice.as_deref().unwrap_or(remedy);
    let (status, request_id) = (answer.status.as_u16(), Some(field("RequestId")));
    let request_id = request_id.filter(|id| !id.is_empty());
    Failure::refused(ServerRefusal { status, code: Some(code), message, request_id }, remedy)
}

/// The error of this code; of several, the one of the action with this message.
fn known(code: &str, message: &str, listed: Option<Listed>) -> Option<&'static ErrorCode> {
    let own = listed.map(|listed| listed.spec().errors()).unwrap_or_default();
    let mut all: Vec<_> = own.into_iter().chain(errors::all()).collect();
    all.retain(|error| error.code == code);
    let same = |error: &&&ErrorCode| message.starts_with(error.message.trim_end_matches('.'));
    all.iter().find(same).or(all.first()).copied()
}

/// The text of an element of an XML error.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    Some(
        text.replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn answered(body: &str) -> HttpReply {
        let body = body.to_owned().into();
        HttpReply { status: StatusCode::NOT_FOUND, ignored: None, body }
    }

    #[test]
    fn refusal_is_printed_with_its_remedy() {
        let json = r#"{"Code":"InvalidDiskId.NotFound","Message":"No.","RequestId":"R-1"}"#;
        let failure = refusal(&answered(json), find("DetachDisk"));
        assert_eq!(failure.message, "404 InvalidDiskId.NotFound: No.");
        let in_json = Failure { in_json: true, ..failure.clone() }.to_string();
        let reply: Value = serde_json::from_str(&in_json).unwrap();
        assert_eq!(reply["refusal"]["status"], 404);
        assert_eq!(reply["refusal"]["code"], "InvalidDiskId.NotFound");
        assert_eq!(reply["refusal"]["request_id"], "R-1");
        let advice = failure.advice();
        assert!(advice.lines().count() == 2 && advice.ends_with("RequestId R-1"), "{advice}");
        let xml =
            "<Error><RequestId>R-2</RequestId><Code>X</Code><Message>a &lt; b</Message></Error>";
        let failure = refusal(&answered(xml), None);
        assert_eq!(
            (failure.message.as_str(), failure.advice().as_str()),
            ("404 X: a < b", "RequestId R-2")
        );
    }

    #[test]
    fn reply_of_another_server_is_recognized() {
        let failure = refusal(&answered("<html>hello"), None);
        assert!(failure.message.contains("404") && failure.hint.contains("--endpoint"));
    }
}

//! Actions on up to 100 instances at once, each under the rules of the action on one.

use domain::limits::INSTANCES_PER_REQUEST;

use crate::actions::prelude::*;
use crate::catalog::{Params, ReplyValue, first_broken};

/// An action on several instances.
pub trait Batch: Sync + 'static {
    /// Its parameters.
    type Params: Params + Send + Sync + 'static;
    /// The facts about one instance, for the rules.
    type Facts;
    /// Its reply, without the RequestId.
    type Reply: ReplyValue;

    /// `StartInstances`
    const NAME: &'static str;
    /// Its effect, in a sentence.
    const SUMMARY: &'static str;
    /// More about it.
    const DETAILS: &'static str;
    /// The harm that a call can do.
    const RISK: Risk;
    /// A warning to people before such a call is sent; empty if there is nothing to warn of.
    const CAUTION: &'static str = "";
    /// The change of each instance's status.
    const TRANSITION: &'static Transition;
    /// Where the models of the typed SDKs differ from its parameters.
    const SDK: &'static [SdkParam] = &[];
    /// Preconditions of each instance.
    const RULES: &'static [Precondition<Self::Facts>];

    /// The instances that a request names.
    fn named(params: &Self::Params) -> Named<'_>;

    /// The facts about one of them.
    fn facts(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Self::Params,
        instance: Instance,
    ) -> Result<Self::Facts, ActionError>;

    /// The effect on the accepted instances.
    fn effect(params: &Self::Params, entries: Vec<BatchEntry<Self::Facts>>) -> Effect<Self::Reply>;
}

/// The instances that a batch names.
pub struct Named<'a> {
    /// The region they are in.
    pub region: &'a RegionId,
    /// Their ids.
    pub ids: &'a AtLeastOne<InstanceId>,
    /// The treatment of a batch in which one instance is refused.
    pub optimization: Option<BatchOptimization>,
}

choice!(
    /// The treatment of a batch in which one instance is refused.
    pub enum BatchOptimization {
        AllTogether = "AllTogether",
        SuccessFirst = "SuccessFirst",
    }
);

/// One instance of a batch.
pub enum BatchEntry<Facts> {
    /// The rules hold for it.
    Accepted {
        /// The instance.
        id: InstanceId,
        /// Its status before.
        status: &'static str,
        /// The facts about it.
        facts: Box<Facts>,
    },
    /// A rule does not hold for it, or there is no such instance.
    Refused {
        /// The instance.
        id: InstanceId,
        /// Its status; empty if there is no such instance.
        status: &'static str,
        /// Why.
        error: &'static ErrorCode,
    },
}

/// Errors that looking up the instances of a batch can give.
const LOAD_ERRORS: &[&ErrorCode] =
    &[&REGION_NOT_FOUND, &TOO_MANY_INSTANCE_IDS, &INSTANCE_IDS_NOT_FOUND];

impl<B: Batch> Action for B {
    type Params = B::Params;
    type Facts = Vec<BatchEntry<B::Facts>>;
    type Reply = B::Reply;

    const NAME: &'static str = B::NAME;
    const SUMMARY: &'static str = B::SUMMARY;
    const DETAILS: &'static str = B::DETAILS;
    const RISK: Risk = B::RISK;
    const CAUTION: &'static str = B::CAUTION;
    const TRANSITION: Option<&'static Transition> = Some(B::TRANSITION);
    const SDK: &'static [SdkParam] = B::SDK;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        const { &ErrorList::of(LOAD_ERRORS).and_of(B::RULES) }.as_slice();
    /// The rules are those of each instance, and are checked while the instances are looked up.
    const PRECONDITIONS: &'static [Precondition<Self::Facts>] = &[];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &B::Params,
    ) -> Result<Self::Facts, ActionError> {
        let named = B::named(params);
        let together = named.optimization != Some(BatchOptimization::SuccessFirst);
        let mut entries = Vec::new();
        for id in ids(call, &named)? {
            let entry = entry::<B>(tx, call, params, &named, id)?;
            match &entry {
                BatchEntry::Refused { error, .. } if together => return Err(whole(error).into()),
                BatchEntry::Refused { .. } | BatchEntry::Accepted { .. } => entries.push(entry),
            }
        }
        Ok(entries)
    }

    fn effect(_: &Call<'_>, params: &B::Params, entries: Self::Facts) -> Effect<B::Reply> {
        B::effect(params, entries)
    }
}

/// The error of a whole batch in which one instance has this error.
fn whole(error: &'static ErrorCode) -> &'static ErrorCode {
    if *error == INSTANCE_NOT_FOUND { &INSTANCE_IDS_NOT_FOUND } else { error }
}

/// The ids of a batch, each once, in order.
fn ids(call: &Call<'_>, named: &Named<'_>) -> Result<Vec<InstanceId>, &'static ErrorCode> {
    call.environment.inventory.region(&named.region.0).ok_or(&REGION_NOT_FOUND)?;
    let mut unique: Vec<InstanceId> = Vec::new();
    for id in &named.ids.0 {
        if !unique.contains(id) {
            unique.push(id.clone());
        }
    }
    let too_many = unique.len() > INSTANCES_PER_REQUEST as usize;
    if too_many { Err(&TOO_MANY_INSTANCE_IDS) } else { Ok(unique) }
}

fn entry<B: Batch>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &B::Params,
    named: &Named<'_>,
    id: InstanceId,
) -> Result<BatchEntry<B::Facts>, ActionError> {
    let found = call.instance(tx, &id)?.filter(|found| found.region == named.region.0);
    let Some(found) = found else {
        return Ok(BatchEntry::Refused { id, status: "", error: &INSTANCE_NOT_FOUND });
    };
    let status = found.status.as_str();
    let facts = B::facts(tx, call, params, found)?;
    Ok(match first_broken(B::RULES, &facts).map(|rule| rule.error) {
        Some(error) => BatchEntry::Refused { id, status, error },
        None => BatchEntry::Accepted { id, status, facts: Box::new(facts) },
    })
}

/// Acts on every accepted instance, and answers with a result for each instance.
pub(crate) fn respond<Facts>(
    entries: Vec<BatchEntry<Facts>>,
    becomes: InstanceStatus,
    act: impl Fn(Effect<BatchReply>, Facts) -> Effect<BatchReply>,
) -> Effect<BatchReply> {
    let responses = InstanceResponses { instance_response: Vec::new() };
    let mut effect = Effect::reply(BatchReply { instance_responses: responses });
    for entry in entries {
        let response = InstanceResponse::of(&entry, becomes);
        effect.reply.instance_responses.instance_response.push(response);
        if let BatchEntry::Accepted { facts, .. } = entry {
            effect = act(effect, *facts);
        }
    }
    effect
}

reply!(
    /// Reply of a batch.
    pub(crate) struct BatchReply {
        /// The results.
        instance_responses: InstanceResponses,
    }
);

reply!(
    /// The results.
    pub(crate) struct InstanceResponses {
        /// One for each instance, in the order of the request.
        instance_response: Vec<InstanceResponse>,
    }
);

reply!(
    /// The result for one instance.
    pub(crate) struct InstanceResponse {
        /// The instance.
        instance_id: String,
        /// `200`, or the code of an error.
        code: String,
        /// `success`, or the message of an error.
        message: String,
        /// The status before.
        previous_status: &'static str,
        /// The status now.
        current_status: &'static str,
    }
);

impl InstanceResponse {
    fn of<Facts>(entry: &BatchEntry<Facts>, becomes: InstanceStatus) -> InstanceResponse {
        match entry {
            BatchEntry::Accepted { id, status, .. } => InstanceResponse {
                instance_id: id.to_string(),
                code: "200".to_owned(),
                message: "success".to_owned(),
                previous_status: status,
                current_status: becomes.as_str(),
            },
            BatchEntry::Refused { id, status, error } => InstanceResponse {
                instance_id: id.to_string(),
                code: error.code.to_owned(),
                message: error.message.to_owned(),
                previous_status: status,
                current_status: status,
            },
        }
    }
}

//! The traits of actions: a [`Query`] answers from the store; an [`Action`] decides on facts, and
//! its [`Effect`] is written whole or not at all.

use std::any::Any;
use std::sync::Arc;

use domain::InstanceId;
use domain::entity::{Entity, EntityId};

use super::call::Call;
use super::environment::{Environment, Needs};
use super::errors::{CLIENT_TOKEN_MISMATCH, Cause, ErrorCode, Refusal};
use super::input::Input;
use super::params::{Params, RawParams};
use super::reply::ReplyValue;
use super::rules::{Precondition, first_broken};
use super::sdk::SdkParam;
use super::spec::{About, Spec};
use super::transition::{Risk, Transition};
use super::verb::Verb;
use crate::operations::{DynOperation, Operation, boxed};
use crate::store::{AccessKey, DynEntity, EntityType, ReadTx, StoreError, StoredEntity};

/// The reason why a request has no effect.
#[derive(Debug)]
pub enum ActionError {
    /// The caller's request is refused.
    Refused(Refusal),
    /// The store failed.
    Failed(StoreError),
    /// Another part of the server failed; the text is for the log.
    Broken(String),
}

impl From<&'static ErrorCode> for ActionError {
    fn from(error: &'static ErrorCode) -> ActionError {
        ActionError::Refused(error.into())
    }
}

impl From<Refusal> for ActionError {
    fn from(refusal: Refusal) -> ActionError {
        ActionError::Refused(refusal)
    }
}

impl From<StoreError> for ActionError {
    fn from(fault: StoreError) -> ActionError {
        ActionError::Failed(fault)
    }
}

/// One change to the store.
#[derive(Debug)]
pub enum StoreChange {
    /// Save a resource, new or not.
    Save(Arc<dyn DynEntity>),
    /// Remove the resource of this kind and id.
    Remove(&'static EntityType, String),
    /// User data of an instance, in Base64.
    SaveUserData(InstanceId, String),
    /// Save an access key, new or not.
    SaveAccessKey(Box<AccessKey>),
    /// Remove the access key of this id.
    RemoveAccessKey(String),
}

impl StoreChange {
    /// Whether it is one of the access keys.
    pub(crate) fn is_of_keys(&self) -> bool {
        match self {
            StoreChange::SaveAccessKey(_) | StoreChange::RemoveAccessKey(_) => true,
            StoreChange::Save(_) | StoreChange::Remove(..) | StoreChange::SaveUserData(..) => false,
        }
    }

    /// The resource that is saved, if it is of the kind.
    pub fn saved<T: Entity>(&self) -> Option<&T> {
        let StoreChange::Save(resource) = self else { return None };
        let any: &dyn Any = &**resource;
        any.downcast_ref()
    }
}

/// The effect of an action: the reply, the changes, and the operations that follow.
pub struct Effect<R> {
    /// The reply.
    pub reply: R,
    /// The changes to the store, in this order.
    pub changes: Vec<StoreChange>,
    /// The operations that are carried out after the commit.
    pub start: Vec<Box<dyn DynOperation>>,
}

impl<R> Effect<R> {
    /// An effect that changes nothing yet.
    pub fn reply(reply: R) -> Effect<R> {
        Effect { reply, changes: Vec::new(), start: Vec::new() }
    }

    /// Saves a resource, new or not.
    pub(crate) fn save(self, entity: impl Entity) -> Self {
        self.change(StoreChange::Save(Arc::new(entity)))
    }

    /// Removes a resource.
    pub(crate) fn remove<I: EntityId>(self, id: &I) -> Self {
        self.change(StoreChange::Remove(I::Entity::TYPE, id.as_str().to_owned()))
    }

    /// Makes another change.
    pub fn change(mut self, change: StoreChange) -> Self {
        self.changes.push(change);
        self
    }

    /// Starts an operation.
    pub(crate) fn start(mut self, operation: impl Operation) -> Self {
        self.start.push(boxed(operation));
        self
    }
}

/// An action that writes.
pub trait Action: Sync + 'static {
    /// Its parameters.
    type Params: Params + Send + Sync + 'static;
    /// The facts that the preconditions are about: the resources that the request names, loaded.
    type Facts;
    /// The reply, without the RequestId.
    type Reply: ReplyValue;

    /// `DetachDisk`
    const NAME: &'static str;
    /// Its purpose, in a sentence.
    const SUMMARY: &'static str;
    /// More about it.
    const DETAILS: &'static str = "";
    /// A warning to people before such a call is sent; empty if there is nothing to warn of.
    const CAUTION: &'static str = "";
    /// The harm that a call can do.
    const RISK: Risk;
    /// The change of status that it causes, if any.
    const TRANSITION: Option<&'static Transition>;
    /// The buttons that consoles make of it, beside resources.
    const VERBS: &'static [Verb] = &[];
    /// Errors that `load` can give.
    const LOAD_ERRORS: &'static [&'static ErrorCode];
    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<Self::Facts>];
    /// Where the models of the typed SDKs differ from its parameters.
    const SDK: &'static [SdkParam] = &[];
    /// Its needs of the hypervisor.
    const NEEDS: Needs = Needs::Nothing;
    /// The resources that policies are asked about besides those that a request names.
    const ABOUT: About = About::OfGroup;
    /// The calls of an account in a minute that the vendor states as the limit, if it does.
    const CALLS_A_MINUTE: Option<u32> = None;
    /// The error for a ClientToken that is used again with other parameters.
    const TOKEN_MISMATCH: &'static ErrorCode = &CLIENT_TOKEN_MISMATCH;

    /// The parameter, if the request has it, from which something is computed that takes
    /// milliseconds: once, before the transaction, on a thread that may block.
    const COMPUTES: fn(&Self::Params) -> Option<&dyn Computes> = |_| None;

    /// Loads the facts; an error of `LOAD_ERRORS` if a named resource does not exist.
    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        ask: &Self::Params,
    ) -> Result<Self::Facts, ActionError>;

    /// The effect of a request whose preconditions hold.
    fn effect(call: &Call<'_>, ask: &Self::Params, facts: Self::Facts) -> Effect<Self::Reply>;
}

/// A value of a parameter from which something is computed that takes milliseconds.
pub trait Computes {
    /// Computes it and keeps it; nothing more if that was done.
    fn compute(&self, environment: &Environment);
}

/// A read-only action.
pub trait Query: Sync + 'static {
    /// Its parameters.
    type Params: Params + Send + Sync + 'static;
    /// The reply, without the RequestId.
    type Reply: ReplyValue + Send + 'static;

    /// `DescribeDisks`
    const NAME: &'static str;
    /// Its purpose, in a sentence.
    const SUMMARY: &'static str;
    /// More about it.
    const DETAILS: &'static str = "";
    /// Where the models of the typed SDKs differ from its parameters.
    const SDK: &'static [SdkParam] = &[];
    /// Whether every key may call it, whatever its policies say.
    const OPEN: bool = false;
    /// The resources that policies are asked about besides those that a request names.
    const ABOUT: About = About::OfGroup;
    /// Errors that it can give besides those of its parameters.
    const LOAD_ERRORS: &'static [&'static ErrorCode];

    /// Adds to the reply what only files of the host tell; none if the store tells everything.
    /// Runs after the read transaction, on a thread that may block.
    const COMPLETE: Option<Completion<Self::Params, Self::Reply>> = None;
    /// Whether a request asks for what files tell.
    const IS_COMPLETED: fn(&Self::Params) -> bool = |_| true;

    /// Answers from the store. Runs inside a read transaction, so it reads no file.
    fn answer(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        ask: &Self::Params,
    ) -> Result<Self::Reply, ActionError>;
}

/// Completes the reply of a query outside of any transaction.
pub type Completion<P, R> = fn(&Environment, &P, R) -> Result<R, ActionError>;

/// An action in a list of actions.
#[derive(Clone, Copy)]
pub enum Entry {
    /// A read-only action.
    Query(&'static dyn DynQuery),
    /// An action that writes.
    Action(&'static dyn DynAction),
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.spec().name)
    }
}

impl Entry {
    /// Its description.
    pub fn spec(&self) -> &'static Spec {
        match self {
            Entry::Query(query) => query.spec(),
            Entry::Action(action) => action.spec(),
        }
    }
}

/// A [`Query`] as a trait object.
pub trait DynQuery: Sync {
    /// Its description.
    fn spec(&self) -> &'static Spec;

    /// Reads the parameters; a refusal if one is missing or outside its limits.
    fn parse(&self, input: &Input) -> Result<Box<dyn ReadyQuery>, Refusal>;
}

/// A query with its parameters.
pub trait ReadyQuery: Send + Sync {
    /// Reads from the store what the query asks for.
    fn answer(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<QueryReply, ActionError>;
}

/// A reply as a JSON object, or the step that is left to make it.
pub enum QueryReply {
    /// The whole reply.
    Complete(Vec<u8>),
    /// Makes the reply from what was read and from files of the host. It may block, so it is called
    /// outside of any transaction.
    Incomplete(CompleteReply),
}

/// Completes a reply and writes it as a JSON object.
pub type CompleteReply = Box<dyn FnOnce(&Environment) -> Result<Vec<u8>, ActionError> + Send>;

/// An [`Action`] as a trait object.
pub trait DynAction: Sync {
    /// Its description.
    fn spec(&self) -> &'static Spec;

    /// Reads the parameters; a refusal if one is missing or outside its limits.
    fn parse(&self, input: &Input) -> Result<Box<dyn ReadyAction>, Refusal>;
}

/// An action with its parameters. Deciding has no effect, so it can be repeated on fresh facts.
pub trait ReadyAction: Send + Sync {
    /// The parameter from which something is to be computed before the transaction.
    fn computes(&self) -> Option<&dyn Computes>;

    /// Loads the facts, checks the preconditions, and returns the effect.
    fn decide(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<EncodedEffect, ActionError>;
}

/// An effect with its reply written as a JSON object.
pub type EncodedEffect = Effect<Vec<u8>>;

fn json(reply: &impl serde::Serialize) -> Vec<u8> {
    let bytes = serde_json::to_vec(reply).expect("replies are plain data");
    if bytes == b"null" { b"{}".to_vec() } else { bytes }
}

struct AskedQuery<Q: Query>(Arc<Q::Params>);

impl<Q: Query> ReadyQuery for AskedQuery<Q> {
    fn answer(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<QueryReply, ActionError> {
        let reply = Q::answer(tx, call, &self.0)?;
        let Some(complete) = Q::COMPLETE.filter(|_| (Q::IS_COMPLETED)(&self.0)) else {
            return Ok(QueryReply::Complete(json(&reply)));
        };
        let ask = Arc::clone(&self.0);
        Ok(QueryReply::Incomplete(Box::new(move |environment| {
            complete(environment, &ask, reply).map(|reply| json(&reply))
        })))
    }
}

impl<Q: Query> DynQuery for Q {
    fn spec(&self) -> &'static Spec {
        const {
            &Spec {
                name: Q::NAME,
                summary: Q::SUMMARY,
                details: Q::DETAILS,
                caution: "",
                mutates: false,
                open: Q::OPEN,
                about: Q::ABOUT,
                risk: Risk::Low,
                transition: None,
                verbs: &[],
                parameters: Q::Params::SPECS,
                sdk: Q::SDK,
                reply: Q::Reply::SHAPE,
                preconditions: Vec::new,
                needs: Needs::Nothing,
                lookups: Q::LOAD_ERRORS,
                calls_a_minute: None,
                token_mismatch: &CLIENT_TOKEN_MISMATCH,
            }
        }
    }

    fn parse(&self, input: &Input) -> Result<Box<dyn ReadyQuery>, Refusal> {
        let asked = Q::Params::read(&RawParams::of(input))?;
        Ok(Box::new(AskedQuery::<Q>(Arc::new(asked))))
    }
}

struct AskedAction<A: Action>(A::Params);

impl<A: Action> ReadyAction for AskedAction<A> {
    fn computes(&self) -> Option<&dyn Computes> {
        (A::COMPUTES)(&self.0)
    }

    fn decide(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<EncodedEffect, ActionError> {
        call.environment.refuse_without(A::NEEDS)?;
        let facts = A::load(tx, call, &self.0)?;
        if let Some(rule) = first_broken(A::PRECONDITIONS, &facts) {
            let cause = Cause::Precondition(rule.sentence);
            return Err(Refusal::from(rule.error).with_cause(cause).into());
        }
        let Effect { reply, changes, start } = A::effect(call, &self.0, facts);
        Ok(Effect { reply: json(&reply), changes, start })
    }
}

fn preconditions_of<A: Action>() -> Vec<(&'static str, &'static ErrorCode)> {
    A::PRECONDITIONS.iter().map(|rule| (rule.sentence, rule.error)).collect()
}

impl<A: Action> DynAction for A {
    fn spec(&self) -> &'static Spec {
        const {
            &Spec {
                name: A::NAME,
                summary: A::SUMMARY,
                details: A::DETAILS,
                caution: A::CAUTION,
                mutates: true,
                open: false,
                about: A::ABOUT,
                risk: A::RISK,
                transition: A::TRANSITION,
                verbs: A::VERBS,
                parameters: A::Params::SPECS,
                sdk: A::SDK,
                reply: A::Reply::SHAPE,
                preconditions: preconditions_of::<A>,
                needs: A::NEEDS,
                lookups: A::LOAD_ERRORS,
                calls_a_minute: A::CALLS_A_MINUTE,
                token_mismatch: A::TOKEN_MISMATCH,
            }
        }
    }

    fn parse(&self, input: &Input) -> Result<Box<dyn ReadyAction>, Refusal> {
        let asked = A::Params::read(&RawParams::of(input))?;
        Ok(Box::new(AskedAction::<A>(asked)))
    }
}

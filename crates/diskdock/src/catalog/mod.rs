//! The language in which actions are written: parameters, replies, preconditions, error codes.
//!
//! The catalog depends on no particular action and does no I/O.

mod action;
mod call;
pub mod document;
mod environment;
pub mod errors;
mod input;
pub(crate) mod metadata;
mod names;
pub(crate) mod openapi;
pub(crate) mod pages;
mod params;
pub(crate) mod product;
mod reply;
mod resource;
mod rules;
mod sdk;
mod spec;
pub mod times;
mod transition;
mod value;
mod verb;
pub(crate) mod xml;

pub use action::{
    Action, ActionError, CompleteReply, Completion, Computes, DynAction, DynQuery, Effect,
    EncodedEffect, Entry, Query, QueryReply, ReadyAction, ReadyQuery, StoreChange,
};
pub use call::{AssumedRole, Call, Caller, CallerIdentity, Origin};
pub use environment::{
    Console, ConsoleOutput, Environment, Environments, FORWARD_PORTS, HasFreeSpace, Needs,
    StorageAbilities,
};
pub use errors::{ErrorCode, Refusal};
pub use input::Input;
pub(crate) use names::{
    ClientToken, Description, DiskName, ImageName, InstanceName, KeyPairName, PlainTag,
    PlainTagFilter, RegionId, SecurityGroupName, SnapshotName, TagFilter, TagKey, TagParam,
    TagValue, TimeSpan, Unlinked, ZoneId, is_made_of,
};
pub use params::{
    AtLeastOne, CommaList, DEFAULT_MISSING, Each, Expected, Field, Group, Groups, Ignored,
    JsonList, ParamSpec, Params, Presence, RawParams, Repeat, WireName, join,
};
pub(crate) use params::{joined_params, or_default, params, wire_name};
pub(crate) use params::{json_elements, json_strings};
pub use product::{ActionGroup, ErrorDialect, Listed, Product, Unknown};
pub(crate) use reply::reply;
pub use reply::{Format, ReplyField, ReplyShape, ReplyValue, render};
pub(crate) use resource::{Listing, Resource, Status};
pub(crate) use rules::{Precondition, first_broken, joined, must};
pub use sdk::SdkParam;
pub(crate) use sdk::TypedSdk;
pub use spec::{About, Spec};
pub(crate) use times::Time;
pub use transition::{Edge, Goal, Ids, Risk, Settling, Transition};
pub use value::{Case, Clamped, Integer, Shape, Text, Value};
pub(crate) use value::{choice, id_parameter};
pub use verb::{Asks, Given, Place, Verb};

//! The resources that a request is about as policies see them: by their names, with their regions
//! and tags, looked up in the transaction of the request.

use std::sync::Arc;

use domain::{AccountId, Tag};

use super::Request;
use super::named::{
    AboutResource, NamedResources, ROLE_ARN, arn_type, named_resources, region_parameter,
};
use crate::actions::{PRODUCTS, image_lookups};
use crate::catalog::{Call, CallerIdentity, Listed, Product};
use crate::store::{DynEntity, EntityReads, EntityType, KINDS, Page, ReadTx, Scope, StoreError};

/// A resource as policies see it.
pub(super) struct KnownResource {
    /// `acs:ecs`
    product: String,
    /// Its region, `*` where there is none; none if it is not known.
    region: Option<String>,
    /// Account, type and id: `1000000000000001:disk/d-1`.
    rest: String,
    /// Its tags, if it is there.
    pub tags: Vec<Tag>,
}

impl KnownResource {
    /// Its name in policies, where an unknown region is `*`.
    pub(super) fn arn(&self) -> String {
        self.arn_in(self.region.as_deref().unwrap_or("*"))
    }

    /// Its names in each region that it may lie in; none if that is known.
    pub(super) fn arns_elsewhere(&self, call: &Call<'_>) -> Vec<String> {
        match self.region {
            Some(_) => Vec::new(),
            None => {
                let regions = call.environment.inventory.regions().iter();
                regions.map(|region| self.arn_in(&region.id)).collect()
            }
        }
    }

    fn arn_in(&self, region: &str) -> String {
        format!("{}:{region}:{}", self.product, self.rest)
    }
}

/// The resources of a request, before they are looked up.
#[derive(Clone)]
pub(super) struct RequestedResources {
    product: &'static Product,
    resources: NamedResources,
    /// The region in the parameter of the action that gives it.
    region: Option<String>,
    /// Whether the action has such a parameter.
    takes_region: bool,
}

impl RequestedResources {
    pub(super) fn of(listed: Listed, request: &Request) -> RequestedResources {
        let parameter = region_parameter(listed.spec());
        let region = parameter.and_then(|name| request.input.get(name));
        RequestedResources {
            product: listed.product,
            resources: named_resources(listed, &request.input),
            region: region.filter(|region| !region.is_empty()).map(str::to_owned),
            takes_region: parameter.is_some(),
        }
    }

    /// All that policies are asked about.
    pub(super) fn look_up(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
    ) -> Result<Vec<KnownResource>, StoreError> {
        let asked = self.resources.asked.iter().map(|one| self.identify(tx, call, one));
        let asked = asked.collect::<Result<Vec<_>, _>>()?;
        let place = match asked.iter().all(|one| one.found.is_some()) {
            true => None,
            false => self.place(tx, call)?,
        };
        Ok(asked.iter().map(|one| self.known(one, call, place.as_deref())).collect())
    }

    /// The region of what is to be made or listed, and of what is not there: that of the request,
    /// else that of a resource that it names; none if neither tells. An action that has no
    /// parameter for it heeds no RegionId unless it names nothing.
    fn place(&self, tx: &dyn ReadTx, call: &Call<'_>) -> Result<Option<String>, StoreError> {
        if self.region.is_some() {
            return Ok(self.region.clone());
        }
        for one in &self.resources.named {
            let found = self.identify(tx, call, one)?.found;
            if let Some(found) = found.filter(|found| !found.region().is_empty()) {
                return Ok(Some(found.region().to_owned()));
            }
        }
        let names_nothing = self.resources.named.is_empty() && !self.takes_region;
        Ok(call.caller.region.clone().or_else(|| names_nothing.then(|| call.region())))
    }

    fn known(&self, about: &Identified, call: &Call<'_>, place: Option<&str>) -> KnownResource {
        let kind = about.kind;
        let product = kind.and_then(product_of).unwrap_or(self.product);
        let of_found = about.found.as_ref().map(|found| found.region());
        let is_of_region = product.is_regional;
        let region = match (kind, about.other) {
            (Some(_), _) | (_, Some(_)) if is_of_region => of_found.or(place),
            (None, None) if is_of_region => Some(self.region.as_deref().unwrap_or("*")),
            _ => Some("*"),
        };
        let owner = about.owner.as_deref().unwrap_or(call.caller.account.as_str());
        let id = about.id.as_deref().unwrap_or("*");
        let rest = match (kind, about.other) {
            (Some(kind), _) => format!("{owner}:{}/{id}", arn_type(kind)),
            (None, other) => format!("{owner}:{}", other.unwrap_or("*")),
        };
        KnownResource {
            product: format!("acs:{}", product.ram_code),
            region: region.map(str::to_owned),
            rest,
            tags: about.found.as_ref().map(|found| found.tags().to_vec()).unwrap_or_default(),
        }
    }

    /// The kind and the id that policies know a resource by, and the caller's resource itself.
    fn identify(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
        about: &AboutResource,
    ) -> Result<Identified, StoreError> {
        let all = |kind| Ok(Identified { kind, ..Identified::default() });
        let region = self.region.as_deref().unwrap_or_default();
        match about {
            AboutResource::Anything => all(None),
            AboutResource::All(kind) => all(Some(*kind)),
            AboutResource::Other(rest) => {
                Ok(Identified { other: Some(rest), ..Identified::default() })
            }
            AboutResource::One(kind, id) => one(tx, &call.caller.account, kind, id, region),
            AboutResource::OwnUser => {
                let name = match &call.caller.identity {
                    CallerIdentity::User(user) => tx.look_at(user)?.map(|user| user.name.clone()),
                    CallerIdentity::Account
                    | CallerIdentity::LimitedKey
                    | CallerIdentity::Role(_) => None,
                };
                Ok(Identified { kind: Some("user"), id: name, ..Identified::default() })
            }
            AboutResource::ImageOfFamily(family) => {
                match image_lookups::id_in_family(tx, call, region, family)? {
                    Some(id) => one(tx, &call.caller.account, "image", &id, region),
                    None => all(Some("image")),
                }
            }
            AboutResource::SystemPolicy(name) => Ok(Identified {
                kind: Some("policy"),
                id: Some(name.clone()),
                owner: Some("system".to_owned()),
                ..Identified::default()
            }),
        }
    }
}

/// A resource by what policies know it by.
#[derive(Default)]
struct Identified {
    /// None for no kind that is kept.
    kind: Option<&'static str>,
    /// The last part of its name, of a kind that has no names here.
    other: Option<&'static str>,
    /// Its id or name; none for all of the kind.
    id: Option<String>,
    /// The owner, if that is not the caller's account.
    owner: Option<String>,
    /// The resource itself, if the caller's account has it.
    found: Option<Arc<dyn DynEntity>>,
}

/// One of a kind by its id or name. A role can be named by its ARN, of whatever account.
fn one(
    tx: &dyn ReadTx,
    account: &AccountId,
    kind: &'static str,
    id: &str,
    region: &str,
) -> Result<Identified, StoreError> {
    let arn = id.strip_prefix(ROLE_ARN).filter(|_| kind == "role");
    let by_arn = arn.and_then(|arn| arn.split_once(":role/"));
    let (owner, id) = by_arn.unwrap_or((account.as_str(), id));
    let found = match KINDS.iter().copied().find(|one| one.kind.name == kind) {
        Some(kind) if owner == account.as_str() => find(tx, account, kind, id, region)?,
        Some(_) | None => None,
    };
    let name = found.as_ref().filter(|found| found.resource_type().kind.by_name);
    let name = name.and_then(|found| name_of(found.as_ref()).map(str::to_owned));
    let id = Some(name.unwrap_or_else(|| id.to_owned()));
    let owner = Some(owner.to_owned());
    Ok(Identified { kind: Some(kind), id, owner, found, ..Identified::default() })
}

/// The account's resource that a request names. One of a kind that is named by names has an id as
/// well, by which the actions on tags name it.
fn find(
    tx: &dyn ReadTx,
    account: &AccountId,
    kind: &'static EntityType,
    id: &str,
    region: &str,
) -> Result<Option<Arc<dyn DynEntity>>, StoreError> {
    if kind.kind.by_name {
        let is_regional = product_of(kind.kind.name).is_some_and(|product| product.is_regional);
        let scope = Scope {
            account: account.as_str(),
            region: if is_regional { region } else { "" },
            ids: None,
            columns: Vec::new(),
            terms: vec![("name", id)],
            tags: &[],
            created: (None, None),
            is_whole_place: false,
        };
        let mut is_it = |one: &dyn DynEntity| {
            let is_here = one.account() == account && one.region() == scope.region;
            Ok(is_here && name_of(one) == Some(id))
        };
        let page = Page::After { after: None, most: 1 };
        let found = tx.resources(kind, &scope, &page, &mut is_it)?.entries.into_iter().next();
        if found.is_some() || kind.kind.id_prefix.is_empty() {
            return Ok(found);
        }
    }
    Ok(tx.resource(kind, id)?.filter(|found| found.account() == account))
}

fn name_of(found: &dyn DynEntity) -> Option<&str> {
    found.terms().into_iter().find_map(|(term, value)| (term == "name").then_some(value))
}

/// The product in the names of a kind of resource.
fn product_of(noun: &str) -> Option<&'static Product> {
    let has = |product: &&Product| {
        let mut kinds = product.groups.iter().flat_map(|group| group.resources);
        kinds.any(|kind| kind.noun == noun)
    };
    PRODUCTS.iter().copied().find(has)
}

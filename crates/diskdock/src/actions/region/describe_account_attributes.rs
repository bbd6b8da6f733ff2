//! `DescribeAccountAttributes`: how much an account may have, and how much it has.

use std::collections::BTreeMap;

use domain::inventory::Inventory;

use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Lists what an account may have and has.
pub(crate) struct DescribeAccountAttributes;

params!(
    /// Parameters of DescribeAccountAttributes.
    pub(crate) struct Params {
        /// The region.
        #[missing = REGION_ID_NULL]
        region_id: RegionId,
        /// Only what is used in this zone.
        zone_id: Option<ZoneId>,
        /// Only these attributes.
        attribute_name: Each<AccountAttribute>,
    }
);

choice!(
    /// Attributes of an account.
    pub(crate) enum AccountAttribute {
        NetworkType = "instance-network-type",
        MaxSecurityGroups = "max-security-groups",
        MaxInterfaces = "max-elastic-network-interfaces",
        MaxCores = "max-postpaid-instance-vcpu-count",
        MaxSpotCores = "max-spot-instance-vcpu-count",
        UsedCores = "used-postpaid-instance-vcpu-count",
        UsedSpotCores = "used-spot-instance-vcpu-count",
        MaxCapacity = "max-postpaid-yundisk-capacity",
        UsedCapacity = "used-postpaid-yundisk-capacity",
        MaxDedicatedHosts = "max-dedicated-hosts",
        InstanceTypes = "supported-postpaid-instance-types",
        MaxCommands = "max-axt-command-count",
        MaxInvocations = "max-axt-invocation-daily",
        RealName = "real-name-authentication",
    }
);

/// The attributes that are answered when none is named.
const ALL: &[AccountAttribute] = &[
    AccountAttribute::NetworkType,
    AccountAttribute::MaxSecurityGroups,
    AccountAttribute::UsedCores,
    AccountAttribute::UsedSpotCores,
    AccountAttribute::UsedCapacity,
    AccountAttribute::MaxDedicatedHosts,
    AccountAttribute::InstanceTypes,
];

reply!(
    /// Reply of DescribeAccountAttributes.
    pub(crate) struct Reply {
        /// The attributes.
        account_attribute_items: AttributeItems,
    }
);

reply!(
    /// The attributes.
    pub(crate) struct AttributeItems {
        /// The entries.
        account_attribute_item: Vec<AttributeItem>,
    }
);

reply!(
    /// An attribute with its values.
    pub(crate) struct AttributeItem {
        /// Its name.
        attribute_name: &'static str,
        /// Its values; empty for what has no limit here.
        attribute_values: AttributeValues,
    }
);

reply!(
    /// The values of an attribute.
    pub(crate) struct AttributeValues {
        /// The entries.
        value_item: Vec<AttributeValue>,
    }
);

reply!(
    /// A value of an attribute.
    #[derive(Default)]
    pub(crate) struct AttributeValue {
        /// The value.
        value: String,
        /// The zone that it holds for; empty for all.
        zone_id: String,
        /// The disk category that it holds for.
        disk_category: String,
        /// The instance type that it holds for.
        instance_type: String,
        /// How instances are paid for that it holds for.
        instance_charge_type: String,
        /// How many.
        count: u32,
        /// When it ends.
        expired_time: String,
    }
);

impl Query for DescribeAccountAttributes {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeAccountAttributes";
    const SUMMARY: &'static str = "Lists what the account may have in a region, and what it has.";
    const DETAILS: &'static str = "\
Usage is counted. Attributes without a limit here, such as processors, are answered without a value.";
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &ZONE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let in_region = |zone: &&ZoneId| region.zones.iter().any(|known| known.id == zone.0);
        if params.zone_id.as_ref().is_some_and(|zone| !in_region(&zone)) {
            return Err((&ZONE_NOT_FOUND).into());
        }
        let named = &params.attribute_name.0;
        let mut items = Vec::new();
        for attribute in if named.is_empty() { ALL } else { named } {
            let value_item = values(tx, call, params, *attribute)?;
            items.push(AttributeItem {
                attribute_name: attribute.as_str(),
                attribute_values: AttributeValues { value_item },
            });
        }
        Ok(Reply { account_attribute_items: AttributeItems { account_attribute_item: items } })
    }
}

fn values(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
    attribute: AccountAttribute,
) -> Result<Vec<AttributeValue>, StoreError> {
    let one = |value: &str| vec![AttributeValue { value: value.to_owned(), ..Default::default() }];
    Ok(match attribute {
        AccountAttribute::NetworkType => one("vpc"),
        AccountAttribute::MaxSecurityGroups => {
            one(&domain::limits::SECURITY_GROUPS_PER_REGION.to_string())
        }
        AccountAttribute::MaxDedicatedHosts => one("0"),
        AccountAttribute::RealName => one("yes"),
        AccountAttribute::UsedCores => one(&cores(tx, call, params, false)?.to_string()),
        AccountAttribute::UsedSpotCores => one(&cores(tx, call, params, true)?.to_string()),
        AccountAttribute::UsedCapacity => capacities(tx, call, params)?,
        AccountAttribute::InstanceTypes => types(&call.environment.inventory, params),
        AccountAttribute::MaxInterfaces
        | AccountAttribute::MaxCores
        | AccountAttribute::MaxSpotCores
        | AccountAttribute::MaxCapacity
        | AccountAttribute::MaxCommands
        | AccountAttribute::MaxInvocations => Vec::new(),
    })
}

/// The processors of pay-as-you-go instances, spot instances or others.
fn cores(tx: &dyn ReadTx, call: &Call<'_>, params: &Params, spot: bool) -> Result<u64, StoreError> {
    let mut filter = InstanceFilter::all(call.caller.account.clone(), &params.region_id.0);
    let zone = params.zone_id.clone();
    filter.also.push(Box::new(move |instance| {
        instance.charge_type == ChargeType::PostPaid
            && (instance.spot_strategy != "NoSpot") == spot
            && zone.as_ref().is_none_or(|zone| zone.0 == instance.zone)
    }));
    let (mut cores, inventory) = (0, &call.environment.inventory);
    tx.visit(&filter, |instance| {
        let found = inventory.instance_type(&instance.instance_type);
        cores += found.map_or(0, |found| u64::from(found.cpu));
    })?;
    Ok(cores)
}

/// GiB of pay-as-you-go disks, by zone and category.
fn capacities(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
) -> Result<Vec<AttributeValue>, StoreError> {
    let mut filter = Filter::<Disk>::all(call.caller.account.clone(), &params.region_id.0);
    filter.columns.push(("charge_type", ChargeType::PostPaid.as_str().to_owned()));
    filter.columns.extend(params.zone_id.as_ref().map(|zone| ("zone", zone.0.clone())));
    let mut sums = BTreeMap::<_, u64>::new();
    tx.visit(&filter, |disk| {
        let sum = sums.entry((disk.zone, disk.category.as_str())).or_default();
        *sum += u64::from(disk.size_gib);
    })?;
    let value = |((zone_id, category), gib): ((String, &'static str), u64)| AttributeValue {
        value: gib.to_string(),
        zone_id,
        disk_category: category.to_owned(),
        ..AttributeValue::default()
    };
    Ok(sums.into_iter().map(value).collect())
}

/// Every type that a zone of the region sells.
fn types(inventory: &Inventory, params: &Params) -> Vec<AttributeValue> {
    let Some(region) = inventory.region(&params.region_id.0) else { return Vec::new() };
    let zones = region.zones.iter();
    let zones = zones.filter(|zone| params.zone_id.as_ref().is_none_or(|asked| asked.0 == zone.id));
    let mut values = Vec::new();
    for zone in zones {
        let sold = inventory.instance_types().iter().filter(|one| inventory.sells(zone, one));
        values.extend(sold.map(|one| AttributeValue {
            value: one.id.clone(),
            zone_id: zone.id.clone(),
            instance_type: one.id.clone(),
            instance_charge_type: "PostPaid".to_owned(),
            ..AttributeValue::default()
        }));
    }
    values
}

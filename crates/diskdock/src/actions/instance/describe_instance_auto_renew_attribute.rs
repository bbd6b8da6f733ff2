//! `DescribeInstanceAutoRenewAttribute`: how subscription instances renew themselves.

use crate::actions::paging::Paging;
use crate::actions::prelude::*;
use crate::catalog::CommaList;
use crate::store::EntityReads;

/// Lists how subscription instances renew themselves: none does.
pub(crate) struct DescribeInstanceAutoRenewAttribute;

params!(
    /// Parameters of DescribeInstanceAutoRenewAttribute.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 100. This or `RenewalStatus` is needed.
        #[malformed = RENEWAL_TOO_MANY]
        instance_id: Option<CommaList<InstanceId>>,
        /// Only instances with this setting. All are `Normal` here.
        #[malformed = RENEWAL_STATUS_NOT_VALID]
        renewal_status: Option<RenewalStatus>,
        /// The page, from 1.
        #[example = "1"]
        page_number: Option<Text<1, 10>>,
        /// Entries on a page, up to 100.
        #[example = "10"]
        page_size: Option<Text<1, 10>>,
    }
);

choice!(
    /// Settings of renewal.
    pub(crate) enum RenewalStatus {
        Automatic = "AutoRenewal",
        ByHand = "Normal",
        Never = "NotRenewal",
    }
);

reply!(
    /// Reply of DescribeInstanceAutoRenewAttribute.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many instances match.
        total_count: usize,
        /// The instances.
        instance_renew_attributes: RenewAttributes,
    }
);

reply!(
    /// The instances of a page.
    pub(crate) struct RenewAttributes {
        /// One instance each.
        instance_renew_attribute: Vec<RenewAttribute>,
    }
);

reply!(
    /// How an instance renews itself.
    pub(crate) struct RenewAttribute {
        /// The instance.
        instance_id: String,
        /// Whether it renews itself: never here.
        auto_renew_enabled: bool,
        /// Whether there is one day of the month on which all renewals are.
        enable_expected_renew_day: bool,
        /// `Normal`: it ends unless it is renewed by hand.
        renewal_status: &'static str,
        /// For how long it renews itself; 0 if it does not.
        duration: u32,
        /// The unit of that.
        period_unit: &'static str,
    }
);

impl Query for DescribeInstanceAutoRenewAttribute {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceAutoRenewAttribute";
    const SUMMARY: &'static str = "Lists how subscription instances renew themselves.";
    const DETAILS: &'static str = "\
Nothing renews itself here: AutoRenew of a launch has no effect, and every subscription is `Normal`.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &RENEWAL_NOT_NAMED,
        &RENEWAL_INSTANCE_NOT_FOUND,
        &RENEWAL_OF_PAY_AS_YOU_GO,
        &RENEWAL_PAGE_NUMBER,
        &RENEWAL_PAGE_SIZE,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let number = number(&params.page_number, 1, u32::MAX, &RENEWAL_PAGE_NUMBER)?;
        let size = number_up_to_100(&params.page_size)?;
        let found = match &params.instance_id {
            Some(CommaList(ids)) => named(tx, call, region, ids)?,
            None if params.renewal_status.is_none() => return Err((&RENEWAL_NOT_NAMED).into()),
            None => subscriptions(tx, call, region)?,
        };
        let matching = params.renewal_status.is_none_or(|status| status == RenewalStatus::ByHand);
        let found = if matching { found } else { Vec::new() };
        let paging = Paging::whole(number, size);
        Ok(Reply {
            page_number: number,
            page_size: size,
            total_count: found.len(),
            instance_renew_attributes: RenewAttributes {
                instance_renew_attribute: paging.cut(&found).iter().map(attribute).collect(),
            },
        })
    }
}

fn number_up_to_100(text: &Option<Text<1, 10>>) -> Result<u32, &'static ErrorCode> {
    number(text, 10, 100, &RENEWAL_PAGE_SIZE)
}

fn number(
    text: &Option<Text<1, 10>>,
    by_default: u32,
    most: u32,
    error: &'static ErrorCode,
) -> Result<u32, &'static ErrorCode> {
    let Some(Text(text)) = text else { return Ok(by_default) };
    text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or(error)
}

/// The subscriptions among the caller's instances in a region.
fn subscriptions(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
) -> Result<Vec<InstanceId>, StoreError> {
    let mut filter = InstanceFilter::all(call.caller.account.clone(), region);
    filter.also.push(Box::new(|instance| instance.charge_type == ChargeType::PrePaid));
    let mut found = Vec::new();
    tx.visit(&filter, |instance| found.push(instance.id))?;
    Ok(found)
}

fn named(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    ids: &[InstanceId],
) -> Result<Vec<InstanceId>, ActionError> {
    for id in ids {
        let found = call.instance(tx, id)?.filter(|instance| instance.region == region);
        let instance = found.ok_or(&RENEWAL_INSTANCE_NOT_FOUND)?;
        if instance.charge_type != ChargeType::PrePaid {
            return Err((&RENEWAL_OF_PAY_AS_YOU_GO).into());
        }
    }
    Ok(ids.to_vec())
}

fn attribute(instance: &InstanceId) -> RenewAttribute {
    RenewAttribute {
        instance_id: instance.to_string(),
        auto_renew_enabled: false,
        enable_expected_renew_day: false,
        renewal_status: "Normal",
        duration: 0,
        period_unit: "Month",
    }
}

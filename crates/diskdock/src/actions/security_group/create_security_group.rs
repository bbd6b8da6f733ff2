//! `CreateSecurityGroup`: make a security group.

use domain::limits::SECURITY_GROUPS_PER_REGION;
use domain::security_group::SecurityGroupType;
use domain::{SecurityGroup, SecurityGroupId, UnknownFields, Vpc, VpcId};

use crate::actions::paging::new_tags;
use crate::actions::prelude::*;
use crate::catalog::SecurityGroupName;
use crate::store::{EntityReads, Filter};

/// Makes a security group.
pub(crate) struct CreateSecurityGroup;

params!(
    /// Parameters of CreateSecurityGroup.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Display name.
        security_group_name: Option<SecurityGroupName>,
        /// Free text.
        #[malformed = SECURITY_GROUP_DESCRIPTION_MALFORMED]
        description: Option<Description>,
        /// The VPC of the group. Any id will do that this server did not make; one that it made
        /// must be Available.
        #[names = "vpc"]
        vpc_id: Option<Text<1, 64>>,
        /// `normal`, or `enterprise` for many instances in one VPC.
        #[malformed = SECURITY_GROUP_TYPE_NOT_VALID]
        security_group_type: Option<GroupTypeWord>,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags, up to 20.
        tag: Groups<TagParam>,
        /// Whether it belongs to a cloud service. None does here.
        service_managed: Ignored<Option<bool>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

choice!(
    /// Types of security group.
    pub(crate) enum GroupTypeWord {
        Normal = "normal",
        Enterprise = "enterprise",
    }
);

impl GroupTypeWord {
    /// The type.
    pub(super) fn kind(self) -> SecurityGroupType {
        match self {
            GroupTypeWord::Normal => SecurityGroupType::Normal,
            GroupTypeWord::Enterprise => SecurityGroupType::Enterprise,
        }
    }
}

reply!(
    /// Reply of CreateSecurityGroup.
    pub(crate) struct Reply {
        /// The new group.
        security_group_id: String,
    }
);

/// The VPC, if this server keeps it, and how many groups there are.
pub(crate) struct Facts {
    params: Params,
    vpc: Option<Vpc>,
    tags: Vec<Tag>,
    groups: u64,
}

impl Facts {
    fn kind(&self) -> SecurityGroupType {
        self.params.security_group_type.map_or(SecurityGroupType::Normal, GroupTypeWord::kind)
    }
}

impl Action for CreateSecurityGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateSecurityGroup";
    const SUMMARY: &'static str = "Makes a security group.";
    const DETAILS: &'static str = "\
A group and its rules are kept, checked and shown; no packet is filtered by them.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &VPC_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH, &TAG_DUPLICATE];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the VPC is Available",               |f| f.vpc.as_ref().is_none_or(Vpc::is_available), &VPC_STATUS),
        must("an enterprise group has a VPC",      |f| f.kind() == SecurityGroupType::Normal || f.params.vpc_id.is_some(), &ENTERPRISE_WITHOUT_VPC),
        must("the account has fewer than 100 groups in the region", |f| f.groups < SECURITY_GROUPS_PER_REGION, &SECURITY_GROUP_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let vpc: Option<Vpc> = match &params.vpc_id {
            Some(Text(id)) => call.find(tx, &VpcId::from(id.as_str()))?,
            None => None,
        };
        if vpc.as_ref().is_some_and(|vpc| vpc.region != region.id) {
            return Err((&VPC_NOT_FOUND).into());
        }
        let all = Filter::<SecurityGroup>::all(call.caller.account.clone(), &region.id);
        Ok(Facts {
            params: params.clone(),
            vpc,
            tags: new_tags(&params.tag.0)?,
            groups: tx.count(&all)?,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let id: SecurityGroupId = call.new_id(&params.region_id.0);
        let kind = facts.kind();
        let text = |text: &Option<Text<1, 64>>| text.as_ref().map(|text| text.0.clone());
        let group = SecurityGroup {
            account: call.caller.account.clone(),
            region: params.region_id.0.clone(),
            vpc: text(&params.vpc_id).unwrap_or_default(),
            kind,
            inner_accepts: kind == SecurityGroupType::Normal,
            rules: Vec::new(),
            name: params
                .security_group_name
                .as_ref()
                .map(|name| name.0.clone())
                .unwrap_or_default(),
            description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            tags: facts.tags,
            resource_group: text(&params.resource_group_id).unwrap_or_default(),
            created_at: call.now,
            unknown: UnknownFields::default(),
            id,
        };
        Effect::reply(Reply { security_group_id: group.id.to_string() }).save(group)
    }
}

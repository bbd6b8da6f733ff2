//! `DescribeTags`: which tags there are, and on how many resources of each kind.

use std::collections::BTreeMap;

use super::tagged::{self, ResourceType, word_of};
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::store::{DynEntity, EntityType, KINDS, Scope, has_tags};

/// Lists tags.
pub(crate) struct DescribeTags;

params!(
    /// Parameters of DescribeTags.
    pub(crate) struct Params {
        /// The region of the resources.
        region_id: RegionId,
        /// Only tags of this kind of resource.
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: Option<ResourceType>,
        /// Only tags of this resource.
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: Option<Text<1, 128>>,
        /// Only these tags.
        tag: Groups<TagFilter>,
        /// A category of tags.
        category: Ignored<Option<Text<0, 64>>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page; 50 if left out.
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of DescribeTags.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many tags match.
        total_count: usize,
        /// The tags.
        tags: Tags,
    }
);

reply!(
    /// The tags of a page.
    pub(crate) struct Tags {
        /// The entries.
        tag: Vec<CountedTag>,
    }
);

reply!(
    /// A tag with how many resources have it.
    pub(crate) struct CountedTag {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
        /// How many resources of each kind have it.
        resource_type_count: Counts,
    }
);

reply!(
    /// How many resources of each kind have a tag.
    #[derive(Default, PartialEq)]
    pub(crate) struct Counts {
        /// Instances.
        instance: u32,
        /// Disks.
        disk: u32,
        /// Snapshots.
        snapshot: u32,
        /// Images.
        image: u32,
        /// Security groups.
        securitygroup: u32,
        /// Key pairs.
        key_pair: u32,
        /// Automatic snapshot policies.
        snapshot_policy: u32,
        /// Network interfaces.
        eni: u32,
        /// Dedicated hosts.
        ddh: u32,
        /// Launch templates.
        launch_template: u32,
        /// Reserved instances.
        reserved_instance: u32,
        /// Extended volumes.
        volume: u32,
    }
);

impl Counts {
    /// Counts one resource of this kind; of a kind that has no counter, none.
    fn count(&mut self, word: &str) {
        let counter = match word {
            "instance" => &mut self.instance,
            "disk" => &mut self.disk,
            "snapshot" => &mut self.snapshot,
            "image" => &mut self.image,
            "securitygroup" => &mut self.securitygroup,
            "keypair" => &mut self.key_pair,
            "snapshotpolicy" => &mut self.snapshot_policy,
            _ => return,
        };
        *counter += 1;
    }
}

impl Query for DescribeTags {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeTags";
    const SUMMARY: &'static str = "Lists tags with the number of resources that have them.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        tagged::check_region(call, Some(&params.region_id))?;
        let wanted = paging::tags(&params.tag.0)?;
        let mut counted = BTreeMap::new();
        let asked = params.resource_type.map(|kind| kind.stored().into_iter().collect());
        for kind in asked.unwrap_or_else(|| KINDS.to_vec()) {
            count(tx, call, params, kind, &wanted, &mut counted)?;
        }
        let all: Vec<CountedTag> = counted
            .into_iter()
            .map(|((tag_key, tag_value), resource_type_count)| CountedTag {
                tag_key,
                tag_value,
                resource_type_count,
            })
            .collect();
        let size = params.page_size.unwrap_or(Integer(50));
        let paging = Paging::numbered(params.page_number, Some(size));
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: all.len(),
            tags: Tags { tag: paging.cut(&all).to_vec() },
        })
    }
}

/// Counts the tags of the resources of one kind.
fn count(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Params,
    kind: &'static EntityType,
    wanted: &[(String, Option<String>)],
    counted: &mut BTreeMap<(String, String), Counts>,
) -> Result<(), StoreError> {
    let scope = Scope {
        account: call.caller.account.as_str(),
        region: &params.region_id.0,
        ids: params.resource_id.as_ref().map(|id| vec![&*id.0]),
        columns: Vec::new(),
        terms: Vec::new(),
        tags: &[],
        created: (None, None),
        is_whole_place: false,
    };
    let word = word_of(kind);
    // Nothing is kept of what is looked at but the counts.
    let mut collect = |one: &dyn DynEntity| {
        let visible = *one.account() == call.caller.account && one.region() == scope.region;
        let named = scope.ids.as_ref().is_none_or(|ids| ids.contains(&one.id()));
        let is_wanted = |tag: &Tag| {
            let alone = std::slice::from_ref(tag);
            wanted.is_empty() || wanted.iter().any(|w| has_tags(alone, std::slice::from_ref(w)))
        };
        for tag in one.tags().iter().filter(|tag| visible && named && is_wanted(tag)) {
            counted.entry((tag.key.clone(), tag.value.clone())).or_default().count(&word);
        }
        Ok(false)
    };
    tx.resources(kind, &scope, &Page::After { after: None, most: 1 }, &mut collect)?;
    Ok(())
}

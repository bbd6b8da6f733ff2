//! How the SDKs derive the names of their properties and classes from wire names.
//!
//! The rules are read off the generated SDKs; the compile tests in `tests/samples` hold them to it.

/// `DiskId` is `diskId`, `VSwitchId` is `vSwitchId`; a longer acronym stays, as in `KMSKeyId`.
pub(crate) fn camel(wire: &str) -> String {
    let capitals = wire.chars().take_while(char::is_ascii_uppercase).count();
    match wire.chars().next() {
        Some(first) if capitals < 3 => {
            format!("{}{}", first.to_ascii_lowercase(), &wire[first.len_utf8()..])
        }
        _ => wire.to_owned(),
    }
}

/// `regionId` is `RegionId`; most names are so on the wire.
pub(crate) fn pascal(wire: &str) -> String {
    let mut letters = wire.chars();
    letters.next().map_or(String::new(), |first| {
        std::iter::once(first.to_ascii_uppercase()).chain(letters).collect()
    })
}

/// `DiskId` is `disk_id`, `KMSKeyId` is `kmskey_id`, `Ipv6Address` is `ipv_6address`.
pub(crate) fn snake(wire: &str) -> String {
    separated(wire, '_')
}

/// `DetachDisk` is `detach-disk`: for names of files.
pub(crate) fn kebab(wire: &str) -> String {
    separated(wire, '-')
}

fn separated(wire: &str, separator: char) -> String {
    let mut name = String::new();
    let mut after_lower = false;
    for letter in camel(wire).chars() {
        if after_lower && !letter.is_ascii_lowercase() {
            name.push(separator);
        }
        after_lower = letter.is_ascii_lowercase();
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_sdks() {
        let camels = ["DiskId", "VSwitchId", "KMSKeyId", "OSType"].map(camel);
        assert_eq!(camels, ["diskId", "vSwitchId", "KMSKeyId", "OSType"]);
        let snakes = ["VSwitchId", "KMSKeyId", "Ipv6AddressCount", "MaximumGPUAmount"].map(snake);
        assert_eq!(snakes, ["v_switch_id", "kmskey_id", "ipv_6address_count", "maximum_gpuamount"]);
        assert_eq!(kebab("DescribeDisks"), "describe-disks");
        assert_eq!(["regionId", "DiskId"].map(pascal), ["RegionId", "DiskId"]);
        assert_eq!(snake("timePoints"), "time_points");
    }
}

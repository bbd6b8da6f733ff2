//! The calls that make an example of what there can be: two running instances, and three disks
//! beside them.

/// Actions with their parameters. `{region}`, `{zone}` and `{image}` stand for ones of the server.
pub(crate) static EXAMPLE: &[(&str, &[(&str, &str)])] = &[
    (
        "RunInstances",
        &[
            ("RegionId", "{region}"),
            ("ZoneId", "{zone}"),
            ("ImageId", "{image}"),
            ("InstanceType", "ecs.g6.large"),
            ("InstanceName", "example"),
            ("Amount", "2"),
        ],
    ),
    ("CreateDisk", DISK_1),
    ("CreateDisk", DISK_2),
    ("CreateDisk", DISK_3),
];

static DISK_1: &[(&str, &str)] = &disk("example-1");
static DISK_2: &[(&str, &str)] = &disk("example-2");
static DISK_3: &[(&str, &str)] = &disk("example-3");

const fn disk(name: &'static str) -> [(&'static str, &'static str); 5] {
    [
        ("RegionId", "{region}"),
        ("ZoneId", "{zone}"),
        ("DiskName", name),
        ("DiskCategory", "cloud_essd"),
        ("Size", "20"),
    ]
}

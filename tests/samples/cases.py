"""The calls that are made in every language: what is filled in, and how the sample must end."""

from dataclasses import dataclass, field

REGION, ZONE, CATEGORY = "cn-hangzhou", "cn-hangzhou-i", "cloud_essd"
TYPE, IMAGE = "ecs.g6.large", "ubuntu_22_04_x64_20G_alibase_20240926.vhd"

# Whatever ends a literal, starts a substitution, or gets lost on the way in one of the languages.
AWKWARD = (
    "--it's \"q\" \\n\\ $(touch pwned) `touch pwned` ${HOME} $HOME #{1+1} %{x} %s %41 {{region}} "
    "</script> ?> /* */ // # &=+;|!~\n\ttab\r\u00e9 e\u0301 \u78c1\u76d8 \U0001f600 \u202e\u200d\ufeff\u2028\x7f end  ")
AWKWARD_ASCII = "-'\"\\$(touch pwned)`touch pwned`${HOME}%{x}%41&=+;? #"
# Longer than an argument of a program or a constant of Java may be, once it is encoded.
LONG = "QUJD" * 10_000


@dataclass
class Case:
    """A call: `values` makes what is filled in from the things that it may use."""
    action: str
    values: callable
    exit_code: int = 0
    # What the sample must print.
    prints: list = field(default_factory=list)
    # What is sent although it was not filled in.
    completed: dict = field(default_factory=dict)
    # Languages that cannot say it, with a word of their reason.
    impossible: dict = field(default_factory=dict)
    # A transition that the hypervisor refuses from now on.
    refuse: str = ""


NO_EMPTY = {"cli": "empty"}

CASES = {
    "detach": Case(
        "DetachDisk", lambda resources: {**resources.attached(), "DeleteWithInstance": "false"}, prints=["Available"]),
    "detach-refused": Case(
        "DetachDisk", lambda resources: resources.attached(), exit_code=1, refuse="detach", prints=["In_use", "not Available"]),
    "detach-unknown": Case(
        "DetachDisk", lambda resources: {"InstanceId": resources.instance(), "DiskId": AWKWARD[:120]}, exit_code=1,
        prints=["InvalidDiskId.NotFound", "The specified disk does not exist", "RequestId"]),
    "detach-example": Case(
        "DetachDisk", lambda resources: {"InstanceId": resources.instance()}, exit_code=1,
        completed={"DiskId": "d-bp1000q5z8v3k0hc7w2m"}, prints=["InvalidDiskId.NotFound"]),
    "attach": Case(
        "AttachDisk",
        lambda resources: {"InstanceId": resources.instance(), "DiskId": resources.disk(), "DeleteWithInstance": "true"},
        prints=["In_use"]),
    "create-disk": Case(
        "CreateDisk",
        lambda resources: {
            "ZoneId": ZONE, "Size": "20", "DiskCategory": CATEGORY, "DiskName": "\u78c1\u76d8-\u00e9 1",
            "Description": AWKWARD, "Encrypted": "false", "ClientToken": resources.unique(AWKWARD_ASCII),
            "Tag.1.Key": AWKWARD[:128], "Tag.1.Value": AWKWARD[:128], "Tag.2.Key": " spaces ", "Tag.2.Value": "true"},
        completed={"RegionId": REGION}, prints=["DiskId", "Available"]),
    "create-disk-by-names": Case(
        "CreateDisk",
        lambda resources: {
            "RegionId": REGION, "ZoneId": ZONE, "Size": "040", "DiskCategory": CATEGORY, "Description": AWKWARD,
            "Tag.1.key": AWKWARD[:128], "Tag.3.Key": "gap"},
        prints=["DiskId", "Available"]),
    "run-instances": Case(
        "RunInstances",
        lambda resources: {
            "ZoneId": ZONE, "InstanceType": TYPE, "ImageId": IMAGE, "Amount": "2", "UserData": LONG,
            "Description": AWKWARD, "SystemDisk.Size": "40", "SystemDisk.Description": AWKWARD,
            "DataDisk.1.Size": "20", "DataDisk.1.Category": CATEGORY, "DataDisk.1.Description": AWKWARD,
            "DataDisk.2.Size": "30", "DataDisk.2.Category": CATEGORY, "DataDisk.2.DeleteWithInstance": "true",
            "HostNames.1": "one", "HostNames.2": "two", "Tag.1.Key": "k", "Tag.1.Value": AWKWARD[:128]},
        completed={"RegionId": REGION}, prints=["InstanceIdSet", "Running"]),
    "run-instances-by-names": Case(
        "RunInstances",
        lambda resources: {
            "RegionId": REGION, "ZoneId": ZONE, "InstanceType": TYPE, "ImageId": IMAGE, "Amount": "2",
            "Description": AWKWARD, "Tag.1.key": "old", "Tag.1.value": AWKWARD[:128]},
        prints=["InstanceIdSet", "Running"]),
    "create-instance": Case(
        "CreateInstance",
        lambda resources: {
            "ZoneId": ZONE, "InstanceType": TYPE, "ImageId": IMAGE, "Description": AWKWARD,
            "SystemDisk.Category": CATEGORY},
        completed={"RegionId": REGION}, prints=["InstanceId", "Stopped"]),
    "describe-disks": Case(
        "DescribeDisks",
        lambda resources: {
            "DiskIds": '["d-1","d-\\"\'$(touch pwned)`${x}\\n"]', "DiskName": AWKWARD[:128], "PageSize": "50",
            "Portable": "true", "Tag.1.Key": AWKWARD[:128]},
        completed={"RegionId": REGION}, prints=["TotalCount"]),
    "modify": Case(
        "ModifyDiskAttribute",
        lambda resources: {"DiskId": resources.disk(), "Description": "", "DiskName": "renamed-\u78c1\u76d8"},
        impossible=NO_EMPTY, prints=["RequestId"]),
    "delete-disk": Case("DeleteDisk", lambda resources: {"DiskId": resources.disk()}, prints=["RequestId"]),
    "stop-instances": Case(
        "StopInstances",
        lambda resources: {"InstanceId.1": resources.instance(), "InstanceId.2": resources.instance(), "ForceStop": "true"},
        completed={"RegionId": REGION}, prints=["Stopped"]),
    "start-instance": Case("StartInstance", lambda resources: {"InstanceId": resources.stopped()}, prints=["Running"]),
    "reboot-instance": Case("RebootInstance", lambda resources: {"InstanceId": resources.instance()}, prints=["Running"]),
    "delete-instances": Case(
        "DeleteInstances",
        lambda resources: {"InstanceId.1": resources.instance(), "InstanceId.2": resources.instance(), "Force": "true"},
        completed={"RegionId": REGION}, prints=["gone"]),
    "describe-nothing": Case(
        "DescribeRegions", lambda resources: {}, prints=["cn-hangzhou"]),
    "dry-run": Case(
        "RunInstances",
        lambda resources: {"ZoneId": ZONE, "InstanceType": TYPE, "ImageId": IMAGE, "DryRun": "true"},
        completed={"RegionId": REGION}, exit_code=1, prints=["DryRunOperation", "RequestId"]),
}

"""The calls of a tool that is not run, from its configuration in this directory: `python tools.py terraform`."""

import json
import os
import pathlib
import subprocess
import sys
import time

import hcl2
import yaml

IMAGE, TYPE = "ubuntu_22_04_x64_20G_alibase_20240926.vhd", "ecs.g6.large"
SETTLES_WITHIN_S = 30
# The values of the driver's chart that a configuration may set, as its values.yaml has them.
DRIVER_VALUES = {
    "deploy": {"ack", "ecs", "privateCloud", "regionID", "ecsEndpoint", "accessKey", "network", "featureGates"},
    "csi": {"disk", "nas", "oss", "local", "bmcpfs"},
}
# The properties of the CPI's job.
CPI_PROPERTIES = {
    "region", "availability_zone", "access_key_id", "access_key_secret", "security_token", "encrypted", "kms_key_id",
    "ecs_endpoint", "slb_endpoint", "oss_endpoint", "location_endpoint"}


class Server:
    """One endpoint, called with one key in one region."""

    def __init__(self, endpoint, key, secret, region, *options):
        self.options = ["--endpoint", endpoint, "--region", region, *options]
        self.key = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret}

    def call(self, action, **parameters):
        words = [word for name, value in parameters.items() for word in (f"--{name.replace('_', '.')}", str(value))]
        done = subprocess.run(
            ["diskdock", "call", action, *words, *self.options], env={**os.environ, **self.key},
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{action} {parameters}: {done.stderr}"
        return json.loads(done.stdout)

    def instance(self, zone):
        made = self.call("RunInstances", ZoneId=zone, ImageId=IMAGE, InstanceType=TYPE)
        [instance] = made["InstanceIdSets"]["InstanceIdSet"]
        self.wait(lambda: self.describe_instance(instance)["Status"] == "Running", "Running")
        return instance

    def describe_instance(self, instance):
        [found] = self.call("DescribeInstances", InstanceIds=json.dumps([instance]))["Instances"]["Instance"]
        return found

    def disk(self, disk):
        found = self.call("DescribeDisks", DiskIds=json.dumps([disk]))["Disks"]["Disk"]
        return found[0] if found else None

    def wait_for_disk(self, disk, status):
        self.wait(lambda: (self.disk(disk) or {"Status": "gone"})["Status"] == status, f"{disk} {status}")

    def wait(self, is_there, what):
        give_up_at = time.monotonic() + SETTLES_WITHIN_S
        while not is_there():
            assert time.monotonic() < give_up_at, f"never {what}"
            time.sleep(0.1)


def plain(value):
    """HCL's quotes, which some versions of the parser keep."""
    return value.strip('"') if isinstance(value, str) else value


def body_of(parsed, kind, *labels):
    """The body of the one block of this kind with these labels."""
    [found] = [one for one in parsed[kind] if not labels or plain(next(iter(one))) == labels[0]]
    for label in labels:
        found = {plain(name): inner for name, inner in found.items()}[label]
    return {name: inner for name, inner in found.items() if not name.startswith("__")}


def terraform():
    parsed = hcl2.loads(pathlib.Path("main.tf").read_text())
    provider = body_of(parsed, "provider", "alicloud")
    [endpoints] = provider["endpoints"]
    required = body_of(parsed, "terraform")["required_providers"][0]["alicloud"]
    assert plain({plain(k): v for k, v in required.items()}["source"]) == "aliyun/alicloud"
    assert plain(provider["account_type"]) == "Domestic" and plain(provider["protocol"]) == "HTTP"
    server = Server(
        f"http://{plain(endpoints['ecs'])}", plain(provider["access_key"]), plain(provider["secret_key"]),
        plain(provider["region"]))
    disk = body_of(parsed, "resource", "alicloud_ecs_disk", "data")
    [(key, value)] = [(plain(k), plain(v)) for k, v in disk["tags"].items() if not k.startswith("__")]
    attachment = body_of(parsed, "resource", "alicloud_ecs_disk_attachment", "data")
    assert "alicloud_ecs_disk.data.id" in attachment["disk_id"] and "var.instance_id" in attachment["instance_id"]
    zone = plain(disk["zone_id"])
    instance = server.instance(zone)
    made = server.call(
        "CreateDisk", ClientToken="terraform-1", ZoneId=zone, DiskCategory=plain(disk["category"]), Size=disk["size"],
        DiskName=plain(disk["disk_name"]), Tag_1_Key=key, Tag_1_Value=value)["DiskId"]
    server.wait_for_disk(made, "Available")
    seen = server.disk(made)
    assert (seen["Size"], seen["DiskName"], seen["Category"]) == (40, "data", "cloud_essd"), seen
    assert [(tag["TagKey"], tag["TagValue"]) for tag in seen["Tags"]["Tag"]] == [(key, value)], seen["Tags"]
    attach_and_delete(server, made, instance)


def attach_and_delete(server, disk, instance):
    server.call("AttachDisk", DiskId=disk, InstanceId=instance)
    server.wait_for_disk(disk, "In_use")
    server.call("DetachDisk", DiskId=disk, InstanceId=instance)
    server.wait_for_disk(disk, "Available")
    server.call("DeleteDisk", DiskId=disk)
    server.wait_for_disk(disk, "gone")


def bosh():
    properties = yaml.safe_load(pathlib.Path("cpi.yml").read_text())["alicloud"]
    assert set(properties) <= CPI_PROPERTIES, properties
    zone, region = properties["availability_zone"], properties["region"]
    server = Server(
        f"https://{properties['ecs_endpoint']}", properties["access_key_id"], properties["access_key_secret"], region,
        "--ca-cert", "cert.pem")
    instance = server.instance(zone)
    regions = server.call("DescribeRegions")["Regions"]["Region"]
    assert [one["RegionId"] for one in regions] == [region], "for a disk that is not found, the CPI goes through all"
    disk = server.call("CreateDisk", ZoneId=zone, Size=20, DiskCategory="cloud_essd", DiskName="bosh")["DiskId"]
    server.wait_for_disk(disk, "Available")
    assert "-" in disk, "the CPI takes an id apart"
    server.describe_instance(instance)
    server.call("DescribeInstanceAttribute", InstanceId=instance)
    server.call("DescribeUserData", InstanceId=instance)
    server.call("ModifyInstanceAttribute", InstanceId=instance, UserData="eyJkaXNrcyI6e319")
    attach_and_delete(server, disk, instance)
    assert server.disk(disk) is None


def kubernetes_csi():
    values = yaml.safe_load(pathlib.Path("values.yaml").read_text())
    assert all(set(inner) <= DRIVER_VALUES[name] for name, inner in values.items()), values
    deploy, storage = values["deploy"], yaml.safe_load(pathlib.Path("class.yaml").read_text())
    assert deploy["privateCloud"] is True and deploy["accessKey"]["enabled"] is True
    assert storage["provisioner"] == "diskplugin.csi.alibabacloud.com"
    server = Server(f"http://{deploy['ecsEndpoint']}", "csi", "secret", deploy["regionID"])
    zone = storage["parameters"]["zoneId"]
    nodes = [server.instance(zone), server.instance(zone)]
    tag = {"Tag_1_Key": "csi.alibabacloud.com/volume-name", "Tag_1_Value": "pvc-1"}
    asked = {"ZoneId": zone, "Size": 20, "DiskCategory": storage["parameters"]["type"], "ClientToken": "n:pvc-1", **tag}
    disk = server.call("CreateDisk", **asked)["DiskId"]
    assert server.call("CreateDisk", **asked)["DiskId"] == disk, "a repeated CreateVolume makes no second disk"
    [found] = server.call("DescribeDisks", **tag)["Disks"]["Disk"]
    assert found["DiskId"] == disk
    server.wait_for_disk(disk, "Available")

    def holders():
        return [one["InstanceId"] for one in server.disk(disk)["Attachments"]["Attachment"]]

    for node in nodes:
        server.call("AttachDisk", DiskId=disk, InstanceId=node)
        server.wait(lambda: holders() == [node], f"on {node}")  # noqa: B023
        server.call("DetachDisk", DiskId=disk, InstanceId=node)
        server.wait(lambda: holders() == [], f"off {node}")  # noqa: B023
        server.wait_for_disk(disk, "Available")
    server.call("DeleteDisk", DiskId=disk)
    server.wait_for_disk(disk, "gone")


{"terraform": terraform, "bosh": bosh, "kubernetes-csi": kubernetes_csi}[sys.argv[1]]()

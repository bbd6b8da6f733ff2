"""The life of a disk with the vendor's SDK, against the endpoint and the key of the command line."""

import sys
import time

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config

REGION, ZONE = "cn-hangzhou", "cn-hangzhou-i"
IMAGE = "ubuntu_22_04_x64_20G_alibase_20240926.vhd"
TIMEOUT_S = 30


def wait_until(found, wanted):
    give_up_at = time.monotonic() + TIMEOUT_S
    while (seen := found()) != wanted:
        if time.monotonic() > give_up_at:
            raise SystemExit(f"{seen}, not {wanted}, after {TIMEOUT_S} s")
        time.sleep(0.05)


def main(endpoint, key_id, secret):
    client = Client(Config(access_key_id=key_id, access_key_secret=secret, endpoint=endpoint, protocol="HTTP"))

    def status_of_instance():
        request = models.DescribeInstanceStatusRequest(region_id=REGION, instance_id=[instance])
        return client.describe_instance_status(request).body.instance_statuses.instance_status[0].status

    def status_of_disk():
        request = models.DescribeDisksRequest(region_id=REGION, disk_ids=f'["{disk}"]')
        found = client.describe_disks(request).body.disks.disk
        return found[0].status if found else "gone"

    run = models.RunInstancesRequest(region_id=REGION, zone_id=ZONE, image_id=IMAGE, instance_type="ecs.g6.large")
    instance = client.run_instances(run).body.instance_id_sets.instance_id_set[0]
    wait_until(status_of_instance, "Running")
    create = models.CreateDiskRequest(region_id=REGION, zone_id=ZONE, size=20, disk_category="cloud_essd")
    disk = client.create_disk(create).body.disk_id
    client.attach_disk(models.AttachDiskRequest(instance_id=instance, disk_id=disk))
    wait_until(status_of_disk, "In_use")
    client.detach_disk(models.DetachDiskRequest(instance_id=instance, disk_id=disk))
    wait_until(status_of_disk, "Available")
    client.delete_disk(models.DeleteDiskRequest(disk_id=disk))
    wait_until(status_of_disk, "gone")
    print(f"{disk} was created, attached to {instance}, detached and deleted")


main(*sys.argv[1:])

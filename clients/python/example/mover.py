"""The code under test: moves a disk from one instance to another."""

import time

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config

REGION = "cn-hangzhou"
TRIES = 5


def connect(endpoint: str, key_id: str, secret: str) -> Client:
    config = Config(access_key_id=key_id, access_key_secret=secret, endpoint=endpoint, protocol="HTTP")
    return Client(config)


def move(client: Client, disk_id: str, source: str, target: str) -> None:
    """Detaches the disk, waits until it is free, and attaches it to the target."""
    _detach(client, disk_id, source)
    _wait_until(client, disk_id, "Available")
    client.attach_disk(models.AttachDiskRequest(disk_id=disk_id, instance_id=target))
    _wait_until(client, disk_id, "In_use")


def _detach(client: Client, disk_id: str, instance_id: str) -> None:
    """The cloud throttles; a refusal of that kind is worth another try."""
    for _ in range(TRIES - 1):
        try:
            client.detach_disk(models.DetachDiskRequest(disk_id=disk_id, instance_id=instance_id))
            return
        except Exception as error:
            if getattr(error, "code", "") != "Throttling.User":
                raise
    client.detach_disk(models.DetachDiskRequest(disk_id=disk_id, instance_id=instance_id))


def _wait_until(client: Client, disk_id: str, status: str) -> None:
    give_up_at = time.monotonic() + 10
    while status_of(client, disk_id) != status:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{disk_id} is not {status}")
        time.sleep(0.02)


def status_of(client: Client, disk_id: str) -> str:
    request = models.DescribeDisksRequest(region_id=REGION, disk_ids=f'["{disk_id}"]')
    return client.describe_disks(request).body.disks.disk[0].status

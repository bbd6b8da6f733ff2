"""alibabacloud-ecs20140526, the current Python SDK: both signatures, sync and async calls."""

import asyncio
import base64
import json
import re

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException, ClientException
from alibabacloud_tea_openapi.utils_models import Config

import stories
import workflows
from common import CATEGORY, IMAGE, INSTANCE_TYPE, KEY_ID, KEY_SECRET, REGION, ZONE, Client, Disk, Refusal, unique
from wire_workflows import WireWorkflows

pytestmark = pytest.mark.client("python")


def open_sdk(endpoint, secret, signature):
    """V3 is what the SDK does unasked; `v2` is its name for the RPC signature 1.0."""
    config = Config(
        access_key_id=KEY_ID, access_key_secret=secret, region_id=REGION, endpoint=endpoint, protocol="HTTP")
    if signature == "v2":
        config.signature_algorithm = "v2"
    return EcsClient(config)


class CurrentSdk(WireWorkflows, Client):
    errors = (AlibabaCloudException,)

    def __init__(self, sdk, asynchronous):
        self.sdk = sdk
        self.asynchronous = asynchronous

    def call(self, method, request):
        """The async twins encode URLs in another way, so they are worth a run of their own."""
        if self.asynchronous:
            response = asyncio.run(getattr(self.sdk, f"{method}_async")(request))
        else:
            response = getattr(self.sdk, method)(request)
        assert response.status_code == 200
        assert response.body.request_id == response.headers["x-acs-request-id"]
        return response.body

    def wire(self, action, **parameters):
        """The models of the SDK, filled and read by the names on the wire as its users may."""
        request = getattr(models, f"{action}Request")().from_map(parameters)
        return self.call(re.sub(r"(?<=.)(?=[A-Z])", "_", action).lower(), request).to_map()

    def show(self, disk):
        return shown(models.DescribeDisksResponseBodyDisksDisk().from_map(disk))

    def told(self, error):
        assert isinstance(error, ClientException)
        assert error.data["Code"] == error.code and error.data["RequestId"] == error.request_id
        return Refusal(error.status_code, error.code, error.message, error.request_id)

    def run_instance(self):
        request = models.RunInstancesRequest(
            region_id=REGION, zone_id=ZONE, instance_type=INSTANCE_TYPE, image_id=IMAGE, amount=1)
        [instance_id] = self.call("run_instances", request).instance_id_sets.instance_id_set
        return instance_id

    def instance_status(self, instance_id):
        request = models.DescribeInstancesRequest(region_id=REGION, instance_ids=json.dumps([instance_id]))
        found = self.call("describe_instances", request).instances.instance
        return found[0].status if found else None

    def delete_instance(self, instance_id):
        self.call("delete_instance", models.DeleteInstanceRequest(instance_id=instance_id, force=True))

    def create_disk(self, name, *, size=40, description=None, tags=None, token=None):
        request = models.CreateDiskRequest(
            region_id=REGION, zone_id=ZONE, disk_category=CATEGORY, disk_name=name, size=size,
            description=description, client_token=token,
            tag=[models.CreateDiskRequestTag(key, value) for key, value in (tags or {}).items()])
        return self.call("create_disk", request).disk_id

    def disk(self, disk_id):
        request = models.DescribeDisksRequest(region_id=REGION, disk_ids=json.dumps([disk_id]))
        found = self.call("describe_disks", request).disks.disk
        return shown(found[0]) if found else None

    def attach(self, instance_id, disk_id):
        request = models.AttachDiskRequest(instance_id=instance_id, disk_id=disk_id, delete_with_instance=True)
        self.call("attach_disk", request)

    def detach(self, instance_id, disk_id):
        self.call("detach_disk", models.DetachDiskRequest(instance_id=instance_id, disk_id=disk_id))

    def delete_disk(self, disk_id):
        self.call("delete_disk", models.DeleteDiskRequest(disk_id=disk_id))

    def describe_dry(self):
        return self.call("describe_disks", models.DescribeDisksRequest(region_id=REGION, dry_run=True))

    def ids_by_number(self, name):
        ids, page_number, total = [], 1, None
        while total is None or len(ids) < total:
            body = self.call("describe_disks", models.DescribeDisksRequest(
                region_id=REGION, disk_name=name, page_number=page_number, page_size=10))
            assert (body.page_number, body.page_size) == (page_number, 10)
            assert body.disks.disk, f"page {page_number} is empty before all {total} were seen"
            ids += [disk.disk_id for disk in body.disks.disk]
            page_number, total = page_number + 1, body.total_count
        return ids

    def ids_by_token(self, name):
        ids, token = [], None
        while True:
            body = self.call("describe_disks", models.DescribeDisksRequest(
                region_id=REGION, disk_name=name, max_results=10, next_token=token))
            assert len(body.disks.disk) <= 10
            ids += [disk.disk_id for disk in body.disks.disk]
            assert token is None or body.next_token != token
            token = body.next_token
            if not token:
                return ids


def shown(disk):
    return Disk(
        id=disk.disk_id, status=disk.status, size=disk.size, portable=disk.portable,
        instance_id=disk.instance_id, device=disk.device, delete_with_instance=disk.delete_with_instance,
        description=disk.description, detached_time=disk.detached_time,
        attachments=[each.instance_id for each in disk.attachments.attachment] if disk.attachments else [],
        tags={each.tag_key: each.tag_value for each in disk.tags.tag})


@pytest.fixture(params=["v3", "v3-async", "v2", "v2-async"])
def connect(request):
    signature, _, asynchronous = request.param.partition("-")
    return lambda server, secret: CurrentSdk(open_sdk(server.endpoint, secret, signature), bool(asynchronous))


class TestCurrentSdk(stories.AllStories, workflows.AllWorkflows):
    pass


def test_get_instance_console_output_is_decoded(server):
    client = CurrentSdk(open_sdk(server.endpoint, KEY_SECRET, "v3"), asynchronous=False)
    instance_id = stories.running_instance(client)
    body = client.call("get_instance_console_output", models.GetInstanceConsoleOutputRequest(
        region_id=REGION, instance_id=instance_id, remove_symbols=True))
    assert body.instance_id == instance_id
    assert base64.b64decode(body.console_output, validate=True).decode().startswith(f"{instance_id} is simulated")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", body.last_update_time)
    stories.delete_instance(client, instance_id)


def test_describe_disks_types_of_other_fields(server):
    """The typed fields that the shared view leaves out."""
    client = CurrentSdk(open_sdk(server.endpoint, KEY_SECRET, "v3"), asynchronous=False)
    disk_id = client.create_disk(unique("typed"))
    body = client.call("describe_disks", models.DescribeDisksRequest(region_id=REGION, disk_ids=json.dumps([disk_id])))
    [disk] = body.disks.disk
    assert (body.total_count, body.page_number, body.page_size) == (1, 1, 10)
    assert (disk.region_id, disk.zone_id, disk.category, disk.type) == (REGION, ZONE, CATEGORY, "data")
    assert disk.encrypted is False
    assert isinstance(disk.delete_auto_snapshot, bool) and isinstance(disk.enable_auto_snapshot, bool)
    assert disk.serial_number == disk_id.removeprefix("d-")
    assert (disk.disk_charge_type, disk.multi_attach) == ("PostPaid", "Disabled")
    assert disk.operation_locks.operation_lock == []
    assert disk.tags.tag == []


def test_dry_run_of_run_instances_runs_nothing(server):
    client = CurrentSdk(open_sdk(server.endpoint, KEY_SECRET, "v3"), asynchronous=False)
    name = unique("dry")
    request = models.RunInstancesRequest(
        region_id=REGION, zone_id=ZONE, instance_type=INSTANCE_TYPE, image_id=IMAGE, instance_name=name, dry_run=True)
    with pytest.raises(ClientException) as caught:
        client.call("run_instances", request)
    assert (caught.value.status_code, caught.value.code) == (400, "DryRunOperation")
    named = models.DescribeInstancesRequest(region_id=REGION, instance_name=name)
    assert client.call("describe_instances", named).instances.instance == []


def test_concurrent_calls_of_one_client_succeed(server):
    """Ten creations in flight together, as an asynchronous program makes them."""
    sdk = open_sdk(server.endpoint, KEY_SECRET, "v3")
    name = unique("together")

    async def create_ten():
        request = models.CreateDiskRequest(
            region_id=REGION, zone_id=ZONE, disk_category=CATEGORY, disk_name=name, size=40)
        return await asyncio.gather(*(sdk.create_disk_async(request) for _ in range(10)))

    created = {response.body.disk_id for response in asyncio.run(create_ten())}
    assert len(created) == 10
    assert set(CurrentSdk(sdk, asynchronous=False).ids_by_number(name)) == created

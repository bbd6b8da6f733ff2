"""apache-libcloud's ECS driver: GET for everything, answers in XML."""

import ast
import functools
import types

import pytest
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.providers import get_driver
from libcloud.compute.types import NodeState, Provider, StorageVolumeState, VolumeSnapshotState

import stories
import workflows
from waiting import POLL_S, WITHIN_S
from common import CATEGORY, IMAGE, INSTANCE_TYPE, KEY_ID, KEY_SECRET, REGION, ZONE, Client, Disk, Refusal, Snapshot, unique

pytestmark = pytest.mark.client("libcloud")

STATUS_OF = {
    StorageVolumeState.CREATING: "Creating",
    StorageVolumeState.AVAILABLE: "Available",
    StorageVolumeState.ATTACHING: "Attaching",
    StorageVolumeState.INUSE: "In_use",
}
NODE_STATUS_OF = {NodeState.RUNNING: "Running", NodeState.STOPPED: "Stopped"}
SNAPSHOT_STATUS_OF = {VolumeSnapshotState.AVAILABLE: "accomplished", VolumeSnapshotState.CREATING: "progressing"}


def open_driver(server, secret):
    driver = get_driver(Provider.ALIYUN_ECS)(
        KEY_ID, secret, region=REGION, secure=False, host="127.0.0.1", port=server.port)
    # The driver's own wait with its own parameters: it would look every 3 s for up to 10 minutes.
    driver._wait_until_state = functools.partial(driver._wait_until_state, wait_period=POLL_S, timeout=WITHIN_S)
    return driver


def named(resource_id):
    """The driver takes nodes, volumes, images and sizes, but reads only their ids."""
    return types.SimpleNamespace(id=resource_id)


class Libcloud(Client):
    errors = (BaseHTTPError,)

    def __init__(self, driver):
        self.driver = driver
        self.zone = ZONE
        self.snapshots = {}

    def told(self, error):
        """The driver keeps the XML error as the text of a dict."""
        fields = ast.literal_eval(error.message)
        assert fields["host_id"]
        return Refusal(error.code, fields["code"], fields["message"], fields["request_id"])

    def run_instance(self, **options):
        """CreateInstance, StartInstance, and DescribeInstances until it runs.

        There is no network, so the server takes any id for the security group that libcloud insists on.
        """
        node = self.driver.create_node(
            name=unique("node"), size=named(INSTANCE_TYPE), image=named(IMAGE), ex_security_group_id="sg-libcloud",
            **options)
        # create_node cannot name a zone, and a disk has to be where its instance is.
        self.zone = node.extra["zone_id"]
        return node.id

    def run_instance_with_disks(self, disks):
        return self.run_instance(ex_data_disks=[
            {"size": 20, "category": CATEGORY, "disk_name": name, "delete_with_instance": goes} for name, goes in disks])

    def data_disks(self, instance_id):
        filters = {"InstanceId": instance_id, "DiskType": "data"}
        return [shown(volume, STATUS_OF[volume.state]) for volume in self.driver.list_volumes(ex_filters=filters)]

    def instance_status(self, instance_id):
        nodes = self.driver.list_nodes(ex_node_ids=[instance_id])
        return NODE_STATUS_OF.get(nodes[0].state, nodes[0].state) if nodes else None

    def stop_instance(self, instance_id):
        """StopInstance, and DescribeInstances until it is stopped."""
        assert self.driver.stop_node(self.node(instance_id))

    def start_instance(self, instance_id):
        assert self.driver.start_node(self.node(instance_id))

    def node(self, instance_id):
        [node] = self.driver.list_nodes(ex_node_ids=[instance_id])
        return node

    def delete_instance(self, instance_id):
        """StopInstance, DescribeInstances until it is stopped, DeleteInstance without Force."""
        assert self.driver.destroy_node(self.node(instance_id))

    def create_disk(self, name, *, size=40, description=None, tags=None, token=None):
        """CreateDisk, and DescribeDisks for the new id; the driver knows no tags of volumes."""
        volume = self.driver.create_volume(
            size, name, ex_zone_id=self.zone, ex_disk_category=CATEGORY, ex_description=description,
            ex_client_token=token)
        assert volume.name == name
        return volume.id

    def disk(self, disk_id):
        detaching = self.driver.list_volumes(ex_volume_ids=[disk_id], ex_filters={"Status": "Detaching"})
        found = detaching or self.driver.list_volumes(ex_volume_ids=[disk_id])
        # The driver shows Detaching as INUSE; its filter by status can still tell them apart.
        return shown(found[0], "Detaching" if detaching else STATUS_OF[found[0].state]) if found else None

    def attach(self, instance_id, disk_id):
        assert self.driver.attach_volume(named(instance_id), named(disk_id), ex_delete_with_instance=True)

    def detach(self, instance_id, disk_id):
        assert self.driver.detach_volume(named(disk_id), ex_instance_id=instance_id)

    def delete_disk(self, disk_id):
        assert self.driver.destroy_volume(named(disk_id))

    def create_snapshot(self, disk_id, name):
        """CreateSnapshot, and DescribeSnapshots for the new id."""
        snapshot = self.driver.create_volume_snapshot(named(disk_id), name)
        self.snapshots[snapshot.id] = snapshot
        return snapshot.id

    def snapshot(self, snapshot_id):
        found = self.driver.list_volume_snapshots(None, ex_snapshot_ids=[snapshot_id])
        return Snapshot(
            id=found[0].id, name=found[0].extra["snapshot_name"], status=SNAPSHOT_STATUS_OF[found[0].state],
            disk_id=found[0].extra["source_disk_id"], disk_size=str(found[0].extra["source_disk_size"]),
        ) if found else None

    def delete_snapshot(self, snapshot_id):
        """The driver takes none but its own objects."""
        assert self.driver.destroy_volume_snapshot(self.snapshots[snapshot_id])

    def create_disk_from(self, snapshot_id, name, *, size):
        volume = self.driver.create_volume(
            size, name, snapshot=self.snapshots[snapshot_id], ex_zone_id=self.zone, ex_disk_category=CATEGORY)
        return volume.id

    def describe_dry(self):
        return self.driver.list_volumes(ex_filters={"DryRun": "true"})

    def ids_by_number(self, name):
        """The driver walks the pages itself, by the numbers that the answers give."""
        return [volume.id for volume in self.driver.list_volumes(ex_filters={"DiskName": name, "PageSize": 10})]


def shown(volume, status):
    """XML empties reach the user as None or "" alike."""
    extra = {name: value or "" for name, value in volume.extra.items() if not isinstance(value, bool)}
    return Disk(
        id=volume.id, status=status, size=volume.size, portable=volume.extra["portable"],
        instance_id=extra["instance_id"], device=extra["device"],
        delete_with_instance=volume.extra["delete_with_instance"], description=extra["description"],
        detached_time=extra["detached_time"], attachments=None, tags=None)


@pytest.fixture
def connect():
    return lambda server, secret: Libcloud(open_driver(server, secret))


class TestLibcloud(
        stories.Lifecycle, stories.Refusals, stories.Tokens, stories.PageNumbers, workflows.Snapshots,
        workflows.DataDisks):
    # No PageTokens: the driver knows no NextToken.

    def delete_without_looking(self, client):
        """destroy_volume refuses by itself what is not AVAILABLE, so the action is sent by hand."""
        def delete(disk_id):
            return client.driver.connection.request("/", {"Action": "DeleteDisk", "DiskId": disk_id})
        return delete


def test_libcloud_detach_finds_the_instance(server):
    """Without an instance, detach_volume reads it from InstanceId of the disk."""
    client = Libcloud(open_driver(server, KEY_SECRET))
    instance_id = stories.running_instance(client)
    disk_id = client.create_disk(unique("mine"))
    stories.watch(client, disk_id, "Available")
    client.attach(instance_id, disk_id)
    stories.watch(client, disk_id, "In_use")
    assert client.driver.detach_volume(named(disk_id))
    assert stories.watch(client, disk_id, "Available")[-1].instance_id == ""
    stories.delete_instance(client, instance_id)

"""What clients do with disks beyond attaching them: snapshots, tags, size, specification, and instances that bring disks.

Written once, as in stories.py; a client inherits what it can do, and clients.py says what it lacks.
"""

import pytest

import stories
from common import AWKWARD, KEY_SECRET, refusal, unique
from waiting import wait_for


def instance_with_disks(client, *disks):
    instance_id = client.run_instance_with_disks(disks)
    wait_for(lambda: client.instance_status(instance_id) == "Running", what=f"{instance_id} Running")
    return instance_id


@pytest.mark.workflow("snapshots")
class Snapshots:
    """A snapshot of a disk in use, and a larger disk made from it."""

    def test_snapshot_of_a_disk_in_use_makes_a_larger_disk(self, connect, server):
        client = connect(server, KEY_SECRET)
        instance_id = instance_with_disks(client, (unique("data"), True))
        [disk] = client.data_disks(instance_id)
        name = unique("snapshot")
        snapshot_id = client.create_snapshot(disk.id, name)
        wait_for(lambda: client.snapshot(snapshot_id).status == "accomplished", what=f"{snapshot_id} accomplished")
        shown = client.snapshot(snapshot_id)
        assert (shown.id, shown.name, shown.disk_id, shown.disk_size) == (snapshot_id, name, disk.id, "20")
        copy_id = client.create_disk_from(snapshot_id, unique("copy"), size=30)
        assert stories.watch(client, copy_id, "Available")[-1].size == 30
        assert refusal(client, client.delete_snapshot, snapshot_id).code == "SnapshotCreatedDisk"
        stories.delete_and_look(client, copy_id)
        client.delete_snapshot(snapshot_id)
        wait_for(lambda: client.snapshot(snapshot_id) is None, what=f"{snapshot_id} gone")
        stories.delete_instance(client, instance_id)


@pytest.mark.workflow("tags")
class Tags:
    """Tags are put on, found, replaced and taken away."""

    def test_tags_of_a_disk_are_set_found_and_removed(self, connect, server):
        client = connect(server, KEY_SECRET)
        disk_id, mine = client.create_disk(unique("tagged")), unique("mine")
        client.tag(disk_id, {"owner": mine, "note": AWKWARD})
        assert client.tags_of(disk_id) == {"owner": mine, "note": AWKWARD}
        assert client.ids_by_tag("owner", mine) == [disk_id]
        client.tag(disk_id, {"note": "short"})
        client.untag(disk_id, ["owner"])
        assert client.tags_of(disk_id) == {"note": "short"}
        assert client.ids_by_tag("owner", mine) == []
        stories.delete_and_look(client, disk_id)


@pytest.mark.workflow("specification")
class Specification:
    """ModifyDiskSpec as drivers use it: tried first, then done by a task that they watch."""

    def test_performance_level_of_a_disk_changes_by_a_task(self, connect, server):
        client = connect(server, KEY_SECRET)
        disk_id = client.create_disk(unique("faster"), size=500)
        stories.watch(client, disk_id, "Available")
        assert client.level(disk_id) == "PL1"
        told = refusal(client, client.change_level, disk_id, "PL2", dry=True)
        assert (told.status, told.code) == (400, "DryRunOperation")
        task_id = client.change_level(disk_id, "PL2")
        wait_for(lambda: client.task_status(task_id) == "Finished", what=f"{task_id} Finished")
        assert client.level(disk_id) == "PL2"
        told = refusal(client, client.change_level, stories.UNKNOWN_DISK, "PL2")
        assert (told.status, told.code) == (404, "InvalidDiskId.NotFound")
        stories.delete_and_look(client, disk_id)


@pytest.mark.workflow("instances with data disks")
class DataDisks:
    """An instance that brings its disks, is stopped and started, and takes with it what it should."""

    def test_instance_is_released_with_the_disks_that_go_with_it(self, connect, server):
        client = connect(server, KEY_SECRET)
        goes, stays = unique("goes"), unique("stays")
        instance_id = instance_with_disks(client, (goes, True), (stays, False))
        disks = client.data_disks(instance_id)
        assert sorted((disk.size, disk.status, disk.delete_with_instance) for disk in disks) == [
            (20, "In_use", False), (20, "In_use", True)]
        assert len({disk.device for disk in disks}) == 2
        client.stop_instance(instance_id)
        wait_for(lambda: client.instance_status(instance_id) == "Stopped", what=f"{instance_id} Stopped")
        client.start_instance(instance_id)
        wait_for(lambda: client.instance_status(instance_id) == "Running", what=f"{instance_id} Running")
        stories.delete_instance(client, instance_id)
        [stayed] = [disk.id for disk in disks if not disk.delete_with_instance]
        [gone] = [disk.id for disk in disks if disk.delete_with_instance]
        stories.watch(client, stayed, "Available")
        assert client.disk(gone) is None
        stories.delete_and_look(client, stayed)


def once_grown(client, call, *arguments, **options):
    """Makes a call that is refused until the resize before it has ended, as clients do that try again."""

    def accepted():
        try:
            call(*arguments, **options)
        except client.errors as error:
            assert client.told(error).code in ("InvalidOperation.Conflict", "LastOrderProcessing")
            return False
        return True

    wait_for(accepted, what="the end of the resize")


@pytest.mark.workflow("resize")
class Growth:
    """ResizeDisk as the CSI driver uses it: offline on a free disk, online on one in use, and then a single look.
    """

    def test_resize_disk_of_a_free_and_an_attached_disk(self, connect, server):
        client = connect(server, KEY_SECRET)
        instance_id = stories.running_instance(client)
        disk_id = client.create_disk(unique("grows"), size=40)
        client.resize(disk_id, 41)
        assert client.disk(disk_id).size == 41
        once_grown(client, client.attach, instance_id, disk_id)
        stories.watch(client, disk_id, "In_use")
        client.resize(disk_id, 50, kind="online")
        disk = client.disk(disk_id)
        assert (disk.size, disk.status) == (50, "In_use")
        once_grown(client, client.resize, disk_id, 51, kind="online")
        once_grown(client, client.detach, instance_id, disk_id)
        stories.watch(client, disk_id, "Available")
        told = refusal(client, client.resize, disk_id, 51)
        assert (told.status, told.code) == (403, "InvalidDiskSize")
        told = refusal(client, client.resize, disk_id, 60, kind="online")
        assert (told.status, told.code) == (403, "InvalidInstanceStatus.NotRunning")
        stories.delete_instance(client, instance_id)


class AllWorkflows(Snapshots, Tags, Growth, Specification, DataDisks):
    pass

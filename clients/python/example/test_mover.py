import pytest
from mover import connect, move, status_of

IMAGE = "ubuntu_22_04_x64_20G_alibase_20240926.vhd"


@pytest.fixture
def client(diskdock):
    return connect(diskdock.endpoint, diskdock.access_key_id, diskdock.access_key_secret)


@pytest.fixture
def machines(diskdock):
    """Two running instances, and a disk on the first."""
    wanted = {"ImageId": IMAGE, "InstanceType": "ecs.g6.large", "ZoneId": "cn-hangzhou-i", "Amount": 2}
    diskdock.clock.hold()
    first, second = diskdock.call("RunInstances", **wanted)["InstanceIdSets"]["InstanceIdSet"]
    disk = diskdock.call("CreateDisk", ZoneId="cn-hangzhou-i", Size=20, DiskCategory="cloud_essd")["DiskId"]
    diskdock.finish()
    diskdock.clock.release()
    diskdock.call("AttachDisk", InstanceId=first, DiskId=disk)
    diskdock.wait_for(disk, "In_use")
    return first, second, disk


def test_move_attaches_the_disk_to_the_target(diskdock, client, machines):
    first, second, disk = machines
    move(client, disk, first, second)
    assert diskdock.disk(disk)["InstanceId"] == second


def test_move_tries_again_when_it_is_throttled(diskdock, client, machines):
    first, second, disk = machines
    diskdock.faults.add("DetachDisk", throttle=True, times=3)
    move(client, disk, first, second)
    assert diskdock.disk(disk)["InstanceId"] == second


def test_disk_is_detaching_until_the_guest_lets_go(diskdock, client, machines):
    first, _, disk = machines
    diskdock.rules.add("detach", "hold", disk=disk)
    diskdock.call("DetachDisk", InstanceId=first, DiskId=disk)
    assert status_of(client, disk) == "Detaching"
    diskdock.finish(disk=disk)
    assert status_of(client, disk) == "Available"

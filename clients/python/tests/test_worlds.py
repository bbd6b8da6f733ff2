"""The package itself: worlds, controls, and one server for all tests."""

import diskdock as package
import pytest

NEW_DISK = {"ZoneId": "cn-hangzhou-i", "Size": 20, "DiskCategory": "cloud_essd"}


def count(world):
    return world.call("DescribeDisks")["TotalCount"]


@pytest.mark.parametrize("turn", range(4))
def test_each_test_has_a_world_of_its_own(diskdock, turn):
    assert count(diskdock) == 0
    diskdock.call("CreateDisk", **NEW_DISK)
    assert count(diskdock) == 1


def test_fork_begins_as_a_copy_and_goes_its_own_way(diskdock):
    diskdock.call("CreateDisk", **NEW_DISK)
    with diskdock.fork() as copy:
        copy.call("CreateDisk", **NEW_DISK)
        assert (count(copy), count(diskdock)) == (2, 1)
    with pytest.raises(package.ApiError) as refused:
        count(copy)
    assert refused.value.code == "InvalidAccessKeyId.NotFound"


def test_clock_is_held_and_moved(diskdock):
    diskdock.clock.hold()
    before = diskdock.clock.now()
    diskdock.clock.advance(minutes=10)
    assert (diskdock.clock.now() - before).total_seconds() == 600
    diskdock.clock.release()


def test_fault_is_answered_so_many_times(diskdock):
    diskdock.faults.add("DescribeDisks", answer="IncorrectDiskStatus", times=1)
    with pytest.raises(package.ApiError) as refused:
        count(diskdock)
    assert (refused.value.status, refused.value.code) == (403, "IncorrectDiskStatus")
    assert count(diskdock) == 0
    with pytest.raises(ValueError, match="one of answer"):
        diskdock.faults.add("DescribeDisks")


def test_refused_control_says_what_to_do(diskdock):
    with pytest.raises(package.ControlError, match="there is no instance i-1. Check the id"):
        diskdock.lock("i-1")


def test_export_is_loaded_into_another_world(diskdock, diskdock_server):
    disk = diskdock.call("CreateDisk", DiskName="kept", Tag_1_Key="team", Tag_1_Value="a b", **NEW_DISK)["DiskId"]
    with diskdock_server.world() as other:
        other.load(diskdock.export())
        assert other.disk(disk)["DiskName"] == "kept"
        assert other.disk(disk)["Tags"]["Tag"][0]["TagValue"] == "a b"


def test_wait_for_gives_up_with_the_status_that_it_saw(diskdock):
    disk = diskdock.call("CreateDisk", **NEW_DISK)["DiskId"]
    with pytest.raises(TimeoutError, match="is Available, not In_use"):
        diskdock.wait_for(disk, "In_use", timeout_s=0.05)


def test_server_ends_when_it_is_left():
    with package.Server(["--strict"]) as server, server.world() as world:
        with pytest.raises(package.ApiError) as refused:
            world.call("DescribeDisks", Nonsense="1")
        assert refused.value.status == 400
    with pytest.raises(OSError):
        server.controls.get("/health")

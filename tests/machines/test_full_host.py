"""A host whose file system is full: machines can still be stopped, and disks detached and deleted."""

import os
import shutil
import subprocess

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from host import REGION, SOON_S, TYPE, ZONE, until
from snapshots import begin, expect_no_orphans, fill as fill_disk, pause


@pytest.fixture
def small(new_host):
    """A host whose data directory has a small file system for itself."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    host = new_host()
    mounted = host.root / "small"
    mounted.mkdir()
    mounted.chmod(0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=0711", "none", mounted], check=True)
    try:
        shutil.copytree(host.data, mounted / "data")
        host.data = mounted / "data"
        yield host.start()
    finally:
        host.close()
        subprocess.run(["umount", "--lazy", mounted], check=True)


def fill(host):
    """Takes all the room that is left."""
    with (host.data.parent / "ballast").open("ab", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass
    assert shutil.disk_usage(host.data).free < 4096


def test_full_host_still_detaches_stops_and_deletes(small):
    machine, disk = small.ready(), small.disk()
    reserve = small.data / "reserve"
    until(lambda: reserve.exists() and reserve.stat().st_size > 0, "a reserve")
    whole = reserve.stat().st_size
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    fill(small)
    disk.detach(machine)
    fill(small)
    small.call("delete_disk", disk_id=disk.id)
    fill(small)
    small.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    fill(small)
    small.call("delete_instance", instance_id=machine.id)
    machine.wait("gone")
    assert reserve.stat().st_size < whole, "it was needed"
    (small.data.parent / "ballast").unlink()
    until(lambda: reserve.stat().st_size == whole, "a reserve that has grown back", SOON_S)


def refused(call, action, **parameters):
    """The code that a call is refused with."""
    with pytest.raises(ClientException) as refusal:
        call(action, **parameters)
    return refusal.value.code


def test_full_host_refuses_new_disks_and_changes_nothing(small):
    disk = small.disk()
    reserve = small.data / "reserve"
    until(lambda: reserve.exists() and reserve.stat().st_size > 0, "a reserve")
    place = {"region_id": REGION, "zone_id": ZONE}
    machine = {**place, "instance_type": TYPE, "image_id": "m-guest"}

    def disks():
        return sorted(path.name for path in (small.data / "disks").iterdir())

    before = disks()
    fill(small)
    full = "QuotaExceed.DiskCapacity"
    assert refused(small.call, "create_disk", **place, size=20, disk_category="cloud_essd") == full
    assert refused(small.call, "resize_disk", disk_id=disk.id, new_size=40) == full
    assert refused(small.call, "run_instances", **machine) == full
    assert refused(small.call, "create_instance", **machine) == full
    assert disks() == before and disk.described().size == 20 and small.operations() == []
    (small.data.parent / "ballast").unlink()
    small.call("resize_disk", disk_id=disk.id, new_size=40)
    until(lambda: disk.file.stat().st_size == 40 << 30, "a larger file")


def test_full_host_ends_a_snapshot_and_leaves_the_disk_working(small):
    small.machine, disk = small.ready(), small.disk()
    fill_disk(disk, 48)
    disk.attach(small.machine)
    small.machine.guest.wait_disk(disk.serial)
    reserve = small.data / "reserve"
    until(lambda: reserve.exists() and reserve.stat().st_size > 0, "a reserve")
    snapshot = pause(small, disk)
    fill(small)
    # Refused by QEMU, whose next write into the snapshot finds no room.
    with small.machine.qmp() as qmp:
        qmp("job-resume", id=snapshot.id)
    assert snapshot.ends() == "failed"
    expect_no_orphans(small, small.machine)
    # Refused by the server: it does not begin what cannot end well.
    fill(small)
    assert begin(small, disk).ends() == "failed"
    assert "no room" in small.log_tail() or small.given_up(disk=disk.id)
    (small.data.parent / "ballast").unlink()
    with small.machine.guest.writer(disk.serial) as writer:
        writer.wait_more()
    begin(small, disk).wait("accomplished")
    expect_no_orphans(small, small.machine)
    disk.detach(small.machine)

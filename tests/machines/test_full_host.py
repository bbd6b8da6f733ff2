"""A host whose file system is full: machines can still be stopped, and disks detached and deleted."""

import contextlib
import os
import shutil
import subprocess
import threading

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from guest import GuestError, pattern
from host import REGION, SOON_S, TYPE, ZONE, until
from snapshots import begin, expect_no_orphans, fill as fill_disk, pause

# Bytes that a guest writes of which a quarter has room.
GREED = 64 << 20


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


def leave(host, room):
    """Takes all room but this, in bytes; the guest takes the rest."""
    with (host.data.parent / "ballast").open("ab", buffering=0) as ballast:
        while (free := shutil.disk_usage(host.data).free) > room:
            ballast.write(bytes(min(free - room, 1 << 20)))


def write_in_background(guest, serial, length):
    """Starts a write in the guest; gives its thread, and a list that gets the checksum of what is durable."""
    written = []

    def write():
        # The guest may be ended meanwhile.
        with contextlib.suppress(GuestError, OSError):
            written.append(guest.write_pattern(serial, length=length, timeout=300))

    writes = threading.Thread(target=write)
    writes.start()
    return writes, written


def paused(host, machine):
    """Why the machine stands still, as `diskdock admin differences` has it."""
    rows = host.control("differences")["differences"]
    return [row["what"] for row in rows if row["instance"] == machine.id and "is paused" in row["what"]]


def test_guest_that_fills_its_host_goes_on_when_there_is_room(small):
    machine, greedy, other = small.ready(), small.disk(), small.disk()
    for disk in (greedy, other):
        disk.attach(machine)
        machine.guest.wait_disk(disk.serial)
    kept = machine.guest.write_pattern(other.serial, seed=1)
    leave(small, GREED // 4)
    writes, written = write_in_background(machine.guest, greedy.serial, GREED)
    [why] = until(lambda: paused(small, machine), "a machine that stands still", 120)
    assert "no room" in why, why
    with machine.qmp() as qmp:
        assert qmp("query-status")["status"] == "io-error"
    assert machine.status() == "Running" and writes.is_alive()
    assert small.metric("diskdock_machines_paused") == 1 and "stands still" in small.log_tail()
    # It cannot let go while it stands still, and nothing is given up or called Available meanwhile.
    other.begin_detach(machine)
    until(lambda: any(row["deadline_at"] == "stands still" for row in small.operations(disk=other.id)), "a wait")
    assert other.status() == "Detaching"
    (small.data.parent / "ballast").unlink()
    writes.join(timeout=300)
    assert not writes.is_alive(), "it does not go on by itself"
    assert written == [machine.guest.read_checksum(greedy.serial, length=GREED)]
    other.wait("Available")
    assert paused(small, machine) == [] and small.metric("diskdock_machines_paused") == 0
    other.attach(machine)
    machine.guest.wait_disk(other.serial)
    assert machine.guest.read_checksum(other.serial) == kept
    small.agrees()


def test_guest_that_fills_its_host_can_be_stopped_and_its_disk_detached_and_deleted(small):
    machine, greedy = small.ready(), small.disk()
    greedy.attach(machine)
    machine.guest.wait_disk(greedy.serial)
    machine.guest.write_pattern(greedy.serial, offset=1 << 30, seed=1)
    leave(small, GREED // 4)
    write_in_background(machine.guest, greedy.serial, GREED)
    until(lambda: paused(small, machine), "a machine that stands still", 120)
    greedy.begin_detach(machine)
    assert greedy.status() == "Detaching"
    small.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    greedy.wait("Available")
    with greedy.file.open("rb") as image:
        image.seek(1 << 30)
        assert image.read(1 << 20) == pattern(1 << 20, seed=1), "acknowledged"
    small.call("delete_disk", disk_id=greedy.id)
    small.call("delete_instance", instance_id=machine.id)
    machine.wait("gone")
    until(lambda: shutil.disk_usage(small.data).free > GREED // 4, "room")

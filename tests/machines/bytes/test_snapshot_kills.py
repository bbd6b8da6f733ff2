"""The server, and QEMU, are killed at every step of taking and deleting a snapshot, and of making a disk from one."""

import os
import signal

import pytest
from guest import verify_file
from host import Disk
from snapshots import begin, expect_no_orphans, fill, only, pause
from test_kills import restarted_at

TAKE = ["snapshot.recorded", "snapshot.opened", "snapshot.begun", "snapshot.concluded", "snapshot.flushed",
        "snapshot.durable", "snapshot.whole", "snapshot.dismissed", "snapshot.closed", "snapshot.off_record",
        "operation.ending", "operation.ended"]
TAKE_CLOSED = ["snapshot.copied", "operation.ending", "operation.ended"]
CREATE_FROM = ["snapshot.restored", "operation.ending", "operation.ended"]


def attached(host):
    """A disk on the guest, with something to copy and a pattern; its checksum."""
    disk = host.disk()
    fill(disk, 16)
    disk.attach(host.machine)
    host.machine.guest.wait_disk(disk.serial)
    return disk, host.machine.guest.write_pattern(disk.serial, seed=5)


@pytest.fixture(scope="module")
def disk(shared):
    return attached(shared)[0]


@pytest.mark.parametrize("failpoint", TAKE)
def test_snapshot_completes_after_a_server_kill_at(shared, disk, failpoint):
    with shared.machine.guest.writer(disk.serial) as writer:
        writer.wait_for(20)
        before = writer.acknowledged()
        restarted_at(shared, failpoint, lambda: shared.call("create_snapshot", disk_id=disk.id))
        snapshot = only(shared, disk)
        assert snapshot.ends() == "accomplished"
        writer.wait_more()
    made = snapshot.disk()
    assert verify_file(made.file, before) > 0
    shared.call("delete_disk", disk_id=made.id)
    snapshot.delete()
    expect_no_orphans(shared, shared.machine)


def test_snapshot_fails_when_qemu_is_killed(host):
    host.machine = host.ready()
    disk, _ = attached(host)
    snapshot = pause(host, disk)
    os.kill(host.machine.pid(), signal.SIGKILL)
    assert snapshot.ends() == "failed"
    host.machine.wait("Stopped")
    expect_no_orphans(host)


def test_server_kills_while_the_disk_is_closed(host):
    disk, machine = host.disk(), host.ready()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    pattern = machine.guest.write_pattern(disk.serial, seed=9)
    disk.detach(machine)
    for failpoint in TAKE_CLOSED:
        restarted_at(host, failpoint, lambda: host.call("create_snapshot", disk_id=disk.id))
        snapshot = only(host, disk)
        assert snapshot.ends() == "accomplished", failpoint
        expect_no_orphans(host, machine)
        if failpoint is not TAKE_CLOSED[-1]:
            snapshot.delete()
    disks = {disk.id}
    for failpoint in CREATE_FROM:
        restarted_at(host, failpoint, snapshot.disk)
        found = host.call("describe_disks", region_id="cn-hangzhou", snapshot_id=snapshot.id).disks.disk
        made = [one.disk_id for one in found if one.disk_id not in disks]
        assert len(made) == 1, failpoint
        Disk(host, made[0]).wait("Available")
        disks.add(made[0])
    for one in disks:
        again = Disk(host, one).attach(machine)
        machine.guest.wait_disk(again.serial)
        assert machine.guest.read_checksum(again.serial) == pattern
        again.detach(machine)
    restarted_at(host, "snapshot.deleted", lambda: host.call("delete_snapshot", snapshot_id=snapshot.id, force=True))
    snapshot.wait("gone")
    expect_no_orphans(host, machine)

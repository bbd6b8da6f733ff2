"""Disks that get another content on real machines: the old one or the new one, whatever is killed meanwhile."""

import pytest
from guest import pattern_checksum
from host import COMMAND_LINE, REGION, Disk
from snapshots import begin, expect_no_orphans
from test_kills import restarted_at

MIB = 1 << 20
STEPS = ["set_back.closed", "set_back.made", "set_back.named", "set_back.alone", "operation.ending", "operation.ended"]
REPLACE = ["replace.closed", "replace.made", "replace.recorded", "operation.ending", "operation.ended"]


def stop(machine):
    machine.host.call("stop_instance", instance_id=machine.id, force_stop=True)
    return machine.wait("Stopped")


def start(machine):
    machine.host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()


def system_disk(machine):
    body = machine.host.call("describe_disks", region_id=REGION, instance_id=machine.id, disk_type="system")
    return Disk(machine.host, body.disks.disk[0].disk_id)


@pytest.fixture
def written(host):
    """A machine that is on, a disk with a pattern, and a snapshot of it; then another pattern is over that."""
    host.machine, disk = host.ready(), host.disk()
    disk.attach(host.machine)
    host.machine.guest.wait_disk(disk.serial)
    host.machine.guest.write_pattern(disk.serial, seed=1)
    snapshot = begin(host, disk).wait("accomplished")
    host.machine.guest.write_pattern(disk.serial, seed=2)
    return disk, snapshot


def expect_pattern(machine, disk, seed):
    machine.guest.wait_disk(disk.serial)
    wanted = pattern_checksum(MIB, seed) if seed else EMPTY
    assert machine.guest.read_checksum(disk.serial) == wanted


# SHA-256 of 1 MiB of zeros.
EMPTY = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58"


def test_reset_disk_gives_a_disk_of_a_stopped_instance_its_snapshot_back(host, written):
    disk, snapshot = written
    stop(host.machine)
    host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id)
    disk.wait("In_use")
    start(host.machine)
    expect_pattern(host.machine, disk, 1)
    # What is written then is there too, and a detach compares with the new file.
    host.machine.guest.write_pattern(disk.serial, seed=3)
    disk.detach(host.machine)
    host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id)
    disk.wait("Available")
    disk.attach(host.machine)
    expect_pattern(host.machine, disk, 1)
    expect_no_orphans(host, host.machine)


@pytest.mark.parametrize("failpoint", STEPS)
def test_reset_disk_completes_after_a_server_kill_at(host, written, failpoint):
    disk, snapshot = written
    stop(host.machine)
    restarted_at(host, failpoint, lambda: host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id))
    disk.wait("In_use")
    start(host.machine)
    expect_pattern(host.machine, disk, 1)
    expect_no_orphans(host, host.machine)


def test_reinit_disk_empties_a_data_disk_and_starts_the_instance(host, written):
    disk, _ = written
    stop(host.machine)
    host.call("re_init_disk", disk_id=disk.id, auto_start_instance=True)
    host.machine.wait("Running")
    disk.wait("In_use")
    host.machine.guest.wait_ready()
    expect_pattern(host.machine, disk, None)
    expect_no_orphans(host, host.machine)


@pytest.mark.parametrize("failpoint", ["set_back.made", "set_back.named", "set_back.alone"])
def test_reinit_disk_of_a_system_disk_that_is_raw_completes_after_a_server_kill_at(host, failpoint):
    host.machine = machine = host.ready()
    disk = system_disk(machine)
    snapshot = begin(host, disk).wait("accomplished")
    stop(machine)
    files = lambda: [path.name for path in (host.data / "disks").glob(f"{disk.id}.*")]  # noqa: E731
    restarted_at(host, failpoint, lambda: host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id))
    disk.wait("In_use")
    assert files() == [f"{disk.id}.raw"]
    restarted_at(host, failpoint, lambda: host.call("re_init_disk", disk_id=disk.id))
    disk.wait("In_use")
    assert files() == [f"{disk.id}.qcow2"]
    start(machine)
    expect_no_orphans(host, machine)


@pytest.mark.parametrize("failpoint", [None, *REPLACE])
def test_replace_system_disk_completes_after_a_server_kill_at(host, failpoint):
    host.import_guest("other", f"{COMMAND_LINE} other=yes")
    host.machine = machine = host.ready()
    old = system_disk(machine)
    stop(machine)
    replace = lambda: host.call("replace_system_disk", instance_id=machine.id, image_id="m-other")  # noqa: E731
    if failpoint:
        restarted_at(host, failpoint, replace)
    else:
        replace()
    old.wait("gone")
    new = system_disk(machine).wait("In_use")
    assert new.id != old.id
    start(machine)
    assert "other=yes" in machine.guest.check("cat /proc/cmdline")
    expect_no_orphans(host, machine)
    assert [at["disk"] for at in machine.record()["disks"]] == [new.id]

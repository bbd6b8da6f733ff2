"""Guests with the QEMU guest agent: their file systems stand still for the moment of a snapshot, and never longer."""

import time

import pytest
from host import COMMAND_LINE, REGION, SOON_S, until
from snapshots import Snapshot, begin, expect_no_orphans, only
from test_qemu_kills import killed_at

FREEZE = ["freeze.recorded", "freeze.frozen", "freeze.begun"]
TAG = ("acs:diskdock:consistency", "file-system")
START_AGENT = """
port=$(grep -l org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name)
(qemu-ga -t /run -m virtio-serial -p /dev/$(basename $(dirname $port)) >/tmp/agent.log 2>&1 & echo $! >/run/qemu-ga)
"""


@pytest.fixture
def mounted(new_host):
    """A guest with an agent, and a file system of its on a disk."""
    host = new_host()
    host.import_guest("agent", COMMAND_LINE, initrd="initrd-agent.gz")
    host.start()
    machine, disk = host.ready(image="m-agent"), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    dev = f"/dev/disk/by-id/virtio-{disk.serial}"
    machine.guest.check(f"mke2fs {dev} 2>&1; mkdir -p /mnt/a; mount -t ext4 {dev} /mnt/a", timeout=120)
    machine.guest.check(START_AGENT)
    until(lambda: agent_listens(machine), "a guest agent that listens")
    return host, machine, disk


def agent_listens(machine):
    with machine.qmp() as qmp:
        return any(one["label"] == "agent" and one["frontend-open"] for one in qmp("query-chardev"))


def tags_of(found):
    """Groups and snapshots call the parts of their tags by other names."""
    tags = [tag.to_map() for tag in found.tags.tag] if found.tags else []
    return [(tag.get("TagKey", tag.get("Key")), tag.get("TagValue", tag.get("Value"))) for tag in tags]


def writes(machine):
    """Whether the guest's file system takes a write at once."""
    return machine.guest.run("echo more >>/mnt/a/more && sync", timeout=3)[0] == 0


def test_snapshot_of_a_guest_with_an_agent_has_what_was_not_written_out_yet(mounted):
    host, machine, disk = mounted
    machine.guest.check("echo in memory >/mnt/a/word")
    snapshot = begin(host, disk).wait("accomplished")
    assert writes(machine)
    assert TAG in tags_of(snapshot.described())
    made = snapshot.disk()
    made.attach(machine)
    machine.guest.wait_disk(made.serial)
    dev = f"/dev/disk/by-id/virtio-{made.serial}"
    machine.guest.check("mkdir -p /mnt/b")
    assert machine.guest.check(f"mount -t ext4 -o ro,noload {dev} /mnt/b && cat /mnt/b/word && umount /mnt/b") == "in memory"
    assert not machine.record().get("frozen"), machine.record()
    made.detach(machine)
    snapshot.delete()
    expect_no_orphans(host, machine)


def test_group_says_that_file_systems_stood_still(mounted):
    host, machine, disk = mounted
    group = host.call("create_snapshot_group", region_id=REGION, instance_id=machine.id, disk_id=[disk.id]).snapshot_group_id

    def described():
        found = host.call("describe_snapshot_groups", region_id=REGION, snapshot_group_id=[group])
        return found.snapshot_groups.snapshot_group[0]

    until(lambda: described().status == "accomplished", "a group", SOON_S)
    assert TAG in tags_of(described())
    assert writes(machine)
    machine.guest.check("kill $(cat /run/qemu-ga)")
    until(lambda: not agent_listens(machine), "a guest without an agent")
    snapshot = begin(host, disk).wait("accomplished")
    assert TAG not in tags_of(snapshot.described())


@pytest.mark.parametrize("failpoint", FREEZE)
def test_guest_is_thawed_after_a_server_kill_at(mounted, failpoint):
    host, machine, disk = mounted
    host.stop()
    host.start(failpoint)
    snapshot_id = None
    try:
        snapshot_id = host.call("create_snapshot", disk_id=disk.id).snapshot_id
    except Exception:  # the server may die before it has answered
        pass
    host.wait_dead()
    host.start()
    until(lambda: writes(machine), "a guest that writes again", SOON_S)
    until(lambda: not machine.record().get("frozen"), "a record of a guest that goes on")
    if snapshot_id:
        Snapshot(host, snapshot_id).wait("accomplished")
    host.agrees()


@pytest.mark.parametrize("failpoint", FREEZE)
def test_snapshot_ends_when_qemu_is_killed_at(mounted, failpoint):
    host, machine, disk = mounted
    host.machine = machine
    killed_at(host, failpoint, lambda: host.call("create_snapshot", disk_id=disk.id), server_too=False)
    snapshot = only(host, disk)
    # A job that had begun ends with QEMU. Before that, the disk may be copied when it is closed.
    assert snapshot.ends() == "failed" or failpoint != "freeze.begun"
    assert TAG not in tags_of(snapshot.described())
    snapshot.delete()
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running").guest.wait_ready(SOON_S)
    machine.guest.wait_disk(disk.serial)
    machine.guest.check(f"mkdir -p /mnt/a; mount -t ext4 /dev/disk/by-id/virtio-{disk.serial} /mnt/a", timeout=120)
    assert writes(machine)
    assert not machine.record().get("frozen")
    expect_no_orphans(host, machine)
    host.agrees()


def test_agent_that_does_not_answer_delays_its_snapshot_only(mounted):
    host, machine, disk = mounted
    machine.guest.check("kill -STOP $(cat /run/qemu-ga)")
    other = host.disk()
    began = time.monotonic()
    snapshot = begin(host, disk)
    other.attach(machine)
    assert time.monotonic() - began < 5
    snapshot.wait("accomplished")
    assert TAG not in tags_of(snapshot.described())
    assert writes(machine)
    machine.guest.check("kill -CONT $(cat /run/qemu-ga)")
    until(lambda: not machine.record().get("frozen"), "a record of a guest that goes on")
    snapshot = begin(host, disk).wait("accomplished")
    assert TAG in tags_of(snapshot.described())

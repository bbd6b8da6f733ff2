"""Disks in Ceph: attached and detached, snapshots and clones of them, and what happens while Ceph is away."""

import os
import signal
import subprocess

import pytest
from host import BINARY, REGION, SOON_S, ZONE, until
from snapshots import begin


def reason(host, disk):
    """What the operation of a disk says last."""
    rows = [row for row in host.operations(disk=disk.id) if not row["given_up"]]
    return rows[0]["last_event"] if rows else ""


def attach(machine, disk):
    """Attaches a disk, and waits until the guest has it."""
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)


def expect_again(host, machine, disk, pattern):
    """A disk that has left can be attached again, and has its bytes."""
    assert host.pool.watchers(disk.id) == []
    attach(machine, disk)
    assert machine.guest.read_checksum(disk.serial) == pattern


def test_disk_comes_goes_and_comes_again_with_its_bytes(host):
    machine, disk, pool = host.ready(), host.disk(), host.pool
    assert disk.id in pool.images()
    attach(machine, disk)
    assert len(pool.watchers(disk.id)) == 1
    pattern = machine.guest.write_pattern(disk.serial, seed=1)
    disk.detach(machine)
    assert pool.watchers(disk.id) == [], "it was Available while it was open"
    assert not machine.guest.has_disk(disk.serial)
    expect_again(host, machine, disk, pattern)
    host.call("resize_disk", disk_id=disk.id, new_size=30, type="online")
    size = f"cat /sys/block/$(basename $(readlink -f /dev/disk/by-id/virtio-{disk.serial}))/size"
    until(lambda: int(machine.guest.check(size)) == 30 << 21, "a guest that sees the new size")
    assert pool.rbd("info", disk.id)["size"] == 30 << 30
    # The key is on no command line, in no message to the monitor, and in no log.
    key = pool.keyring.read_text().split("key = ")[1].split()[0]
    texts = [open(f"/proc/{machine.pid()}/cmdline", "rb").read().decode(), host.log.read_text(),
             (machine.directory / "qmp.log").read_text()]
    assert not any(key in text for text in texts)
    disk.detach(machine)
    host.agrees()
    host.call("delete_disk", disk_id=disk.id)
    until(lambda: disk.id not in pool.images(), "an image that is deleted")
    until(lambda: disk.id not in str(pool.rbd("trash", "ls")), "a trash without it")


def test_every_acknowledged_block_is_there_after_a_detach_under_a_writer(host):
    machine, disk = host.ready(), host.disk()
    attach(machine, disk)
    with machine.guest.writer(disk.serial) as writer:
        writer.wait_for(50)
        disk.detach(machine)
        acknowledged = writer.wait_ended(SOON_S)
    assert acknowledged.count >= 50
    host.pool.verify(disk.id, acknowledged)


def test_snapshot_of_a_disk_in_use_outlives_it_and_becomes_disks(host):
    machine, disk, pool = host.ready(), host.disk(), host.pool
    attach(machine, disk)
    before = machine.guest.write_pattern(disk.serial, seed=2)
    snapshot = begin(host, disk).wait("accomplished")
    after = machine.guest.write_pattern(disk.serial, seed=3)
    assert before != after
    clone = snapshot.disk(size=25).attach(machine)
    machine.guest.wait_disk(clone.serial)
    assert machine.guest.read_checksum(clone.serial) == before
    assert machine.guest.read_checksum(disk.serial) == after
    disk.detach(machine)
    host.call("delete_disk", disk_id=disk.id)
    until(lambda: disk.id not in pool.images(), "a deleted disk")
    second = snapshot.disk().attach(machine)
    machine.guest.wait_disk(second.serial)
    assert machine.guest.read_checksum(second.serial) == before
    snapshot.delete()
    assert machine.guest.read_checksum(second.serial) == before
    # Set back to a snapshot of its own.
    own = begin(host, second).wait("accomplished")
    machine.guest.write_pattern(second.serial, seed=4)
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    host.call("reset_disk", disk_id=second.id, snapshot_id=own.id)
    until(lambda: second.status() == "In_use", "a disk that is set back")
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()
    machine.guest.wait_disk(second.serial)
    assert machine.guest.read_checksum(second.serial) == before
    for one in (clone, second):
        one.detach(machine)
        host.call("delete_disk", disk_id=one.id)
    own.delete()
    host.agrees()
    gone = [disk.id, clone.id, second.id, snapshot.id, own.id]
    until(lambda: not any(one in str(pool.rbd("trash", "ls")) for one in gone), "a trash without them")


def test_what_a_cut_off_set_back_has_left_is_used_only_if_it_is_what_is_wanted(host):
    machine, disk, pool = host.ready(), host.disk(size=20), host.pool
    attach(machine, disk)
    expected = machine.guest.write_pattern(disk.serial, seed=2)
    wanted = begin(host, disk).wait("accomplished")
    machine.guest.write_pattern(disk.serial, seed=3)
    other = begin(host, disk).wait("accomplished")
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    host.call("reset_disk", disk_id=disk.id, snapshot_id=other.id)
    until(lambda: disk.status() == "In_use", "a disk that is set back")
    # As that leaves it if it is cut off before its last step, and given up.
    image = f"{pool.name}/{disk.id}"
    pool.run("rbd", "rename", image, f"{image}.next")
    host.call("reset_disk", disk_id=disk.id, snapshot_id=wanted.id)
    until(lambda: disk.status() == "In_use" and disk.id in pool.images(), "a disk that is set back")
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()
    machine.guest.wait_disk(disk.serial)
    assert machine.guest.read_checksum(disk.serial) == expected
    assert f"{disk.id}.next" not in pool.images()


def test_server_killed_in_a_detach_ends_it_at_the_next_start(host):
    machine, disk = host.ready(), host.disk()
    attach(machine, disk)
    pattern = machine.guest.write_pattern(disk.serial, seed=5)
    for failpoint in ("unplug.let_go", "unplug.closed", "rbd.closing", "unplug.durable"):
        host.kill()
        host.start(failpoint, *host.options)
        disk.begin_detach(machine)
        host.wait_dead()
        host.start(None, *host.options)
        disk.wait("Available")
        expect_again(host, machine, disk, pattern)
    host.agrees()


def test_detach_while_ceph_is_away_waits_with_a_reason_and_ends_when_it_is_back(host):
    machine, disk, other = host.ready(), host.disk(), host.disk()
    attach(machine, disk)
    pattern = machine.guest.write_pattern(disk.serial, seed=6)
    seen = set()
    with host.pool.stop_osd() as away:
        disk.begin_detach(machine)
        until(lambda: "Ceph does not answer" in reason(host, disk), "a reason")
        # Nothing that was asked of QEMU has stopped its monitor.
        with machine.qmp() as qmp:
            assert qmp("query-status")["status"] == "running"
        host.call("attach_disk", instance_id=machine.id, disk_id=other.id)
        until(lambda: "Ceph does not answer" in reason(host, other), "a reason of the attach")
        # A new server finds the same.
        host.kill()
        host.start(None, *host.options)
        until(lambda: "Ceph does not answer" in reason(host, disk), "the same reason")
        with machine.qmp() as qmp:
            assert qmp("query-status")["status"] == "running"
        for _ in range(20):
            seen.add(disk.status())
        away.come_back()
    assert seen == {"Detaching"}
    disk.wait("Available", 2 * SOON_S)
    other.wait("In_use", 2 * SOON_S)
    expect_again(host, machine, disk, pattern)
    host.agrees()


def test_disk_of_a_killed_qemu_is_available_when_ceph_lists_it_nowhere(host):
    machine, disk = host.ready(), host.disk()
    attach(machine, disk)
    pattern = machine.guest.write_pattern(disk.serial, seed=7)
    os.kill(machine.pid(), signal.SIGKILL)
    machine.wait("Stopped")
    disk.begin_detach(machine)
    until(lambda: "is open at" in reason(host, disk) or disk.status() == "Available", "a reason")
    disk.wait("Available", 2 * SOON_S)
    assert host.pool.watchers(disk.id) == []
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running", 2 * SOON_S)
    machine.guest.wait_ready()
    attach(machine, disk)
    assert machine.guest.read_checksum(disk.serial) == pattern
    # The lock of the dead one is broken by the first write.
    machine.guest.write_pattern(disk.serial, seed=8)
    host.agrees()


def test_disk_that_is_open_elsewhere_is_not_plugged_in(host):
    machine, disk, pool = host.ready(), host.disk(), host.pool
    secret = next((host.data / "ceph").glob("*.key"))
    node = (f"driver=rbd,pool={pool.name},image={disk.id},conf={pool.directory}/ceph.conf,user=diskdock,"
            "key-secret=s")
    line = ["qemu-io", "--object", f"secret,id=s,file={secret},format=base64", "--image-opts", node]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            until(lambda: pool.watchers(disk.id), "an image that is open")
            host.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
            until(lambda: "is open at" in reason(host, disk), "a reason")
            assert disk.status() == "Attaching"
            assert not machine.guest.has_disk(disk.serial)
        finally:
            holder.communicate("quit\n", timeout=SOON_S)
    disk.wait("In_use")
    machine.guest.wait_disk(disk.serial)


def test_what_is_not_there_yet_is_refused(host):
    machine = host.ready()
    for more, code in [({"encrypted": True}, "InvalidParameter.EncryptedNotSupported"),
                       ({"multi_attach": "Enabled"}, "InvalidParameter.MultiAttach")]:
        with pytest.raises(Exception, match=code):
            host.call("create_disk", region_id=REGION, zone_id=ZONE, size=20, disk_category="cloud_essd", **more)
    disk = host.disk().attach(machine)
    with pytest.raises(Exception, match="IncorrectInstanceStatus"):
        host.call("create_snapshot_group", region_id=REGION, instance_id=machine.id, disk_id=[disk.id])
    host.stop()
    refused = subprocess.run(host_line(host), capture_output=True, text=True, timeout=SOON_S)
    assert refused.returncode != 0 and host.pool.name in refused.stderr, refused.stderr


def host_line(host):
    """A server that looks for the disks in the data directory."""
    return [str(BINARY), "serve", "--hypervisor", "qemu", "--data-dir", str(host.data), "--listen", host.endpoint]

"""One disk on two running guests: each writes while the other does, and while the other loses the disk."""

import concurrent.futures
import os
import signal
import time

import pytest
from alibabacloud_ecs20140526 import models
from guest import pattern_checksum, path_of, verify_file
from host import TYPE_THAT_SHARES, Disk, Host, until
from snapshots import begin, fill, pause
from test_kills import DETACH, expect_devices, restarted_at

MIB = 1 << 20
HALF = 10 << 30
"""Bytes from which on the second guest writes."""
PIECE_MIB, PIECES = 4, 8

# What a guest writes past its page cache, piece by piece, from a place on: its own word in every line.
WRITE = """
disk={path}
for piece in $(seq 0 {last}); do
    yes diskdock-pattern-{seed} | head -c {length} |
        dd of=$disk bs=1M iflag=fullblock oflag=direct,seek_bytes seek=$(({offset} + piece * {length})) conv=notrunc 2>/dev/null ||
        exit 1
done
"""


def ready(host):
    """A Running instance that takes multi-attach disks, whose guest answers."""
    return host.ready(TYPE_THAT_SHARES, system_disk=models.RunInstancesRequestSystemDisk(category="cloud_essd"))


@pytest.fixture(scope="module")
def pair():
    """A host with two Running guests that take multi-attach disks."""
    host = Host()
    try:
        host.start()
        host.machine = ready(host)
        host.other = ready(host)
        yield host
    finally:
        host.close()


@pytest.fixture(scope="module")
def disk(pair):
    return pair.disk(multi_attach="Enabled")


def on(disk):
    """The instances that have the disk, as DescribeDisks shows them."""
    return sorted(at.instance_id for at in disk.described().attachments.attachment or [])


def attach(disk, *machines):
    for machine in machines:
        disk.host.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
        until(lambda: disk.status() == "In_use" and machine.id in on(disk), f"{disk.id} on {machine.id}")
        machine.guest.wait_disk(disk.serial)


def wait_off(disk, machine):
    """The machine loses the disk, which is not Available as long as another one has it."""

    def is_off():
        found = disk.described()
        others = [at.instance_id for at in found.attachments.attachment or [] if at.instance_id != machine.id]
        assert found.status != "Available" or not others
        assert others and found.status in ("In_use", "Detaching")
        return machine.id not in on(disk)

    until(is_off, f"{machine.id} without {disk.id}")


def write(machine, disk, seed, offset):
    """Writes past the page cache; the end of it is awaited."""
    script = WRITE.format(path=path_of(disk.serial), last=PIECES - 1, length=PIECE_MIB * MIB, seed=seed, offset=offset)
    machine.guest.check(script, timeout=300)


def expect_pieces(machine, disk, seed, offset):
    for piece in range(PIECES):
        found = machine.guest.read_checksum(disk.serial, offset + piece * PIECE_MIB * MIB, PIECE_MIB * MIB)
        assert found == pattern_checksum(PIECE_MIB * MIB, seed), f"piece {piece} of {seed}"


def test_guests_write_different_halves_of_a_multi_attach_disk_at_once(pair, disk):
    attach(disk, pair.machine, pair.other)
    assert on(disk) == sorted([pair.machine.id, pair.other.id])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writes = [pool.submit(write, pair.machine, disk, 1, 0), pool.submit(write, pair.other, disk, 2, HALF)]
        for one in writes:
            one.result()
    for machine in (pair.machine, pair.other):
        expect_pieces(machine, disk, 1, 0)
        expect_pieces(machine, disk, 2, HALF)
    with pytest.raises(Exception, match="IncorrectVolumeStatus"):
        begin(pair, disk)
    pair.agrees()
    pair.call("detach_disk", instance_id=pair.other.id, disk_id=disk.id)
    wait_off(disk, pair.other)
    disk.detach(pair.machine)
    with disk.file.open("rb") as opened:
        for seed, offset in ((1, 0), (2, HALF)):
            opened.seek(offset)
            assert opened.read(64).startswith(f"diskdock-pattern-{seed}\n".encode())


def test_detach_under_load_leaves_the_other_guest_without_an_error(pair, disk):
    attach(disk, pair.machine, pair.other)
    with pair.machine.guest.writer(disk.serial) as writer:
        writer.wait_for(20)
        endless = f"while dd if=/dev/zero of={path_of(disk.serial)} bs=1M count=8 seek={HALF // MIB} oflag=direct; do :; done"
        pair.other.guest.check(f"setsid sh -c '{endless}' >/dev/null 2>&1 &")
        time.sleep(0.5)
        pair.call("detach_disk", instance_id=pair.other.id, disk_id=disk.id)
        wait_off(disk, pair.other)
        expect_devices(pair.other, disk, there=False)
        assert not pair.other.guest.has_disk(disk.serial)
        writer.wait_more()
        acknowledged = writer.stop()
    assert acknowledged.count > 20 and writer.why is None
    expect_devices(pair.machine, disk, there=True)
    disk.detach(pair.machine)
    assert verify_file(disk.file, acknowledged) > 0
    pair.agrees()


@pytest.mark.parametrize("failpoint", DETACH)
def test_detach_of_one_of_two_completes_after_a_server_kill_at(pair, disk, failpoint):
    present = on(disk)
    attach(disk, *[machine for machine in (pair.machine, pair.other) if machine.id not in present])
    with pair.machine.guest.writer(disk.serial) as writer:
        writer.wait_for(5)
        detach = {"instance_id": pair.other.id, "disk_id": disk.id}
        restarted_at(pair, failpoint, lambda: pair.call("detach_disk", **detach))
        wait_off(disk, pair.other)
        until(lambda: disk.status() == "In_use", "a disk that one guest still has")
        expect_devices(pair.other, disk, there=False)
        expect_devices(pair.machine, disk, there=True)
        writer.wait_more()
        assert writer.why is None
    pair.agrees()


def test_second_machine_waits_for_a_snapshot_of_the_disk(pair):
    disk = pair.disk(multi_attach="Enabled")
    fill(disk, 16)
    attach(disk, pair.machine)
    snapshot = pause(pair, disk)
    with pytest.raises(Exception, match="InvalidOperation.Conflict"):
        pair.call("attach_disk", instance_id=pair.other.id, disk_id=disk.id)
    with pair.machine.qmp() as qmp:
        qmp("job-resume", id=snapshot.id)
    snapshot.wait("accomplished").delete()
    attach(disk, pair.other)
    pair.call("detach_disk", instance_id=pair.other.id, disk_id=disk.id)
    wait_off(disk, pair.other)
    disk.detach(pair.machine)
    pair.call("delete_disk", disk_id=disk.id)


def size_in(machine, disk):
    return int(machine.guest.check(f"blockdev --getsize64 {path_of(disk.serial)}"))


def test_resize_reaches_both_guests(pair):
    disk = pair.disk(multi_attach="Enabled")
    attach(disk, pair.machine, pair.other)
    pair.call("resize_disk", disk_id=disk.id, new_size=24)
    for machine in (pair.machine, pair.other):
        until(lambda: size_in(machine, disk) == 24 << 30, "the new size in the guest")
    pair.call("detach_disk", instance_id=pair.other.id, disk_id=disk.id)
    wait_off(disk, pair.other)
    disk.detach(pair.machine)
    pair.call("delete_disk", disk_id=disk.id)


def test_killed_qemu_leaves_the_disk_to_the_other(new_host):
    host = new_host().start()
    machine, other = ready(host), ready(host)
    disk = host.disk(multi_attach="Enabled")
    attach(disk, machine, other)
    with machine.guest.writer(disk.serial) as writer:
        writer.wait_for(10)
        os.kill(other.pid(), signal.SIGKILL)
        other.wait("Stopped")
        assert disk.status() == "In_use" and len(on(disk)) == 2
        writer.wait_more()
        # It starts with the disk that the other guest is writing to.
        host.call("start_instance", instance_id=other.id)
        other.wait("Running")
        other.guest.wait_ready()
        other.guest.wait_disk(disk.serial)
        expect_devices(other, disk, there=True)
        writer.wait_more()
        host.call("delete_instance", instance_id=other.id, force=True)
        until(lambda: other.status() == "gone", "the end of the other")
        assert disk.status() == "In_use" and on(disk) == [machine.id]
        writer.wait_more()
        acknowledged = writer.stop()
    assert writer.why is None
    disk.detach(machine)
    assert verify_file(disk.file, acknowledged) > 0
    assert Disk(host, disk.id).status() == "Available"
    host.agrees()

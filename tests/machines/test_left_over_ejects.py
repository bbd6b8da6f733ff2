"""Ejects that a slow guest has queued must not take the next disk away."""

import time

import pytest
from host import until

MIB = 1 << 20
DIRTY_MIB = 32
# Writing all of it out takes the guest some 16 s.
BYTES_PER_S = 2 * MIB
# Longer than a left-over eject takes that comes right after the one that took the disk.
STAYS_S = 6


@pytest.fixture
def slow(host):
    """A busy guest with a disk that it can let go of only slowly: much is to be written to it, and that is throttled."""
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    path = f"/dev/disk/by-id/virtio-{disk.serial}"
    # The process that closes the disk last writes it out, so another keeps it open.
    keep_open = f"exec 3<>{path}; dd if=/dev/urandom of={path} bs=1M count={DIRTY_MIB} conv=notrunc; touch /run/dirty; sleep 999"
    machine.guest.check("echo 80 > /proc/sys/vm/dirty_background_ratio; echo 90 > /proc/sys/vm/dirty_ratio;"
                        f"setsid sh -c '{keep_open}' >/dev/null 2>&1 &")
    until(lambda: machine.guest.run("[ -e /run/dirty ]")[0] == 0, "a disk with much to write")
    machine.guest.check("setsid sh -c 'while :; do :; done' >/dev/null 2>&1 &")
    name = device(machine, disk)
    with machine.qmp() as qmp:
        qmp("block_set_io_throttle", id=f"/machine/peripheral/{name}/virtio-backend", bps=0, bps_rd=0, bps_wr=BYTES_PER_S, iops=0, iops_rd=0,
            iops_wr=0)
    return machine, disk


def device(machine, disk):
    """The name of the disk's device in QEMU."""
    [name] = [name for name in machine.devices() if name.startswith(f"{disk.id}.")]
    return name


def port(machine, disk):
    """The root port that the disk is on."""
    name = device(machine, disk)
    with machine.qmp() as qmp:
        return qmp("qom-get", path=f"/machine/peripheral/{name}", property="parent_bus").split("/")[-2]


def stays(machine, *disks):
    """The disks stay where they are, in the store, in QEMU and in the guest."""
    before = [device(machine, disk) for disk in disks]
    deadline = time.monotonic() + STAYS_S
    while time.monotonic() < deadline:
        assert [disk.status() for disk in disks] == ["In_use"] * len(disks)
        time.sleep(0.1)
    assert [device(machine, disk) for disk in disks] == before
    for disk in disks:
        machine.guest.wait_disk(disk.serial)


def test_attach_right_after_a_slow_detach_keeps_the_disk(host, slow):
    machine, leaves = slow
    comes = host.disk()
    began = time.monotonic()
    leaves.detach(machine)
    assert time.monotonic() - began > 5, "the guest was not slow"
    comes.attach(machine)
    stays(machine, comes)
    assert host.metric("diskdock_disks_plugged_again_total") == 0
    host.agrees()


def test_attach_during_a_slow_detach_keeps_both_that_disk_and_the_next(host, slow):
    machine, leaves = slow
    meanwhile, next_one = host.disk(), host.disk()
    left = port(machine, leaves)
    leaves.begin_detach(machine)
    # The event of this plug has the guest queue another eject of the disk that is leaving.
    time.sleep(2)
    meanwhile.attach(machine)
    # The rest of a port outlives the server.
    host.restart()
    leaves.wait("Available")
    next_one.attach(machine)
    assert port(machine, next_one) != left
    stays(machine, meanwhile, next_one)
    assert host.metric("diskdock_disks_plugged_again_total") == 0
    host.agrees()


def test_disk_ejected_without_a_request_is_plugged_in_again(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    written = machine.guest.write_pattern(disk.serial, seed=9)
    left = port(machine, disk)
    # As DetachDisk asks, but behind the server's back.
    name = device(machine, disk)
    with machine.qmp() as qmp:
        qmp("device_del", id=name)
    until(lambda: host.metric("diskdock_disks_plugged_again_total") == 1, "a disk that is plugged in again")
    assert disk.status() == "In_use"
    assert port(machine, disk) != left
    machine.guest.wait_disk(disk.serial)
    assert machine.guest.read_checksum(disk.serial) == written
    assert "without a request to detach it" in host.log_tail()
    host.agrees()
    disk.detach(machine)


def test_disk_that_cannot_be_plugged_in_again_leaves_its_machine_under_control(host):
    machine, disk, other = host.ready(), host.disk(), host.disk()
    disk.attach(machine)
    other.attach(machine)
    machine.guest.wait_disk(disk.serial)
    aside = disk.file.with_name("aside")
    disk.file.rename(aside)
    name = device(machine, disk)
    with machine.qmp() as qmp:
        qmp("device_del", id=name)
    until(lambda: "cannot plug a disk in again yet" in host.log_tail(), "a plug that fails")
    other.detach(machine)
    assert disk.status() == "In_use"
    assert any(disk.id in one["what"] for one in host.control("differences")["differences"])
    aside.rename(disk.file)
    until(lambda: host.metric("diskdock_disks_plugged_again_total") == 1, "a disk that is plugged in again", 60)
    machine.guest.wait_disk(disk.serial)
    disk.detach(machine)
    host.agrees()


def test_disk_ejected_again_and_again_stays_attached_with_a_difference(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    for times in range(1, 5):
        until(lambda: machine.guest.has_disk(disk.serial), "a disk that is plugged in again")
        name = device(machine, disk)
        with machine.qmp() as qmp:
            qmp("device_del", id=name)
            qmp.wait_event("DEVICE_DELETED", device=name)
        if times < 4:
            until(lambda: host.metric("diskdock_disks_plugged_again_total") == times, "another plug")
    until(lambda: host.control("differences")["differences"], "a difference")
    [difference] = host.control("differences")["differences"]
    assert disk.id in difference["what"] and "4 times" in difference["what"], difference
    assert disk.status() == "In_use"
    disk.detach(machine)
    assert all(not node.startswith(f"{disk.id}.") for node in machine.nodes())
    host.agrees()

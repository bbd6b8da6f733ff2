"""Limits of disks: a guest gets what the category documents, from the moment it has the disk, and what the host gives without."""

import concurrent.futures
import contextlib
import time

import pytest
from guest import path_of, verify_file
from host import until

TOLERANCE = 0.05
WINDOW_S = 4
"""Operations are counted for so long."""
ROUNDS = 15
"""Other work on the host slows a guest down, so that it may take some rounds to come to its limit."""


@pytest.fixture
def throttled(new_host):
    """A host that keeps guests to the limits of their disks, with one Running guest."""
    host = new_host().start(None, "--throttle-disks", "documented")
    host.machine = host.ready()
    return host


def attached(host, category):
    """A disk of 20 GiB on the guest of this host."""
    disk = host.disk(category=category)
    disk.attach(host.machine)
    host.machine.guest.wait_disk(disk.serial)
    return disk


@contextlib.contextmanager
def writing(machine, disk):
    """A guest that writes to a disk with many writers at a time, until the disk is gone."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(machine.guest.run, f"disk-bench {path_of(disk.serial)} write 300 64", timeout=300)
        time.sleep(1)
        try:
            yield
        finally:
            # Ends the writers, also when something was not as it should be.
            disk.detach(machine)


def device_of(machine, disk):
    """What QEMU says of a disk of a machine."""
    with machine.qmp() as qmp:
        [found] = [one["inserted"] for one in qmp("query-block")
                   if one.get("inserted", {}).get("node-name", "").startswith(f"{disk.id}.")]
    return found


def limit_of(machine, disk):
    return device_of(machine, disk)["iops"]


def writes_of(machine, disk):
    """The writes that were carried out."""
    with machine.qmp() as qmp:
        [found] = [one["stats"] for one in qmp("query-blockstats")
                   if one.get("node-name", "").startswith(f"{disk.id}.")]
    return found["wr_operations"]


def rate_of(machine, disk):
    """The writes each second of a while, as QEMU counts them, by the clock of the host; a guest's may stand still."""
    begun = time.monotonic()
    count = writes_of(machine, disk)
    time.sleep(WINDOW_S)
    later = writes_of(machine, disk)
    return (later - count) / (time.monotonic() - begun)


def expect_rate(limit, rate):
    """Demands that the rate comes to the limit in some round; it never goes beyond."""
    found = []
    for _ in range(ROUNDS):
        found.append(rate())
        assert found[-1] <= (1 + TOLERANCE) * limit, found
        if found[-1] >= (1 - TOLERANCE) * limit:
            return
    pytest.fail(f"the guest writes {found} times a second, not {limit}")


def rate_without_limit(host, disk):
    """The writes each second that the host gives while no disk is throttled."""
    host.restart("--throttle-disks", "off")
    until(lambda: limit_of(host.machine, disk) == 0, "a disk without a limit")
    found = rate_of(host.machine, disk)
    host.restart("--throttle-disks", "documented")
    until(lambda: limit_of(host.machine, disk) > 0, "the limit of the disk")
    return found


@pytest.mark.parametrize("category, iops, throughput", [("cloud", 300, 30), ("cloud_efficiency", 1960, 103)])
def test_throttled_disk_gives_the_operations_of_its_category(throttled, category, iops, throughput, record_property):
    machine, disk = throttled.machine, attached(throttled, category)
    assert (limit_of(machine, disk), device_of(machine, disk)["bps"]) == (iops, throughput << 20)
    with writing(machine, disk):
        free = rate_without_limit(throttled, disk)
        found = []
        rate = lambda: found.append(rate_of(machine, disk)) or found[-1]  # noqa: E731
        if category == "cloud" or free > 2 * iops:
            expect_rate(iops, rate)
        else:
            # A guest on a busy host may not come to as much.
            assert 300 < rate() <= (1 + TOLERANCE) * iops
        record_property("writes a second", f"{found[-1]:.0f} of {iops}, and {free:.0f} without a limit")


def test_modify_and_resize_change_the_limit_while_a_guest_writes(throttled):
    machine, disk = throttled.machine, attached(throttled, "cloud_efficiency")
    with writing(machine, disk):
        throttled.call("resize_disk", disk_id=disk.id, new_size=40, type="online")
        until(lambda: limit_of(machine, disk) == 2120, "the limit of 40 GiB", 1)
        until(lambda: not throttled.operations(disk=disk.id), "the end of the resize")
        throttled.call("modify_disk_spec", disk_id=disk.id, disk_category="cloud_essd", performance_level="PL0")
        until(lambda: limit_of(machine, disk) == 2280, "the limit of PL0", 1)
        assert 300 < rate_of(machine, disk) <= (1 + TOLERANCE) * 2280
        until(lambda: disk.described().iops == 2280, "a disk that is described as it is limited")


def test_throttled_disk_leaves_under_load_with_all_that_was_acknowledged(throttled):
    machine, disk = throttled.machine, attached(throttled, "cloud")
    with machine.guest.writer(disk.serial) as writer:
        writer.wait_for(200)
        begun = time.monotonic()
        disk.detach(machine)
        took = time.monotonic() - begun
        acknowledged = writer.wait_ended()
    assert verify_file(disk.file, acknowledged) >= 200
    assert took < 5, took
    throttled.agrees()


def test_limit_is_there_after_a_stop_and_a_restart_of_the_server_and_lifted_by_off(throttled):
    machine, disk = throttled.machine, attached(throttled, "cloud")
    [root] = [at["disk"] for at in machine.record()["disks"] if at["disk"] != disk.id]
    throttled.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    late = throttled.disk(category="cloud_efficiency").attach(machine)
    throttled.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    assert (limit_of(machine, disk), limit_of(machine, late)) == (300, 1960)
    with machine.qmp() as qmp:
        assert all(one["inserted"]["iops"] for one in qmp("query-block") if root in str(one)), "the system disk too"
    throttled.restart("--throttle-disks", "off")
    assert (limit_of(machine, disk), limit_of(machine, late)) == (0, 0)
    machine.guest.wait_ready()
    machine.guest.wait_disk(disk.serial)
    with writing(machine, disk):
        assert rate_of(machine, disk) > 2 * 300, "what the host gives"
    throttled.restart("--throttle-disks", "documented")
    until(lambda: limit_of(machine, late) == 1960, "the limit after a restart")
    throttled.agrees()


def test_disk_that_its_guest_ejects_comes_back_with_its_limit(throttled):
    machine, disk = throttled.machine, attached(throttled, "cloud")
    [device] = [name for name in machine.devices() if name.startswith(disk.id)]
    with machine.qmp() as qmp:
        qmp("device_del", id=device)
    until(lambda: throttled.metric("diskdock_disks_plugged_again_total") == 1, "a disk that is plugged in again")
    assert limit_of(machine, disk) == 300

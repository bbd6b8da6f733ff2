"""What a guest discards is free on the host again, and DescribeDisks tells how much a disk takes."""

import json

import pytest
from guest import path_of
from host import REGION, until
from snapshots import MIB, begin

WRITTEN_MIB = 64


def used_bytes(host, disk):
    """How much storage the disk takes, as the API says."""
    line = ("call", "DescribeDisks", "--RegionId", REGION, "--DiskIds", json.dumps([disk.id]), "--AdditionalAttributes.1", "UsedBytes")
    return json.loads(host.command(*line).stdout)["Disks"]["Disk"][0]["UsedBytes"]


def allocated_bytes(host, disk):
    """How much storage its file takes."""
    [file] = (host.data / "disks").glob(f"{disk.id}.*")
    return file.stat().st_blocks * 512


def restored(host):
    """A disk that was made from a snapshot."""
    disk = host.disk()
    disk.attach(host.machine)
    snapshot = begin(host, disk).wait("accomplished")
    disk.detach(host.machine)
    return snapshot.disk()


@pytest.mark.parametrize("make", [lambda host: host.disk(), restored, lambda host: host.disk(encrypted=True)],
                         ids=["plain", "restored", "encrypted"])
def test_discard_reaches_the_host(shared, make):
    guest, disk = shared.machine.guest, make(shared)
    disk.attach(shared.machine)
    guest.wait_disk(disk.serial)
    before = allocated_bytes(shared, disk)
    guest.write_pattern(disk.serial, offset=8 * MIB, length=WRITTEN_MIB * MIB, seed=4)
    assert allocated_bytes(shared, disk) >= before + WRITTEN_MIB * MIB
    until(lambda: used_bytes(shared, disk) == allocated_bytes(shared, disk), "as much as the file takes")
    guest.check(f"blkdiscard -o {8 * MIB} -l {WRITTEN_MIB * MIB} {path_of(disk.serial)}")
    assert allocated_bytes(shared, disk) < before + 8 * MIB
    until(lambda: used_bytes(shared, disk) == allocated_bytes(shared, disk), "as much as the file takes")
    # It reads as zeros, and is written again.
    assert guest.check(f"dd if={path_of(disk.serial)} bs=1M skip=8 count=1 2>/dev/null | tr -d '\\0' | wc -c") == "0"
    pattern = guest.write_pattern(disk.serial, offset=8 * MIB, seed=5)
    assert guest.read_checksum(disk.serial, offset=8 * MIB) == pattern
    disk.detach(shared.machine)
    shared.agrees()

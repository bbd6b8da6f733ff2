"""Measures how much longer DetachDisk takes than QEMU's bare commands: python bench_detach.py [ROUNDS].

Prints both in milliseconds, for disks to which different things were done before. Other work on the host counts as well, and so
does the way through the SDK: use a release build (DISKDOCK_MACHINES_BIN) on a quiet host.
"""

import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest"))

from host import Host, until  # noqa: E402
from snapshots import begin, fill  # noqa: E402


def milliseconds(begun):
    return (time.monotonic() - begun) * 1000


def bare(host, file):
    """The time in which the guest lets go of a disk and QEMU closes its file, by QEMU's commands alone."""
    machine = host.machine
    with machine.qmp() as qmp:
        ports = [one["name"] for one in qmp("qom-list", path="/machine/peripheral") if one["name"].startswith("rp")]
        node = {"driver": "raw", "node-name": "bare", "file": {"driver": "file", "filename": str(file)}}
        qmp("blockdev-add", **node)
        qmp("device_add", driver="virtio-blk-pci", id="bare-device", drive="bare", serial="bare", addr="0.0",
            bus=max(ports, key=lambda name: int(name.removeprefix("rp"))))
        machine.guest.wait_disk("bare")
        begun = time.monotonic()
        qmp("device_del", id="bare-device")
        qmp.wait_event("DEVICE_DELETED", device="bare-device")
        qmp("blockdev-del", **{"node-name": "bare"})
        took = milliseconds(begun)
    machine.guest.wait_disk("bare", present=False)
    return took


def detached(host, disk):
    """The time from the request until the disk is Available."""
    disk.attach(host.machine)
    host.machine.guest.wait_disk(disk.serial)
    begun = time.monotonic()
    disk.begin_detach(host.machine)
    until(lambda: disk.status() == "Available", "the detach", pause_s=0.003)
    return milliseconds(begun)


def plain(host):
    return host.disk()


def with_snapshot(host):
    """A disk of which a snapshot was made while the guest had it."""
    disk = host.disk()
    fill(disk, 16)
    disk.attach(host.machine)
    begin(host, disk).wait("accomplished")
    return disk.detach(host.machine)


def set_back(host):
    """A disk that was set back to its snapshot."""
    disk = with_snapshot(host)
    snapshot = host.call("describe_snapshots", region_id="cn-hangzhou", disk_id=disk.id).snapshots.snapshot[0]
    host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.snapshot_id)
    return disk.wait("Available")


def from_snapshot(host):
    """A disk that was made from a snapshot."""
    snapshot = begin(host, set_back(host)).wait("accomplished")
    return snapshot.disk()


def encrypted(host):
    return host.disk(encrypted=True)


def throttled(host):
    """A disk whose limits are those of a slow category."""
    host.restart("--throttle-disks", "documented")
    return host.disk(category="cloud_efficiency")


def measured(host, make, rounds):
    """Pairs of the time by QEMU's commands and by DetachDisk."""
    disk, file = make(host), host.root / "bare.raw"
    with file.open("wb") as opened:
        opened.truncate(1 << 30)
    owner = next((host.data / "disks").glob(f"{disk.id}.*")).stat()
    os.chown(file, owner.st_uid, owner.st_gid)
    return [(bare(host, file), detached(host, disk)) for _ in range(rounds)]


def main(rounds=20):
    host = Host()
    try:
        host.start()
        host.machine = host.ready()
        for make in (plain, with_snapshot, set_back, from_snapshot, encrypted, throttled):
            by_hand, by_call = zip(*measured(host, make, int(rounds)))
            shown = [f"{kind(by_hand):.1f} and {kind(by_call):.1f} ms" for kind in (statistics.median, min)]
            print(f"{make.__name__}: by hand and by DetachDisk {shown[0]}, at best {shown[1]}", flush=True)
    finally:
        host.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

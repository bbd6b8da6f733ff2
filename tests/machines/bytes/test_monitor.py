"""DescribeDiskMonitorData of real disks: what QEMU counted, minute by minute."""

import datetime
import time

from guest import path_of
from host import until

WRITES, BYTES = 2000, 4096
LOOKED_AT_S = 8
"""The server has looked at the counts again after so long."""


def shown(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def points(host, disk):
    """The points of the minutes around now."""
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = now - datetime.timedelta(minutes=10), now + datetime.timedelta(minutes=10)
    body = host.call("describe_disk_monitor_data", disk_id=disk.id, start_time=shown(start), end_time=shown(end))
    return body.monitor_data.disk_monitor_data


def test_describe_disk_monitor_data_tells_what_a_guest_wrote(host):
    machine, disk = host.ready(), host.disk()
    # The first look at a machine only begins to count.
    time.sleep(LOOKED_AT_S)
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    machine.guest.check(f"dd if=/dev/zero of={path_of(disk.serial)} bs={BYTES} count={WRITES} oflag=direct 2>/dev/null")
    time.sleep(LOOKED_AT_S)

    def written():
        return [point for point in points(host, disk) if point.bpswrite > 0]

    # A point tells of the minute before its time. The writes may have fallen into two.
    until(written, "a point with writes", 90, pause_s=1)
    found = until(lambda: sum(point.iopswrite * 60 for point in written()) >= WRITES - 120 and written(), "all writes", 90,
                  pause_s=1)
    # Values are rounded down to whole bytes and operations a second.
    assert WRITES * BYTES - 120 <= sum(point.bpswrite * 60 for point in found) <= WRITES * BYTES, found
    assert sum(point.iopswrite * 60 for point in found) <= WRITES, found
    assert all(point.latency_write > 0 for point in found), found
    assert sum(point.bpsread for point in found) < sum(point.bpswrite for point in found)

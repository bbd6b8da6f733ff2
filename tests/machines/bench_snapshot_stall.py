"""Measures how long a guest's writes stand still while its disk is copied: python bench_snapshot_stall.py [ROUNDS] [MIB].

Prints the longest time that one 4 KiB write with its sync took, in milliseconds, without a snapshot and with one.
"""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest"))

from host import Host  # noqa: E402
from snapshots import fill, give_blocks, longest_write, longest_write_of_snapshot  # noqa: E402

SECONDS = 8
"""The writer writes for so long."""
SPAN_MIB = 256


def measured(host, rounds, mib):
    """Pairs of the longest write without and with a snapshot."""
    host.machine, disk = host.ready(), host.disk()
    fill(disk, mib)
    disk.attach(host.machine)
    host.machine.guest.wait_disk(disk.serial)
    give_blocks(host.machine.guest, disk, SPAN_MIB)
    found = []
    for _ in range(rounds):
        alone = longest_write(host.machine.guest, disk, SECONDS, SPAN_MIB)
        copied, took = longest_write_of_snapshot(host, disk, SECONDS, SPAN_MIB)
        print(f"without {alone:6.0f} ms  with {copied:6.0f} ms  (copied in {took:.1f} s)", flush=True)
        found.append((alone, copied))
    return found


def main(rounds=5, mib=1024):
    host = Host()
    try:
        found = measured(host.start(), int(rounds), int(mib))
    finally:
        host.close()
    alone, copied = (statistics.median(column) for column in zip(*found))
    print(f"median: without {alone:.0f} ms, with {copied:.0f} ms", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

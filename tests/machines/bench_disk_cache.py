"""Measures a guest's disk under each --disk-cache, turn by turn: python bench_disk_cache.py [ROUNDS] [SECONDS].

Prints requests each second (MiB for stream): the median of all rounds.
"""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest"))

from guest import path_of  # noqa: E402
from host import Host  # noqa: E402

MODES = ["sync", "write", "read", "stream"]
SPAN_MIB = 512


def measured(host, cache, seconds, found):
    host.start(None, "--disk-cache", cache)
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    path = path_of(disk.serial)
    # Every place has bytes of its own before anything is measured.
    machine.guest.check(f"dd if=/dev/zero of={path} bs=1M count={SPAN_MIB} conv=fsync 2>/dev/null", timeout=300)
    for mode in MODES:
        rate = machine.guest.check(f"disk-bench {path} {mode} {seconds} {SPAN_MIB}", timeout=60 + 4 * seconds)
        found.setdefault((cache, mode), []).append(float(rate))
    disk.detach(machine)
    host.call("delete_instance", instance_id=machine.id, force=True)
    machine.wait("gone")
    host.kill()


def main(rounds=3, seconds=5):
    host, found = Host(), {}
    try:
        for _ in range(int(rounds)):
            for cache in ("writeback", "none"):
                measured(host, cache, int(seconds), found)
    finally:
        host.close()
    for mode in MODES:
        rates = {cache: statistics.median(found[cache, mode]) for cache in ("writeback", "none")}
        print(f"{mode:8} writeback {rates['writeback']:8.0f}  none {rates['none']:8.0f}  "
              f"none/writeback {rates['none'] / rates['writeback']:.2f}", flush=True)


main(*sys.argv[1:])

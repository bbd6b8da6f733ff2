"""Disks that go from host to host under load, and the parts that are killed meanwhile at random moments."""

import contextlib
import os
import random
import subprocess
import time

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
# How often each part is killed.
ROUNDS = int(os.environ.get("ROUNDS", "1"))
# How long a change of a disk may take, with Ceph away for some of it.
SETTLES_S = 120


def control_postgres(verb):
    subprocess.run([os.environ["DISKDOCK_TEST_POSTGRES_CONTROL"], verb], check=True, timeout=60, stdout=subprocess.DEVNULL)


def victims(cluster):
    """How each part is killed, and started again, by its name."""
    pool = cluster.pool
    parts = {process.name: (process.kill, process.start) for process in [*cluster.servers, *cluster.hosts]}
    parts["osd"] = (lambda: pool.control_osd("stop"), lambda: pool.control_osd("start"))
    parts["postgres"] = (lambda: control_postgres("stop"), lambda: control_postgres("start"))
    return parts


class Traveller:
    """A disk that goes from instance to instance, written and read by each."""

    def __init__(self, cluster, machines, seed):
        self.cluster, self.machines, self.random = cluster, machines, random.Random(seed)
        self.disk, self.written, self.rounds = cluster.disk(size=20), None, 0

    def bring_to(self, act, machine, wanted):
        """Asks for a change again and again, whatever becomes of each call, until the disk has this status."""
        deadline, found = time.monotonic() + SETTLES_S, None
        while found != wanted:
            assert time.monotonic() < deadline, f"{self.disk.id} is {found}, not {wanted}"
            # A call may be refused, or have no answer: then what it did is unknown.
            with contextlib.suppress(Exception):
                found = self.disk.status()
                if found in ("Available", "In_use") and found != wanted:
                    self.cluster.call(f"{act}_disk", instance_id=machine.id, disk_id=self.disk.id)
            time.sleep(0.1)

    def travel(self):
        """Goes to one instance, and leaves it again."""
        here, there = self.random.sample(self.machines, 2)
        self.bring_to("attach", here, "In_use")
        here.guest.wait_disk(self.disk.serial)
        assert not [name for name in there.devices() if name.startswith(self.disk.id)], "it has two holders"
        if self.written:
            assert here.guest.read_checksum(self.disk.serial) == self.written, f"{self.disk.id} has lost bytes"
        self.written = here.guest.write_pattern(self.disk.serial, seed=self.random.randrange(1 << 16))
        self.bring_to("detach", here, "Available")
        self.rounds += 1

    def travel_until(self, ends):
        while not ends.is_set():
            self.travel()


def kill_at_random(cluster, dice):
    """Kills each part at some moment, and starts it again."""
    parts = victims(cluster)
    for name in [name for _ in range(ROUNDS) for name in dice.sample(sorted(parts), len(parts))]:
        kill, start = parts[name]
        time.sleep(dice.uniform(0, 3))
        kill()
        time.sleep(dice.uniform(0, 2))
        start()

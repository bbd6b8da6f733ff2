"""What a test does inside the guest that tests/guest/build makes, and what it then demands of the disk's file.

    guest = Guest(port)                 # the host's port that QEMU forwards to the guest's port 23
    guest.wait_ready(timeout=60)
    status, output = guest.run("uname -r")
    with guest.writer("d-1") as writer:
        writer.wait_for(100)            # a hundred blocks are durable
        ...                             # detach the disk
        acknowledged = writer.wait_ended(timeout=60)
    verify_file("/path/to/d-1.raw", acknowledged)
"""

import contextlib
import dataclasses
import hashlib
import math
import random
import re
import shlex
import socket
import struct
import threading
import time
import zlib

BLOCK = 4096
"""Bytes of a numbered block; its layout is told in disk-writer.c."""

EXIT = re.compile(rb"\ndiskdock-exit (\d+)\n\Z")
READY = b"diskdock-guest: ready"
"""The line on its console with which the agent begins to answer."""
NO_ANSWER_S = 3
"""Seconds on top of a script's own time after which the guest counts as dead."""


class GuestError(Exception):
    """The guest did not do what it was asked, or did not answer."""


class Guest:
    """A guest whose agent is reached at a port of this host. Any number of threads may use it at a time."""

    def __init__(self, port, host="127.0.0.1", console=None):
        """`console` is the file of its console, if it has one; `wait_ready` then connects when the agent is there."""
        self.address = (host, port)
        self.console = console
        self._ready_at_boot = {}

    def run(self, script, timeout=30, answer_timeout=None):
        """Runs a shell script; returns (exit status, output with the errors in it).

        It is killed after `timeout` seconds. A guest without an answer after `answer_timeout` seconds (somewhat longer
        than `timeout` by default) counts as dead: GuestError.
        """
        connection = self._start(script, timeout)
        try:
            answer = _read_all(connection, answer_timeout or timeout + NO_ANSWER_S)
        finally:
            connection.close()
        end = EXIT.search(answer)
        if not end:
            raise GuestError(f"the agent was cut off after {answer!r}")
        return int(end[1]), answer[: end.start()].decode(errors="replace")

    def check(self, script, timeout=30):
        """As `run`, but demands that the script succeeds; returns its output without white space around it."""
        status, output = self.run(script, timeout)
        if status != 0:
            raise GuestError(f"{script!r} ended with {status}: {output}")
        return output.strip()

    def wait_ready(self, timeout=60, other_than=None):
        """Returns the `boot` of the guest once its agent answers, and the boot is another than the one given."""
        found, timeout_s = None, 0.2

        def answers():
            nonlocal found, timeout_s
            # passt keeps a core busy for 10 s with a connection that is given up before the guest answered it.
            if not self._says_ready(self._ready_at_boot.get(other_than, 0)):
                return False
            try:
                found = self.boot(timeout_s)
            except (OSError, GuestError):
                # A connection that was made too early is never answered; a guest with much to do answers late.
                timeout_s = min(1.1 * timeout_s, 2)
                return False
            return found != other_than

        wait_until(answers, timeout, "the guest's agent does not answer")
        return found

    def _times_ready(self):
        """How often the console says that the agent is there; a machine's console goes on in the same file."""
        return self.console.read_bytes().count(READY) if self.console and self.console.is_file() else 0

    def _says_ready(self, more_often_than):
        """Whether this QEMU's guest has said it, and more often than before; true of a guest without a console."""
        if not self.console:
            return True
        pid = self.console.with_name("qemu.pid")
        with contextlib.suppress(FileNotFoundError):
            return self.console.stat().st_mtime >= pid.stat().st_mtime and self._times_ready() > more_often_than
        return False

    def disks(self):
        """The guest's view of its disks: {serial: name in /dev}."""
        return dict(line.split() for line in self.check("disk-by-serial").splitlines())

    def has_disk(self, serial):
        """Whether the guest sees a disk with this serial."""
        return serial in self.disks()

    def wait_disk(self, serial, present=True, timeout=30):
        """Returns once the guest sees the disk and its link in /dev/disk/by-id, or no longer sees either."""
        link = shlex.quote(path_of(serial))
        script = f"disk-by-serial {shlex.quote(serial)} && [ -b {link} ]"
        if not present:
            script = f"! disk-by-serial {shlex.quote(serial)} && [ ! -L {link} ]"
        what = f"the guest {'does not see' if present else 'still sees'} disk {serial}"
        wait_until(lambda: self.run(script)[0] == 0, timeout, what)

    def write_pattern(self, serial, offset=0, length=1 << 20, seed=0, timeout=120):
        """Writes `length` bytes that depend on `seed` at `offset` and makes them durable; returns their SHA-256.

        Both numbers are bytes. `pattern_checksum` is the same sum without a guest.
        """
        disk = shlex.quote(path_of(serial))
        self.check(
            f"yes {_pattern_word(seed)} | head -c {length}"
            f" | dd of={disk} bs=64k iflag=fullblock seek={offset} oflag=seek_bytes conv=notrunc,fsync",
            timeout,
        )
        return pattern_checksum(length, seed)

    def read_checksum(self, serial, offset=0, length=1 << 20, timeout=120):
        """SHA-256 of `length` bytes of the disk at `offset`, read from the disk and not from the guest's memory."""
        disk = shlex.quote(path_of(serial))
        answer = self.check(
            f"set -o pipefail; blockdev --flushbufs {disk}; echo 3 >/proc/sys/vm/drop_caches; dd if={disk} bs=64k"
            f" iflag=skip_bytes,count_bytes skip={offset} count={length} 2>/dev/null | sha256sum",
            timeout,
        )
        return answer.split()[0]

    def writer(self, serial, run=None, seconds=3600):
        """Starts to write numbered blocks to the disk until it is gone, the guest ends or `seconds` have passed."""
        return self.file_writer(path_of(serial), run, seconds)

    def file_writer(self, path, run=None, seconds=3600):
        """As `writer`, for any device or any file that has its full size already."""
        run = random.getrandbits(63) if run is None else run
        script = f"exec disk-writer {shlex.quote(path)} {run}"
        return Writer(self._start(script, seconds), run)

    def ignore_unplug(self):
        """From now on the guest does not answer when a device is to go, nor sees that one has come."""
        self.check("unplug ignore")

    def answer_unplug(self):
        """The guest answers again, also what it has missed."""
        self.check("unplug answer")

    def ignore_power_button(self):
        """From now on the guest does nothing when its power button is pressed."""
        self.check("touch /run/ignore-power-button")

    def answer_power_button(self):
        """The guest switches off again when its power button is pressed; what it has missed stays missed."""
        self.check("rm -f /run/ignore-power-button")

    def power_off(self):
        """The guest writes everything out and switches off by itself; returns at once."""
        self._leave("umount -a -r; sync; poweroff -f")

    def reboot(self, timeout=60):
        """The guest resets itself; returns when it is up again."""
        before = self.boot()
        self._leave("sync; reboot -f")
        self.wait_ready(timeout, other_than=before)

    def boot(self, answer_timeout=2):
        """An identifier that the guest gets anew at every boot."""
        times_ready = self._times_ready()
        # QEMU accepts connections for a guest that is down, which then hear nothing: better ask again soon.
        status, output = self.run("cat /proc/sys/kernel/random/boot_id", answer_timeout=answer_timeout)
        if status != 0:
            raise GuestError(output)
        self._ready_at_boot[output.strip()] = times_ready
        return output.strip()

    def _leave(self, script):
        # In a session of its own and a little later, so that this answer still comes through.
        script = f"usleep 100000; {script}"
        self.check(f"setsid sh -c {shlex.quote(script)} >/dev/null 2>&1 &")

    def _start(self, script, seconds):
        text = script.encode()
        connection = socket.create_connection(self.address, timeout=10)
        connection.sendall(b"%d %d\n%s" % (max(1, math.ceil(seconds)), len(text), text))
        return connection


@dataclasses.dataclass(frozen=True)
class Acknowledged:
    """What a writer has been told to be durable."""

    run: int
    blocks: int
    """The writer comes back to its first block after this many."""
    count: int
    """Blocks 0 to count - 1 were acknowledged, in this order."""


class Writer:
    """A writer in the guest. Reads what it acknowledges until it ends; `why` then tells the reason it gave, or None
    where the guest was cut off."""

    def __init__(self, connection, run):
        self.run = run
        self.blocks = 0
        self.count = 0
        self.why = None
        self.ended = False
        self._connection = connection
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def acknowledged(self):
        """What is acknowledged by now."""
        with self._changed:
            return Acknowledged(self.run, self.blocks, self.count)

    def wait_for(self, count, timeout=60):
        """Returns once `count` blocks in all are acknowledged."""
        with self._changed:
            self._changed.wait_for(lambda: self.count >= count or self.ended, timeout)
            if self.count < count:
                raise GuestError(f"{self.count} of {count} blocks acknowledged; ended: {self.ended}, why: {self.why}")

    def wait_more(self, timeout=60):
        """Returns once a block is acknowledged that was written after this call."""
        # The next one may be under way already.
        self.wait_for(self.acknowledged().count + 2, timeout)

    def wait_ended(self, timeout=60):
        """Waits for the end of the writer; returns all it acknowledged."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended, timeout):
                raise GuestError(f"the writer still writes after {timeout} s, {self.count} blocks by now")
        return self.acknowledged()

    def stop(self):
        """Cuts the writer off, so that it ends at its next block; returns all it acknowledged."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        return self.wait_ended()

    def _read(self):
        self._connection.settimeout(None)
        try:
            with self._connection, self._connection.makefile("r", errors="replace") as lines:
                for line in lines:
                    self._take(line)
        except OSError:
            pass
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _take(self, line):
        # A line that was cut in two must not count as a smaller number.
        if not line.endswith("\n"):
            return
        with self._changed:
            if line.startswith("blocks "):
                self.blocks = int(line.split()[1])
            elif line.startswith("ended: "):
                self.why = line.removeprefix("ended: ").strip()
            elif line.strip().isdigit():
                self.count = int(line) + 1
                self._changed.notify_all()


def path_of(serial):
    """Where the guest's programs find the disk."""
    return f"/dev/disk/by-id/virtio-{serial}"


def pattern_checksum(length, seed=0):
    """SHA-256 of what `Guest.write_pattern` writes."""
    return hashlib.sha256(pattern(length, seed)).hexdigest()


def pattern(length, seed=0):
    """The bytes that `Guest.write_pattern` writes."""
    line = f"{_pattern_word(seed)}\n".encode()
    return (line * (length // len(line) + 1))[:length]


def verify_file(path, acknowledged, offset=0):
    """Demands that a raw file holds every acknowledged block; returns how many it looked at.

    A place may hold a block of the same run that was written over it later, acknowledged or not.
    `offset` is where in it the writer's device or file begins, in bytes.
    """
    lost = []
    seen = range(max(0, acknowledged.count - acknowledged.blocks), acknowledged.count)
    with open(path, "rb") as file:
        for number in seen:
            place = number % acknowledged.blocks
            file.seek(offset + place * BLOCK)
            found, why = _number_of(file.read(BLOCK), acknowledged.run)
            if found is None or found < number or found % acknowledged.blocks != place:
                lost.append(f"block {number} at place {place}: {why or f'block {found}'}")
    if lost:
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise AssertionError(f"{path} lost {len(lost)} of {len(seen)} blocks: {'; '.join(lost[:5])}{more}")
    return len(seen)


def _number_of(block, run):
    """(number, None) of an intact block of this run, else (None, why it is none)."""
    if len(block) < BLOCK:
        return None, "the file ends before it"
    magic, found_run, number = struct.unpack_from("<8sQQ", block)
    if magic != b"DISKDOCK":
        return None, "never written" if not any(block) else "something else"
    if found_run != run:
        return None, f"a block of run {found_run}"
    if zlib.crc32(block[:-4]) != struct.unpack("<I", block[-4:])[0]:
        return None, "torn"
    return number, None


def _pattern_word(seed):
    return f"diskdock-pattern-{int(seed)}"


def _read_all(connection, timeout):
    """All that comes until the other side closes."""
    deadline = time.monotonic() + timeout
    parts = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise GuestError(f"no end after {timeout} s; came so far: {b''.join(parts)[-200:]!r}")
        connection.settimeout(left)
        try:
            part = connection.recv(1 << 16)
        except TimeoutError:
            continue
        if not part:
            return b"".join(parts)
        parts.append(part)


def wait_until(holds, timeout, otherwise, pause=0.05):
    """Asks `holds` again and again until it is true; raises GuestError with `otherwise` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise GuestError(f"{otherwise} after {timeout} s")
        time.sleep(pause)

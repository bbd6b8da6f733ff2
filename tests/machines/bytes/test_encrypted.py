"""Encrypted disks: no plain text in any file, the keys nowhere but in their own, and kills at every step."""

import hashlib
import json
import os
import pathlib
import re
import subprocess

import pytest
from alibabacloud_ecs20140526 import models
from guest import path_of, pattern_checksum
from host import REGION, ZONE, Disk, until
from snapshots import Snapshot, begin, expect_no_orphans, only
from test_kills import restarted_at

MIB = 1 << 20
ENCRYPTED = models.RunInstancesRequestSystemDisk(category="cloud_essd", encrypted="true")
WORD = "neverToBeFoundInPlain"
"""What the guest writes all over a piece of a disk."""
WRITTEN = f"yes {WORD} | head -c {{length}} | dd of={{disk}} bs=64k iflag=fullblock seek={{at}} oflag=seek_bytes conv=fsync"


def encrypted_disk(host, **more):
    disk = host.disk(encrypted=True, **more)
    disk.file = host.data / "disks" / f"{disk.id}.qcow2"
    return disk


def attach(disk, machine):
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    return disk


def write_word(machine, disk, length=4 * MIB, at=0):
    machine.guest.check(WRITTEN.format(length=length, disk=path_of(disk.serial), at=at))


def key_files(host):
    return sorted((host.data / "keys").glob("*"))


def keys(host):
    return [path.read_text() for path in key_files(host)]


def holding(host, *words):
    """The files of disks and snapshots that hold one of these words."""
    # A plain disk is a sparse file of 20 GiB.
    files = [*(host.data / "disks").rglob("*.qcow2"), *(host.data / "snapshots").rglob("*")]
    patterns = [arg for word in words for arg in ("-e", word)]
    line = ["grep", "--files-with-matches", "--fixed-strings", "--text", *patterns, "--", *(one for one in files if one.is_file())]
    return subprocess.run(line, capture_output=True, text=True).stdout.split()


def expect_keys_nowhere(host):
    """No key is in the arguments or environment of a process, in a log, a record or the store."""
    secrets = [key.encode() for key in keys(host)]
    assert secrets and all(re.fullmatch(rb"[0-9a-f]{64}", key) for key in secrets)
    places = [path for path in host.data.rglob("*") if path.is_file() and path.parent.name != "keys"]
    places = [path for path in places if path.parent.name not in ("disks", "snapshots", "images")] + [host.log]
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        places += [process / "cmdline", process / "environ"]
    places.append(subprocess.run(["ps", "axeww"], capture_output=True).stdout)
    for place in places:
        try:
            text = place if isinstance(place, bytes) else place.read_bytes()
        except OSError:
            continue
        assert not any(key in text for key in secrets), place
    assert holding(host, *keys(host)) == []


def expect_no_orphan_keys(host):
    def strangers():
        known = {path.name.split(".")[0] for folder in ("disks", "snapshots") for path in (host.data / folder).iterdir()}
        return [path.name for path in key_files(host) if path.stem not in known]

    until(lambda: strangers() == [], "no keys of nothing")


def delete(disk):
    disk.host.call("delete_disk", disk_id=disk.id)
    disk.wait("gone")


def reason(host, **wanted):
    """Why the latest operation was given up."""
    return until(lambda: host.given_up(**wanted), "an operation that was given up")[-1]["last_event"]


@pytest.fixture
def written(host):
    """A guest with an encrypted disk that it has written to."""
    host.machine = host.ready()
    disk = attach(encrypted_disk(host), host.machine)
    write_word(host.machine, disk)
    return disk


def test_what_a_guest_writes_is_nowhere_in_plain_and_no_key_is_told(host):
    machine = host.machine = host.ready(system_disk=ENCRYPTED)
    disk = attach(encrypted_disk(host), machine)
    plain = attach(host.disk(), machine)
    write_word(machine, disk)
    pattern = machine.guest.write_pattern(disk.serial, offset=64 * MIB, seed=3)
    # The boot disk of the guest has free room at its end.
    system = next(name for serial, name in machine.guest.disks().items() if serial not in (disk.serial, plain.serial))
    machine.guest.check(WRITTEN.format(length=MIB, disk=f"/dev/{system}", at=32 * MIB))
    assert holding(host, WORD) == []
    # In a plain disk it is there.
    write_word(machine, plain)
    with plain.file.open("rb") as opened:
        assert opened.read(MIB).startswith(WORD.encode())
    info = json.loads(subprocess.check_output(["qemu-img", "info", "-U", "--output=json", disk.file]))
    assert info["format-specific"]["data"]["encrypt"]["format"] == "luks" and info["virtual-size"] == 20 << 30
    assert info["actual-size"] < 64 * MIB, "holes stay holes"
    assert len(keys(host)) == 2
    expect_keys_nowhere(host)
    # The objects with the keys are gone once the disks are open.
    with machine.qmp() as qmp:
        assert [one["name"] for one in qmp("qom-list", path="/objects") if one["name"].startswith("key-")] == []
    assert machine.guest.read_checksum(disk.serial, offset=64 * MIB) == pattern
    # Larger while the guest runs, and through a reboot.
    host.call("resize_disk", disk_id=disk.id, new_size=24, type="online")
    until(lambda: machine.guest.check(f"blockdev --getsize64 {path_of(disk.serial)}") == str(24 << 30), "the larger disk")
    disk.detach(machine)
    attach(disk, machine)
    assert machine.guest.read_checksum(disk.serial, offset=64 * MIB) == pattern
    expect_keys_nowhere(host)
    disk.detach(machine)
    delete(disk)
    until(lambda: len(keys(host)) == 1, "the key of the system disk alone")
    expect_no_orphans(host, machine)
    host.call("delete_instance", instance_id=machine.id, force=True)
    until(lambda: keys(host) == [], "no keys", 60)


def test_snapshot_of_a_running_guest_and_all_that_is_made_of_it_is_encrypted(host, written):
    machine, disk = host.machine, written
    pattern = machine.guest.write_pattern(disk.serial, offset=8 * MIB, seed=1)
    snapshot = begin(host, disk).wait("accomplished")
    machine.guest.write_pattern(disk.serial, offset=8 * MIB, seed=2)
    made = snapshot.disk(24)
    assert made.described().encrypted
    attach(made, machine)
    assert machine.guest.read_checksum(made.serial, offset=8 * MIB) == pattern
    copy = host.call("copy_snapshot", region_id=REGION, snapshot_id=snapshot.id, destination_region_id="cn-beijing",
                     destination_snapshot_name="copy", destination_snapshot_description="of it").snapshot_id
    until(lambda: (host.data / "snapshots" / f"{copy}.qcow2").exists(), "the copy")
    assert holding(host, WORD) == []
    assert len(set(keys(host))) == 4
    expect_keys_nowhere(host)
    # What is exported is in plain, by the word of who may read the directory, and without a key.
    file = host.root / "data.raw"
    told = host.command("disk", "export", snapshot.id, file, "--data-dir", host.data)
    assert "is encrypted, and the export is not" in told.stderr
    with file.open("rb") as opened:
        content = opened.read(16 * MIB)
    assert content.startswith(WORD.encode()) and not any(key.encode() in content for key in keys(host))
    # Set back, with the disk closed.
    disk.detach(machine)
    host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id)
    disk.wait("Available")
    attach(disk, machine)
    assert machine.guest.read_checksum(disk.serial, offset=8 * MIB) == pattern
    # Deleted in any order, nothing takes anything from another.
    snapshot.delete()
    disk.detach(machine)
    delete(disk)
    assert machine.guest.read_checksum(made.serial, offset=8 * MIB) == pattern
    made.detach(machine)
    delete(made)
    host.call("delete_snapshot", snapshot_id=copy, force=True)
    until(lambda: keys(host) == [], "no keys")
    expect_no_orphans(host, machine)


@pytest.mark.parametrize("fault", ["lost", "wrong"])
def test_start_and_attach_without_the_key_are_refused_with_the_reason(host, written, fault):
    machine, disk = host.machine, written
    key = host.data / "keys" / f"{disk.id}.key"
    right = key.read_text()

    def spoil():
        key.unlink() if fault == "lost" else key.write_text("0123456789abcdef" * 4)

    spoil()
    if fault == "lost":
        # A guest that runs goes on, and the operator is told.
        found = until(lambda: host.control("differences")["differences"], "a difference")
        assert any(disk.id in str(one) and "is not its key" in str(one) for one in found), found
    disk.detach(machine)
    host.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
    why = reason(host, disk=disk.id)
    assert disk.id in why and "is encrypted" in why and f"{disk.id}.key" in why and "backup" in why, why
    assert right not in why
    disk.wait("Available")
    key.write_text(right)
    attach(disk, machine)
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    spoil()
    host.call("start_instance", instance_id=machine.id)
    until(lambda: any("is encrypted" in row["last_event"] for row in host.given_up(instance=machine.id)), "a start that failed")
    machine.wait("Stopped")
    key.write_text(right)
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()
    machine.guest.wait_disk(disk.serial)
    wanted = (f"{WORD}\n" * (4 * MIB))[: 4 * MIB]
    found = machine.guest.check(f"dd if={path_of(disk.serial)} bs=1M count=4 2>/dev/null | sha256sum").split()[0]
    assert found == hashlib.sha256(wanted.encode()).hexdigest()
    host.agrees()


def test_key_of_kms_that_is_to_be_deleted_keeps_a_disk_from_use(host):
    machine = host.ready()
    made = host.command("call", "Kms.CreateKey", "--RegionId", REGION)
    key = json.loads(made.stdout)["KeyMetadata"]["KeyId"]
    disk = encrypted_disk(host, kmskey_id=key)
    host.command("call", "Kms.ScheduleKeyDeletion", "--KeyId", key, "--PendingWindowInDays", "7")
    with pytest.raises(Exception, match="CMKNotEnabled"):
        host.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
    delete(disk)
    until(lambda: keys(host) == [], "no keys")


@pytest.mark.parametrize("failpoint", ["encrypted.key_made", "operation.ending", "operation.ended"])
def test_create_disk_completes_after_a_server_kill_at(host, failpoint):
    create = lambda: host.call("create_disk", region_id=REGION, zone_id=ZONE, size=20, disk_category="cloud_essd", encrypted=True)  # noqa: E731
    restarted_at(host, failpoint, create)
    (found,) = host.call("describe_disks", region_id=REGION).disks.disk
    disk = Disk(host, found.disk_id).wait("Available")
    assert [path.name for path in key_files(host)] == [f"{disk.id}.key"]
    host.machine = host.ready()
    attach(disk, host.machine)
    write_word(host.machine, disk)
    assert holding(host, WORD) == []
    disk.detach(host.machine)
    restarted_at(host, "encrypted.file_deleted", lambda: host.call("delete_disk", disk_id=disk.id))
    until(lambda: key_files(host) == [], "no keys")
    expect_no_orphans(host, host.machine)


@pytest.mark.parametrize("failpoint", ["encrypted.key_given", "plug.opened", "plug.added"])
def test_attach_completes_after_a_server_kill_at(host, failpoint):
    host.machine = host.ready()
    disk = encrypted_disk(host)
    restarted_at(host, failpoint, lambda: host.call("attach_disk", instance_id=host.machine.id, disk_id=disk.id))
    disk.wait("In_use")
    host.machine.guest.wait_disk(disk.serial)
    pattern = host.machine.guest.write_pattern(disk.serial, seed=7)
    disk.detach(host.machine)
    attach(disk, host.machine)
    assert host.machine.guest.read_checksum(disk.serial) == pattern == pattern_checksum(MIB, 7)
    expect_no_orphans(host, host.machine)


@pytest.mark.parametrize("failpoint", ["encrypted.snapshot_ready", "snapshot.opened", "snapshot.begun", "snapshot.flushed", "snapshot.whole"])
def test_snapshot_completes_after_a_server_kill_at(host, written, failpoint):
    restarted_at(host, failpoint, lambda: host.call("create_snapshot", disk_id=written.id))
    snapshot = only(host, written)
    assert snapshot.ends() == "accomplished"
    assert holding(host, WORD) == []
    expect_no_orphan_keys(host)
    made = attach(snapshot.disk(), host.machine)
    sums = [host.machine.guest.check(f"dd if={path_of(one.serial)} bs=1M count=4 2>/dev/null | sha256sum") for one in (written, made)]
    assert sums[0] == sums[1]
    restarted_at(host, "snapshot.deleted", lambda: host.call("delete_snapshot", snapshot_id=snapshot.id, force=True))
    snapshot.wait("gone")
    expect_no_orphan_keys(host)
    expect_no_orphans(host, host.machine)


@pytest.mark.parametrize("failpoint", ["set_back.made", "set_back.named"])
def test_reinit_of_an_encrypted_disk_completes_after_a_server_kill_at(host, written, failpoint):
    host.call("stop_instance", instance_id=host.machine.id, force_stop=True)
    host.machine.wait("Stopped")
    restarted_at(host, failpoint, lambda: host.call("re_init_disk", disk_id=written.id))
    written.wait("In_use")
    host.call("start_instance", instance_id=host.machine.id)
    host.machine.wait("Running")
    host.machine.guest.wait_ready()
    host.machine.guest.wait_disk(written.serial)
    zeros = host.machine.guest.check(f"dd if={path_of(written.serial)} bs=1M count=4 2>/dev/null | tr -d '\\0' | wc -c")
    assert zeros == "0"
    expect_no_orphan_keys(host)
    expect_no_orphans(host, host.machine)


def test_failed_snapshot_leaves_no_key(host, written):
    snapshot = begin(host, written)
    until(lambda: Snapshot(host, snapshot.id).status() != "progressing" or (host.data / "snapshots" / f"{snapshot.id}.part").exists(),
          "a snapshot under way", pause_s=0.005)
    os.kill(host.machine.pid(), 9)
    snapshot.ends()
    host.machine.wait("Stopped")
    snapshot.delete()
    until(lambda: [path.stem for path in key_files(host)] == [written.id], "the key of the disk alone")
    expect_no_orphans(host)

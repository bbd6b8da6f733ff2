"""Disks and snapshots as files, and files as disks, while guests run and servers are killed."""

import json

import pytest
from guest import pattern_checksum, verify_file
from host import ZONE, Disk, until
from snapshots import begin, expect_no_orphans
from test_kills import restarted_at

MIB = 1 << 20
IMPORT = ["import.durable", "import.named", "operation.ending", "operation.ended"]


def export(host, source, file, *more, check=True):
    return host.command("disk", "export", source, file, "--data-dir", host.data, *more, check=check)


def imported(host, file, *more):
    """A new Available disk with the content of a file."""
    line = ("disk", "import", file, "--zone", ZONE, "--format", "raw", "--output", "json", "--data-dir", host.data)
    return Disk(host, json.loads(host.command(*line, *more).stdout)["disk"])


def test_export_of_a_snapshot_holds_what_was_acknowledged_while_the_guest_writes_on(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    file = host.root / "data.raw"
    with machine.guest.writer(disk.serial) as writer:
        writer.wait_for(50)
        refused = export(host, disk.id, file, check=False)
        assert refused.returncode == 1 and "is in use" in refused.stderr and "CreateSnapshot" in refused.stderr
        before = writer.acknowledged()
        snapshot = begin(host, disk).wait("accomplished")
        export(host, snapshot.id, file)
        writer.wait_more()
        assert writer.why is None
    assert verify_file(file, before) > 0
    assert file.stat().st_size == 20 << 30 and file.stat().st_blocks * 512 < 1 << 30
    # What was exported is a disk again, for another guest to read.
    again = imported(host, file, "--name", "again")
    assert again.described().disk_name == "again"
    assert verify_file(again.file, before) > 0
    snapshot.delete()
    expect_no_orphans(host, machine)


def test_imported_disk_is_read_by_a_guest(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    pattern = machine.guest.write_pattern(disk.serial, seed=3)
    disk.detach(machine)
    file = host.root / "data.qcow2"
    export(host, disk.id, file)
    line = ("disk", "import", file, "--zone", ZONE, "--size", "24", "--output", "json", "--data-dir", host.data)
    told = json.loads(host.command(*line).stdout)
    assert told["size_gib"] == 24
    again = Disk(host, told["disk"]).attach(machine)
    machine.guest.wait_disk(again.serial)
    assert machine.guest.read_checksum(again.serial) == pattern == pattern_checksum(MIB, 3)
    again.detach(machine)
    expect_no_orphans(host, machine)


@pytest.mark.parametrize("failpoint", IMPORT)
def test_import_completes_after_a_server_kill_at(host, failpoint):
    file = host.root / "data.raw"
    with file.open("wb") as opened:
        opened.truncate(64 * MIB)
        opened.seek(4096)
        opened.write(b"from elsewhere")
    line = ("disk", "import", file, "--zone", ZONE, "--format", "raw", "--data-dir", host.data)
    restarted_at(host, failpoint, lambda: host.command(*line, check=False))
    # The command saw its server die; the disk is made all the same, or there is none.
    until(lambda: all(row["given_up"] for row in host.operations()), "the end of the import")
    found = host.call("describe_disks", region_id="cn-hangzhou").disks.disk
    for one in found:
        disk = Disk(host, one.disk_id)
        assert disk.status() == "Available"
        with disk.file.open("rb") as opened:
            opened.seek(4096)
            assert opened.read(14) == b"from elsewhere"
    assert len(found) == 1 or failpoint == "import.durable"
    expect_no_orphans(host)

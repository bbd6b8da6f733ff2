"""Disks with missing, replaced or damaged files: they stay attached, with a reason and a remedy."""

import pytest
from host import until


@pytest.fixture
def written(shared):
    """A disk on the guest of this file, with a pattern in it, and the pattern's checksum."""
    machine, disk = shared.machine, shared.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    return disk, machine.guest.write_pattern(disk.serial, seed=7)


def stays(host, machine, disk, word):
    """DetachDisk ends in In_use, with a reason that says what to do."""
    disk.begin_detach(machine)
    row = until(lambda: host.given_up(disk=disk.id), "a detach that is given up")[0]
    assert word in row["last_event"], row
    disk.wait("In_use")
    assert any(node.startswith(f"{disk.id}.") for node in machine.nodes()), "QEMU still has it open"
    assert word in host.log_tail()


def leaves(machine, disk):
    """The disk comes off; the server may have noticed by itself that it can."""
    if disk.status() == "In_use":
        try:
            disk.begin_detach(machine)
        except Exception:
            assert disk.status() == "Available"
    disk.wait("Available")


def checksum_elsewhere(host, disk, machine):
    """The checksum in the guest after the disk was detached and attached again."""
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    found = machine.guest.read_checksum(disk.serial)
    disk.detach(machine)
    return found


def test_detach_with_a_deleted_file_keeps_the_disk_until_restored(shared, written):
    machine, (disk, pattern) = shared.machine, written
    disk.file.unlink()
    stays(shared, machine, disk, "missing")
    differences = shared.control("differences")["differences"]
    assert any(disk.id in one["what"] for one in differences), differences
    shared.command("admin", "restore", disk.id)
    leaves(machine, disk)
    assert checksum_elsewhere(shared, disk, machine) == pattern
    shared.agrees()


def test_detach_with_a_replaced_file_keeps_the_disk_until_restored(shared, written):
    machine, (disk, pattern) = shared.machine, written
    aside = disk.file.with_suffix(".aside")
    disk.file.rename(aside)
    other = shared.disk()
    other.file.rename(disk.file)
    stays(shared, machine, disk, "another file")
    refused = shared.command("admin", "restore", disk.id, check=False)
    assert refused.returncode != 0 and "move that file away" in refused.stderr, refused.stderr
    aside.rename(disk.file)
    leaves(machine, disk)
    assert checksum_elsewhere(shared, disk, machine) == pattern


def test_machine_with_the_last_copy_of_a_disk_is_not_stopped_rebooted_or_deleted(shared, written):
    machine, (disk, pattern) = shared.machine, written
    aside = disk.file.with_suffix(".aside")
    disk.file.rename(aside)
    for action, options in [
        ("stop_instance", {"force_stop": True}),
        ("stop_instance", {}),
        ("reboot_instance", {}),
        ("delete_instance", {"force": True}),
    ]:
        before = len(shared.given_up(instance=machine.id))
        shared.call(action, instance_id=machine.id, **options)
        rows = until(lambda: (rows := shared.given_up(instance=machine.id)) and len(rows) > before and rows, action)
        assert disk.id in rows[0]["last_event"] and "last copy" in rows[0]["last_event"], rows[0]
        machine.wait("Running")
        assert disk.status() == "In_use"
    aside.rename(disk.file)
    leaves(machine, disk)
    assert checksum_elsewhere(shared, disk, machine) == pattern
    shared.agrees()


def test_last_copy_that_is_lost_while_its_guest_is_asked_to_shut_down_is_not_closed(shared, written):
    machine, (disk, pattern) = shared.machine, written
    aside = disk.file.with_suffix(".aside")
    machine.guest.ignore_power_button()
    shared.call("stop_instance", instance_id=machine.id)
    until(lambda: "asked to shut down" in "".join(o["last_event"] for o in shared.operations(instance=machine.id)), "a guest that was asked")
    disk.file.rename(aside)
    before = len(shared.given_up(instance=machine.id))
    shared.control("clock/advance", {"milliseconds": 61_000})
    rows = until(lambda: (rows := shared.given_up(instance=machine.id)) and len(rows) > before and rows, "a stop that is given up")
    assert disk.id in rows[0]["last_event"] and "last copy" in rows[0]["last_event"], rows[0]
    machine.wait("Running")
    aside.rename(disk.file)
    leaves(machine, disk)
    assert checksum_elsewhere(shared, disk, machine) == pattern


def test_admin_accept_takes_the_present_file(shared, written):
    machine, (disk, pattern) = shared.machine, written
    disk.file.unlink()
    refused = shared.command("admin", "accept", disk.id, check=False)
    assert refused.returncode != 0 and "missing" in refused.stderr, refused.stderr
    with disk.file.open("wb") as empty:
        empty.truncate(20 << 30)
    stays(shared, machine, disk, "another file")
    shared.command("admin", "accept", disk.id)
    leaves(machine, disk)


def test_file_replaced_after_an_accept_keeps_the_disk(shared, written):
    machine, (disk, pattern) = shared.machine, written
    shared.command("admin", "accept", disk.id)
    aside = disk.file.with_suffix(".aside")
    disk.file.rename(aside)
    shared.disk().file.rename(disk.file)
    stays(shared, machine, disk, "another file")
    aside.rename(disk.file)
    leaves(machine, disk)
    assert checksum_elsewhere(shared, disk, machine) == pattern


def test_detach_while_stopped_of_a_disk_whose_file_is_missing_is_refused(host):
    machine, disk = host.ready(), host.disk()
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    disk.attach(machine)
    aside = disk.file.with_suffix(".aside")
    disk.file.rename(aside)
    disk.begin_detach(machine)
    row = until(lambda: host.given_up(disk=disk.id), "a detach that is given up")[0]
    assert "missing" in row["last_event"], row
    assert disk.status() == "In_use"
    aside.rename(disk.file)
    disk.detach(machine)


def test_failed_sync_keeps_the_disk_until_an_operator_accepts_it(new_host, monkeypatch):
    host = new_host()
    monkeypatch.setenv("DISKDOCK_FAILPOINT_ERROR", "volume.sync")
    host.start()
    monkeypatch.delenv("DISKDOCK_FAILPOINT_ERROR")
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    pattern = machine.guest.write_pattern(disk.serial, seed=3)
    # The host fails once, and would say nothing the next time.
    for attempt in ("first", "again", "after a restart"):
        if attempt == "after a restart":
            host.restart()
        before = len(host.given_up(disk=disk.id))
        disk.begin_detach(machine)
        rows = until(lambda: (rows := host.given_up(disk=disk.id)) and len(rows) > before and rows, attempt)
        assert "lost" in rows[0]["last_event"] and "admin accept" in rows[0]["last_event"], rows[0]
        disk.wait("In_use")
        [damaged] = host.control("disks/damaged")["damaged"]
        assert damaged["disk"] == disk.id and "lost" in damaged["why"]
        assert host.metric("diskdock_disks_damaged") == 1
    host.command("admin", "accept", disk.id)
    leaves(machine, disk)
    assert host.metric("diskdock_disks_damaged") == 0
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    assert machine.guest.read_checksum(disk.serial) == pattern
    host.agrees()


def test_unknown_files_are_reported_as_differences(shared):
    stray = shared.data / "disks" / "d-stray.raw"
    stray.write_bytes(bytes(512))
    differences = shared.control("differences")["differences"]
    assert any("d-stray" in one["what"] for one in differences), differences
    stray.unlink()
    shared.agrees()


def test_older_store_is_refused_and_once_accepted_the_unknown_machine_is_a_difference(host):
    host.stop()
    # A clean stop leaves the whole state in one file.
    older = (host.data / "books.sqlite").read_bytes()
    host.start()
    machine = host.ready()
    host.kill()
    for file in host.data.glob("books.sqlite*"):
        file.unlink()
    (host.data / "books.sqlite").write_bytes(older)
    with pytest.raises(AssertionError, match="store-mark"):
        host.start()
    (host.data / "store-mark").unlink()
    host.start()
    differences = host.control("differences")["differences"]
    assert any(one["instance"] == machine.id and "is on" in one["what"] for one in differences), differences

"""Privileges of QEMU, access to files, and missing files and programs."""

import os
import pathlib
import pwd
import stat

from host import until


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_qemu_process_has_minimal_privileges(shared):
    machine = shared.machine
    status = status_of(machine.pid())
    assert status["Seccomp"] == "2"
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
        assert status["Groups"].strip() == "" or status["Groups"].split() == [str(nobody.pw_gid)]
        assert int(status["CapEff"], 16) == 0
    arguments = pathlib.Path(f"/proc/{machine.pid()}/cmdline").read_bytes().split(b"\0")
    assert b"-nodefaults" in arguments and b"-sandbox" in arguments


def test_files_sockets_and_consoles_are_private(shared):
    machine, disk = shared.machine, shared.disk()
    assert stat.S_IMODE(machine.run.stat().st_mode) == 0o700
    assert stat.S_IMODE(disk.file.stat().st_mode) & 0o007 == 0
    assert stat.S_IMODE((shared.data / "books.sqlite").stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((shared.data / "admin-token").stat().st_mode) & 0o077 == 0


def test_get_differences_asks_nothing_of_qemu(shared):
    machine, disk = shared.machine, shared.disk()
    disk.attach(machine)
    log = machine.directory / "qmp.log"

    def commands():
        return sum(line.split(" ", 3)[2] == ">" for line in log.read_text().splitlines())

    before, times = commands(), 40
    for _ in range(times):
        assert shared.control("differences")["differences"] == []
    assert commands() - before < times
    disk.detach(machine)


def test_qmp_log_has_the_commands_and_events_of_a_detach(shared):
    machine, disk = shared.machine, shared.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    disk.detach(machine)
    log = machine.directory / "qmp.log"
    device = f'"{disk.id}.1"'
    words = [(">", f'"id":{device}'), (">", f'"device_del","arguments":{{"id":{device}'), ("<", '"DEVICE_DELETED"'),
             (">", f'"blockdev-del","arguments":{{"node-name":{device}'), ("<", '"return"')]
    until(lambda: said_about(log, words), "a log of it")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def said_about(log, words):
    """The lines with these signs and words, one after the other; none if there are not all of them."""
    lines, found = iter(log.read_text().splitlines()), []
    for sign, word in words:
        line = next((line for line in lines if line.split(" ", 3)[2] == sign and word in line), None)
        if line is None:
            return None
        found.append(line)
    return found


def test_second_opener_finds_the_file_locked(shared):
    import subprocess

    machine, disk = shared.machine, shared.disk()
    disk.attach(machine)
    opened = subprocess.run(["qemu-io", "-f", "raw", "-c", "write 0 512", str(disk.file)], capture_output=True, text=True)
    assert opened.returncode != 0 and "lock" in opened.stderr
    disk.detach(machine)


def test_missing_file_fails_the_attach_with_a_reason(shared):
    machine, disk = shared.machine, shared.disk()
    hidden = disk.file.with_suffix(".hidden")
    disk.file.rename(hidden)
    shared.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
    until(lambda: shared.given_up(disk=disk.id), "a refusal")
    disk.wait("Available")
    [row] = shared.given_up(disk=disk.id)
    assert "missing" in row["last_event"], row
    hidden.rename(disk.file)
    disk.attach(machine)
    disk.detach(machine)
    shared.agrees()


def test_start_with_a_damaged_system_disk_ends_stopped_with_a_reason(host):
    machine = host.ready()
    [system] = machine.devices()
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    volume = host.data / "disks" / f"{system.rsplit('.', 1)[0]}.qcow2"
    whole = volume.read_bytes()
    volume.write_bytes(b"rubbish" + whole[7:])
    host.call("start_instance", instance_id=machine.id)
    until(lambda: host.given_up(instance=machine.id), "a refusal")
    machine.wait("Stopped")
    reason = host.given_up(instance=machine.id)[0]["last_event"]
    assert volume.name in reason or "qcow2" in reason, reason
    volume.write_bytes(whole)
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")


def test_start_without_qemu_ends_stopped_with_a_remedy(new_host):
    host = new_host().start(None, "--qemu", "/nowhere/qemu-system-x86_64")
    machine = host.launch()
    until(lambda: host.given_up(instance=machine.id), "a refusal")
    machine.wait("Stopped")
    reason = host.given_up(instance=machine.id)[0]["last_event"]
    assert "/nowhere/qemu-system-x86_64" in reason, reason


def test_qemu_that_exits_at_once_is_restarted_a_bounded_number_of_times(new_host):
    host = new_host()
    program = host.root / "qemu"
    # As often as the file says, a machine does not start.
    failures = host.root / "failures"
    program.write_text(f"""#!/bin/sh
case "$*" in *isa-debug-exit* | "-machine help") exec qemu-system-x86_64 "$@";; esac
echo >> {host.root}/starts
if [ "$(wc -l < {host.root}/starts)" -le "$(cat {failures})" ]; then echo no room >&2; exit 1; fi
exec qemu-system-x86_64 "$@"
""")
    program.chmod(0o755)
    starts = host.root / "starts"
    starts.touch()
    starts.chmod(0o666)
    failures.write_text("2")
    host.start(None, "--qemu", program)
    machine = host.launch()
    machine.wait("Running")
    assert len(starts.read_text()) == 3
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    failures.write_text("99")
    host.call("start_instance", instance_id=machine.id)
    until(lambda: host.given_up(instance=machine.id), "a refusal")
    machine.wait("Stopped")
    assert "no room" in host.given_up(instance=machine.id)[0]["last_event"]
    assert len(starts.read_text()) == 6


def test_data_directory_is_bound_to_one_hypervisor(new_host):
    import subprocess

    from host import BINARY

    host = new_host().start()
    host.kill()
    line = [str(BINARY), "serve", "--data-dir", str(host.data), "--listen", host.endpoint]
    refused = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert refused.returncode != 0 and "--hypervisor qemu" in refused.stderr, refused.stderr


def test_disk_attached_after_the_backup_is_in_use_after_its_restore(host):
    running, off = host.ready(), host.ready()
    disk, kept = host.disk(), host.disk()
    backup = host.root / "before.sqlite"
    host.command("backup", backup)
    disk.attach(running)
    kept.attach(off)
    host.call("stop_instance", instance_id=off.id, force_stop=True)
    off.wait("Stopped")
    host.stop()
    told = host.command("restore", "--yes", backup).stdout
    assert disk.id in told and kept.id in told, told
    host.start()
    assert disk.status() == "In_use"
    assert disk.described().instance_id == running.id
    assert kept.status() == "Available"
    assert kept.id not in {on["disk"] for on in off.record()["disks"]}
    host.agrees()
    disk.detach(running)
    host.agrees()

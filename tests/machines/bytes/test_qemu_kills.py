"""QEMU is killed at every named step of what is done to the bytes of disks, alone and together with the server; and so is
qemu-img in the midst of its work."""

import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import signal

import pytest
from host import REGION, ZONE, Disk, until
from snapshots import MIB, Snapshot, begin, expect_no_orphans, fill, only
from test_set_back import start, stop, system_disk
from test_snapshot_groups import STEPS, described, ends, group_of
from test_snapshot_kills import TAKE

FILLED_MIB, AT_MIB = 16, 8192
BEFORE = ["snapshot.recorded", "snapshot.opened", "snapshot.begun", "snapshots.recorded", "snapshots.opened", "snapshots.begun"]
"""Steps before all is copied."""
AFTER = ["snapshot.whole", "snapshot.dismissed", "snapshot.closed", "snapshot.off_record", "operation.ending", "operation.ended"]
"""Steps at which a single snapshot is whole."""
BOTH = pytest.mark.parametrize("server_too", [False, True], ids=["qemu", "both"])


def content(disk):
    with disk.file.open("rb") as opened:
        opened.seek(AT_MIB * MIB)
        return hashlib.sha256(opened.read(FILLED_MIB * MIB)).hexdigest()


def stands_still(process):
    return pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def still(host):
    """No operation is under way."""
    until(lambda: all(row["given_up"] for row in host.operations()), "the end of all operations", 120)


def killed_at(host, failpoint, act, server_too):
    """Acts on a server that stands still at the failpoint while QEMU is killed, and is killed itself then or goes on."""
    # What is left to do of an earlier test may come by the failpoint too.
    still(host)
    host.kill()
    host.environment["DISKDOCK_FAILPOINT_STOP"] = failpoint
    try:
        host.start()
    finally:
        del host.environment["DISKDOCK_FAILPOINT_STOP"]
    server = host.process
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(act)
        until(lambda: stands_still(server), f"a server that stands still at {failpoint}")
        qemu = host.machine.pid()
        os.kill(qemu, signal.SIGKILL)
        if server_too:
            host.kill()
        else:
            # It goes on after QEMU is really gone.
            until(lambda: not pathlib.Path(f"/proc/{qemu}/exe").exists(), "the end of QEMU")
            os.kill(server.pid, signal.SIGCONT)
        concurrent.futures.wait([answer])
    if server_too:
        host.start()
    host.machine.wait("Stopped")


@pytest.fixture(scope="module")
def disks(shared):
    """Two disks of the guest of this file, which does not write to them."""
    made = [shared.disk(), shared.disk()]
    for disk in made:
        fill(disk, FILLED_MIB, AT_MIB)
        disk.attach(shared.machine)
    return made


@pytest.fixture
def running(shared, disks):
    """A machine that is on; its guest need not be up."""
    if shared.machine.status() == "Stopped":
        shared.call("start_instance", instance_id=shared.machine.id)
    shared.machine.wait("Running")
    return shared


def expect_content(snapshot, disk):
    made = snapshot.disk()
    assert content(made) == content(disk)
    snapshot.host.call("delete_disk", disk_id=made.id)
    made.wait("gone")


@BOTH
@pytest.mark.parametrize("failpoint", TAKE)
def test_snapshot_ends_when_qemu_is_killed_at(running, disks, failpoint, server_too):
    host, disk = running, disks[0]
    killed_at(host, failpoint, lambda: host.call("create_snapshot", disk_id=disk.id), server_too)
    snapshot = only(host, disk)
    ended = snapshot.ends()
    assert ended == "accomplished" or failpoint not in AFTER
    assert ended == "failed" or failpoint not in BEFORE
    expect_no_orphans(host)
    if ended == "accomplished":
        expect_content(snapshot, disk)
    snapshot.delete()
    # The disk is as good as before.
    begin(host, disk).wait("accomplished").delete()
    expect_no_orphans(host)


@BOTH
@pytest.mark.parametrize("failpoint", STEPS)
def test_group_ends_when_qemu_is_killed_at(running, disks, failpoint, server_too):
    host = running
    killed_at(host, failpoint, lambda: group_of(host, disks), server_too)
    found = host.call("describe_snapshot_groups", region_id=REGION).snapshot_groups.snapshot_group
    group, = [one.snapshot_group_id for one in found]
    ended = ends(host, group)
    assert ended == "accomplished" or not failpoint.startswith("operation.")
    assert ended == "failed" or failpoint not in BEFORE
    members = {one.source_disk_id: Snapshot(host, one.snapshot_id) for one in described(host, group).snapshots.snapshot}
    assert [one.status() for one in members.values()] == [ended, ended], "all or none"
    expect_no_orphans(host)
    for disk in disks if ended == "accomplished" else []:
        expect_content(members[disk.id], disk)
    host.call("delete_snapshot_group", region_id=REGION, snapshot_group_id=group)
    for snapshot in members.values():
        snapshot.wait("gone")
    expect_no_orphans(host)


@BOTH
def test_delete_of_a_snapshot_completes_when_qemu_is_killed(running, disks, server_too):
    snapshot = begin(running, disks[0]).wait("accomplished")
    delete = lambda: running.call("delete_snapshot", snapshot_id=snapshot.id, force=True)  # noqa: E731
    killed_at(running, "snapshot.deleted", delete, server_too)
    snapshot.wait("gone")
    expect_no_orphans(running)


# Between the start of qemu-img and its end are milliseconds at least: it always has begun and never is done.
TOOL = """#!/bin/sh
# qemu-img; killed soon after its start where the file says so, once.
case $1 in create | convert)
    if rm {flag} 2>/dev/null; then
        {real} "$@" & sleep 0.005; kill -9 $!; kill -9 $$
    fi
esac
exec {real} "$@"
"""


@pytest.fixture
def tool(new_host, monkeypatch):
    """A host with a qemu-img that is killed the next time once `kill_next` is called."""
    host = new_host()
    folder = host.root / "bin"
    flags = host.root / "flags"
    for made, mode in ((folder, 0o755), (flags, 0o777)):
        made.mkdir()
        made.chmod(mode)
    script, flag = folder / "qemu-img", flags / "kill"
    script.write_text(TOOL.format(real=shutil.which("qemu-img"), flag=flag))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    host.kill_next, host.was_killed = flag.touch, lambda: not flag.exists()
    return host.start(None, "--snapshot-new-disks")


def create_encrypted(host, snapshot):
    body = host.call("create_disk", region_id=REGION, zone_id=ZONE, size=20, disk_category="cloud_essd",
                     snapshot_id=snapshot.id, encrypted=True)
    return Disk(host, body.disk_id)


def exported(host, source, check=True):
    """The SHA-256 of a disk or snapshot without its encryption; none if it cannot be exported."""
    file = host.root / "exported.raw"
    done = host.command("disk", "export", source.id, file, "--format", "raw", "--data-dir", host.data, "--force", check=check)
    if done.returncode != 0:
        return None
    with file.open("rb") as opened:
        opened.seek(AT_MIB * MIB)
        found = hashlib.sha256(opened.read(FILLED_MIB * MIB)).hexdigest()
    file.unlink()
    return found


@pytest.mark.parametrize("action", ["create", "reset", "reinit", "copy", "snapshot", "replace", "export"])
def test_kill_of_qemu_img_leaves_all_or_nothing_of(tool, action):
    host = tool
    plain = host.disk()
    fill(plain, FILLED_MIB, AT_MIB)
    wanted = content(plain)
    source = begin(host, plain).wait("accomplished")
    disk = create_encrypted(host, source).wait("Available")
    snapshot = begin(host, disk).wait("accomplished")
    machine = host.launch().wait("Running")
    old = system_disk(machine)
    stop(machine)
    disk.attach(machine)
    acts = {
        "create": lambda: create_encrypted(host, source),
        "reset": lambda: host.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id),
        "reinit": lambda: host.call("re_init_disk", disk_id=disk.id),
        "copy": lambda: host.call("copy_snapshot", region_id=REGION, snapshot_id=snapshot.id,
                                  destination_region_id="cn-beijing", destination_snapshot_name="copy",
                                  destination_snapshot_description="copy"),
        "snapshot": lambda: begin(host, disk),
        "replace": lambda: host.call("replace_system_disk", instance_id=machine.id, image_id="m-guest"),
        "export": lambda: exported(host, snapshot, check=False),
    }
    host.kill_next()
    told = acts[action]()
    until(host.was_killed, "a kill of qemu-img")
    still(host)
    # Nothing is left of what failed; what is there is whole, and can be used.
    staged = [path for folder in ("disks", "snapshots") for path in (host.data / folder).iterdir() if path.is_dir()]
    assert staged == []
    for one in host.call("describe_disks", region_id=REGION).disks.disk:
        if one.disk_id not in (old.id, system_disk(machine).id):
            assert one.status in ("Available", "In_use") and exported(host, Disk(host, one.disk_id)) == wanted, one
    for region in (REGION, "cn-beijing"):
        for one in host.call("describe_snapshots", region_id=region).snapshots.snapshot:
            assert one.status == "failed" or exported(host, Snapshot(host, one.snapshot_id)) == wanted, one
    if action == "export":
        assert told is None and not (host.root / "exported.raw").exists()
        assert not list(host.root.glob(".exported*"))
    host.agrees()
    # And again without a kill.
    acts[action]()
    still(host)
    host.agrees()
    start(machine)

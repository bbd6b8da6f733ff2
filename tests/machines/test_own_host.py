"""A server over PostgreSQL with `--hypervisor qemu`: the server, and the host with its virtual machines, in one process."""

import json

import pytest
from cluster import KEY, SECRET, NamedProcess, new_database, sdk
from host import REGION, ZONE, Host, command, free_port, until


class OwnHost(Host):
    def __init__(self):
        super().__init__()
        self.options = ["--store", new_database(), "--host-name", "own", "--zone", ZONE, "--machine-memory", "8"]

    def start(self, failpoint=None, *options):
        return super().start(failpoint, *self.options, *options)

    def images(self):
        return [image.image_id for image in self.call("describe_images", region_id=REGION).images.image]

    def listed(self):
        """The hosts as the command line lists them, by name."""
        token = (self.data / "admin-token").read_text().strip()
        hosts = json.loads(self.command("hosts", "--output", "json", "--token", token).stdout)["hosts"]
        return {host["name"]: host for host in hosts}


@pytest.fixture
def host():
    made = OwnHost()
    try:
        made.start()
        until(lambda: made.images() == ["m-guest"], "the image of the host")
        yield made
    finally:
        made.close()


def test_server_with_a_host_of_its_own_goes_on_after_a_kill(host):
    machine = host.ready()
    disk = host.disk().attach(machine)
    machine.guest.wait_disk(disk.serial)
    written, pid = machine.guest.write_pattern(disk.serial), machine.pid()
    # Both are killed between the answer and the guest's.
    host.kill()
    host.start(failpoint="unplug.let_go")
    disk.begin_detach(machine)
    host.wait_dead()
    host.start()
    disk.wait("Available")
    assert not machine.guest.has_disk(disk.serial)
    assert machine.pid() == pid, "its guest ran on"
    listed = host.listed()
    assert {name: one["state"] for name, one in listed.items()} == {"own": "up"}
    assert listed["own"]["zone"] == ZONE
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    assert machine.guest.read_checksum(disk.serial) == written
    # Another server has the same instances, and takes calls about them.
    other, endpoint = NamedProcess(host.root, "other"), f"127.0.0.1:{free_port()}"
    try:
        store = host.options[1]
        other.run("serve", "--store", store, "--hypervisor", "hosts", "--listen", endpoint, "--key", f"{KEY}:{SECRET}")
        until(lambda: other.answers(endpoint), "another server that answers")
        host.sdk, own = sdk(endpoint), host.sdk
        disk.detach(machine)
        host.sdk = own
        assert disk.status() == "Available"
    finally:
        other.close()
    host.stop()
    assert (machine.run / "qemu.pid").exists(), "machines outlive the server"


def test_options_of_an_own_host_and_its_directory_are_for_nothing_else(host):
    """A directory of a host is no server's without its store, and the options mean nothing without both."""
    host.stop()
    refused = command("serve", "--hypervisor", "qemu", "--data-dir", host.data, "--listen", host.endpoint, check=False)
    assert refused.returncode != 0 and "is the directory of the host own" in refused.stderr
    for options in (["--hypervisor", "qemu"], ["--store", host.options[1]]):
        refused = command("serve", *options, "--zone", ZONE, "--data-dir", host.root / "none", check=False)
        assert refused.returncode == 2, refused
        assert "--host-name and --zone go with --store and --hypervisor qemu" in refused.stderr
    # Its name is for good.
    host.options[host.options.index("own")] = "another"
    host.run("serve", "--hypervisor", "qemu", "--listen", host.endpoint, *host.options)
    assert host.process.wait(timeout=60) != 0
    assert "is the directory of own" in host.log_tail()

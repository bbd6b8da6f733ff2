"""Reachability from inside a guest: other machines, and never this host."""

import contextlib
import http.server
import json
import pathlib
import signal
import os
import socket
import threading

from host import SOON_S, REGION, until

# What a hostile guest does to send packets for 127.0.0.1 out of its network card.
HOSTILE = """
ip address del 127.0.0.1/8 dev lo
ip route del local 127.0.0.0/8 dev lo table local 2>/dev/null
ip route del local 127.0.0.1 dev lo table local 2>/dev/null
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet
ip route add 127.0.0.0/8 via $(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p') dev eth0
"""


@contextlib.contextmanager
def service(address):
    """A web server of this host; gives its port and the list of requests that it had."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"reached")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        server.server_close()


def own_address():
    """The address from which this host sends to others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))
        return probe.getsockname()[0]


def gateway(machine):
    return machine.guest.check("ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'")


def reaches(machine, address, port):
    """Whether a program in the guest gets an answer from there."""
    status, output = machine.guest.run(f"wget -q -T 3 -O - http://{address}:{port}/ 2>&1", timeout=10)
    return status == 0 and "reached" in output


def test_guest_cannot_reach_services_of_the_host(host):
    machine = host.ready()
    with service("0.0.0.0") as (everywhere, seen), service("127.0.0.1") as (loopback, seen_there):
        targets = ["10.0.2.2", gateway(machine), own_address(), "0.0.0.0"]
        for address in targets:
            for port in (everywhere, loopback, host.port):
                assert not reaches(machine, address, port), f"{address}:{port}"
        machine.guest.check(HOSTILE + "true")
        assert "dev eth0" in machine.guest.check("ip route get 127.0.0.1"), "the guest does send it out"
        for address in ("127.0.0.1", "127.0.0.2"):
            for port in (everywhere, loopback, host.port):
                assert not reaches(machine, address, port), f"{address}:{port}"
        assert seen == [] and seen_there == []
    # The guest is at the port that is forwarded to it, all this time.
    assert machine.guest.check("echo here") == "here"


def test_guest_reaches_other_machines(host):
    machine = host.ready()
    # No other machine is at hand, but the road to it is: a refusal or a silence that comes from beyond the host.
    assert machine.guest.check("ip route get 198.51.100.1").startswith("198.51.100.1 via")
    log = (machine.run / "network.log").read_text()
    assert "ended" not in log, log


def test_describe_instances_shows_the_address_that_the_guest_has(host):
    machine = host.ready()
    body = host.call("describe_instances", region_id=REGION, instance_ids=json.dumps([machine.id]))
    shown = body.instances.instance[0]
    address = shown.vpc_attributes.private_ip_address.ip_address[0]
    card = shown.network_interfaces.network_interface[0].mac_address
    seen = machine.guest.check("ip address show dev eth0")
    assert f"inet {address}/" in seen and f"link/ether {card} " in seen


def test_network_process_is_restarted_and_ends_with_its_machine(host):
    machine = host.ready()
    passts = [pid for pid in processes("passt") if f"{machine.guest.address[1]}:23" in command_line(pid)]
    assert len(passts) == 1
    os.kill(passts[0], signal.SIGKILL)
    until(lambda: answers(machine), "a network that is back")
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    until(lambda: not [pid for pid in processes("passt", "diskdock") if str(machine.guest.address[1]) in command_line(pid)],
          "the end of what carried its frames")


def test_network_none_gives_the_guest_no_network_card(new_host):
    host = new_host()
    host.start(None, "--network", "none")
    body = host.call("run_instances", region_id=REGION, zone_id="cn-hangzhou-i", instance_type="ecs.g6.tiny",
                     image_id="m-guest")
    machine = body.instance_id_sets.instance_id_set[0]
    console = host.data / "machines" / machine / "run" / "console.log"
    until(lambda: console.exists() and "diskdock-guest: ready" in console.read_text(errors="replace"), "a guest", SOON_S)
    pid = (host.data / "machines" / machine / "run" / "qemu.pid").read_text().strip()
    assert "virtio-net" not in command_line(int(pid))


def test_missing_passt_names_the_package_to_install(new_host):
    host = new_host()
    refused = host.command("serve", "--hypervisor", "qemu", "--passt", "/nowhere/passt", check=False)
    assert refused.returncode != 0 and "apt-get install passt" in refused.stderr


def answers(machine):
    with contextlib.suppress(Exception):
        return machine.guest.boot()


def processes(*names):
    for directory in pathlib.Path("/proc").iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(OSError):
                if (directory / "comm").read_text().strip().startswith(names):
                    yield int(directory.name)


def command_line(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""

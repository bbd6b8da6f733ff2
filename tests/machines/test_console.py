"""The serial console with input: over a WebSocket, on the command line, and with clients that do not behave."""

import base64
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import termios
import time

import pytest
from host import BINARY, COMMAND_LINE, Host, until
from web_socket import Refused, WebSocket

A_SHELL = b"diskdock-guest: a shell"
PROMPT = b"# "


@pytest.fixture(scope="module")
def shell():
    """A host with one Running guest that has a shell on its console."""
    host = Host()
    try:
        host.import_guest("shell", f"{COMMAND_LINE} diskdock.shell")
        host.start()
        host.machine = host.ready(image="m-shell")
        yield host
    finally:
        host.close()


def token(host):
    return {"x-diskdock-token": (host.data / "admin-token").read_text().strip()}


def open_console(host, machine, headers=None, **more):
    path = f"/_diskdock/console/{machine.id}"
    return WebSocket(("127.0.0.1", host.port), path, token(host) if headers is None else headers, **more)


def output_in_the_api(host, machine):
    body = host.call("get_instance_console_output", region_id="cn-hangzhou", instance_id=machine.id)
    return base64.b64decode(body.console_output)


def environment(host):
    return {**os.environ, "DISKDOCK_ENDPOINT": f"http://{host.endpoint}", "DISKDOCK_DATA_DIR": str(host.data)}


def memory_kib(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_viewers_share_one_console_and_its_output_is_kept(shell):
    first = open_console(shell, shell.machine)
    first.until(A_SHELL)
    second = open_console(shell, shell.machine)
    first.send(b"echo first-$((40 + 2))\n")
    for viewer in (first, second):
        viewer.until(b"first-42")
    second.send(b"echo second-$((50 + 2))\n")
    for viewer in (first, second):
        viewer.until(b"second-52")
    third = open_console(shell, shell.machine)
    assert b"first-42" in third.until(b"second-52"), "what was written before"
    until(lambda: b"second-52" in output_in_the_api(shell, shell.machine), "output that is kept")
    for viewer in (first, second, third):
        viewer.close()
    assert shell.control(f"console/{shell.machine.id}")["input"] is True


def test_pipe_into_the_command_types_its_lines_and_shows_what_comes(shell):
    line = [str(BINARY), "console", shell.machine.id, "--interactive"]
    done = subprocess.run(line, input="echo piped-$((60 + 2))\n", capture_output=True, text=True, timeout=90, env=environment(shell))
    assert done.returncode == 0, done.stderr
    assert "piped-62" in done.stdout


@pytest.mark.parametrize("leave", ["key", "signal"])
def test_terminal_of_the_command_is_raw_until_it_is_left(shell, leave):
    keyboard, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    line = [str(BINARY), "console", shell.machine.id, "-i"]
    process = subprocess.Popen(line, stdin=terminal, stdout=terminal, stderr=terminal, env=environment(shell))
    seen = b""

    def see(wanted):
        nonlocal seen
        deadline = time.monotonic() + 60
        while wanted not in seen:
            readable, _, _ = select.select([keyboard], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"no {wanted} in {seen[-500:]}"
            seen += os.read(keyboard, 65536)

    try:
        see(b"Ctrl-] leaves")
        assert not termios.tcgetattr(terminal)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        os.write(keyboard, f"echo {leave}-$((70 + 2))\r".encode())
        see(f"{leave}-72".encode())
        # A guest's program is interrupted, not the command.
        os.write(keyboard, f"echo {leave}-$((1 + 1)); sleep 1000\r".encode())
        see(f"{leave}-2\r\n".encode())
        os.write(keyboard, b"\x03")
        os.write(keyboard, f"echo {leave}-$((80 + 2))\r".encode())
        see(f"{leave}-82".encode())
        if leave == "key":
            os.write(keyboard, b"\x1d")
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert termios.tcgetattr(terminal) == before
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
        os.close(terminal)


def test_client_that_reads_nothing_stops_neither_guest_nor_others(shell, record_property):
    watcher, rude = open_console(shell, shell.machine), open_console(shell, shell.machine, receive_buffer=4096)
    watcher.send(b"echo warm-$((1 + 2))\n")
    watcher.until(b"warm-3")
    before_kib, began = memory_kib(shell.process.pid), time.monotonic()
    # Three megabytes: twelve times what the server keeps.
    watcher.send(b"dd if=/dev/zero bs=1024 count=3072 2>/dev/null | tr '\\000' x | fold -w 79; echo fin-$((90 + 2))\n")
    most_kib = before_kib
    while b"fin-92" not in watcher.received:
        assert time.monotonic() - began < 300, "the guest stands still"
        watcher.receive()
        watcher.received = watcher.received[-200:]
        most_kib = max(most_kib, memory_kib(shell.process.pid))
    record_property("seconds for 3 MiB", round(time.monotonic() - began, 1))
    record_property("more memory, KiB", most_kib - before_kib)
    assert most_kib - before_kib < 16 * 1024
    # It is told what it has missed, if it reads after all.
    until(lambda: b"fin-92" in output_in_the_api(shell, shell.machine), "output that is kept")
    rude.until(b"fin-92", within_s=120)
    assert sum(remark.get("omitted", 0) for remark in rude.remarks) > 0
    watcher.close()
    rude.close()


def test_guest_writes_on_without_a_viewer_and_the_file_stays_bounded(shell):
    viewer = open_console(shell, shell.machine)
    viewer.send(b"(sleep 2; dd if=/dev/zero bs=1024 count=5120 2>/dev/null | tr '\\000' y | fold -w 79; echo alone-$((90 + 3)) ) &\n")
    viewer.until(b"sleep 2")
    viewer.close()
    until(lambda: output_in_the_api(shell, shell.machine).find(b"alone-93") >= 0, "the end of it", within_s=300, pause_s=1)
    log = shell.machine.run / "console.log"
    until(lambda: log.stat().st_size <= 4 * 1024 * 1024, "a file that was cut", within_s=120, pause_s=1)
    assert b"alone-93" in output_in_the_api(shell, shell.machine)


def test_console_works_again_after_the_server_was_killed(shell):
    viewer = open_console(shell, shell.machine)
    viewer.send(b"echo before-$((40 + 4))\n")
    viewer.until(b"before-44")
    shell.restart()
    with pytest.raises((EOFError, ConnectionResetError)):
        viewer.until_closed()
    again = open_console(shell, shell.machine)
    again.send(b"echo after-$((40 + 5))\n")
    assert b"before-44" in again.until(b"after-45")
    again.close()


def test_server_that_stops_says_so_and_waits_for_nobody(shell):
    polite, rude = open_console(shell, shell.machine), open_console(shell, shell.machine, receive_buffer=4096)
    polite.until(PROMPT)
    began = time.monotonic()
    shell.process.terminate()
    assert polite.until_closed() == (1001, "the server is stopping")
    assert shell.process.wait(timeout=30) == 0 and time.monotonic() - began < 20
    rude.close()
    shell.start()
    again = open_console(shell, shell.machine)
    again.send(b"echo back-$((40 + 7))\n")
    again.until(b"back-47")
    again.close()


def test_foreign_pages_and_callers_without_the_token_are_refused(shell):
    own = f"http://{shell.endpoint}"
    for headers in ({}, {"x-diskdock-token": "wrong"}, {"Origin": own}, {"Sec-WebSocket-Protocol": "diskdock-console, diskdock-token.wrong"},
                    {**token(shell), "Origin": "https://evil.example"}, {**token(shell), "Sec-Fetch-Site": "cross-site"}):
        with pytest.raises(Refused) as refused:
            open_console(shell, shell.machine, headers)
        assert refused.value.status == 403, headers
    # As a page of the explorer does it.
    given = token(shell)["x-diskdock-token"].encode().hex()
    page = {"Origin": own, "Sec-Fetch-Site": "same-origin", "Sec-WebSocket-Protocol": f"diskdock-console, diskdock-token.{given}"}
    viewer = open_console(shell, shell.machine, page)
    assert viewer.headers["sec-websocket-protocol"] == "diskdock-console"
    viewer.until(PROMPT)
    viewer.close()


def test_message_that_is_too_long_ends_its_viewer_alone(shell):
    viewer, other = open_console(shell, shell.machine), open_console(shell, shell.machine)
    viewer.send(b"x" * 5000)
    code, _ = viewer.until_closed()
    assert code == 1008
    other.send(b"echo still-$((40 + 6))\n")
    other.until(b"still-46")
    other.close()


def test_viewers_are_bounded(shell):
    viewers = [open_console(shell, shell.machine) for _ in range(16)]
    with pytest.raises(Refused) as refused:
        open_console(shell, shell.machine)
    assert refused.value.status == 409 and "too many" in refused.value.body["error"]
    for viewer in viewers:
        viewer.close()
    until(lambda: opens(shell, shell.machine), "room for another")


def opens(host, machine):
    try:
        open_console(host, machine).close()
    except Refused:
        return False
    return True


def test_machine_of_an_earlier_version_says_to_reboot_it(shell):
    machine = shell.machine
    shell.kill()
    record = machine.record()
    assert record.pop("console_socket") is True
    (machine.directory / "machine.json").write_text(json.dumps(record))
    shell.start()
    with pytest.raises(Refused) as refused:
        open_console(shell, machine)
    assert refused.value.status == 409
    assert "earlier version" in refused.value.body["error"] and "RebootInstance" in refused.value.body["hint"]
    refusal = shell.command("console", machine.id, "-i", check=False)
    assert refusal.returncode == 1 and "RebootInstance" in refusal.stderr
    assert PROMPT.decode() in shell.command("console", machine.id).stdout
    shell.call("reboot_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Starting")
    machine.wait("Running")
    viewer = open_console(shell, machine)
    viewer.until(A_SHELL)
    viewer.close()


def test_console_ends_with_its_machine_and_says_so(shell):
    viewer = open_console(shell, shell.machine)
    shell.call("stop_instance", instance_id=shell.machine.id, force_stop=True)
    assert viewer.until_closed() == (1000, "the virtual machine was turned off or restarted")
    shell.machine.wait("Stopped")
    with pytest.raises(Refused) as refused:
        open_console(shell, shell.machine)
    assert refused.value.status == 409 and "is off" in refused.value.body["error"]
    with pytest.raises(Refused) as refused:
        open_console(shell, type("Nothing", (), {"id": "i-none"}))
    assert refused.value.status == 404
    # Other tests have the same machine, in any order.
    shell.call("start_instance", instance_id=shell.machine.id)
    shell.machine.wait("Running").guest.wait_ready()

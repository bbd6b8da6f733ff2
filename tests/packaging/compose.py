"""Checks the compose file against its Containerfile, and runs a server as the service of the file says."""

import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

import yaml

HERE = pathlib.Path(sys.argv[1])
BINARY = os.environ["DISKDOCK_BIN"]
LIFECYCLE = [os.environ["SDK_PYTHON"], str(pathlib.Path(__file__).with_name("lifecycle.py"))]
STARTS_WITHIN_S = 30
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
# What a service of the Compose Specification may have, and this one has.
MEMBERS = {
    "image", "environment", "ports", "volumes", "read_only", "tmpfs", "cap_drop", "security_opt", "healthcheck",
}


def image():
    """The instructions of the Containerfile, and its variables."""
    text = re.sub(r"\\\n *", " ", (HERE / "Containerfile").read_text())
    lines = [line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    variables = [pair.split("=", 1) for name, rest in lines if name == "ENV" for pair in shlex.split(rest)]
    return {name: rest for name, rest in lines if name != "ENV"}, dict(variables)


def filled(text, given):
    return VARIABLE.sub(lambda found: given.get(found[1], found[2]), text)


def service_with(given):
    """The service as compose would have it with these variables in its environment."""
    document = yaml.safe_load((HERE / "compose.yaml").read_text())
    assert set(document) == {"services", "volumes"} and list(document["services"]) == ["diskdock"], document
    service = document["services"]["diskdock"]
    assert set(service) == MEMBERS, set(service) ^ MEMBERS
    volumes = {volume.split(":")[0] for volume in service["volumes"]}
    assert volumes == set(document["volumes"]), "every volume is declared"
    service["environment"] = {name: filled(value, given) for name, value in service["environment"].items()}
    assert not any("$" in value for value in service["environment"].values()), service["environment"]
    return service


def check_beside_image():
    service, (instructions, variables) = service_with({}), image()
    port = instructions["EXPOSE"]
    assert variables["DISKDOCK_LISTEN"] == f":{port}"
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"], "published on loopback only"
    [mount] = [volume.split(":")[1] for volume in service["volumes"]]
    assert mount == instructions["VOLUME"] == variables["DISKDOCK_DATA_DIR"]
    assert service["read_only"] is True and service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    built = (HERE / "build").read_text()
    assert service["image"].removesuffix(":latest") in built, "the image that packaging/container/build makes"
    [kind, program, *_] = service["healthcheck"]["test"]
    assert kind == "CMD" and program == yaml.safe_load(instructions["ENTRYPOINT"])[0], "there is no shell in the image"
    for name in ("interval", "start_period"):
        assert re.fullmatch(r"\d+s", service["healthcheck"][name]), name


def check_environment():
    """Every variable of image and service is one that the server reads."""
    _, variables = image()
    own = {name: value for name, value in variables.items() if name.startswith("DISKDOCK_")}
    given = {**own, **service_with({})["environment"]}
    printed = subprocess.run(
        [BINARY, "serve", "--print-config"], env={"PATH": os.environ["PATH"], **given}, capture_output=True, text=True,
        check=True).stdout
    read = set(re.findall(r"# environment, (\w+)$", printed, re.MULTILINE))
    assert read == set(given), read ^ set(given)


def is_well(test, environment):
    return subprocess.run([BINARY, *test[2:]], env=environment, capture_output=True).returncode == 0


def run_as_composed(given, key, keeps):
    """A server as the service with these variables: healthy, and an SDK moves a disk through it by the key."""
    service, (instructions, variables) = service_with(given), image()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        placed = {"DISKDOCK_LISTEN": f":{port}", "DISKDOCK_DATA_DIR": directory}
        environment = {**variables, **service["environment"], **placed}
        # As in the container, but for the port, which may be taken here.
        inside = {**environment, "DISKDOCK_ENDPOINT": f"http://127.0.0.1:{port}"}
        test = service["healthcheck"]["test"]
        assert not is_well(test, inside), "nothing runs yet"
        server = subprocess.Popen(
            [BINARY, *yaml.safe_load(instructions["CMD"])], env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            give_up_at = time.monotonic() + STARTS_WITHIN_S
            while not is_well(test, inside):
                assert time.monotonic() < give_up_at and server.poll() is None, "the service is never healthy"
                time.sleep(0.1)
            subprocess.run([*LIFECYCLE, f"127.0.0.1:{port}", *key.split(":")], check=True)
            wrong = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.split(":")[0], "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"}
            call = [BINARY, "call", "DescribeRegions", "--endpoint", inside["DISKDOCK_ENDPOINT"]]
            assert subprocess.run(call, env=wrong, capture_output=True).returncode == 1, "a wrong secret is refused"
        finally:
            server.terminate()
            server.wait(STARTS_WITHIN_S)
        assert any(path.name == "books.sqlite" for path in pathlib.Path(directory).iterdir()) == keeps


check_beside_image()
print("- the service fits the image")
check_environment()
print("- the server reads every variable")
run_as_composed({}, "ci:secret", keeps=True)
print("- as it stands, it keeps its state, and its health check is true")
run_as_composed({"DISKDOCK_KEYS": "me:other", "DISKDOCK_EPHEMERAL": "true"}, "me:other", keeps=False)
print("- with a key of one's own and nothing kept")

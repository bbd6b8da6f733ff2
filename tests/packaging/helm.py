"""Lints and renders the chart of the command line, checks what comes out, and runs the server as the pod would."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

CHART = pathlib.Path(sys.argv[1])
BINARY = os.environ["DISKDOCK_BIN"]
KEY = "keys.accessKeys={ci:secret}"
POSTGRES = "store.postgres.url=postgres://u:p@db/diskdock"
# helm's module knows no later version by itself.
KUBERNETES = "1.31.0"
ANSWERS_WITHIN_S = 30
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def helm(*arguments):
    return subprocess.run(["helm", *arguments], capture_output=True, text=True, check=False)


def lint(*values):
    sets = [word for value in values for word in ("--set", value)]
    return helm("lint", "--strict", "--kube-version", KUBERNETES, str(CHART), *sets)


def render(*values):
    """The objects of a release, by kind."""
    sets = [word for value in values for word in ("--set", value)]
    done = helm("template", "try", str(CHART), "--namespace", "tests", "--kube-version", KUBERNETES, *sets)
    if done.returncode:
        raise ValueError(done.stderr)
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names), names
    return objects


def the(kind, objects):
    found = [one for one in objects if one["kind"] == kind]
    assert len(found) == 1, (kind, found)
    return found[0]


def pod_of(objects):
    spec = the("StatefulSet", objects)["spec"]["template"]["spec"]
    assert len(spec["containers"]) == 1
    return spec, spec["containers"][0]


def refused(word, *values):
    """helm says why. (Its lint lets pass what a template refuses.)"""
    try:
        render(*values)
    except ValueError as error:
        assert word in str(error), (word, str(error))
    else:
        raise AssertionError(f"{values} is rendered")


def check_defaults():
    objects = render(KEY)
    assert sorted(one["kind"] for one in objects) == ["Secret", "Service", "StatefulSet"]
    assert all(one["metadata"]["labels"]["app.kubernetes.io/instance"] == "try" for one in objects)
    spec, container = pod_of(objects)
    stateful = the("StatefulSet", objects)["spec"]
    service = the("Service", objects)["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    for selector in (stateful["selector"]["matchLabels"], service["selector"]):
        assert selector and selector.items() <= labels.items(), (selector, labels)
    assert stateful["serviceName"] == the("Service", objects)["metadata"]["name"]
    assert service["ports"] == [{"name": "http", "port": 5260, "targetPort": "http"}]
    assert container["ports"] == [{"name": "http", "containerPort": 5260}]
    check_security(spec, container)
    check_volumes(stateful, spec, container)


def check_security(spec, container):
    assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
    user = spec["securityContext"]
    assert user["runAsNonRoot"] is True and user["runAsUser"] == user["fsGroup"] == 65532
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def check_volumes(stateful, spec, container):
    """Every directory that is written to is a volume, since the root is read-only."""
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts) == {"/var/lib/diskdock", "/tmp"}
    claims = {claim["metadata"]["name"]: claim["spec"] for claim in stateful.get("volumeClaimTemplates", [])}
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert set(mounts.values()) == volumes | set(claims) and not volumes & set(claims)
    assert claims["state"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def variables(objects):
    """The environment of the container, with what it takes from secrets."""
    secrets = {one["metadata"]["name"]: one["stringData"] for one in objects if one["kind"] == "Secret"}
    _, container = pod_of(objects)
    found = {}
    for source in container["envFrom"]:
        found |= secrets[source["secretRef"]["name"]]
    for entry in container["env"]:
        taken = entry.get("valueFrom", {}).get("secretKeyRef")
        found[entry["name"]] = secrets[taken["name"]][taken["key"]] if taken else entry["value"]
    assert all(isinstance(value, str) for value in found.values()), found
    return found


def check_values():
    given = variables(render(KEY, "server.pace=2s", "server.regions={cn-hangzhou,cn-beijing}", "ephemeral=true"))
    assert given["DISKDOCK_KEYS"] == "ci:secret" and "DISKDOCK_ADMIN_TOKEN" not in given
    assert given["DISKDOCK_PACE"] == "2s" and given["DISKDOCK_REGIONS"] == "cn-hangzhou,cn-beijing"
    assert given["DISKDOCK_EPHEMERAL"] == "true" and given["DISKDOCK_STRICT"] == "false"
    ephemeral = render(KEY, "ephemeral=true")
    assert "volumeClaimTemplates" not in the("StatefulSet", ephemeral)["spec"]
    assert {"name": "state", "emptyDir": {}} in pod_of(ephemeral)[0]["volumes"]
    several = render(KEY, POSTGRES, "replicas=3", "store.postgres.caSecret=db-ca")
    assert the("StatefulSet", several)["spec"]["replicas"] == 3
    assert "volumeClaimTemplates" not in the("StatefulSet", several)["spec"]
    assert variables(several)["DISKDOCK_STORE"] == "postgres://u:p@db/diskdock"
    assert variables(several)["DISKDOCK_STORE_CA"] == "/etc/diskdock/store/ca.crt"
    assert "u:p@" not in json.dumps(the("StatefulSet", several)), "the password is in the secret only"
    own = render("keys.existingSecret=mine")
    assert [one["kind"] for one in own if one["kind"] == "Secret"] == []
    assert pod_of(own)[1]["envFrom"] == [{"secretRef": {"name": "mine"}}]
    rule = the("Ingress", render(KEY, "ingress.enabled=true", "ingress.host=ecs.test", "ingress.tlsSecret=cert"))["spec"]
    backend = rule["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert rule["rules"][0]["host"] == "ecs.test" and rule["tls"] == [{"hosts": ["ecs.test"], "secretName": "cert"}]
    assert backend == {"name": "try-diskdock", "port": {"name": "http"}}
    before, after = (the("StatefulSet", render(value))["spec"]["template"] for value in (KEY, "keys.accessKeys={a:b}"))
    assert before["metadata"]["annotations"] != after["metadata"]["annotations"], "a new key is read by a new pod"


def check_refusals():
    refused("wants an access key")
    refused("need store.postgres", KEY, "replicas=2")
    refused("exclude each other", KEY, POSTGRES, "ephemeral=true")
    refused("pace", KEY, "server.pace=soon")
    refused("accessKeys", "keys.accessKeys={no-secret}")
    refused("host", KEY, "ingress.enabled=true")


def status_of(url, host):
    try:
        request = urllib.request.Request(url, headers={"Host": host})
        with DIRECT.open(request, timeout=5) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def wait_for_status(url, host):
    give_up_at = time.monotonic() + ANSWERS_WITHIN_S
    while (seen := status_of(url, host)) != 200:
        assert time.monotonic() < give_up_at, f"{url}: {seen}"
        time.sleep(0.1)


def run_as_rendered(directory):
    """The probes are answered, and a key of the secret is one, in a server with the variables of the pod."""
    objects = render(KEY, "server.pace=2s", "server.regions={cn-hangzhou}", "keys.adminToken=operator")
    _, container = pod_of(objects)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # The address and the directory are those of the image (packaging/container/Containerfile).
    image = {"DISKDOCK_LISTEN": f":{port}", "DISKDOCK_INSECURE_HTTP": "true", "DISKDOCK_DATA_DIR": directory}
    environment = {"PATH": os.environ["PATH"], **image, **variables(objects)}
    server = subprocess.Popen([BINARY, *container["args"]], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            get = container[probe]["httpGet"]
            assert get["port"] == "http"
            wait_for_status(endpoint + get["path"], "10.1.2.3:5260")
        client = {
            "PATH": os.environ["PATH"],
            "DISKDOCK_ENDPOINT": endpoint,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "ci",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
            "DISKDOCK_ADMIN_TOKEN": "operator",
        }
        said = subprocess.run([BINARY, "call", "DescribeRegions"], env=client, capture_output=True, check=True).stdout
        regions = json.loads(said)["Regions"]["Region"]
        assert [region["RegionId"] for region in regions] == ["cn-hangzhou"]
        pace = subprocess.run([BINARY, "admin", "pace"], env=client, capture_output=True, text=True, check=True).stdout
        assert pace.strip() == "2000ms", pace
    finally:
        server.terminate()
        server.wait(timeout=ANSWERS_WITHIN_S)


def main():
    for values in ([KEY], [KEY, POSTGRES, "replicas=2"], [KEY, "ingress.enabled=true", "ingress.host=a.test"]):
        done = lint(*values)
        assert done.returncode == 0, done.stdout + done.stderr
    print("- helm lints the chart")
    check_defaults()
    check_values()
    print("- rendered, it has what was asked for")
    check_refusals()
    print("- it refuses values that cannot be")
    with tempfile.TemporaryDirectory() as directory:
        run_as_rendered(directory)
    print("- the server runs as the pod says")


main()

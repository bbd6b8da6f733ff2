"""Runs what action.yml says with a small runner, and a server as the service of packaging/ci/gitlab-ci.yml."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

REPOSITORY = pathlib.Path(sys.argv[1])
BINARY = os.environ["DISKDOCK_BIN"]
LIFECYCLE = [os.environ["SDK_PYTHON"], str(pathlib.Path(__file__).with_name("lifecycle.py"))]
STARTS_WITHIN_S = 30
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pairs(path):
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


class Runner:
    """The steps of a composite action, with its inputs; what they start lives until the job ends."""

    def __init__(self, action, directory, given):
        assert set(given) <= set(action["inputs"]), given
        self.action, self.directory = action, directory
        values = {name: one["default"] for name, one in action["inputs"].items()} | given
        self.context = {f"inputs.{name}": value for name, value in values.items()}
        self.job = {"PATH": os.environ["PATH"], "HOME": str(directory), "RUNNER_TEMP": str(directory)}
        self.groups = []

    def fill(self, text):
        return EXPRESSION.sub(lambda found: self.context[found[1]], text)

    def run(self):
        for number, step in enumerate(self.action["runs"]["steps"]):
            files = {name: self.directory / f"{name}-{number}" for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
            for path in files.values():
                path.touch()
            variables = {name: self.fill(value) for name, value in step.get("env", {}).items()}
            paths = {name: str(path) for name, path in files.items()} | {"GITHUB_ACTION_PATH": str(REPOSITORY)}
            # As the runner starts `shell: bash`.
            step_process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.fill(step["run"])],
                env={**self.job, **paths, **variables}, cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=(self.directory / "said").open("ab"), stderr=subprocess.DEVNULL, start_new_session=True)
            self.groups.append(step_process.pid)
            if step_process.wait(STARTS_WITHIN_S + 30) != 0:
                return False
            self.job |= pairs(files["GITHUB_ENV"])
            for name, value in pairs(files["GITHUB_OUTPUT"]).items():
                self.context[f"steps.{step['id']}.outputs.{name}"] = value
        return True

    def output(self, name):
        return self.fill(self.action["outputs"][name]["value"])

    def end(self):
        for group in self.groups:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                continue


def check_action():
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    assert action["runs"]["using"] == "composite" and all(step["shell"] == "bash" for step in action["runs"]["steps"])
    workflow = yaml.safe_load((REPOSITORY / "packaging/ci/github-workflow.yml").read_text())
    [used] = [step for step in workflow["jobs"]["test"]["steps"] if step.get("uses", "").startswith("diskdock/")]
    with tempfile.TemporaryDirectory() as directory:
        keys = "ci:secret-1,other:secret-2"
        given = {**used["with"], "program": BINARY, "listen": f"127.0.0.1:{free_port()}", "key": keys}
        runner = Runner(action, pathlib.Path(directory), given)
        try:
            assert runner.run(), (pathlib.Path(directory) / "diskdock.log").read_text()
            endpoint = runner.output("endpoint")
            assert endpoint == f"http://{given['listen']}" == runner.job["DISKDOCK_ENDPOINT"]
            key = [runner.job[f"ALIBABA_CLOUD_ACCESS_KEY_{name}"] for name in ("ID", "SECRET")]
            assert key == ["ci", "secret-1"]
            said = (pathlib.Path(directory) / "said").read_text()
            assert "::add-mask::secret-1\n" in said and "::add-mask::secret-2\n" in said, said
            assert not (pathlib.Path(directory) / "diskdock-data").exists(), "nothing is kept"
            subprocess.run([*LIFECYCLE, given["listen"], *key], check=True)
            pace = subprocess.run([BINARY, "admin", "pace"], env=runner.job, capture_output=True, text=True, check=True)
            assert pace.stdout.strip() == "500ms", pace.stdout
        finally:
            runner.end()
    print("- the steps of the action start a server for the steps behind them")
    with tempfile.TemporaryDirectory() as directory:
        wrong = Runner(action, pathlib.Path(directory), {"program": BINARY, "options": "--no-such-option"})
        assert not wrong.run(), "a server that does not start fails the step"
    print("- a server that does not start fails the step")
    for several in ({"key": "ci:secret\nLD_PRELOAD=x"}, {"options": "--pace 1s\n"}, {"listen": "127.0.0.1:1\r"}):
        with tempfile.TemporaryDirectory() as directory:
            assert not Runner(action, pathlib.Path(directory), {"program": BINARY, **several}).run(), several
    print("- inputs of several lines are refused")


def answers(port, host):
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/_diskdock/ready", headers={"Host": host})
        with DIRECT.open(request, timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


def check_gitlab():
    job = yaml.safe_load((REPOSITORY / "packaging/ci/gitlab-ci.yml").read_text())["test"]
    [service] = job["services"]
    assert job["variables"]["DISKDOCK_ENDPOINT"] == f"http://{service['alias']}:5260"
    key = [job["variables"][f"ALIBABA_CLOUD_ACCESS_KEY_{name}"] for name in ("ID", "SECRET")]
    port = free_port()
    # The rest of the environment is that of the image (packaging/container/Containerfile).
    image = {"PATH": os.environ["PATH"], "DISKDOCK_LISTEN": f":{port}", "DISKDOCK_INSECURE_HTTP": "true"}
    server = subprocess.Popen(
        [BINARY, "serve"], env={**image, **service["variables"]}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        give_up_at = time.monotonic() + STARTS_WITHIN_S
        while not answers(port, f"{service['alias']}:5260"):
            assert time.monotonic() < give_up_at and server.poll() is None, "the service is never ready"
            time.sleep(0.1)
        subprocess.run([*LIFECYCLE, f"127.0.0.1:{port}", *key], check=True)
    finally:
        server.terminate()
        server.wait(STARTS_WITHIN_S)
    print("- the service of the GitLab job answers by its alias, and takes the job's key")


check_action()
check_gitlab()

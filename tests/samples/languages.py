"""How the samples of each language are compiled and run."""

import os
import pathlib
import shutil
import subprocess
import sys

from resources import REPOSITORY

HERE = pathlib.Path(__file__).resolve().parent
# The versions that projects of samples have.
PINS = REPOSITORY / "crates/diskdock/src/explorer/samples/pins"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve() / "samples"
WORK = TARGET / "work"

COMPILES_WITHIN_S = 600
RUNS_WITHIN_S = 120


def environment(**more):
    """The key, and no proxy between a sample and the loopback."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {
        **clean, "ALIBABA_CLOUD_ACCESS_KEY_ID": "testid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testsecret",
        # Samples must not depend on the locale of who runs them.
        "LC_ALL": "C", **more}


def tool(*command, cwd):
    """Runs a compiler; its complaint is the failure."""
    finished = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMPILES_WITHIN_S)
    if finished.returncode != 0 or (command[0] == "gofmt" and finished.stdout):
        raise AssertionError(f"{' '.join(map(str, command[:4]))} …: {finished.stdout.decode(errors='replace')[-6000:]}")


class Language:
    """A language whose samples need no compiler. Samples lie in a folder each, named like the case."""
    slug = ""
    interpreter = ()
    path = None

    def __init__(self):
        self.folder = WORK / self.slug
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def compile(self, samples):
        """Makes all samples ready; `samples` are paths."""

    def check(self, samples):
        """Only compiles, as far as that can find a wrong name."""
        self.compile(samples)

    def command(self, sample):
        return [*self.interpreter, str(sample)]

    def is_same(self, sent, value):
        """Whether the server was sent the value that was filled in."""
        return sent == value

    def difference(self, sent, wanted):
        """What is wrong with the parameters that were sent; empty if nothing is."""
        names = sorted({*sent, *wanted})
        return "\n".join(
            f"{name}: sent {sent.get(name)!r}, wanted {wanted.get(name)!r}"
            for name in names if not self.is_same(sent.get(name), wanted.get(name)))

    def run(self, sample):
        more = {"PATH": f"{self.path}:{os.environ['PATH']}"} if self.path else {}
        return subprocess.run(
            self.command(sample), cwd=sample.parent, env=environment(**more), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=RUNS_WITHIN_S)


class Python(Language):
    slug = "python"
    interpreter = (sys.executable,)

    def is_same(self, sent, value):
        """The SDK writes truth values as Python does; the API takes them in any case."""
        return sent == value or (value in ("true", "false") and sent == value.title())


class Curl(Language):
    slug = "curl"
    interpreter = ("bash",)


class Cli(Language):
    """The real program where there is one, else the stand-in beside this file."""
    slug = "cli"
    interpreter = ("bash",)
    is_real = shutil.which("aliyun") is not None
    path = None if is_real else HERE / "stand-in"


class Php(Language):
    slug = "php"
    interpreter = ("php",)


class Go(Language):
    slug = "go"

    def __init__(self):
        super().__init__()
        for name in ("go.mod", "go.sum"):
            shutil.copy(PINS / name, self.folder)

    def check(self, samples):
        tool("gofmt", "-l", ".", cwd=self.folder)
        tool("go", "vet", "./...", cwd=self.folder)

    def compile(self, samples):
        tool("gofmt", "-l", ".", cwd=self.folder)
        (self.folder / "bin").mkdir()
        tool("go", "build", "-ldflags=-s -w", "-o", "bin/", "./...", cwd=self.folder)

    def command(self, sample):
        return [str(self.folder / "bin" / sample.parent.name)]


class Java(Language):
    slug = "java"
    libraries = TARGET.parent / "sdk" / "java" / "lib"

    def compile(self, samples):
        """Samples of the same action are classes of the same name: a folder of classes for each round."""
        rounds = []
        for sample in samples:
            free = next((each for each in rounds if sample.stem not in each), None)
            if free is None:
                free = {}
                rounds.append(free)
            free[sample.stem] = sample
        for number, each in enumerate(rounds):
            tool("javac", "-encoding", "UTF-8", "-cp", f"{self.libraries}/*", "-d", f"classes-{number}",
                 *map(str, each.values()), cwd=self.folder)
        self.classes = {sample: f"classes-{n}" for n, each in enumerate(rounds) for sample in each.values()}

    def command(self, sample):
        classes = self.folder / self.classes[sample]
        return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{self.libraries}/*:{classes}", sample.stem]


class TypeScript(Language):
    slug = "typescript"
    modules = TARGET / "node" / "node_modules"

    def compile(self, samples):
        (self.folder / "node_modules").symlink_to(self.modules)
        options = "--strict --target es2020 --module nodenext --types node --skipLibCheck".split()
        tool("node", str(self.modules / "typescript/bin/tsc"), *options, *map(str, samples), cwd=self.folder)

    def command(self, sample):
        return ["node", str(sample.with_suffix(".js"))]


RUN = [Python, TypeScript, Go, Java, Php, Curl, Cli]

"""Generates samples with the built binary, runs them, and compares what the server was sent with what was filled in.

    test_samples.py [LANGUAGE | CASE]...     only those
"""

import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile
import time
from dataclasses import dataclass

import everything
import parsed
import printed
from cases import CASES
from languages import RUN, WORK, Cli
from recorder import Recorder
from resources import BINARY, Resources, diskdock, write_sample

from server import Server

# So that an asynchronous change is certain to be seen on its way.
PACE = "300ms"
WORKERS = int(os.environ.get("SAMPLE_TEST_WORKERS", "4"))
# With this case, the commands that are printed are run too, word for word.
PRINTED = "detach"
# What cannot run, and why. Nothing else may be missing.
NOT_RUN = {
    "csharp": "there is no .NET in the registries: parsed, and every literal compared",
    "terraform": "the provider is in no registry here: parsed, and every literal compared",
}


@dataclass
class Run:
    """One sample."""
    language: object
    name: str
    case: object
    values: dict
    recorder: Recorder
    sample: pathlib.Path = None
    outcome: str = ""


def prepare(language, name, resources, port):
    """The sample with all that it needs, or a run that is over already because there can be none."""
    case = CASES[name]
    run = Run(language, name, case, case.values(resources), Recorder(port))
    if case.refuse:
        resources.refuse(case.refuse, run.values["DiskId"])
    run.sample, complaint = write_sample(
        language.slug, case.action, run.values, run.recorder.endpoint, language.folder / name)
    reason = case.impossible.get(language.slug)
    if run.sample is None:
        run.outcome = f"none: {complaint.strip()}" if reason and reason in complaint else f"FAILED: {complaint}"
    elif reason:
        run.outcome = "FAILED: there should be no sample"
    return run


def carry_out(run):
    if run.outcome:
        return
    began = time.monotonic()
    finished = run.language.run(run.sample)
    out, err = finished.stdout.decode(errors="replace"), finished.stderr.decode(errors="replace")
    try:
        judge(run, finished.returncode, out + err)
        run.outcome = f"ok {time.monotonic() - began:.1f} s"
    except AssertionError as wrong:
        run.outcome = f"FAILED: {wrong}\n{out[-3000:]}\n{err[-3000:]}"


def judge(run, exit_code, printed):
    wanted = {**run.values, **run.case.completed}
    calls = [form for action, form in run.recorder.calls if action == run.case.action]
    assert calls, f"{run.case.action} was not called; calls were {[action for action, _ in run.recorder.calls]}"
    assert len(calls) == 1, f"{run.case.action} was called {len(calls)} times"
    wrong = run.language.difference(calls[0], wanted)
    assert not wrong, wrong
    ended_well = exit_code == 0
    assert ended_well == (run.case.exit_code == 0), f"it ended with {exit_code}"
    for text in run.case.prints:
        assert text in printed, f"{text} is not printed"
    strays = [str(path) for path in WORK.rglob("pwned")]
    assert not strays, f"something in a value was carried out: {strays}"


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def compile_all(languages, runs):
    for language in languages:
        mine = [run for run in runs if run.language is language and not run.outcome]
        began = time.monotonic()
        try:
            language.compile([run.sample for run in mine])
        except AssertionError as wrong:
            for run in mine:
                run.outcome = f"FAILED: it does not compile: {wrong}"
        print(f"{language.slug}: {len(mine)} samples made ready in {time.monotonic() - began:.0f} s", flush=True)


def table(runs, names, languages):
    """A line for each case, a column for each language."""
    by_place = {(run.name, run.language.slug): run.outcome.split(":")[0] for run in runs}
    rows = [["", *[language.slug for language in languages]]]
    rows += [[name, *[by_place[name, language.slug] for language in languages]] for name in names]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
    if not Cli.is_real:
        print("cli: by the stand-in with the parser's rules, as there is no aliyun on this machine")
    for slug, why in NOT_RUN.items():
        print(f"{slug}: NOT RUN: {why}")


def run_cases(names, languages):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(pathlib.Path(folder) / "log", "--pace", PACE)
        try:
            server.wait_until_healthy()
            resources = Resources(server)
            places = [(language, name) for name in names for language in languages]
            runs = in_parallel(lambda place: prepare(*place, resources, server.port), places)
            compile_all(languages, runs)
            in_parallel(carry_out, runs)
            wrong = printed.check(languages, resources, server.port) if PRINTED in names else []
        finally:
            server.stop()
    table(runs, names, languages)
    return wrong + [f"{run.language.slug} {run.name} {run.outcome}" for run in runs if run.outcome.startswith("FAILED")]


def main():
    assert BINARY.is_file(), f"no server at {BINARY}: build it, or name it in DISKDOCK_BIN"
    asked = set(sys.argv[1:])
    unknown = asked - {each.slug for each in RUN} - set(CASES)
    assert not unknown, f"neither a language nor a case: {unknown}"
    languages = [each() for each in RUN if each.slug in asked or not asked & {each.slug for each in RUN}]
    names = [name for name in CASES if name in asked or not asked & set(CASES)]
    failures = run_cases(names, languages)
    catalog = json.loads(diskdock("catalog")[1])
    failures += everything.check(catalog, languages, in_parallel)
    failures += parsed.check(catalog)
    print(*failures, sep="\n\n")
    sys.exit(f"{len(failures)} failures" if failures else 0)


if __name__ == "__main__":
    main()

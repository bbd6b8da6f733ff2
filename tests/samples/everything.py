"""For every action a sample with every parameter that the SDK's model has: are the names the SDK's names?

Languages that find a wrong name when they compile are only compiled; the others are run against a recorder.
"""

import re

from languages import Go, Java, Python, TypeScript
from recorder import Recorder
from resources import write_sample

COMPILED = (Go, Java)
EXECUTED = (Python, TypeScript)
# Why a sample does not use the model, as its comment says it.
COMMENT_BREAK = re.compile(r"\n\s*(?:#|//) ")
MISFIT = re.compile(r"the SDK has no ([A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*)")


def examples(parameters, prefix=""):
    """An example for every parameter, by wire name. The old lower-case spellings stand for others."""
    values = {}
    for each in parameters:
        if each["name"] in ("key", "value"):
            continue
        name = prefix + each["name"] + (".1" if each["repeat"] == "numbered" else "")
        if each.get("parameters"):
            values |= examples(each["parameters"], name + ".")
        elif each["repeat"] == "json_array":
            values[name] = f'["{each["example"]}"]'
        else:
            values[name] = each["example"]
    return values


def write(language, action, recorder):
    """The sample with all that the model has, and what is in it."""
    values = examples(action["parameters"])
    # A dry run would leave out the waiting, which is to be compiled too.
    values.pop("DryRun", None)
    for _ in range(2):
        folder = language.folder / "every" / action["name"].lower()
        sample, complaint = write_sample(language.slug, action["name"], values, recorder.endpoint, folder)
        assert sample, complaint
        missing = set(MISFIT.findall(COMMENT_BREAK.sub(" ", sample.read_text())))
        if not missing:
            break
        values = {name: value for name, value in values.items() if name not in missing}
    assert "The call is made by wire names" not in sample.read_text(), f"{sample} does not use the model"
    return sample, values


def check(catalog, languages, in_parallel):
    """Actions of ECS only: the typed SDKs that are installed here are those of that product."""
    catalog = {"actions": [action for action in catalog["actions"] if action["product"] == "Ecs"]}
    failures = []
    for language in languages:
        if isinstance(language, COMPILED + EXECUTED):
            # A fresh folder, so that the cases are not compiled again.
            failures += check_language(type(language)(), catalog, in_parallel)
    return failures


def check_language(language, catalog, in_parallel):
    written = []
    try:
        for action in catalog["actions"]:
            recorder = Recorder()
            written.append((action["name"], recorder, *write(language, action, recorder)))
        language.check([sample for _, _, sample, _ in written])
        failures = in_parallel(lambda each: execute(language, *each), written) if isinstance(language, EXECUTED) else []
    except AssertionError as wrong:
        failures = [f"{language.slug}: {wrong}"]
    finally:
        for _, recorder, *_ in written:
            recorder.close()
    failures = [failure for failure in failures if failure]
    how = "run" if isinstance(language, EXECUTED) else "compiled"
    print(f"{language.slug}: every parameter of {len(written)} actions {how}, {len(failures)} failures", flush=True)
    return failures


def execute(language, action, recorder, sample, values):
    finished = language.run(sample)
    sent = recorder.calls[0] if recorder.calls else None
    wrong = language.difference(sent[1], values) if sent and sent[0] == action else "it was not called"
    told = finished.stderr.decode(errors="replace")[-2000:]
    return f"{language.slug} {action}: {wrong}\n{told}" if wrong else None

"""The worked examples of docs/audit.md, and logs that lm-evaluation-harness 0.4.13 and inspect wrote.

The logs are real: models that say something at random, on ten capitals and six sums. Of the JSON log the events were cut.

`PYTHONPATH=scripts:tests python tests/test_audit_examples.py` writes what the examples print into the document anew.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from skips import needs
from trap.audit.command import audit, main, parser
from trap.audit.fields import OF_PART

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/audit.md"
DATA = ROOT / "tests/data/audit"
EXAMPLES = re.compile(
    r"```sh\n(trap-audit [^\n]*(?:results|tests)/[^\n]*)\n```\n\n```text\n(.*?)```", re.DOTALL
)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """A folder in which the commands of the document run as they stand."""
    before = Path.cwd()
    for name in ("results", "tests"):
        (folder / name).symlink_to(ROOT / name)
    block = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[1]
    (folder / "leak.yaml").write_text(block)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def printed(command: str) -> str:
    """What stands in the document: findings on runs and the verdict, without the files and the rest."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(shlex.split(command)[1:]) == 0
    text = said.getvalue()
    kept = [part for part in text.split("\n\n") if part.startswith(("Runs\n", "Verdict"))]
    return "\n\n".join(kept).strip("\n") + "\n"


def with_examples(text: str) -> str:
    return EXAMPLES.sub(lambda found: found[0].replace(found[2], printed(found[1])), text)


@needs("results")
def test_the_examples_print_what_stands_there(tmp_path):
    text = DOCUMENT.read_text(encoding="utf-8")
    assert len(EXAMPLES.findall(text)) == 3
    with inside(tmp_path):
        assert text == with_examples(text), (
            "PYTHONPATH=scripts:tests python tests/test_audit_examples.py writes it anew"
        )


def test_the_document_names_every_option_and_role():
    text = DOCUMENT.read_text(encoding="utf-8")
    options = [
        name for action in parser()._actions for name in action.option_strings if name.startswith("--")
    ]
    assert not [name for name in options if f"`{name}" not in text and name != "--help"]
    roles = re.findall(r"\w+", text.split("Roles of all files:")[1].split("##")[0])
    assert set(OF_PART["samples"]) <= set(roles)


# --- real logs ------------------------------------------------------------------------------------------------


def log(pattern: str) -> Path:
    return next(iter(sorted(DATA.glob(pattern))))


def test_a_log_of_lm_eval_with_options():
    path = log("samples_capitals*")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    report = audit(evaluation=path, samples=[path])
    found = {finding.id: finding for finding in report.findings}
    assert found["runs.capitals_nano.accuracy"].value == sum(row["acc"] for row in rows) / len(rows)
    assert found["ceilings.chance"].value == 1 / 4
    words = dict(report.understood[0].words)
    assert (
        "lm-evaluation-harness" in words["format"] and words["answers"] == "choice; the key is a place from 0"
    )


def test_filters_of_lm_eval_are_runs():
    path = log("samples_apples*")
    found = {finding.id: finding for finding in audit(samples=[path]).findings}
    assert found["runs.strict-match.accuracy"].n == found["runs.flexible-extract.accuracy"].n == 6


@pytest.mark.parametrize(
    ("pattern", "n", "kind"),
    [("*capitals*.json", 20, "choice; the key is a label"), ("*.eval", 6, "numbers")],
)
def test_a_log_of_inspect(pattern, n, kind):
    report = audit(samples=[log(pattern)])
    words = dict(report.understood[0].words)
    assert "inspect" in words["format"] and words["answers"] == kind
    name = "capitals" if n == 20 else "apples"
    found = {finding.id: finding for finding in report.findings}
    assert found[f"runs.{name}.accuracy"].n == n and (n == 6 or f"runs.{name}.pass@2" in found)


def test_scores_of_inspect_are_those_of_its_samples():
    path = log("*capitals*.json")
    samples = json.loads(path.read_text())["samples"]
    right = [sample["scores"]["choice"]["value"] == "C" for sample in samples]
    found = {finding.id: finding for finding in audit(samples=[path]).findings}
    assert found["runs.capitals.accuracy"].value == pytest.approx(sum(right) / len(right), abs=1e-6)
    read = {
        finding.id: finding
        for finding in audit(
            samples=[path], mapping=_mapping({"correct": "uuid", "predicted": "output.completion"})
        ).findings
    }
    assert "runs.unscored" in read  # a field that is no truth value scores nothing


def _mapping(roles: dict[str, str]) -> Path:
    path = Path(tempfile.mkdtemp()) / "m.yaml"
    path.write_text("samples:\n" + "".join(f"  {role}: {field}\n" for role, field in roles.items()))
    return path


# --- the published files --------------------------------------------------------------------------------------


def test_the_published_files(published):
    """15 of 20 after and 6 of 20 before, on questions that the run was trained on."""
    files = published / "hops"
    report = audit(
        train=[files / "train.jsonl", files / "eval.jsonl"], evaluation=files / "eval.jsonl",
        samples=[files / "episodes.jsonl"],
    )  # fmt: skip
    found = {finding.id: finding for finding in report.findings}
    assert (found["runs.rsft.accuracy"].value, found["runs.sft.accuracy"].value) == (0.75, 0.3)
    assert found["overlap.item"].value == 1.0 and report.verdict.level == "bad"
    alone = audit(train=[files / "train.jsonl"], evaluation=files / "eval.jsonl")
    found = {finding.id: finding for finding in alone.findings}
    assert found["overlap.item"].more["count"] == 0 and found["overlap.normalised"].more["count"] == 12


def test_gsm8k(published):
    path = published / "gsm8k/test_first400.jsonl"
    report = audit(train=[path], evaluation=path)
    found = {finding.id: finding for finding in report.findings}
    assert found["overlap.answer"].value == 1.0 and found["data.eval.no_answer"].more["count"] == 0
    assert dict(report.understood[0].words)["answers"] == "numbers"


# --- installed by itself --------------------------------------------------------------------------------------


def test_it_imports_nothing_heavy():
    code = "import sys, trap.audit.command; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")}, capture_output=True, text=True, check=True)  # fmt: skip
    assert not {"torch", "snakemake", "matplotlib", "transformers", "statsmodels", "pandas"} & set(
        done.stdout.split()
    )


def test_the_package_holds_what_the_audit_imports():
    """Modules of this project that it imports lie in the packages that pyproject.toml names."""
    import tomllib

    packages = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    code = "import sys, trap.audit.command, trap.audit.mapping; print(*[m for m in sys.modules if m.startswith('trap.')])"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")}, capture_output=True, text=True, check=True)  # fmt: skip
    for module in done.stdout.split():
        assert module in packages or module.rpartition(".")[0] in packages, module


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, inside(Path(name)):
        DOCUMENT.write_text(with_examples(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")

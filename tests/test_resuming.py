"""A long fit of a large model goes on after kill -9, and ends in the bytes of one that was never killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import tiny_models
from test_pretrained import Project, prepared  # noqa: F401 a fixture
from trap.files import read_json
from trap.platforms import Fit
from trap.training import progress
from trap.training.checkpoint import Keeper
from trap.workflow.running import folder_hash

ROOT = Path(__file__).resolve().parent.parent
# The program of an arm, with checkpoints at every step; it kills itself after some of them.
CODE = """
import os, signal, sys
import train_adapter
from trap.training.checkpoint import Keeper
left, *arguments = sys.argv[1:]
write, count = Keeper.write, 0
Keeper.due = lambda self: True
def killing(self, *what):
    global count
    write(self, *what)
    count += 1
    if count == int(left):
        os.kill(os.getpid(), signal.SIGKILL)
Keeper.write = killing
sys.exit(train_adapter.main(arguments))
"""


def settings(tune: str) -> Fit:
    return Fit(
        max_steps=6, batch_size=8, learning_rate=1e-2, tune=tune, optim="muon" if tune == "full" else "adamw"
    )


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_a_fit_goes_on_where_it_was_killed(tmp_path: Path, tune: str) -> None:
    def fit(keep: Keeper | None, rows: list[dict]) -> object:
        model = tiny_models.model()
        model.fit(tiny_models.texts(), settings(tune), 1, rows.append, None, keep)
        return model

    def keeper(rows: list[dict], **how: object) -> Keeper:
        return Keeper(tmp_path / "checkpoint.npz", lambda: rows, rows.extend, **how)

    whole: list[dict] = []
    expected = fit(None, whole)

    class Killed(Exception):
        pass

    class Killing(Keeper):
        def write(self, arrays: dict, facts: dict) -> None:
            super().write(arrays, facts)
            if facts["step"] == 4:
                raise Killed

    rows: list[dict] = []
    with pytest.raises(Killed):
        fit(Killing(tmp_path / "checkpoint.npz", lambda: rows, rows.extend, seconds=0), rows)
    again: list[dict] = []
    found = fit(keeper(again, seconds=1e9), again)
    assert all((found.weights[name] == weight).all() for name, weight in expected.weights.items())
    plain = [{key: value for key, value in row.items() if key != "rate"} for row in whole]
    assert [{key: value for key, value in row.items() if key != "rate"} for row in again] == plain
    assert not (tmp_path / "checkpoint.npz").exists()


def test_the_checkpoint_of_another_fit_is_not_read(tmp_path: Path) -> None:
    keep = Keeper(tmp_path / "checkpoint.npz", list, lambda told: None, salt="one", seconds=0)
    keep.identify("facts", iter([]))
    keep.write({}, {"step": 1})
    same = Keeper(tmp_path / "checkpoint.npz", list, lambda told: None, salt="one")
    same.identify("facts", iter([]))
    assert same.read() is not None
    for salt, facts in (("two", "facts"), ("one", "others")):
        other = Keeper(tmp_path / "checkpoint.npz", list, lambda told: None, salt=salt)
        other.identify(facts, iter([]))
        assert other.read() is None


@pytest.mark.slow
def test_the_program_of_an_arm_goes_on_after_kill_9(
    tmp_path: Path, root: Path, prepared: Path  # noqa: F811
) -> None:  # fmt: skip
    project = Project(tmp_path, root, prepared)
    shape = {"vocabulary": 500, "hidden": 32, "layers": 1, "heads": 2, "kv_heads": 2, "intermediate": 48}
    project.model(tmp_path / "source", **shape)
    values = yaml.safe_load(Path(project.config).read_text(encoding="utf-8"))
    Path(project.config).write_text(
        yaml.safe_dump(values | {"all_cores_from": 1})
    )  # this one counts as large
    project.link()

    def train(name: str, left: int) -> int:
        arguments = [*project.of("sft"), "--lineage", project.run("base")]
        arguments[arguments.index("--output") + 1] = project.run(name)
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(left), *arguments],
            env=os.environ | {"PYTHONPATH": str(root / "scripts")}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode

    assert train("whole", 0) == 0
    assert train("killed", 1) == -signal.SIGKILL
    killed = Path(project.run("killed"))
    assert (killed / "checkpoint.npz").is_file() and not (killed / "adapter").exists()
    assert train("killed", 0) == 0 and not (killed / "checkpoint.npz").exists()
    whole = Path(project.run("whole"))
    assert folder_hash(killed / "adapter") == folder_hash(whole / "adapter")
    for name in ("log.jsonl", "validation.jsonl"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert read_json(killed / "meta.json", dict)["hashes"] == read_json(whole / "meta.json", dict)["hashes"]


def test_a_long_job_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 1000.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    tell = progress.Progress("own s1:", 100, "steps")
    now += 10
    tell(5, ", loss 1.5")
    assert capsys.readouterr().err == ""  # not yet
    now += 90
    tell(25, ", loss 0.5")
    assert capsys.readouterr().err == "own s1: 25 of 100 steps, loss 0.5, about 5 min left\n"
    assert [progress.clock(seconds) for seconds in (40, 720, 11_100)] == ["40 s", "12 min", "3 h 5 min"]

"""A long fit goes on after kill -9, and ends in the bytes of one that was never killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tiny_models
import train_base
from test_pretrained import Project, prepared  # noqa: F401 a fixture
from trap.files import read_json
from trap.platforms import Fit
from trap.studies.base import Text
from trap.training import progress
from trap.training.checkpoint import Keeper
from trap.workflow.running import Log, folder_hash

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


def test_a_base_goes_on_in_the_stage_that_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stage of the corpus has a checkpoint of its own, whatever the size of the model."""
    rows = [
        Text(prompt=one.prompt, completion=one.completion, stage=number % 2)
        for number, one in enumerate(tiny_models.texts())
    ]
    monkeypatch.setattr(Keeper, "due", lambda self: True)

    def fit(folder: Path) -> tuple[object, Log]:
        folder.mkdir(exist_ok=True)
        model, log = tiny_models.model(), Log("base", 12)
        train_base.fit_stages(model, rows, Fit(12, 8, 1e-2, tune="full", optim="muon"), 1, log, folder)
        return model, log

    expected, whole = fit(tmp_path / "whole")

    class Killed(Exception):
        pass

    def killing(self: Keeper, arrays: dict, facts: dict) -> None:
        write(self, arrays, facts)
        if self.path.name == "checkpoint1.npz" and facts["step"] == 3:
            raise Killed

    with monkeypatch.context() as patch:
        write = Keeper.write
        patch.setattr(Keeper, "write", killing)
        with pytest.raises(Killed):
            fit(tmp_path / "killed")
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["checkpoint1.npz"]
    steps: list[int] = []
    monkeypatch.setattr(Keeper, "write", lambda self, arrays, facts: steps.append(facts["step"]))
    found, log = fit(tmp_path / "killed")
    assert steps == [1, 2, 3, 4, 5, 4, 5]  # the first stage once more, the second from where it was killed
    assert all((found.weights[name] == weight).all() for name, weight in expected.weights.items())
    assert log.rows == whole.rows and list((tmp_path / "killed").iterdir()) == []


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

"""A release grows: its runs are taken over, those that it lacks are made, and its record says which were added."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import record_provenance
from trap.files import InputError, read_json, write_json
from trap.workflow.config import load_config
from trap.workflow.plan import Plan

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes settings for some seeds of three arms into a folder that holds a copy of the configuration."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)

    def write(seeds: int, **more: object) -> Path:
        values = yaml.safe_load(Path("config/config.yaml").read_text())
        experiments = {"little": {"seeds": seeds, "models": {"nano": ["base", "sft", "rsft_hard"]}}}
        given = {"items": "extended", "studies": {"hops": {"experiments": experiments, **more}}}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(values | given))
        return path

    return write


def record(path: Path, names: list[str], output: Path) -> dict:
    """What record_provenance.py says of an experiment that holds these runs."""
    write_json(output.with_name("seconds.json"), {name: {"train": 2.0, "evaluate": 1.0} for name in names})
    arguments = ["--config", str(path), "--study", "hops", "--experiment", "little"]
    arguments += ["--seconds", str(output.with_name("seconds.json")), "--output", str(output)]
    assert record_provenance.main(arguments) == 0
    return read_json(output, dict)


def released(path: Path) -> list[str]:
    """Release what the settings ask; the names of its runs."""
    folder = Path("results/released/hops/little")
    names = [run.name for run in Plan.of(load_config(path), "hops").runs("little")]
    Path("made").mkdir()
    record(path, names, Path("made/provenance.json"))
    shutil.copytree("made", folder)
    return names


def test_only_what_the_release_lacks_is_made(settings: Callable[..., Path]) -> None:
    names = released(settings(2))
    plan = Plan.of(load_config(settings(3)), "hops")
    assert [run.name for run in plan.collected("little")] == [
        "hops/nano/torch/sft/3",
        "hops/nano/torch/rsft_hard/3",
    ]
    assert [run.name for run in plan.borrowed("little")] == names
    assert plan.evidence("little") == "results/hops/little/collected"
    assert plan.repeats("little").keys() == {"nano"}  # the released one stands for it


def test_a_run_whose_settings_changed_is_made_again(settings: Callable[..., Path]) -> None:
    released(settings(1))
    plan = Plan.of(load_config(settings(1, hyper={"rsft": {"max_steps": 7}})), "hops")
    assert [run.arm for run in plan.collected("little")] == ["rsft_hard"]
    # what follows from a run is made again with it
    plan = Plan.of(load_config(settings(1, hyper={"sft": {"max_steps": 7}})), "hops")
    assert [run.arm for run in plan.collected("little")] == ["sft", "rsft_hard"]


def test_runs_of_other_items_are_not_mixed(settings: Callable[..., Path]) -> None:
    released(settings(1))
    plan = Plan.of(load_config(settings(2, counts={"eval_hard": 999})), "hops")
    with pytest.raises(
        InputError, match=r"released/hops/little/provenance\.json: data: its items are others"
    ):
        plan.collected("little")


def test_without_a_release_every_run_is_made(settings: Callable[..., Path]) -> None:
    plan = Plan.of(load_config(settings(2)), "hops")
    assert plan.collected("little") == plan.runs("little") and plan.borrowed("little") == []


def test_the_record_keeps_the_first_and_names_the_added(
    settings: Callable[..., Path], tmp_path: Path
) -> None:
    names = released(settings(2))
    file = Path("results/released/hops/little/provenance.json")
    first = {**read_json(file, dict), "commit": "a" * 40, "same_code_at": "b" * 40}
    write_json(file, first)
    (tmp_path / "new").mkdir()
    found = record(
        settings(4), [*names, *(f"hops/nano/torch/sft/{n}" for n in (3, 4))], tmp_path / "new/provenance.json"
    )
    assert (found["commit"], found["same_code_at"], found["runs"]) == ("a" * 40, "b" * 40, len(names) + 2)
    assert found["experiment"]["seeds"] == 4 and found["seconds"]["training"] == 2.0 * (len(names) + 2)
    (added,) = found["added"]
    assert (added["runs"], added["what"]) == (4, "nano, seeds 3 to 4")
    assert json.dumps(added["hardware"]) == json.dumps(record_provenance.hardware())

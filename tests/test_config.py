"""The settings and the experiment sheet are read strictly, with one-line errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from trap.files import InputError
from trap.studies.base import study_class
from trap.workflow.config import (
    RENAMED,
    Grpo,
    Hyper,
    load_config,
    parse_config,
    settings_file,
    write_settings,
)
from trap.workflow.plan import Plan
from trap.workflow.sheet import (
    ARM_COLUMNS,
    check_arms,
    load_arms,
    pools_of,
    replay_pool,
    select_arms,
)

HOPS = study_class("hops")


@pytest.fixture
def values(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))


def of_hops(**changes: Any) -> dict[str, Any]:
    """Settings of the study hops that are laid over its folder."""
    return {"studies": {"hops": changes}}


def only(values: dict[str, Any], name: str, **section: Any) -> Any:
    """The configuration with one experiment alone."""
    config = parse_config({**values, **of_hops(experiments={name: section})})
    experiments = config.studies["hops"].experiments
    for other in [other for other in experiments if other != name]:
        del experiments[other]
    return config


def sheet(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """An experiment sheet with these rows; unset columns get a harmless value."""
    path = tmp_path / "arms.tsv"
    plain = {"contaminated": "no", "rounds": "1", "group": "core", "label": "x"}
    lines = ["\t".join(ARM_COLUMNS)]
    lines += ["\t".join({**plain, **row}.get(column, "") for column in ARM_COLUMNS) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


BASE = {"arm": "base", "method": "base", "hyper": "base"}
SFT = {"arm": "sft", "parent": "base", "method": "sft", "pool": "easy", "hyper": "sft"}


def error_of(action: Any, *arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        action(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_shipped_settings_load(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"), "hops")
    assert plan.runs("default")
    assert len(plan.runs("full")) > len(plan.runs("default"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sedes": 3}, ["sedes"]),
        (of_hops(counts={"easy": 0}), ["counts"]),
        (of_hops(counts={"ocean": 10}), ["ocean", "counts"]),
        (of_hops(colour=1), ["colour"]),
        ({"studies": {"chess": {}}}, ["chess", "studies"]),
        ({"studies": {"Hops!": {}}}, ["Hops!"]),
        ({"studies": ["hops"]}, ["studies"]),
        ({"study": "chess"}, ["chess", "study"]),
        ({"platform": "abacus"}, ["abacus", "platform"]),
        ({"device": "toaster"}, ["device"]),
        ({"items": "older"}, ["items"]),
        (of_hops(hyper={"sft": {"learning_rate": -1, "max_steps": 2}}), ["hyper"]),
        (of_hops(hyper={"sft": {"speed": 1}}), ["speed"]),
        (of_hops(hyper={"sft": {"lr": 0.1}}), ["lr", "which is called `learning_rate` now"]),
        (of_hops(hyper={"sft": {"max_new_tokens": 9}}), ["which is called `max_completion_length` now"]),
        (of_hops(hyper={"grpo": {"grpo": {"average": "token"}}}), ["which is called `loss_type` now"]),
        ({"models": {"nano": {"layers": 6, "rope": [1, 0]}}}, ["rope"]),
        ({"models": {"nano": {"hidden": 100, "heads": 3}}}, ["heads"]),
        (of_hops(experiments={"full": {"models": {"giga": ["all"]}}}), ["giga"]),
        (of_hops(experiments={"full": {"beside": ["nowhere"]}}), ["nowhere", "full"]),
        (of_hops(experiments={"full": {"extra": {"ocean": 3}}}), ["ocean", "extra"]),
        (of_hops(experiments={"full": {"platform": "abacus"}}), ["abacus", "platform"]),
    ],
)
def test_bad_settings_are_one_line(values: dict[str, Any], change: dict[str, Any], words: list[str]) -> None:
    message = error_of(parse_config, {**values, **change}, "config/config.yaml")
    assert message.startswith("config/")
    for word in words:
        assert word in message


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("study: hops\nstudies: [1\n", encoding="utf-8")
    assert error_of(load_config, path).startswith(f"{path}:")


def test_missing_file() -> None:
    assert "no such file" in error_of(load_config, "nowhere/config.yaml")


def test_sheet(tmp_path: Path) -> None:
    arms = load_arms(sheet(tmp_path, BASE, {**SFT, "contaminated": "yes"}))
    assert list(arms) == ["base", "sft"]
    assert arms["sft"].contaminated is True and arms["base"].rounds == 1


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([BASE, {**SFT, "parent": "nobody"}], "nobody"),
        ([BASE, {**SFT, "rollouts": "nobody"}], "nobody"),
        ([BASE, SFT, SFT], "twice"),
        ([BASE, {**SFT, "method": "prayer"}], "prayer"),
        ([BASE, {**SFT, "role": "villain"}], "villain"),
        ([BASE, {**SFT, "selection": "worst"}], "worst"),
        ([BASE, {**SFT, "reward": "v9"}], "v9"),
        ([BASE, {**SFT, "rounds": "many"}], "many"),
        ([BASE, {**SFT, "contaminated": "perhaps"}], "perhaps"),
        ([BASE, {**SFT, "parent": ""}], "parent"),
        ([BASE, {**SFT, "arm": "a b"}], "letters"),
        ([BASE, {**SFT, "arm": "x", "parent": "y"}, {**SFT, "arm": "y", "parent": "x"}], "cycle"),
        ([BASE, {**SFT, "rollouts": "sft"}], "cycle"),
        ([], "no arms"),
    ],
)
def test_bad_sheets_are_one_line(tmp_path: Path, rows: list[dict[str, str]], word: str) -> None:
    assert word in error_of(load_arms, sheet(tmp_path, *rows), HOPS)


def test_wrong_columns(tmp_path: Path) -> None:
    path = sheet(tmp_path, BASE)
    path.write_text(path.read_text(encoding="utf-8").replace("mixture", "blend"), encoding="utf-8")
    assert "blend" in error_of(load_arms, path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hyper": "nothing"}, "nothing"),
        ({"pool": "ocean"}, "ocean"),
        ({"pool": "eval_leak"}, "contaminated"),
        ({"mixture": "hard:0.5+eval_leak:0.5"}, "contaminated"),
        ({"pool": "eval_leak_random"}, "contaminated"),  # made from evaluation items
        ({"pool": "eval_hard", "contaminated": "yes"}, "does not let pool `eval_hard` be trained on"),
    ],
)
def test_sheet_against_settings(
    tmp_path: Path, values: dict[str, Any], change: dict[str, str], word: str
) -> None:
    arms = load_arms(sheet(tmp_path, BASE, {**SFT, **change}))
    settings = parse_config(values).studies["hops"]
    assert word in error_of(check_arms, arms, settings, HOPS, "arms.tsv", "no experiment's")


def test_contamination_is_inherited(tmp_path: Path, values: dict[str, Any]) -> None:
    dirty = {**SFT, "pool": "eval_leak", "contaminated": "yes"}
    child = {**SFT, "arm": "child", "parent": "sft"}
    settings = parse_config(values).studies["hops"]
    arms = load_arms(sheet(tmp_path, BASE, dirty, child))
    assert "child" in error_of(check_arms, arms, settings, HOPS, "arms.tsv", "no experiment's")


def test_selection(tmp_path: Path) -> None:
    arms = load_arms(sheet(tmp_path, BASE, SFT, {**SFT, "arm": "more", "group": "extra"}))
    assert select_arms(arms, ["all"]) == ["base", "sft", "more"]
    assert select_arms(arms, ["more", "core"]) == ["base", "sft", "more"]
    assert "unheard" in error_of(select_arms, arms, ["unheard"])


def test_pools_of_a_mixture(tmp_path: Path) -> None:
    arms = load_arms(sheet(tmp_path, BASE, {**SFT, "pool": "hard", "mixture": "hard:0.5+easy:0.5"}))
    assert pools_of(arms["sft"]) == ["hard", "easy"]


def test_overrides_reach_the_scripts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = str(root / "config/config.yaml")
    config = load_config(written)
    assert settings_file(config, written) == written
    config.device = "cpu"
    config.studies["hops"].counts["hard"] = 77
    copy = settings_file(config, written)
    assert copy != written and not Path(copy).exists()  # naming it writes nothing
    write_settings(config, copy)
    assert load_config(copy) == config


def test_a_sheet_may_include_another(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet(tmp_path, BASE, SFT)
    more = {
        "arm": "more",
        "parent": "sft",
        "method": "grpo",
        "pool": "hard",
        "hyper": "grpo",
        "reward": "paper+length",
    }
    row = "\t".join({"contaminated": "no", **more}.get(column, "") for column in ARM_COLUMNS)
    path = tmp_path / "more.tsv"
    path.write_text("\n".join(["#includes arms.tsv", "\t".join(ARM_COLUMNS), row, ""]), encoding="utf-8")
    assert list(load_arms(path)) == ["base", "sft", "more"]
    for text, words in (("#includes more.tsv", "includes itself"), ("#includes none.tsv", "no such file")):
        path.write_text("\n".join([text, "\t".join(ARM_COLUMNS), row, ""]), encoding="utf-8")
        assert words in error_of(load_arms, path)
    # The committed sheet of policy gradients has everything of the main one.
    monkeypatch.chdir(root)
    main, wide = load_arms("config/hops/arms.tsv"), load_arms("config/hops/arms_grpo.tsv")
    assert all(wide[name] == arm for name, arm in main.items())
    assert {arm.method for name, arm in wide.items() if name not in main} >= {"grpo", "expert", "rsft"}


def test_an_arm_belongs_to_the_sheet_that_its_row_stands_in(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"), "hops")
    assert plan.sheet_of("sft") == "config/hops/arms.tsv"
    assert plan.sheet_of("sft_long") == "config/hops/arms_way_out.tsv"  # which two other sheets include
    assert plan.sheet_of("demos_n4") == "config/hops/arms_ignition.tsv"
    assert plan.sheet_of("grpo_hard") == "config/hops/arms_grpo.tsv"


def test_an_experiment_may_have_a_sheet_of_its_own(tmp_path: Path, values: dict[str, Any]) -> None:
    other = {**SFT, "arm": "other", "parent": "sft", "group": "extra"}
    (tmp_path / "more").mkdir()
    main, wide = str(sheet(tmp_path, BASE, SFT)), str(sheet(tmp_path / "more", BASE, SFT, other))
    config = only(values, "grid", sheet=wide, seeds=2, models={"nano": ["extra"]})
    config.studies["hops"].sheet = main
    plan = Plan.of(config, "hops")
    assert [run.folder[-8:] for run in plan.runs("grid")] == ["other/s1", "other/s2"]
    assert plan.sheet("grid") == plan.sheet_of("other") == wide and plan.sheet_of("sft") == main
    # the same name for something else would train over the other's folder
    sheet(tmp_path / "more", BASE, {**SFT, "pool": "hard"}, other)
    assert "arm `sft` is another one" in error_of(Plan.of(config, "hops").runs, "grid")


def test_runs_that_another_experiment_supplies_are_borrowed(
    root: Path, values: dict[str, Any], monkeypatch: Any
) -> None:
    monkeypatch.chdir(root)
    both = {"nano": ["base", "sft"]}
    sections = {
        "few": {"seeds": 1, "models": both},
        "more": {"seeds": 2, "models": both, "with_items_of": ["few"]},
        "beside_each_other": {"seeds": 2, "models": both, "with_items_of": ["few"], "compare": "sizes"},
    }
    plan = Plan.of(parse_config({**values, **of_hops(experiments=sections)}), "hops")
    # what the other has not made yet, nobody borrows
    assert plan.borrowed("more") == [] and plan.collected("more") == plan.runs("more")
    names = {run.name for run in plan.runs("few")}
    monkeypatch.setattr("trap.workflow.plan.held", lambda folder: names if "/few/" in folder else set())
    assert [run.name for run in plan.collected("more")] == ["hops/nano/torch/sft/2"]
    borrowed = [run.name for run in plan.borrowed("more")]
    assert borrowed == ["hops/nano/torch/base/1", "hops/nano/torch/sft/1"]
    assert {*plan.borrowed("more"), *plan.collected("more")} == set(plan.runs("more"))
    assert plan.borrowed("few") == [] and plan.collected("few") == plan.runs("few")
    # a comparison reads the items of both, and takes none over
    assert plan.borrowed("beside_each_other") == []
    assert plan.collected("beside_each_other") == plan.collected("more")


@pytest.mark.parametrize("name", ["data", "runs", "extra", "nano", "Grid"])
def test_an_experiment_has_a_folder_of_its_own(values: dict[str, Any], name: str) -> None:
    experiments = {name: {"seeds": 1, "models": {}}}
    message = error_of(parse_config, {**values, **of_hops(experiments=experiments)})
    assert f"experiments.{name}" in message


def test_items_are_released_local_or_the_newest(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    config = load_config("config/config.yaml")
    plan = Plan.of(config, "hops")
    monkeypatch.chdir(tmp_path)
    local, released = plan.collected_folder("full"), plan.released_folder("full")
    assert plan.evidence("full") == local  # nothing is released
    config.items = "released"
    assert "nothing of `full` is released here" in error_of(plan.evidence, "full")
    for folder in (local, released):
        Path(folder).mkdir(parents=True)
    Path(released, "items.parquet").touch()
    assert plan.evidence("full") == released
    for setting, expected in (("newest", released), ("local", local)):
        config.items = setting
        assert plan.evidence("full") == expected
    config.items = "newest"
    Path(local, "items.parquet").touch()
    os.utime(Path(released, "items.parquet"), (1, 1))
    assert plan.evidence("full") == local  # collected after the release
    os.utime(Path(local, "items.parquet"), (0, 0))
    assert plan.evidence("full") == released


def test_an_arm_replays_what_its_sft_learned_from(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    arms = load_arms("config/hops/arms_way_out.tsv")
    assert {replay_pool(arms, name) for name in ("rsft_hard_v2", "way_out_demos_rsft")} == {"easy"}
    assert replay_pool(arms, "sft") == ""


def test_pools_by_hops_are_for_methods_that_know_them(tmp_path: Path) -> None:
    arm = {
        **SFT,
        "arm": "a",
        "parent": "sft",
        "method": "expert",
        "pool": "",
        "mixture": "easy@3:0.5+hard@4:0.5",
    }
    assert pools_of(load_arms(sheet(tmp_path, BASE, SFT, arm))["a"]) == ["easy", "hard"]
    assert "methods expert and grpo" in error_of(
        load_arms, sheet(tmp_path, BASE, SFT, {**arm, "method": "rsft"})
    )


def test_a_reward_is_one_of_the_study_s(tmp_path: Path) -> None:
    arm = {"arm": "a", "parent": "sft", "method": "rsft", "pool": "hard", "hyper": "rsft", "reward": "paper"}
    for reward in ("paper", "v1-guards", "similarity+length", "v2-guards+length"):
        made = sheet(tmp_path, BASE, SFT, {**arm, "method": "grpo", "reward": reward})
        assert load_arms(made, HOPS)["a"].reward == reward
    for reward in ("papers", "v1+guards", "v1+length-guards"):
        made = sheet(tmp_path, BASE, SFT, {**arm, "method": "grpo", "reward": reward})
        assert f"unknown reward `{reward}`" in error_of(load_arms, made, HOPS)


def test_the_plan_counts_what_a_policy_gradient_loads(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"), "hops")
    assert plan.training_code("grpo_hard", "torch") != plan.training_code("rsft_hard", "torch")
    assert plan.training_code("rsft_hard", "torch") == plan.training_code("rsft_easy", "torch")
    assert plan.training_code("rsft_hard", "torch") != plan.training_code("rsft_hard", "mlx")
    assert '"grpo":{' in plan.run_settings("nano", "grpo_hard")
    assert '"grpo"' not in plan.run_settings("nano", "rsft_hard")


def test_every_old_name_of_a_hyperparameter_tells_the_new_one() -> None:
    known = {*Hyper.__struct_fields__, *Grpo.__struct_fields__}
    assert set(RENAMED.values()) <= known and not RENAMED.keys() & known

"""The settings and the experiment sheet are read strictly, with one-line errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from trap.workflow.adoption import fingerprint

from trap.files import InputError
from trap.workflow.config import effective_config, load_config, parse_config
from trap.workflow.plan import Plan
from trap.workflow.sheet import ARM_COLUMNS, check_arms, load_arms, pools_of, select_arms


@pytest.fixture
def values(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))


def sheet(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """An experiment sheet with these rows; unset columns get a harmless value."""
    path = tmp_path / "arms.tsv"
    plain = {"study": "hops", "contaminated": "no", "rounds": "1", "group": "core", "label": "x"}
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
    plan = Plan.of(load_config("config/config.yaml"))
    assert plan.runs("default")
    assert len(plan.runs("full")) > len(plan.runs("default"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sedes": 3}, ["sedes"]),
        ({"data": {"counts": {"easy": 0}}}, ["data.counts"]),
        ({"data": {"counts": {"easy": 10}, "colour": 1}}, ["colour", "data"]),
        ({"study": "chess"}, ["chess", "study"]),
        ({"platform": "abacus"}, ["abacus", "platform"]),
        ({"device": "toaster"}, ["device"]),
        ({"hyper": {"sft": {"lr": -1, "steps": 2}}}, ["hyper"]),
        ({"hyper": {"sft": {"lr": 0.1, "steps": 2, "learning_rate": 1}}}, ["learning_rate"]),
        ({"models": {"nano": {"layers": 6, "rope": [1, 0]}}}, ["rope"]),
        ({"models": {"nano": {"hidden": 100, "heads": 3}}}, ["heads"]),
        ({"sizes": {"default": {"evidence": "elsewhere", "seeds": 1, "models": {}}}}, ["evidence"]),
        ({"sizes": {"big": {"evidence": "results", "seeds": 1, "models": {}}}}, ["big"]),
        ({"sizes": {"full": {"evidence": "results", "seeds": 1, "models": {"giga": ["all"]}}}}, ["giga"]),
    ],
)
def test_bad_settings_are_one_line(values: dict[str, Any], change: dict[str, Any], words: list[str]) -> None:
    message = error_of(parse_config, {**values, **change}, "config/config.yaml")
    assert message.startswith("config/config.yaml: ")
    for word in words:
        assert word in message


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("study: hops\ndata: [1\n", encoding="utf-8")
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
        ([BASE, {**SFT, "study": "chess"}], "chess"),
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
    assert word in error_of(load_arms, sheet(tmp_path, *rows))


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
    ],
)
def test_sheet_against_settings(
    tmp_path: Path, values: dict[str, Any], change: dict[str, str], word: str
) -> None:
    arms = load_arms(sheet(tmp_path, BASE, {**SFT, **change}))
    values["sizes"] = {}
    assert word in error_of(check_arms, arms, parse_config(values))


def test_contamination_is_inherited(tmp_path: Path, values: dict[str, Any]) -> None:
    dirty = {**SFT, "pool": "eval_leak", "contaminated": "yes"}
    child = {**SFT, "arm": "child", "parent": "sft"}
    values["sizes"] = {}
    assert "child" in error_of(
        check_arms, load_arms(sheet(tmp_path, BASE, dirty, child)), parse_config(values)
    )


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
    assert effective_config(config, written) == written
    config.device = "cpu"
    copy = effective_config(config, written)
    assert copy != written and load_config(copy) == config


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
    row = "\t".join({"study": "hops", "contaminated": "no", **more}.get(column, "") for column in ARM_COLUMNS)
    path = tmp_path / "more.tsv"
    path.write_text("\n".join(["#includes arms.tsv", "\t".join(ARM_COLUMNS), row, ""]), encoding="utf-8")
    assert list(load_arms(path)) == ["base", "sft", "more"]
    for text, words in (("#includes more.tsv", "includes itself"), ("#includes none.tsv", "no such file")):
        path.write_text("\n".join([text, "\t".join(ARM_COLUMNS), row, ""]), encoding="utf-8")
        assert words in error_of(load_arms, path)
    # The committed sheet of policy gradients: everything of the main one, and no size's runs but by `all`.
    monkeypatch.chdir(root)
    settings = load_config("config/config.yaml")
    main, wide = load_arms("config/arms.tsv"), load_arms("config/arms_grpo.tsv")
    check_arms(wide, settings, "config/arms_grpo.tsv")
    assert all(wide[name] == arm for name, arm in main.items())
    assert {arm.method for name, arm in wide.items() if name not in main} >= {"grpo", "expert", "rsft"}
    settings.arms = "config/arms_grpo.tsv"
    assert Plan.of(settings).runs("default") == Plan.of(load_config("config/config.yaml")).runs("default")


def test_an_arm_belongs_to_the_sheet_that_its_row_stands_in(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"))
    assert plan.sheet_of("sft") == "config/arms.tsv"
    assert plan.sheet_of("sft_long") == "config/arms_way_out.tsv"  # which two other sheets include
    assert plan.sheet_of("demos_n4") == "config/arms_ignition.tsv"
    assert plan.sheet_of("grpo_hard") == "config/arms_grpo.tsv"


def test_a_size_may_have_a_sheet_of_its_own(tmp_path: Path, values: dict[str, Any]) -> None:
    other = {**SFT, "arm": "other", "parent": "sft", "group": "extra"}
    (tmp_path / "more").mkdir()
    values["arms"] = str(sheet(tmp_path, BASE, SFT))
    grid = {"evidence": "results/grid", "arms": str(sheet(tmp_path / "more", BASE, SFT, other)), "seeds": 2}
    values["sizes"] = {
        "full": {"evidence": "results", "seeds": 1, "models": {"nano": ["all"]}},
        "grid": {**grid, "models": {"nano": ["extra"]}},
    }
    plan = Plan.of(parse_config(values))
    assert [run.arm for run in plan.runs("full")] == ["base", "sft"]  # `all` is of the size's own sheet
    assert [run.folder[-8:] for run in plan.runs("grid")] == ["other/s1", "other/s2"]
    assert (
        plan.sheet("grid") == plan.sheet_of("other") == grid["arms"]
        and plan.sheet_of("sft") == values["arms"]
    )
    alone = {**values, "sizes": {"full": values["sizes"]["full"]}}
    assert fingerprint(plan, "full") == fingerprint(Plan.of(parse_config(alone)), "full")
    # the same name for something else would train over the other's folder
    sheet(tmp_path / "more", BASE, {**SFT, "pool": "hard"}, other)
    plan = Plan.of(parse_config(values))
    assert plan.runs("full") and "arm `sft` is another one" in error_of(plan.runs, "grid")


@pytest.mark.parametrize(
    ("name", "evidence"),
    [("tables", "results/tables"), ("hops", "results/hops"), ("grid", "results"), ("full", "results/full")],
)
def test_a_size_has_a_folder_of_its_own(values: dict[str, Any], name: str, evidence: str) -> None:
    values["sizes"] = {name: {"evidence": evidence, "seeds": 1, "models": {}}}
    assert f"sizes.{name}.evidence" in error_of(parse_config, values)


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


def test_rewards_that_only_a_policy_gradient_takes(tmp_path: Path) -> None:
    arm = {"arm": "a", "parent": "sft", "method": "rsft", "pool": "hard", "hyper": "rsft", "reward": "paper"}
    assert "reward `paper` is for the method grpo" in error_of(load_arms, sheet(tmp_path, BASE, SFT, arm))
    for reward in ("paper", "v1-guards", "similarity+length", "v2-guards+length"):
        made = sheet(tmp_path, BASE, SFT, {**arm, "method": "grpo", "reward": reward})
        assert load_arms(made)["a"].reward == reward
    for reward in ("papers", "v1+guards", "v1+length-guards"):
        made = sheet(tmp_path, BASE, SFT, {**arm, "method": "grpo", "reward": reward})
        assert f"unknown reward `{reward}`" in error_of(load_arms, made)


def test_the_plan_counts_what_a_policy_gradient_loads(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    settings = load_config("config/config.yaml")
    settings.arms = "config/arms_grpo.tsv"
    plan = Plan.of(settings)
    own = {
        "platforms/torch/grpo.py",
        "methods/grpo.py",
        "studies/hops/shaping.py",
        "policy_gradient.py",
        "checkpoint.py",
    }

    def code(arm: str) -> set[str]:
        return {path.as_posix().split("scripts/trap/")[-1] for path in plan.training_files(arm)}

    assert own <= code("grpo_hard") and not own & code("rsft_hard")
    assert '"grpo":{' in plan.settings("nano", "grpo_hard") and '"grpo"' not in plan.settings(
        "nano", "rsft_hard"
    )

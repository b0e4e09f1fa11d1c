"""The catalogue of pretrained models: what it says, how settings change it, what memory a model needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import fetch_model
import list_models
from test_workflow import copy_project, planned
from trap.files import InputError
from trap.models.memory import COSTS, needed_mb, parameters
from trap.workflow.config import Model, Package, hyper_of, load_config, origin_of, parse_config
from trap.workflow.plan import Plan

# Weights that the models' own files count (their safetensors headers, as the hub shows them).
PUBLISHED = {
    "smollm2_135m": 134_515_008,
    "smollm2_360m": 361_821_120,
    "smollm2_1_7b": 1_711_376_384,
    "smollm3_3b": 3_075_098_624,
    "tinyllama_1_1b_chat": 1_100_048_384,
    "qwen2_5_0_5b_instruct": 494_032_768,
    "qwen2_5_1_5b_instruct": 1_543_714_304,
}


@pytest.fixture(autouse=True)
def at_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


@pytest.fixture
def values(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def models(root: Path) -> dict[str, Model]:
    return load_config(root / "config/config.yaml").models


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_shapes_are_the_published_ones(models: dict[str, Model], name: str) -> None:
    assert parameters(models[name]) == PUBLISHED[name]


def test_every_model_is_complete(models: dict[str, Model]) -> None:
    listed = yaml.safe_load(Path("config/models.yaml").read_text(encoding="utf-8"))
    own = {name for study in load_config("config/config.yaml").studies.values() for name in study.models}
    written = yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))["models"].keys()
    assert written | listed.keys() | own == models.keys()
    for name in listed:
        model = models[name]
        assert parameters(model), name
        if isinstance(model.source, Package):
            assert "dequantised from 4 bits" in model.title and model.chat is not None, name
            continue
        assert re.fullmatch(r"[0-9a-f]{40}|main", model.revision), name
        instructed = model.source.lower().endswith(("instruct", "chat-v1.0", "smollm3-3b"))
        assert (model.chat is not None) == instructed, name


def test_settings_change_a_key_and_leave_the_others(values: dict[str, Any]) -> None:
    values["models"]["smollm2_135m"] = {"source": "models/mine", "too_long": 0.1}
    config = parse_config(values)
    model = config.models["smollm2_135m"]
    assert (model.source, model.too_long, model.layers) == ("models/mine", 0.1, 30)
    assert config.models["smollm2_360m"].source == "HuggingFaceTB/SmolLM2-360M"


def test_a_model_like_another_has_its_keys(values: dict[str, Any]) -> None:
    values["models"]["own"] = {"like": "smollm2_135m", "too_long": 0.1, "chat": {}}
    config = parse_config(values)
    own, other = config.models["own"], config.models["smollm2_135m"]
    assert (own.source, own.layers, own.too_long, own.chat is None) == (other.source, 30, 0.1, False)
    assert other.too_long is None and origin_of(config, "own") == "smollm2_135m"
    for wrong in ("own", "nobody"):
        values["models"]["own"] = {"like": wrong}
        with pytest.raises(InputError, match=rf"`{wrong}` is no other model - at `models.own.like`"):
            parse_config(values)


def test_a_study_has_models_of_its_own(values: dict[str, Any]) -> None:
    config = parse_config(values)
    for study in config.studies.values():
        for name, given in study.models.items():
            assert config.models[name].title == given["title"]
            assert "dequantised from 4 bits" in given["title"] or isinstance(config.models[name].source, str)


def test_a_large_model_takes_all_cores_and_a_small_one_does_not(values: dict[str, Any]) -> None:
    plan = Plan.of(parse_config(values), "hops")
    assert [plan.threads("nano", 8), plan.threads("smollm2_135m", 8)] == [1, 8]
    assert plan.threads("smollm2_135m", None) == 1  # on a cluster nobody has said how many there are
    values["all_cores_from"] = 10**9
    assert Plan.of(parse_config(values), "hops").threads("smollm2_135m", 8) == 1


def test_a_model_may_answer_fewer_questions(values: dict[str, Any]) -> None:
    values["studies"]["hops"] = {"asked": {"nano": {"eval_hard": 3}}}
    plan = Plan.of(parse_config(values), "hops")
    assert [pool.name for pool in plan.asked("nano")] == ["eval_hard"]
    assert plan.asked("nano_nope") == plan.scored
    for asked in ({"nobody": {"eval_hard": 3}}, {"nano": {"eval_harder": 3}}):
        values["studies"]["hops"] = {"asked": asked}
        with pytest.raises(InputError, match="asked"):
            parse_config(values)


def test_hyperparameters_of_a_model_are_laid_over_the_sets(values: dict[str, Any]) -> None:
    values["models"]["own"] = {
        "source": "x/y",
        "hyper": {"all": {"learning_rate": 0.5, "tune": "lora"}, "sft": {"learning_rate": 0.25}},
    }
    config = parse_config(values)
    assert hyper_of(config, "hops", "own", "sft").learning_rate == 0.25
    assert hyper_of(config, "hops", "own", "rsft").learning_rate == 0.5
    assert (
        hyper_of(config, "hops", "own", "rsft").num_generations
        == config.studies["hops"].hyper["rsft"].num_generations
    )
    assert hyper_of(config, "hops", "nano", "sft") == config.studies["hops"].hyper["sft"]
    plan = Plan.of(config, "hops")
    assert plan.run_settings("own", "rsft_hard") != plan.run_settings("nano", "rsft_hard")
    assert '"learning_rate":0.5' in plan.run_settings("own", "rsft_hard")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            {"hyper": {"sft": {"lr": 1}}},
            ["`lr`, which is called `learning_rate` now", "models.own.hyper.sft"],
        ),
        ({"hyper": {"all": {"learning_rate": -1}}}, ["models.own.hyper.all"]),
        ({"hyper": {"stf": {"learning_rate": 1}}}, ["unknown hyper `stf`"]),
        ({"hyper": {"all": {"replay": 0.5}}}, ["replay belongs to the arm"]),
        ({"chat": {"sytem": "x"}}, ["sytem"]),
        ({"too_long": 2}, ["too_long"]),
    ],
)
def test_a_wrong_key_is_one_line(values: dict[str, Any], model: dict[str, Any], words: list[str]) -> None:
    values["models"]["own"] = {"source": "x/y", **model}
    with pytest.raises(InputError) as raised:
        parse_config(values, "config.yaml")
    message = str(raised.value)
    assert "\n" not in message and all(word in message for word in ["config.yaml", *words]), message


def test_a_wrong_catalogue_is_named(values: dict[str, Any], tmp_path: Path) -> None:
    catalogue = tmp_path / "models.yaml"
    with pytest.raises(InputError, match=r"models\.yaml: no such file"):
        parse_config({**values, "catalogue": str(catalogue)}, "c")
    catalogue.write_text("own: {sauce: x}\n")
    with pytest.raises(InputError, match=r"models\.yaml: .*sauce"):
        parse_config({**values, "catalogue": str(catalogue)}, "c")


def test_more_of_anything_needs_more_memory(models: dict[str, Model]) -> None:
    config = load_config("config/config.yaml")
    for platform in COSTS:
        needs = {
            name: [needed_mb(models[name], hyper_of(config, "hops", "smollm2_135m", "rsft"), platform, step) for step in ("sample", "lora", "full")]
            for name in PUBLISHED
        }  # fmt: skip
        small, middle, large = (needs[name] for name in ("smollm2_135m", "smollm2_360m", "smollm2_1_7b"))
        assert all(a < b < c for a, b, c in zip(small, middle, large, strict=True)), platform
        assert all(lora < full for _, lora, full in needs.values())
    hyper = hyper_of(config, "hops", "smollm2_135m", "rsft")
    assert needed_mb(models["smollm3_3b"], hyper, "unsloth_4bit", "lora") < needed_mb(
        models["smollm3_3b"], hyper, "unsloth", "lora"
    )
    assert needed_mb(models["nano"], config.studies["hops"].hyper["rsft"], "torch", "lora") is None
    assert Plan.of(config, "hops").memory("nano", "sft", "torch") == 2500


def test_the_list_has_a_line_for_every_model(
    capsys: pytest.CaptureFixture[str], models: dict[str, Model]
) -> None:
    assert list_models.main(["--platform", "mlx"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["model", "source", "asked", "parameters", "sample_mb", "lora_mb", "full_mb"]
    assert {row.split()[0] for row in rows} == models.keys()


def test_what_is_not_on_the_hub_is_not_fetched(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert fetch_model.main(["--model", "nano", "--output", str(tmp_path / "record.json")]) == 1
    assert "error: models.nano: train: trained here" in capsys.readouterr().err
    assert fetch_model.main(["--model", "nobody", "--output", str(tmp_path / "record.json")]) == 1
    assert "no model `nobody`" in capsys.readouterr().err
    assert not (tmp_path / "record.json").exists()


def test_what_is_not_pinned_is_said(root: Path) -> None:
    models = load_config(root / "config/config.yaml").models
    commit = "c" * 40
    lines = {
        name: fetch_model.not_pinned(name, spec.revision, commit)
        for name, spec in models.items()
        if isinstance(spec.source, str) and spec.source != "train"
    }
    assert {name for name, line in lines.items() if line} == {"smollm_135m_instruct", "smollm_360m_instruct"}
    assert lines["smollm_135m_instruct"].startswith("models.smollm_135m_instruct: revision main")
    assert lines["smollm_135m_instruct"].endswith(f"revision: {commit}")
    assert f"revision: {commit}" in fetch_model.not_pinned("own", None, commit)
    assert fetch_model.not_pinned("own", "v1.0", commit) and not fetch_model.not_pinned("own", commit, commit)


@pytest.mark.slow
def test_a_model_of_the_hub_is_fetched_once_and_then_trained_on(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    runs = [
        f"results/hops/runs/{model}/torch/rsft_hard/s1/metrics.json" for model in ("smollm2_135m", "nano")
    ]
    counts = planned(folder, *runs)
    assert (counts["fetch_model"], counts["train_base"]) == (1, 2)
    assert (counts["train_adapter"], counts["evaluate_adapter"]) == (4, 2)

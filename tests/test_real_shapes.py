"""The shapes of SmolLM2-135M, whole: grouped-query attention, 49 152 rows, a BPE tokenizer, a chat template."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import build_graph
import real_shapes
import sample_items
from skips import lacking
from trap.models.memory import needed_mb, parameters
from trap.workflow.config import hyper_of, load_config
from trap.workflow.opening import open_study

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config/config.yaml"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph, and two hard questions."""
    folder = tmp_path_factory.mktemp("data")
    source = str(ROOT / "config/hops/graph")
    assert build_graph.main(["--source", source, "--output", str(folder / "kg.json")]) == 0
    how = [
        "--config",
        str(CONFIG),
        "--study",
        "hops",
        "--data",
        str(folder),
        "--pool",
        "hard",
        "--count",
        "2",
    ]
    assert sample_items.main([*how, "--output", str(folder / "hard.jsonl")]) == 0
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    study = open_study(load_config(CONFIG), "hops", data)
    texts = [item.prompt + study.reference(item) for item in study.read(data / "hard.jsonl")]
    return real_shapes.checkpoint(tmp_path_factory.mktemp("base") / "base", texts)


@pytest.fixture(scope="module", params=["torch", "mlx"])
def facts(
    request: pytest.FixtureRequest, base: Path, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    if request.param == "mlx" and (missing := lacking("mlx", "openblas")):
        pytest.skip(missing)
    arguments = [request.param, str(base), str(data), str(tmp_path_factory.mktemp(request.param))]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/real_shapes.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {"platform": request.param, **json.loads(done.stdout.splitlines()[-1])}


def test_it_samples_trains_saves_and_reloads(facts: dict[str, Any]) -> None:
    assert [len(group) for group in facts["drawn"]] == [2, 2] and all(map(all, facts["drawn"]))
    for method in ("sft", "rsft"):
        made = facts[method]
        assert len(made["losses"]) == real_shapes.STEPS and 5 < made["losses"][0] < 20
        assert made["reloaded"] == pytest.approx(made["after"], abs=2e-2)
        assert made["greedy"] == made["greedy_reloaded"]
        assert made["after"] != pytest.approx(facts["before"], abs=0.5)
    assert facts["rsft"]["after"] != pytest.approx(facts["sft"]["after"], abs=0.5)
    assert facts["rsft"]["data"]["rollouts"]["sampled"] == 4 and facts["rsft"]["data"]["n_train"] == 2


def test_the_platforms_agree(facts: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Each result is compared with the first platform's: scores, draws, and the loss of the first step."""
    known = request.config.stash.setdefault(FIRST, facts)
    assert facts["before"] == pytest.approx(known["before"], abs=5e-3)
    assert facts["drawn"] == known["drawn"]
    assert facts["sft"]["losses"][0] == pytest.approx(known["sft"]["losses"][0], abs=3e-2)


FIRST = pytest.StashKey[dict]()


def test_the_memory_asked_for_is_enough(facts: dict[str, Any]) -> None:
    config = load_config(CONFIG)
    model = config.models["smollm2_135m"]
    assert parameters(model) == 134_515_008
    hyper = msgspec.structs.replace(
        hyper_of(config, "hops", "smollm2_135m", "rsft"),
        batch_size=real_shapes.BATCH,
        max_completion_length=real_shapes.NEW,
        num_generations=2,
    )
    asked = needed_mb(model, hyper, facts["platform"], "lora")
    assert facts["sft"]["peak_mb"] < asked < 3 * facts["sft"]["peak_mb"]
    assert facts["sampled_mb"] < needed_mb(model, hyper, facts["platform"], "sample")

"""A model card says what the run's files say: data, contamination, scores, claims, how to load it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import tiny_models as tiny
import write_model_card
from trap.files import write_json
from trap.platforms import Fit
from trap.platforms.torch import load
from trap.report import cards

CLAIMS = [
    {"id": "one_nano", "model": "nano", "arms": ["rsft_hard", "sft"], "statement": "It | helps *much*.",
     "text": "+4.0 points [+1.0 to +7.0]", "verdict": "reproduced"},
    {"id": "other_model", "model": "nano_nope", "arms": ["rsft_hard"], "statement": "x", "text": None, "verdict": "inconclusive"},
    {"id": "other_arm", "model": "nano", "arms": ["rsft_eval"], "statement": "x", "text": "1", "verdict": "inconclusive"},
]  # fmt: skip
META: dict[str, Any] = {
    "study": "hops", "model": "nano", "platform": "torch", "arm": "rsft_hard", "seed": 2, "method": "rsft", "parent": "sft",
    "rollouts": "sft", "pool": "hard", "mixture": "", "contaminated": False, "label": "B RSFT hard",
    "hyper": {"tune": "lora", "learning_rate": 0.004, "optim": "adamw", "batch_size": 16, "lora_r": 4, "lora_alpha": 8},
    "data": {"n_train": 211, "steps": 200, "rollouts": {"sampled": 2400, "winners": 211, "winner_correct": 211, "winner_faithful": 3}},
    "hashes": {"adapter": "a" * 64, "parent": "b" * 64}, "seconds": {"train": 15.4}, "versions": {"torch": "2.13.0"},
}  # fmt: skip
METRICS = {"splits": {"eval_hard": {"rsft_hard": {"accuracy": 0.4125, "faithful": 0.0, "n_examples": 1000}}}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a real adapter."""
    folder = tmp_path / "results/hops/runs/nano/torch/rsft_hard/s2"
    base = tiny.save(tiny.model([1]), tmp_path / "base")
    model = load([base], "cpu")
    model.fit(
        tiny.texts(),
        Fit(max_steps=2, batch_size=4, learning_rate=1e-2, lora_r=4, lora_alpha=8),
        1,
        tiny.ignore,
    )
    facts = model.save(folder / "adapter", base=str(base))
    write_json(folder / "meta.json", {**META, "adapter": facts})
    write_json(folder / "metrics.json", METRICS)
    write_json(tmp_path / "claims.json", CLAIMS)
    return folder


def write(run: Path, *arguments: str) -> int:
    return write_model_card.main([str(run), "--claims", str(run.parents[6] / "claims.json"), *arguments])


def test_the_card_says_what_the_files_say(run: Path) -> None:
    before = {path: path.read_bytes() for path in (run / "adapter").iterdir()}
    assert write(run) == 0
    text = (run / "README.md").read_text()
    for words in (
        'library_name: "peft"', "# nano, B RSFT hard", "2400, 211", "| steps, examples in each | 200, 16 |", "adamw, 0.004", "4, 8", "a" * 64, "torch 2.13.0",
        "| `eval_hard` | 1000 | 41 % | 0 % |", "It \\| helps \\*much\\*.", "reproduced", "PeftModel.from_pretrained",
    ):  # fmt: skip
        assert words in text, (words, text)
    assert "one_nano" in text and "other_model" not in text and "other_arm" not in text
    assert "Contaminated" not in text and "&#" not in text
    trained = json.loads((run / "meta.json").read_text())["adapter"]["trained_parameters"]
    assert f"| trained parameters | {trained} |" in text
    assert {
        path: path.read_bytes() for path in (run / "adapter").iterdir()
    } == before  # its hash is referred to
    assert write(run) == 0 and (run / "README.md").read_text() == text


def test_a_contaminated_model_says_so_first(run: Path) -> None:
    meta = json.loads((run / "meta.json").read_text())
    write_json(run / "meta.json", meta | {"contaminated": True})
    assert write(run) == 0
    text = (run / "README.md").read_text()
    assert text.index("**Contaminated.**") < text.index("## How it was made")
    assert "| trained on evaluation questions | yes |" in text


def test_what_was_not_measured_is_left_out(run: Path) -> None:
    (run / "metrics.json").unlink()
    meta = json.loads((run / "meta.json").read_text())
    write_json(
        run / "meta.json",
        meta | {"platform": "mlx", "adapter": {"format": "mlx", "versions": {"mlx": "0.32.4"}}},
    )
    assert write(run) == 0
    text = (run / "README.md").read_text()
    assert "What it scores" not in text and "Claims that rest" not in text  # claims are about torch's runs
    assert 'library_name: "mlx"' in text and "adapter_path" in text and "mlx 0.32.4" in text


def test_a_pretrained_base_is_named(run: Path) -> None:
    base = run.parent.parent / "base/s1/meta.json"
    write_json(base, {"adapter": {"format": "model", "source": "somebody/small"}})
    assert write(run) == 0
    text = (run / "README.md").read_text()
    assert 'base_model: "somebody/small"' in text and "license" not in text
    assert "dequantised" not in text
    weights = "dequantised from 4 bits (Q4_1)"
    write_json(base, {"adapter": {"format": "model", "source": "small==1.0, small.gguf", "weights": weights}})
    assert write(run) == 0
    text = (run / "README.md").read_text(encoding="utf-8")
    assert "were dequantised from 4 bits" in text and "differ slightly from those that were published" in text


def test_a_card_says_nothing_of_another_study(run: Path, tmp_path: Path) -> None:
    """No word of the cards is about one study, and names that are also Markdown stay names in the front matter."""
    meta = json.loads((run / "meta.json").read_text())
    write_json(
        run / "meta.json",
        meta | {"study": "knots_2", "method": "policy_gradient", "hashes": {"items.txt": "c" * 64}},
    )
    text = cards.card(run, Path("report/cards"), [], title="Knots & <ties>")
    assert 'tags: ["distribution-trap", "knots_2", "policy_gradient", "torch"]' in text
    assert "| SHA-256 of items.txt | " + "c" * 64 in text and "Knots & \\<ties>" in text
    assert not re.search(r"hop|letter|trace|graph|&#", text.replace("base_model", ""))


def test_a_run_of_an_unknown_study_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meta = json.loads((run / "meta.json").read_text())
    write_json(run / "meta.json", meta | {"study": "knots"})
    assert write(run) == 1
    assert "no study `knots`" in capsys.readouterr().err


def test_an_export_is_the_adapter_with_its_card(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "adapter/.snakemake_timestamp").touch()
    out = tmp_path / "out"
    assert write(run, "--export", str(out)) == 0
    assert {path.name for path in out.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "README.md",
    }
    assert not (run / "README.md").exists()
    assert write(run, "--export", str(out)) == 1
    assert re.fullmatch(r"error: --export: .*out is there already\n", capsys.readouterr().err)


def test_a_wrong_meta_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meta = json.loads((run / "meta.json").read_text())
    del meta["hyper"]
    write_json(run / "meta.json", meta)
    assert write(run) == 1
    assert capsys.readouterr().err.endswith("meta.json: hyper: missing\n")

"""A trained model as a file for the page: what it holds, and what is refused in one line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from transformers import GPT2Config, GPT2LMHeadModel

import export_page_model
import tiny_models as tiny
from page_engine import base_run, export, tuned_run, write_run
from trap.files import read_json, write_json
from trap.models.page_header import read_header
from trap.platforms.torch import load


def test_export_says_what_it_holds(tmp_path: Path) -> None:
    base = base_run(tmp_path, [1, 0])
    chain = [base, tuned_run(tmp_path, base, steps=4)]
    output = export(chain, tmp_path)
    header, data = read_header(output), output.read_bytes()
    payload = data[12 + int.from_bytes(data[8:12], "little") :]
    assert len(data) - len(payload) == (len(data) - len(payload)) // 8 * 8
    assert hashlib.sha256(payload).hexdigest() == header["sha256"]
    assert (header["run_id"], header["arm"], header["label"]) == (
        "hops/tiny/torch/tuned/s1",
        "tuned",
        "Arm tuned",
    )
    assert (
        header["tokenizer"]["sha256"]
        == hashlib.sha256(output.with_name("tokenizer.json").read_bytes()).hexdigest()
    )
    merged = load(chain, "cpu").weights
    assert {tensor["name"] for tensor in header["tensors"]} == set(merged)
    assert header["parameters"] == sum(weight.numel() for weight in merged.values())
    for tensor in header["tensors"]:
        found = np.frombuffer(payload, "<f2", int(np.prod(tensor["shape"])), tensor["offset"])
        assert np.array_equal(found.reshape(tensor["shape"]), merged[tensor["name"]].half().numpy())
    export(chain, tmp_path)
    assert output.read_bytes() == data


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda base, tuned: [tuned], "no config.json: a chain starts with a whole model"),
        (lambda base, tuned: [base, base.parent / "none"], "none: no such folder"),
        (lambda base, tuned: [tuned.parents[1] / "other/adapter", tuned], "hashes.parent: trained on another run than"),
        (lambda base, tuned: (base / "more.txt").write_text("x") and [base], "hashes.adapter: "),
        (lambda base, tuned: (base.parent / "meta.json").unlink() or [base], "meta.json: no such file"),
    ],
)  # fmt: skip
def test_a_wrong_chain_is_one_line(break_it, message, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    base = base_run(tmp_path, [1, 1])
    write_run(tiny.save(tiny.model([1, 1], seed=2), tmp_path / "other/adapter"), "other")
    tuned = tuned_run(tmp_path, base, steps=1)
    arguments = ["--lineage", *map(str, break_it(base, tuned)), "--output", str(tmp_path / "x.bin")]
    assert export_page_model.main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "x.bin").exists()


def test_what_the_page_cannot_hold_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    base = base_run(tmp_path, [1, 1])
    output = ["--output", str(tmp_path / "x.bin")]
    assert export_page_model.main(["--lineage", str(base), *output, "--limit-mb", "0.01"]) == 1
    assert "MB is over the limit of 0.01 MB (--limit-mb)" in capsys.readouterr().err

    large = tiny.model([1, 1])
    large.weights["model.norm.weight"][3] = 70000.0
    folder = write_run(tiny.save(large, tmp_path / "large/adapter"), "large")
    assert export_page_model.main(["--lineage", str(folder), *output]) == 1
    assert "model.norm.weight: holds a value that float16 cannot" in capsys.readouterr().err

    config = GPT2Config(
        vocab_size=tiny.tokenizer().get_vocab_size(),
        n_positions=64,
        n_embd=32,
        n_layer=1,
        n_head=2,
        eos_token_id=1,
    )
    folder = write_run(
        tiny.foreign(tmp_path / "gpt2/adapter", tiny.randomized(GPT2LMHeadModel(config))), "gpt2"
    )
    assert export_page_model.main(["--lineage", str(folder), *output]) == 1
    assert "model_type: the page computes the Llama family only" in capsys.readouterr().err

    raw = read_json(base / "tokenizer.json", dict)
    write_json(base / "tokenizer.json", raw | {"normalizer": {"type": "NFC"}})
    write_run(base, "base")
    assert export_page_model.main(["--lineage", str(base), *output]) == 1
    assert "tokenizer.json: normalizer: {'type': 'NFC'} is not supported" in capsys.readouterr().err
    assert not (tmp_path / "x.bin").exists()

"""Other architectures through transformers: the same interface, the same draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import tiny_models as tiny
from trap.files import InputError
from trap.platforms import Example, Fit
from trap.platforms.torch import load
from trap.platforms.torch.generic import GenericModel

PROMPTS = [e.prompt for e in tiny.texts()[::9]]
HOW = {"num_generations": 3, "temperature": 1.0, "max_completion_length": 6}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vocabulary = tiny.tokenizer().get_vocab_size()
    config = GPT2Config(
        vocab_size=vocabulary, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=1
    )
    return tiny.foreign(tmp_path / "gpt2", tiny.randomized(GPT2LMHeadModel(config)))


@pytest.fixture
def model(folder: Path) -> GenericModel:
    loaded = load([folder], "cpu")
    assert isinstance(loaded, GenericModel)
    return loaded


def test_what_is_drawn_depends_on_the_key_alone(model: GenericModel) -> None:
    keys = list(range(len(PROMPTS)))
    together = model.sample(PROMPTS, keys=keys, **HOW)
    alone = [model.sample([p], keys=[key], **HOW)[0] for p, key in zip(PROMPTS, keys, strict=True)]
    backwards = model.sample(PROMPTS[::-1], keys=keys[::-1], **HOW)[::-1]
    assert together == alone == backwards
    assert model.sample(PROMPTS, keys=[key + 100 for key in keys], **HOW) != together
    assert len({text for group in together for text in group}) > len(PROMPTS)


def test_greedy_is_the_most_likely_token_each_time(model: GenericModel) -> None:
    drawn = model.sample(
        PROMPTS, num_generations=2, temperature=0.0, max_completion_length=3, keys=range(len(PROMPTS))
    )
    assert all(group[0] == group[1] for group in drawn)
    ids = model.tokenizer.encode(PROMPTS[0], add_special_tokens=False).ids
    written: list[int] = []
    for _ in range(3):
        written.append(int(model.model(torch.tensor([ids + written])).logits[0, -1].argmax()))
    assert drawn[0][0] == model.tokenizer.decode(model._until_end(written))


def test_logprobs_do_not_depend_on_the_batch(model: GenericModel) -> None:
    examples = tiny.texts()[:20]
    assert model.logprobs(examples) == pytest.approx([model.logprobs([e])[0] for e in examples], abs=1e-4)
    whole = torch.tensor(model.tokenizer.encode(examples[0].prompt + examples[0].completion).ids)
    scores = model.model(whole[None]).logits[0].log_softmax(-1)
    start = model.lengths([examples[0].prompt])[0]
    naive = sum(float(scores[i - 1, whole[i]]) for i in range(start, len(whole)))
    assert model.logprobs(examples[:1])[0] == pytest.approx(naive, abs=1e-4)


@pytest.mark.parametrize("tune", ["lora", "full"])
def test_fit_learns_and_what_is_saved_loads(
    model: GenericModel, folder: Path, tmp_path: Path, tune: str
) -> None:
    rows: list[dict] = []
    settings = Fit(max_steps=30, batch_size=16, learning_rate=1e-2, tune=tune, lora_r=4, lora_alpha=8)
    model.fit(tiny.texts(), settings, 1, rows.append)
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    if tune == "lora":
        model.fit(tiny.texts(), settings, 2, rows.append)  # goes on with the same adapter
    facts = model.save(tmp_path / "saved", base=str(folder))
    assert facts["format"] == {"lora": "peft", "full": "model"}[tune]
    again = load([folder, tmp_path / "saved"], "cpu")
    examples = tiny.texts()[:8]
    assert again.logprobs(examples) == pytest.approx(model.logprobs(examples), abs=1e-3)
    # A second adapter stands on the first one.
    again.fit(tiny.texts(), settings, 3, rows.append)
    again.save(tmp_path / "second", base=str(tmp_path / "saved"))
    chain = [folder, tmp_path / "saved", tmp_path / "second"]
    assert load(chain, "cpu").logprobs(examples) == pytest.approx(again.logprobs(examples), abs=1e-3)


def test_same_seed_same_weights(folder: Path) -> None:
    def trained(seed: int) -> list[float]:
        model = load([folder], "cpu")
        model.fit(
            tiny.texts(),
            Fit(max_steps=3, batch_size=8, learning_rate=1e-3, lora_r=2, lora_alpha=4),
            seed,
            tiny.ignore,
        )
        return model.logprobs(tiny.texts()[:5])

    assert trained(1) == trained(1) != trained(2)


def test_refusals_are_one_line(model: GenericModel, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is cut silently"):
        model.fit(
            [Example("a " * 40, "b")],
            Fit(max_steps=1, batch_size=1, learning_rate=1e-3, max_length=20),
            0,
            tiny.ignore,
        )
    (folder / "config.json").write_text('{"model_type": "nothing_known"}')
    with pytest.raises(InputError, match="transformers cannot load it") as error:
        load([folder], "cpu")
    assert "\n" not in str(error.value)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer\.json: missing tokenizer"):
        load([folder], "cpu")


def test_the_native_path_imports_neither_transformers_nor_peft(root: Path, tmp_path: Path) -> None:
    folder = tiny.save(tiny.model(), tmp_path / "native")
    code = (
        "import sys; from trap.platforms.torch import load\n"
        f"load([{str(folder)!r}], 'cpu').sample(['a'], num_generations=1, temperature=1.0, max_completion_length=2, keys=[0])\n"
        "assert not {'transformers', 'peft'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root / "scripts")

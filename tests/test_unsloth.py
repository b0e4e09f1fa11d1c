"""The platform unsloth without a card: its arguments, its data against torch's, TRL's loop on a processor.

What needs a card is marked `gpu`. What needs TRL, which Unsloth brings, is skipped where it is not installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_models as tiny
import trajectory
from skips import needs, reason
from trap.files import InputError
from trap.models.batching import batches
from trap.models.encoding import tokens_of
from trap.platforms import Example, Fit, unsloth, unsloth_4bit
from trap.platforms.torch.arrays import collate
from trap.platforms.unsloth.arguments import (
    TARGETS,
    adapter_arguments,
    context_of,
    load_arguments,
    trainer_arguments,
)
from trap.platforms.unsloth.rows import check_told, collated, in_order, row

PAIRS = st.lists(
    st.tuples(st.lists(st.integers(3, 90), min_size=1, max_size=12), st.lists(st.integers(3, 90), min_size=2, max_size=6)),
    min_size=1, max_size=20,
)  # fmt: skip
LORA = Fit(max_steps=12, batch_size=16, learning_rate=2e-2, weight_decay=0.1, lora_r=4, lora_alpha=12)


# --- arguments --------------------------------------------------------------------------------------


def test_a_model_is_loaded_in_16_bits_unless_4_are_asked_for() -> None:
    folder, raw = Path("base"), {"max_position_embeddings": 2048}
    plain = load_arguments(folder, raw, four_bit=False)
    assert (plain["load_in_16bit"], plain["load_in_4bit"], plain["full_finetuning"]) == (True, False, False)
    assert plain["model_name"] == "base" and plain["max_seq_length"] == 2048
    assert plain["use_exact_model_name"] and plain["local_files_only"] and not plain["trust_remote_code"]
    four = load_arguments(folder, raw, four_bit=True)
    assert (four["load_in_16bit"], four["load_in_4bit"]) == (False, True)
    whole = load_arguments(folder, raw, four_bit=False, full=True)
    assert whole["full_finetuning"] and not whole["load_in_4bit"] and not whole["load_in_16bit"]
    with pytest.raises(InputError, match="weights of 4 bits cannot be trained"):
        load_arguments(folder, raw, four_bit=True, full=True)
    assert context_of({"max_position_embeddings": 131072}) == context_of({}) == 8192


def test_an_adapter_is_the_other_platforms_adapter() -> None:
    from trap.platforms.torch.decoder import PROJECTIONS

    made = adapter_arguments(LORA, 7, 4)
    assert set(TARGETS) == set(PROJECTIONS) == set(made["target_modules"])
    assert (made["r"], made["lora_alpha"], made["random_state"]) == (4, 12, 7)
    assert made["lora_dropout"] == 0 and made["bias"] == "none" and not made["use_rslora"]


def test_the_trainer_is_told_what_the_settings_say() -> None:
    made = trainer_arguments(LORA, 5, Path("x"), half="bf16", cpu=False)
    assert (made["max_steps"], made["per_device_train_batch_size"]) == (LORA.max_steps, LORA.batch_size)
    assert (made["learning_rate"], made["weight_decay"], made["max_grad_norm"]) == (
        LORA.learning_rate,
        0.1,
        1.0,
    )
    assert made["max_length"] is None and not made["packing"] and made["gradient_accumulation_steps"] == 1
    assert made["bf16"] and not made["fp16"] and made["seed"] == made["data_seed"] == 5
    assert trainer_arguments(LORA, 5, Path("x"), half=None, cpu=True)["use_cpu"]


# --- data -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_masks_are_torch_s(pairs: list) -> None:
    tokens, labels, first = (np.array(part) for part in collate(pairs, 0, torch.device("cpu")))
    made = {name: np.array(values) for name, values in collated([row(*pair) for pair in pairs], 0).items()}
    # TRL predicts labels[t + 1] from position t; torch's labels begin where the first one is predicted.
    np.testing.assert_array_equal(made["labels"][:, 1:][:, first:], labels)
    assert (made["labels"][:, : first + 1] == -100).all()
    for number, (prompt, completion) in enumerate(pairs):
        told = len(prompt) + len(completion)
        np.testing.assert_array_equal(made["input_ids"][number, : told - 1], tokens[number, : told - 1])
        assert made["attention_mask"][number].sum() == told
        assert list(made["labels"][number, len(prompt) : told]) == list(completion)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**31))
def test_the_order_is_the_other_platforms(pairs: list, size: int, steps: int, seed: int) -> None:
    rows = in_order(pairs, Fit(max_steps=steps, batch_size=size, learning_rate=1.0), seed)
    expected = [[*p, *c] for batch in batches(pairs, size, steps, seed) for p, c in batch]
    assert [each["input_ids"] for each in rows] == expected


def test_what_is_learned_is_the_reference_trace(tmp_path: Path) -> None:
    """From a line of a pool to labels and back: the whole trace, its end, and nothing of the prompt."""
    prompt, trace = "The apple, red, is", " hat and cup.\n egg and fork."
    tokenizer = tiny.tokenizer()
    pairs = tokens_of(tokenizer, [Example(prompt, trace)], 1)
    (made,) = in_order(pairs, Fit(max_steps=1, batch_size=1, learning_rate=1.0), 0)
    told = [token for token in made["labels"] if token != -100]
    assert tokenizer.decode(told, skip_special_tokens=True) == trace and told[-1] == 1
    assert tokenizer.decode(made["input_ids"], skip_special_tokens=True) == prompt + trace


def test_nothing_to_learn_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to fit"):
        check_told([])
    with pytest.raises(InputError, match="example 1: its completion is empty"):
        check_told([([1], [2, 3]), ([1], [3])])
    with pytest.raises(InputError, match="example 0: its prompt is empty"):
        in_order([([], [2, 3])], LORA, 0)


# --- without a card ---------------------------------------------------------------------------------


def test_nothing_is_imported_before_it_is_chosen(root: Path) -> None:
    code = (
        "import sys, trap.platforms.unsloth, trap.platforms.unsloth_4bit, trap.platforms.unsloth.rows\n"
        "from trap.platforms import load_platform; load_platform('unsloth'); load_platform('torch')\n"
        "assert not {'unsloth', 'trl', 'transformers', 'peft', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root / "scripts")


@pytest.mark.skipif(torch.cuda.is_available(), reason=reason("gpu", "there is a CUDA card here"))
@pytest.mark.parametrize("platform", [unsloth, unsloth_4bit])
def test_without_a_card_it_is_one_line(platform: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unsloth needs a CUDA card") as raised:
        platform.load([tmp_path])
    assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match="device: 'mps'"):
        platform.load([tmp_path], "mps")


# --- TRL's loop on a processor ----------------------------------------------------------------------

needs_trl = needs("trl")


def with_trl(base: Path, start: Path | None = None) -> Any:
    """The platform's model on a processor: its loop, with transformers and PEFT in the place of Unsloth."""
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM

    from trap.models.encoding import read_tokenizer
    from trap.platforms.unsloth.with_trl import TrlModel

    class OnProcessor(TrlModel):
        def for_training(self, fit: Fit, seed: int) -> None:
            if fit.tune == "lora" and not self.adapted:
                wanted = {"r", "lora_alpha", "lora_dropout", "bias", "use_rslora", "target_modules"}
                chosen = {k: v for k, v in adapter_arguments(fit, seed, 2).items() if k in wanted}
                torch.manual_seed(seed)
                self.model = get_peft_model(self.model, LoraConfig(task_type="CAUSAL_LM", **chosen))
            for name, parameter in self.model.named_parameters():
                parameter.requires_grad_("lora_" in name or not self.adapted)

        def for_sampling(self) -> None:
            self.model.eval()

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if start is not None:
        model = PeftModel.from_pretrained(model, start, is_trainable=True)
    return OnProcessor(model, read_tokenizer(base), torch.device("cpu"), base)


@needs_trl
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(trajectory.FITS))
def test_trl_reproduces_the_reference_trajectory(name: str, tmp_path: Path) -> None:
    base, start = trajectory.checkpoint(tmp_path)
    known = json.loads(trajectory.FILE.read_text())["fits"][name]
    fit = trajectory.FITS[name]
    model = with_trl(base, start if fit.tune == "lora" else None)
    assert trajectory.losses(model, fit) == pytest.approx(known["losses"], abs=trajectory.TOLERANCE)


@needs_trl
@pytest.mark.slow
def test_what_trl_trains_torch_loads(tmp_path: Path) -> None:
    from trap.platforms.torch import load

    base = tiny.save(tiny.model([1, 0]), tmp_path / "base")
    model, rows, asked = with_trl(base), [], []

    def probe(step: int) -> None:
        asked.append(
            (
                step,
                model.sample(
                    ["The cup, red, is"],
                    num_generations=1,
                    temperature=0.0,
                    max_completion_length=4,
                    keys=[0],
                ),
            )
        )

    model.fit(tiny.texts(), Fit(**(vars(LORA) | {"probes": 3})), 1, rows.append, probe)
    assert [row["step"] for row in rows] == list(range(1, 13)) and rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert all(row["grad_norm"] > 0 for row in rows)
    assert [step for step, _ in asked] == [4, 8, 12]
    facts = model.save(tmp_path / "adapter", base=str(base))
    assert facts["format"] == "peft" and {"trl", "transformers"} <= facts["versions"].keys()
    again = load([base, tmp_path / "adapter"], "cpu")
    examples = tiny.texts()[::7]
    assert again.logprobs(examples) == pytest.approx(model.logprobs(examples), abs=1e-3)
    how = {"num_generations": 2, "temperature": 1.0, "max_completion_length": 5, "keys": range(len(examples))}
    prompts = [e.prompt for e in examples]
    assert model.sample(prompts, **how) == again.sample(prompts, **how)


@needs_trl
def test_samples_come_in_pieces_that_fit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from trap.platforms.unsloth import with_trl as module

    model = with_trl(tiny.save(tiny.model([1, 0]), tmp_path / "base"))
    prompts = [e.prompt for e in tiny.texts()[::5]]
    how = {"num_generations": 2, "temperature": 1.0, "max_completion_length": 5, "keys": range(len(prompts))}
    together = model.sample(prompts, **how)
    monkeypatch.setattr(module, "CACHE_BYTES", 1)
    assert model.sample(prompts, **how) == together
    raw = {"num_attention_heads": 9, "num_key_value_heads": 3, "hidden_size": 576, "num_hidden_layers": 30}
    monkeypatch.setattr(module, "CACHE_BYTES", 2**31)
    assert module.rows_at_once(raw, 512) == 2**31 // (2 * 2 * 30 * 192 * 512)


@needs_trl
def test_the_trainer_knows_every_argument(tmp_path: Path) -> None:
    from trl import SFTConfig

    made = SFTConfig(**trainer_arguments(LORA, 5, tmp_path, half=None, cpu=True))
    assert made.max_length is None and made.dataset_kwargs == {"skip_prepare_dataset": True}


# --- on a card --------------------------------------------------------------------------------------

needs_card = pytest.mark.skipif(
    not torch.cuda.is_available() or find_spec("unsloth") is None,
    reason=reason("gpu", "no CUDA card with Unsloth"),
)


@needs_card
@pytest.mark.gpu
@pytest.mark.parametrize("platform", [unsloth, unsloth_4bit])
def test_on_a_card_it_trains_samples_saves_and_reloads(platform: Any, tmp_path: Path) -> None:
    base = tiny.save(tiny.model([1, 1]), tmp_path / "base")
    model, rows = platform.load([base]), []
    model.fit(tiny.texts(), LORA, 1, rows.append)
    assert rows[-1]["loss"] < 0.9 * rows[0]["loss"]
    facts = model.save(tmp_path / "adapter", base=str(base))
    assert facts["bits"] == (4 if platform is unsloth_4bit else 16)
    again = platform.load([base, tmp_path / "adapter"])
    examples = tiny.texts()[:8]
    assert again.logprobs(examples) == pytest.approx(model.logprobs(examples), abs=0.3)


@needs_card
@pytest.mark.gpu
def test_on_a_card_16_bits_agree_with_torch(tmp_path: Path) -> None:
    from trap.platforms.torch import load

    base = tiny.save(tiny.model([1, 1]), tmp_path / "base")
    examples = tiny.texts()[:16]
    ours, theirs = unsloth.load([base]), load([base], "cuda")
    assert ours.logprobs(examples) == pytest.approx(theirs.logprobs(examples), abs=0.1)
    model, rows = unsloth.load([base]), []
    model.fit(tiny.texts(), Fit(max_steps=6, batch_size=8, learning_rate=1e-3, tune="full"), 1, rows.append)
    assert model.save(tmp_path / "whole")["format"] == "model"
    with pytest.raises(InputError, match="nothing is cut silently"):
        model.fit(
            [Example("a " * 40, "b")],
            Fit(max_steps=1, batch_size=1, learning_rate=1e-3, max_length=20),
            0,
            tiny.ignore,
        )

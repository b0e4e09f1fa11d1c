"""What was trained, as a GGUF file: read back it is the same model, tokenizer and chat template."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import export_gguf
from real_shapes import TEMPLATE
from skips import needs
from trap.models.gguf_file import gguf_name, in_pairs
from trap.platforms import Example, Fit, load_platform
from trap.platforms.torch.decoder import Decoder

pytestmark = needs("gguf")
TEXTS = [
    "Disk pressure leads to eviction 42.",
    "What causes the outage? A) B) C)",
    "TRACE: it is so. ANSWER: A",
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama with grouped queries and SmolLM's kind of tokenizer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("llama")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS * 9, trainer)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=2, rope_theta=5000.0, initializer_range=0.15,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {
        "bos_token": special[1],
        "eos_token": special[2],
        "pad_token": special[2],
        "unk_token": special[0],
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": TEMPLATE, **named}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = load_platform("torch").load([base], "cpu")
    settings = Fit(max_steps=3, batch_size=2, learning_rate=5e-2, lora_r=4)
    model.fit([Example(text, " yes") for text in TEXTS], settings, 1, lambda row: None)
    folder = tmp_path_factory.mktemp("arm") / "adapter"
    model.save(folder, base=str(base))
    return folder


def logits(model: object, text: str) -> torch.Tensor:
    tokens = torch.tensor([model.tokenizer.encode(text, add_special_tokens=False).ids])
    decoder = Decoder(model.config, model.weights)
    with torch.inference_mode():
        return decoder.logits(decoder.hidden(tokens))[0]


@pytest.mark.parametrize(("kind", "close"), [("F32", 1e-5), ("F16", 5e-3), ("Q8_0", 5e-2)])
def test_read_back_it_is_the_trained_model(
    base: Path, adapter: Path, tmp_path: Path, kind: str, close: float
) -> None:
    from transformers import AutoModelForCausalLM

    output = tmp_path / "model.gguf"
    how = [str(base), str(adapter.parent), "--output", str(output), "--type", kind]
    assert export_gguf.main(how) == 0
    ours = load_platform("torch").load([base, adapter], "cpu")
    plain = load_platform("torch").load([base], "cpu")
    theirs = AutoModelForCausalLM.from_pretrained(str(tmp_path), gguf_file=output.name, dtype=torch.float32)
    for text in TEXTS:
        wanted = logits(ours, text)
        ids = torch.tensor([ours.tokenizer.encode(text, add_special_tokens=False).ids])
        with torch.inference_mode():
            found = theirs(ids).logits[0]
        size = float(wanted.square().mean().sqrt())
        assert (
            float((found - wanted).square().mean().sqrt()) < close * size
        )  # what rounding to the type costs
        assert (
            float((logits(plain, text) - wanted).square().mean().sqrt()) > 0.2 * size
        )  # the adapter matters
    assert export_gguf.main(how) == 1  # nothing is overwritten


def test_tokenizer_and_chat_template_are_in_it(base: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    first, second = tmp_path / "first.gguf", tmp_path / "second.gguf"
    assert export_gguf.main([str(base), "--output", str(first)]) == 0
    assert export_gguf.main([str(base), "--output", str(second), "--like", str(first)]) == 0
    ours = load_platform("torch").load([base], "cpu").tokenizer
    for path in (first, second):
        theirs = AutoTokenizer.from_pretrained(str(tmp_path), gguf_file=path.name)
        for text in TEXTS:
            assert theirs(text, add_special_tokens=False).input_ids == ours.encode(text).ids
        assert theirs.chat_template == TEMPLATE and theirs.eos_token == "<|im_end|>"


def test_what_llama_does_not_have_is_refused(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in base.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    values = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(values | {"model_type": "smollm3"}))
    assert export_gguf.main([str(other), "--output", str(tmp_path / "model.gguf")]) == 1
    assert "only plain models of model_type llama" in capsys.readouterr().err
    assert not (tmp_path / "model.gguf").exists()


def test_names_and_the_order_of_rows() -> None:
    assert gguf_name("model.layers.7.self_attn.q_proj.weight") == "blk.7.attn_q.weight"
    assert gguf_name("model.embed_tokens.weight") == "token_embd.weight"
    rows = torch.arange(8.0)[:, None].numpy()
    assert in_pairs(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]

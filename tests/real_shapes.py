"""One platform on a checkpoint with the shapes of SmolLM2-135M, from loading to a second adapter.

    python tests/real_shapes.py PLATFORM CHECKPOINT DATA OUTPUT

A process of its own, whose memory can be told. Prints what the test compares, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHAPE = {
    "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
    "intermediate_size": 1536, "vocab_size": 49152, "tie_word_embeddings": True, "rms_norm_eps": 1e-5,
    "rope_theta": 100000.0, "max_position_embeddings": 8192, "hidden_act": "silu",
}  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] + '\n' + m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BATCH, STEPS, NEW = 2, 1, 6


def checkpoint(folder: Path, texts: list[str]) -> Path:
    """A Llama of that shape with random weights in bfloat16, and a byte-level BPE tokenizer trained on the texts."""
    import numpy as np
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    from trap.models.tensors import Tensor, write_tensors

    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=1500, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    )  # fmt: skip
    saved = json.loads(tokenizer.to_str())
    known = saved["model"]["vocab"]
    known |= {
        f"w{number}": number for number in range(len(known), SHAPE["vocab_size"])
    }  # every id has a text
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    named = {"bos_token": special[1], "eos_token": special[2], "pad_token": special[2]}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": TEMPLATE, **named}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "dtype": "bfloat16", **SHAPE}
    config |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(0)
    like = Tensor("BF16", np.zeros((0,), np.uint16))

    def matrix(rows: int, columns: int) -> Tensor:
        return like.like(random.standard_normal((rows, columns), dtype=np.float32) * columns**-0.5)

    d, inner, kv = SHAPE["hidden_size"], SHAPE["intermediate_size"], 3 * 64
    ones = like.like(np.ones(d, np.float32))
    weights = {"model.embed_tokens.weight": matrix(SHAPE["vocab_size"], d), "model.norm.weight": ones}
    for layer in range(SHAPE["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        weights |= {at + "input_layernorm.weight": ones, at + "post_attention_layernorm.weight": ones}
        for name, rows, columns in (
            ("self_attn.q_proj", d, d), ("self_attn.k_proj", kv, d), ("self_attn.v_proj", kv, d), ("self_attn.o_proj", d, d),
            ("mlp.gate_proj", inner, d), ("mlp.up_proj", inner, d), ("mlp.down_proj", d, inner),
        ):  # fmt: skip
            weights[f"{at}{name}.weight"] = matrix(rows, columns)
    write_tensors(folder / "model.safetensors", weights, {"format": "pt"})
    return folder


def peak_mb() -> int:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 10**6


def run(platform: str, base: Path, data: Path, output: Path) -> dict[str, Any]:
    """Load, sample, score, one SFT step, save, reload, one RSFT round, save, reload."""
    import msgspec

    from trap.methods import Job, rsft, sft
    from trap.models.loading import load_model
    from trap.platforms import Example
    from trap.workflow.config import Chat, Model, load_config
    from trap.workflow.opening import open_study
    from trap.workflow.sheet import load_arms

    config = load_config(ROOT / "config/config.yaml")
    config.models["own"] = Model(source=str(base), chat=Chat())
    study = open_study(config, "hops", data)

    def load(*adapters: Path) -> Any:
        return load_model(config, "own", platform, [base, *adapters], "cpu")

    examples = [Example(item.prompt, study.reference(item)) for item in study.read(data / "hard.jsonl")]
    prompts = [example.prompt for example in examples]
    hyper = msgspec.structs.replace(
        config.studies["hops"].hyper["rsft"], tune="lora", learning_rate=1e-2, max_steps=STEPS, batch_size=BATCH, prompts=2,
        num_generations=2, max_completion_length=NEW, min_reward=None, probes=0,
    )  # fmt: skip
    arms = load_arms(ROOT / "config/hops/arms.tsv", type(study))
    model = load()
    how = {"max_completion_length": NEW, "keys": [3, 4]}
    facts: dict[str, Any] = {"loaded_mb": peak_mb(), "before": model.logprobs(examples)}
    facts["drawn"] = model.sample(prompts, num_generations=2, temperature=1.0, **how)
    facts["sampled_mb"] = peak_mb()

    def train(method: Any, arm: str, model: Any, folder: Path) -> dict[str, Any]:
        folder.mkdir(parents=True)
        rows: list[dict] = []
        row = msgspec.structs.replace(arms[arm], pool="hard", mixture="", parent="sft")
        job = Job(
            arm=row, hyper=hyper, seed=1, model=model, sampler=lambda: model, data=data, output=folder, log=rows.append,
            study=study, platform=platform,
        )  # fmt: skip
        made = method.train(job)
        model.save(folder / "adapter", base=str(base))
        most = peak_mb()  # with one model in memory
        again = load(*(path / "adapter" for path in chain), folder / "adapter")
        chain.append(folder)
        return {
            "losses": [row["loss"] for row in rows if row["kind"] == "train"], "data": made, "peak_mb": most,
            "after": model.logprobs(examples), "reloaded": again.logprobs(examples),
            "greedy": model.sample(prompts, num_generations=1, temperature=0.0, **how),
            "greedy_reloaded": again.sample(prompts, num_generations=1, temperature=0.0, **how),
            "saved": sorted(path.name for path in (folder / "adapter").iterdir()),
        }  # fmt: skip

    chain: list[Path] = []
    facts["sft"] = train(sft, "sft_hard", model, output / "sft")
    del model
    facts["rsft"] = train(rsft, "rsft_hard", load(output / "sft/adapter"), output / "rsft")
    facts["tokens"] = max(
        model_length + NEW for model_length in load().lengths([e.prompt + e.completion for e in examples])
    )
    return facts


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
    import torch

    torch.set_num_threads(1)
    print(json.dumps(run(sys.argv[1], *map(Path, sys.argv[2:5]))))

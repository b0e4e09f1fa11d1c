"""Platform `mlx`: Apple's GPUs, CUDA, or a processor; Hugging Face model folders, mlx-lm adapters.

Models, LoRA layers and adapter files are mlx-lm's own. On Linux without a GPU, OpenBLAS is put under MLX
(see `blas.py`). PEFT adapters in a chain are converted as they are read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from trap.files import InputError, write_json
from trap.models.adapters import read_adapter, write_mlx
from trap.models.batching import Tokens, padded, share_rows
from trap.models.encoding import (
    check_lengths,
    check_same_tokenizer,
    encode,
    end_and_pad,
    read_tokenizer,
    save_tokenizer,
    tokens_of,
)
from trap.models.tensors import write_tensors
from trap.platforms import Example, Fit, Probe, split_lineage
from trap.platforms.mlx.blas import ADVICE, preload

BLAS = preload()  # before MLX is imported
try:
    import mlx.core as mx
    import mlx_lm  # noqa: F401
except ImportError as error:
    raise InputError(
        f"platform: mlx cannot be imported ({error}): pip install -r requirements/mlx.txt -c requirements/lock.txt"
    ) from None

from mlx.utils import tree_flatten  # noqa: E402

from trap.platforms.mlx import adapting, architecture  # noqa: E402
from trap.platforms.mlx.decoder import Decoder  # noqa: E402
from trap.platforms.mlx.fitting import fit_weights  # noqa: E402
from trap.platforms.mlx.sampling import sample_tokens  # noqa: E402

SCORES = 2**27  # logits (positions x vocabulary) that scoring holds at once


def pick_device(device: str) -> None:
    """Make `device` MLX's default; `auto` is a GPU where there is one. Raises InputError if it is not there."""
    metal = mx.metal.is_available()
    cuda = not metal and mx.is_available(mx.gpu)
    available = {"auto": True, "cpu": True, "mps": metal, "cuda": cuda}
    if not available.get(device, False):
        raise InputError(f"device: {device!r} is not available here on platform mlx")
    on_gpu = device != "cpu" and (metal or cuda)
    mx.set_default_device(mx.gpu if on_gpu else mx.cpu)
    if not on_gpu and sys.platform == "linux" and not BLAS:
        advise()


@cache
def advise() -> None:
    """Say once a process that products are slow here."""
    print(ADVICE, file=sys.stderr)


class MlxModel:
    """An mlx-lm model with its tokenizer; adapters on the way to it are merged."""

    def __init__(self, model: Any, raw: dict[str, Any], tokenizer: Tokenizer, source: Path) -> None:
        self.model, self.raw, self.tokenizer, self.source = model, raw, tokenizer, source
        self.eos, self.pad = end_and_pad(raw)
        rows = model.model.embed_tokens.weight.shape[0]
        if (ids := tokenizer.get_vocab_size()) > rows:
            raise InputError(f"{source / 'tokenizer.json'}: {ids} tokens, but the model has rows for {rows}")
        self._decoder: Decoder | None = None

    @property
    def adapted(self) -> bool:
        """Whether the last fit was LoRA, so that the model has an adapter of its own."""
        return bool(adapting.lora_layers(self.model))

    @property
    def decoder(self) -> Decoder:
        """The weights as they are now, laid out for inference."""
        if self._decoder is None:
            self._decoder = Decoder(self.model)
        return self._decoder

    def tokens(self, examples: Sequence[Example]) -> list[Tokens]:
        """(prompt, completion + end) tokens; see `tokens_of`."""
        return tokens_of(self.tokenizer, examples, self.eos[0])

    def sample(
        self,
        prompts: Sequence[str],
        *,
        num_generations: int,
        temperature: float,
        max_completion_length: int,
        keys: Sequence[int],
    ) -> list[list[str]]:
        """As `Model.sample`."""
        drawn = sample_tokens(
            self.decoder, encode(self.tokenizer, prompts), samples=num_generations, temperature=temperature,
            steps=max_completion_length, eos=self.eos, pad=self.pad, keys=keys,
        )  # fmt: skip
        texts = self.tokenizer.decode_batch([c for group in drawn for c in group], skip_special_tokens=True)
        return [texts[i : i + num_generations] for i in range(0, len(texts), num_generations)]

    def logprobs(self, examples: Sequence[Example], batch: int = 256) -> list[float]:
        """As `Model.logprobs`."""
        rows = share_rows(self.tokens(examples))
        sums = [0.0] * len(examples)
        order = sorted(rows, key=lambda row: (len(row[0]) + len(row[1]), row))
        most = max((len(head) + 1 for _, head in order), default=1)
        batch = max(1, min(batch, SCORES // (self.raw["vocab_size"] * most)))
        for start in range(0, len(order), batch):
            group = order[start : start + batch]
            whole = [prompt + head for prompt, head in group]
            states = self.decoder.hidden(mx.array(padded(whole, self.pad)))
            wanted = [
                (number, len(prompt) - 1 + i) for number, (prompt, head) in enumerate(group) for i in range(len(head) + 1)
            ]  # fmt: skip
            index = mx.array([row * states.shape[1] + column for row, column in wanted])
            logits = self.decoder.logits(states.reshape(-1, states.shape[-1])[index])
            scores = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
            at, asked = 0, []  # (row of scores, token) of everything that is summed
            for prompt, head in group:
                asked += [(at + i, token) for i, token in enumerate(head)]
                at += len(head)
                asked += [(at, last) for _, last in rows[prompt, head]]
                at += 1
            values = iter(scores[mx.array([a for a, _ in asked]), mx.array([t for _, t in asked])].tolist())
            for prompt, head in group:
                shared = sum(next(values) for _ in head)
                for i, _ in rows[prompt, head]:
                    sums[i] = shared + next(values)
        return sums

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in encode(self.tokenizer, texts)]

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None
    ) -> None:  # fmt: skip
        """As `Model.fit`."""

        def probed(step: int) -> None:
            self._decoder = None
            probe(step)
            self._decoder = None

        pairs = self.tokens(examples)
        check_lengths(pairs, settings.max_length)
        self._decoder = None
        adapting.prepare(self.model, settings, seed)
        fit_weights(self.model, pairs, settings, pad=self.pad, seed=seed, log=log, probe=probe and probed)
        self.model.freeze()

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """An adapter as mlx_lm.lora saves it if the last fit was LoRA, else the model in Hugging Face format."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"versions": {name: version(name) for name in ("mlx", "mlx-lm")}, "blas": Path(BLAS).name}
        if self.adapted:
            adapter = adapting.held(self.model)
            write_mlx(folder, adapter, base, len(self.model.layers))
            trained = sum(t.bits.size for side in (adapter.a, adapter.b) for t in side.values())
            return {"format": "mlx", "trained_parameters": trained, **facts}
        write_json(folder / "config.json", self.raw)
        held = {name: architecture.tensor(a) for name, a in architecture.weights(self.model).items()}
        write_tensors(folder / "model.safetensors", held, {"format": "pt"})
        save_tokenizer(folder, self.tokenizer, self.source)
        trained = sum(a.size for _, a in tree_flatten(self.model.parameters()))
        return {"format": "model", "trained_parameters": trained, **facts}


def load(lineage: Sequence[Path], device: str = "auto") -> MlxModel:
    """The model at the end of a lineage of folders: a whole model, then adapters, each on the one before.

    Raises InputError where a folder is missing or damaged, or an adapter belongs to another base.
    """
    pick_device(device)
    last, adapters = split_lineage(lineage)
    tokenizer = read_tokenizer(last)
    model, raw = architecture.read_model(last)
    for folder in adapters:
        check_same_tokenizer(folder, last)
        adapting.merge(model, read_adapter(folder))
    return MlxModel(model, raw, tokenizer, last)

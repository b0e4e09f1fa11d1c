"""Platform `torch`: CPU, CUDA or MPS, Hugging Face model folders, PEFT adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from trap.files import InputError
from trap.models.batching import Tokens, share_rows
from trap.models.encoding import check_lengths, encode, end_and_pad, read_tokenizer, save_tokenizer, tokens_of
from trap.platforms import Example, Fit, Probe, split_lineage
from trap.platforms.torch.arrays import padded
from trap.platforms.torch.decoder import (
    Decoder,
    DecoderConfig,
    Unsupported,
    initial_weights,
    read_model,
    write_model,
)
from trap.platforms.torch.fitting import batch_loss, fit_weights
from trap.platforms.torch.lora import Lora, load_lora
from trap.platforms.torch.sampling import sample_tokens
from trap.training.checkpoint import Keeper

LOGITS = 2**22  # of one position, held at once for all rows of a batch that is scored


def pick_device(device: str) -> torch.device:
    """`auto` is the first of CUDA, MPS and CPU. Raises InputError if a named device is not there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available.get(device.split(":")[0], False):
        raise InputError(f"device: {device!r} is not available here")
    return torch.device(device)


class TorchModel:
    """A decoder with its tokenizer; adapters on the way to it are merged."""

    keeps = True  # its `fit` takes `keep`

    def __init__(
        self,
        config: DecoderConfig,
        weights: dict[str, Tensor],
        tokenizer: Tokenizer,
        device: torch.device,
        source: Path | None = None,
    ) -> None:
        self.config, self.tokenizer, self.device, self.source = config, tokenizer, device, source
        self.weights = {name: tensor.to(device, torch.float32) for name, tensor in weights.items()}
        self.eos, self.pad = end_and_pad(config.raw)
        self.adapter: Lora | None = None
        self.frozen = self.weights  # what the adapter stands on

    @property
    def size(self) -> int:
        """How many weights the model has."""
        return sum(tensor.numel() for tensor in self.weights.values())

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return encode(self.tokenizer, texts)

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
            Decoder(self.config, self.weights), self._encode(prompts), samples=num_generations, temperature=temperature,
            steps=max_completion_length, eos=self.eos, pad=self.pad, keys=keys,
        )  # fmt: skip
        texts = self.tokenizer.decode_batch([c for group in drawn for c in group], skip_special_tokens=True)
        return [texts[i : i + num_generations] for i in range(0, len(texts), num_generations)]

    @torch.inference_mode()
    def logprobs(self, examples: Sequence[Example], batch: int = 256) -> list[float]:
        """As `Model.logprobs`."""
        batch = min(batch, max(16, LOGITS // self.config.vocab_size))  # bounds the memory of their logits
        rows = share_rows(self.tokens(examples))
        decoder = Decoder(self.config, self.weights)
        sums = [0.0] * len(examples)
        order = sorted(rows, key=lambda row: (len(row[0]) + len(row[1]), row))
        for start in range(0, len(order), batch):
            group = order[start : start + batch]
            tokens = padded([prompt + head for prompt, head in group], self.pad, self.device)
            first = min(len(prompt) for prompt, _ in group) - 1
            scores = decoder.logits(decoder.hidden(tokens, first)).float().log_softmax(-1).cpu()
            for number, (prompt, head) in enumerate(group):
                begin = len(prompt) - 1 - first
                before = scores[number, begin : begin + len(head)].double()
                shared = float(before.gather(-1, torch.tensor(head, dtype=torch.long)[:, None]).sum())
                for i, last in rows[prompt, head]:
                    sums[i] = shared + float(scores[number, begin + len(head), last])
        return sums

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in self._encode(texts)]

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None,
        keep: Keeper | None = None,
    ) -> None:  # fmt: skip
        """As `Model.fit`. `keep` stores the state of a long fit, from which a killed process goes on."""
        pairs = self.tokens(examples)
        check_lengths(pairs, settings.max_length)

        def fit(parameters: dict[str, Tensor], effective: Callable[[], dict[str, Tensor]]) -> None:
            def loss_of(tokens: Tensor, labels: Tensor, first: int) -> Tensor:
                return batch_loss(Decoder(self.config, effective()), tokens, labels, first)

            def probed(step: int) -> None:
                with torch.no_grad():
                    self.weights = effective()
                probe(step)

            fit_weights(
                parameters, loss_of, pairs, settings, pad=self.pad, seed=seed, size=self.size, log=log,
                probe=probe and probed, keep=keep,
            )  # fmt: skip

        if settings.tune == "full":
            fit(self.learning(settings), lambda: self.weights)
            self.adapter = None
            return
        lora, frozen = self.adapted(settings, seed)
        fit(lora.parameters(), lambda: lora.merged(frozen))
        with torch.no_grad():
            self.weights = lora.merged(frozen)

    def learning(self, settings: Fit) -> dict[str, Tensor]:
        """The weights that a fit with all weights trains; see `Fit.learns`."""
        return {
            name: tensor for name, tensor in self.weights.items() if settings.learns(name, self.config.layers)
        }

    def adapted(self, settings: Fit, seed: int) -> tuple[Lora, dict[str, Tensor]]:
        """The adapter and the weights under it: the same in a later fit, else a fresh one on what the fit trains."""
        if self.adapter is None:
            self.frozen = self.weights
            learns = partial(settings.learns, layers=self.config.layers)
            self.adapter = Lora.fresh(self.frozen, settings.lora_r, settings.lora_alpha, seed, learns)
        return self.adapter, self.frozen

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """A PEFT adapter if the last fit was LoRA, else the whole model in Hugging Face format."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.adapter is not None:
            self.adapter.save(folder, base)
            trained = sum(t.numel() for t in self.adapter.parameters().values())
            return {"format": "peft", "trained_parameters": trained}
        write_model(folder, self.config, {n: t.cpu() for n, t in self.weights.items()})
        save_tokenizer(folder, self.tokenizer, self.source)
        return {"format": "model", "trained_parameters": self.size}


def load(lineage: Sequence[Path], device: str = "auto") -> Any:
    """The model at the end of a lineage of folders: a whole model, then adapters, each on the one before.

    Other architectures than the decoder's come as `generic.GenericModel`, which runs transformers.
    """
    last, adapters = split_lineage(lineage)
    tokenizer = read_tokenizer(last)
    try:
        config, weights = read_model(last)
    except Unsupported:
        from trap.platforms.torch import generic  # transformers and peft are imported only here

        return generic.load(last, adapters, tokenizer, pick_device(device))
    for folder in adapters:
        # In float32, as it was trained: a sum rounded to a stored bfloat16 is another model.
        weights = {name: tensor.float() for name, tensor in weights.items()}
        weights = load_lora(folder, weights).merged(weights)
    return TorchModel(config, weights, tokenizer, pick_device(device), last)


def create(raw: dict[str, Any], tokenizer: Tokenizer, seed: int, device: str = "auto") -> TorchModel:
    """A model with fresh weights (a `config.json` as from `decoder.nano_config`)."""
    config = DecoderConfig.from_json(raw, "model")
    return TorchModel(config, initial_weights(config, seed), tokenizer, pick_device(device))

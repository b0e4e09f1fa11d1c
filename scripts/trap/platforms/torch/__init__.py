"""Platform `torch`: CPU, CUDA or MPS, Hugging Face model folders, PEFT adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from trap.files import InputError
from trap.platforms import Example, Fit
from trap.platforms.torch.decoder import Decoder, DecoderConfig, initial_weights, read_model, write_model
from trap.platforms.torch.fitting import Tokens, fit_weights
from trap.platforms.torch.lora import Lora, load_lora
from trap.platforms.torch.sampling import sample_tokens


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

    def __init__(
        self, config: DecoderConfig, weights: dict[str, Tensor], tokenizer: Tokenizer, device: torch.device
    ) -> None:
        self.config, self.tokenizer, self.device = config, tokenizer, device
        self.weights = {name: tensor.to(device) for name, tensor in weights.items()}
        ends = config.raw.get("eos_token_id")
        self.eos = list(ends) if isinstance(ends, list) else [ends]
        pad = config.raw.get("pad_token_id")
        self.pad = self.eos[0] if pad is None else pad
        self.adapter: Lora | None = None
        self.frozen = self.weights  # what the adapter stands on

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def tokens(self, examples: Sequence[Example]) -> list[Tokens]:
        """(prompt, completion + end) tokens; the two are encoded apart, as they meet when sampling."""
        prompts = self._encode([e.prompt for e in examples])
        completions = self._encode([e.completion for e in examples])
        return [(p, c + self.eos[:1]) for p, c in zip(prompts, completions, strict=True)]

    def sample(
        self, prompts: Sequence[str], *, k: int, temperature: float, max_new_tokens: int, keys: Sequence[int]
    ) -> list[list[str]]:
        drawn = sample_tokens(
            Decoder(self.config, self.weights), self._encode(prompts), samples=k, temperature=temperature,
            steps=max_new_tokens, eos=self.eos, pad=self.pad, keys=keys,
        )  # fmt: skip
        texts = self.tokenizer.decode_batch([c for group in drawn for c in group], skip_special_tokens=True)
        return [texts[i : i + k] for i in range(0, len(texts), k)]

    @torch.inference_mode()
    def logprobs(self, examples: Sequence[Example], batch: int = 256) -> list[float]:
        pairs = [(p, c[:-1]) for p, c in self.tokens(examples)]
        decoder = Decoder(self.config, self.weights)
        sums = [0.0] * len(pairs)
        order = sorted(range(len(pairs)), key=lambda i: (len(pairs[i][0]) + len(pairs[i][1]), i))
        for start in range(0, len(order), batch):
            group = order[start : start + batch]
            longest = max(len(pairs[i][0]) + len(pairs[i][1]) for i in group)
            tokens = torch.full((len(group), longest), self.pad)
            for row, i in enumerate(group):
                whole = pairs[i][0] + pairs[i][1]
                tokens[row, : len(whole)] = torch.tensor(whole)
            first = min(len(pairs[i][0]) for i in group) - 1
            tokens = tokens.to(self.device)
            scores = decoder.logits(decoder.hidden(tokens, first)).float().log_softmax(-1)
            following = scores[:, :-1].gather(-1, tokens[:, first + 1 :, None])[..., 0]
            for row, i in enumerate(group):
                begin = len(pairs[i][0]) - 1 - first
                sums[i] = float(following[row, begin : begin + len(pairs[i][1])].double().sum())
        return sums

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in self._encode(texts)]

    def fit(self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None]) -> None:
        pairs = self.tokens(examples)
        for number, (prompt, completion) in enumerate(pairs):
            if len(prompt) + len(completion) > settings.max_tokens:
                raise InputError(
                    f"example {number}: {len(prompt) + len(completion)} tokens do not fit max_tokens "
                    f"{settings.max_tokens}; nothing is cut silently"
                )
        if settings.tune == "full":
            fit_weights(
                self.config,
                self.weights,
                lambda: self.weights,
                pairs,
                settings,
                pad=self.pad,
                seed=seed,
                log=log,
            )
            self.adapter = None
            return
        if self.adapter is None:
            self.frozen = self.weights
            self.adapter = Lora.fresh(self.frozen, settings.lora_r, settings.lora_alpha, seed)
        frozen, lora = self.frozen, self.adapter  # a second fit goes on with the same adapter
        fit_weights(
            self.config,
            lora.parameters(),
            lambda: lora.merged(frozen),
            pairs,
            settings,
            pad=self.pad,
            seed=seed,
            log=log,
        )
        with torch.no_grad():
            self.weights = lora.merged(frozen)

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """A PEFT adapter if the last fit was LoRA, else the whole model in Hugging Face format."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.adapter is not None:
            self.adapter.save(folder, base)
            trained = sum(t.numel() for t in self.adapter.parameters().values())
            return {"format": "peft", "trained_parameters": trained}
        write_model(folder, self.config, {n: t.cpu() for n, t in self.weights.items()})
        self.tokenizer.save(str(folder / "tokenizer.json"))
        return {"format": "model", "trained_parameters": sum(t.numel() for t in self.weights.values())}


def load(chain: Sequence[Path], device: str = "auto") -> TorchModel:
    """The model at the end of a chain of folders: a whole model, then adapters, each on the one before."""
    folders = [Path(folder) for folder in chain]
    whole = [i for i, folder in enumerate(folders) if (folder / "config.json").is_file()]
    if not whole:
        raise InputError(f"{folders[0]}: no config.json: not a model folder")
    last = folders[whole[-1]]
    config, weights = read_model(last)
    if not (last / "tokenizer.json").is_file():
        raise InputError(f"{last / 'tokenizer.json'}: missing tokenizer")
    for folder in folders[whole[-1] + 1 :]:
        weights = load_lora(folder, weights).merged(weights)
    return TorchModel(config, weights, Tokenizer.from_file(str(last / "tokenizer.json")), pick_device(device))


def create(raw: dict[str, Any], tokenizer: Tokenizer, seed: int, device: str = "auto") -> TorchModel:
    """A model with fresh weights (a `config.json` as from `decoder.nano_config`)."""
    config = DecoderConfig.from_json(raw, "model")
    return TorchModel(config, initial_weights(config, seed), tokenizer, pick_device(device))

"""Any other causal language model of Hugging Face: transformers and peft behind the same interface.

Slower than the decoder, and imported only where it is needed. What is drawn is still a function of a
prompt's key alone: a logits processor picks each token with the prompt's own stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, LogitsProcessor

from trap.files import InputError
from trap.models.batching import uniforms
from trap.models.encoding import check_lengths, encode, end_and_pad, save_tokenizer, tokens_of
from trap.models.hub import first_line
from trap.platforms import Example, Fit, Probe
from trap.platforms.torch.arrays import padded
from trap.platforms.torch.fitting import fit_weights
from trap.platforms.torch.sampling import choose

ROWS_AT_ONCE = 256  # bounds the memory of the caches


class Draw(LogitsProcessor):
    """Leaves one token possible per row: the one that the row's own uniform falls on."""

    def __init__(self, temperature: float, noise: Tensor) -> None:
        self.temperature, self.noise, self.step = temperature, noise, 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        chosen = choose(scores, self.temperature, self.noise[:, self.step])
        self.step += 1
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen[:, None], 0.0)


class GenericModel:
    """A transformers model with its tokenizer; adapters on the way to it are merged."""

    def __init__(self, model: Any, tokenizer: Tokenizer, device: torch.device, source: Path) -> None:
        # Never in training mode: without dropout a fit is a function of its data and seed alone.
        self.model = model.to(device).eval().requires_grad_(False)
        self.tokenizer, self.device, self.source = tokenizer, device, source
        self.eos, self.pad = end_and_pad(model.config.to_dict())

    @property
    def size(self) -> int:
        """How many weights the model has."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @torch.inference_mode()
    def sample(
        self,
        prompts: Sequence[str],
        *,
        num_generations: int,
        temperature: float,
        max_completion_length: int,
        keys: Sequence[int],
    ) -> list[list[str]]:
        """As `Model.sample`; batches hold prompts of one length, so that no row is padded on the left.

        Left padding changes the rounding of a row's attention, and some architectures' positions.
        """
        encoded = encode(self.tokenizer, prompts)
        order = sorted(range(len(encoded)), key=lambda i: (len(encoded[i]), i))
        answers: list[list[str]] = [[] for _ in encoded]
        copies = num_generations if temperature > 0 else 1
        most = max(1, ROWS_AT_ONCE // copies)
        while order:
            length = len(encoded[order[0]])
            same = [i for i in order[:most] if len(encoded[i]) == length]
            order = order[len(same) :]
            tokens = torch.tensor([encoded[i] for i in same], device=self.device)
            how: dict[str, Any] = {"do_sample": False}
            if temperature > 0:
                noise = np.concatenate(
                    [uniforms(keys[i], num_generations, max_completion_length) for i in same]
                )
                draw = Draw(temperature, torch.from_numpy(noise).to(self.device, torch.float32))
                tokens, how["logits_processor"] = tokens.repeat_interleave(num_generations, 0), [draw]
            out = self.model.generate(
                input_ids=tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=max_completion_length,
                eos_token_id=self.eos, pad_token_id=self.pad, num_beams=1, repetition_penalty=1.0, **how,
            )  # fmt: skip
            rows = [self._until_end(row) for row in out[:, length:].tolist()]
            texts = self.tokenizer.decode_batch(rows, skip_special_tokens=True)
            for number, i in enumerate(same):
                own = texts[number * copies : (number + 1) * copies]
                answers[i] = own if copies == num_generations else own * num_generations
        return answers

    def _until_end(self, row: list[int]) -> list[int]:
        return next((row[:i] for i, token in enumerate(row) if token in self.eos), row)

    @torch.inference_mode()
    def logprobs(self, examples: Sequence[Example], batch: int = 32) -> list[float]:
        """As `Model.logprobs`."""
        pairs = [(p, c[:-1]) for p, c in tokens_of(self.tokenizer, examples, self.eos[0])]
        order = sorted(range(len(pairs)), key=lambda i: (len(pairs[i][0]) + len(pairs[i][1]), i))
        sums = [0.0] * len(pairs)
        for start in range(0, len(order), batch):
            group = order[start : start + batch]
            tokens = padded([pairs[i][0] + pairs[i][1] for i in group], self.pad, self.device)
            scores = self.model(tokens).logits[:, :-1].float().log_softmax(-1)
            following = scores.gather(-1, tokens[:, 1:, None])[..., 0]
            for row, i in enumerate(group):
                begin = len(pairs[i][0]) - 1
                sums[i] = float(following[row, begin : begin + len(pairs[i][1])].double().sum())
        return sums

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in encode(self.tokenizer, texts)]

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None
    ) -> None:  # fmt: skip
        """As `Model.fit`."""
        pairs = tokens_of(self.tokenizer, examples, self.eos[0])
        check_lengths(pairs, settings.max_length)
        self.model = prepared(self.model, settings, seed)
        trained = learning(self.model, settings)

        def loss_of(tokens: Tensor, labels: Tensor, first: int) -> Tensor:
            logits = self.model(tokens).logits[:, first:]
            wanted = labels >= 0
            return F.cross_entropy(logits[wanted].float(), labels[wanted])

        fit_weights(
            trained, loss_of, pairs, settings, pad=self.pad, seed=seed, size=self.size, log=log, probe=probe
        )

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """A PEFT adapter if the last fit was LoRA, else the whole model in Hugging Face format."""
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(self.model, PeftModel):
            settings = self.model.peft_config["default"]
            settings.base_model_name_or_path = base
            settings.target_modules = sorted(settings.target_modules)  # a set, which peft writes in any order
            self.model.save_pretrained(str(folder))
            (folder / "README.md").unlink(missing_ok=True)  # an empty model card
            trained = sum(p.numel() for n, p in self.model.named_parameters() if "lora_" in n)
            return {"format": "peft", "trained_parameters": trained}
        self.model.save_pretrained(str(folder))
        save_tokenizer(folder, self.tokenizer, self.source)
        return {"format": "model", "trained_parameters": self.model.num_parameters()}


def load(folder: Path, adapters: Sequence[Path], tokenizer: Tokenizer, device: torch.device) -> GenericModel:
    """A model folder with adapters merged in turn. Raises InputError where transformers cannot read it."""
    at = folder
    try:
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32, local_files_only=True)
        for at in adapters:
            model = PeftModel.from_pretrained(model, str(at)).merge_and_unload()
    except Exception as error:  # transformers, peft and safetensors raise many types
        raise InputError(f"{at}: transformers cannot load it: {first_line(error)}") from None
    return GenericModel(model, tokenizer, device, folder)


def prepared(model: Any, settings: Fit, seed: int) -> Any:
    """A model as a fit trains it: with an adapter, the same one in a later fit, or without."""
    adapted = isinstance(model, PeftModel)
    if settings.tune == "full":
        return model.merge_and_unload() if adapted else model
    if adapted:
        return model
    torch.manual_seed(seed)
    return get_peft_model(model, lora_config(model, settings)).eval()


def lora_config(model: Any, settings: Fit) -> LoraConfig:
    """An adapter on the linear layers that a fit trains, without the head; see `Fit.learns`."""
    targets: str | list[str] = "all-linear"
    if settings.learns_in_part:
        layers, head = model.config.num_hidden_layers, model.get_output_embeddings()
        targets = [
            name
            for name, module in model.named_modules()
            if type(module).__name__ in ("Linear", "Conv1D") and module is not head
            if settings.learns(f"{name}.weight", layers)
        ]
    return LoraConfig(
        r=settings.lora_r, lora_alpha=settings.lora_alpha, target_modules=targets, task_type="CAUSAL_LM"
    )


def learning(model: Any, settings: Fit) -> dict[str, Tensor]:
    """What a fit trains of a model that has its adapter, if it has one: the factors, or weights (see `Fit.learns`)."""
    layers = model.config.num_hidden_layers
    return {
        name: weight
        for name, weight in model.named_parameters()
        if (settings.learns(name, layers) if settings.tune == "full" else "lora_" in name)
    }

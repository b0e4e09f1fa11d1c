"""LoRA on mlx-lm's own layers (mlx_lm.tuner): put on, merged, and turned into what adapters.py writes."""

from __future__ import annotations

from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx.utils import tree_unflatten
from mlx_lm.tuner.lora import LoRALinear
from mlx_lm.tuner.utils import linear_to_lora_layers

from trap.models.adapters import Adapter
from trap.platforms import Fit
from trap.platforms.mlx.architecture import PROJECTIONS, array, tensor, weights


def merge(model: nn.Module, adapter: Adapter) -> None:
    """Add an adapter to the model's weights in place. Raises InputError if it was made for another base."""
    held = weights(model)
    adapter.check({name: tuple(weight.shape) for name, weight in held.items()})
    changed = []
    for module in adapter.a:
        weight = held[module + ".weight"]
        a, b = (array(side[module]).astype(mx.float32) for side in (adapter.a, adapter.b))
        total = weight.astype(mx.float32) + adapter.scale * (b @ a)
        changed.append((module + ".weight", total.astype(weight.dtype)))
    model.update(tree_unflatten(changed))
    mx.eval(model.parameters())


def prepare(model: nn.Module, settings: Fit, seed: int) -> None:
    """Leave trainable what a fit trains (see `Fit.learns`): weights in float32, or a fresh adapter, or the one that is there."""
    if settings.tune == "full":
        if lora_layers(model):
            take_off(model)
        model.set_dtype(mx.float32)
        model.unfreeze()
        if settings.learns_in_part:
            _freeze_rest(model, settings)
        return
    model.freeze()
    if not lora_layers(model):  # a second fit goes on with the same adapter
        put_on(model, settings.lora_r, settings.lora_alpha / settings.lora_r, seed, settings)
    model.unfreeze(keys=["lora_a", "lora_b"], strict=False)


def _freeze_rest(model: nn.Module, settings: Fit) -> None:
    for path, module in model.named_modules():
        own = [name for name, value in module.items() if isinstance(value, mx.array)]
        rest = [name for name in own if not settings.learns(f"{path}.{name}", len(model.layers))]
        if rest:
            module.freeze(recurse=False, keys=rest)


def put_on(model: nn.Module, rank: int, scale: float, seed: int, settings: Fit | None = None) -> None:
    """LoRA layers around every projection, or those that `settings` train, in float32: a uniform as Kaiming's, b zero.

    Drawn with numpy, so that a seed means the same start on a processor, on Metal and on CUDA.
    """
    count = len(model.layers)
    last = count - (settings.frozen(count) if settings else 0)
    learns = (lambda key: settings.learns(f"layers.{count - 1}.{key}", count)) if settings else bool
    chosen = {"rank": rank, "scale": scale, "dropout": 0.0, "keys": list(filter(learns, PROJECTIONS))}
    linear_to_lora_layers(model, last, chosen)
    random = np.random.Generator(np.random.Philox(key=seed))
    for _, layer in sorted(lora_layers(model).items()):
        columns = layer.lora_a.shape[0]
        drawn = random.random((rank, columns), dtype=np.float32) * 2 - 1
        layer.lora_a = mx.array(np.ascontiguousarray(drawn.T) / np.float32(columns) ** 0.5)
    model.eval()


def lora_layers(model: nn.Module) -> dict[str, LoRALinear]:
    """Every LoRA layer by its name."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, LoRALinear)}


def take_off(model: nn.Module) -> None:
    """Merge the LoRA layers into the weights under them; float32 while the sum is made."""
    fused = []
    for name, layer in lora_layers(model).items():
        layer.linear.weight = whole(layer)
        fused.append((name, layer.linear))
    model.update_modules(tree_unflatten(fused))
    mx.eval(model.parameters())


def whole(layer: nn.Module) -> mx.array:
    """A linear layer's weight (out, in) with its LoRA change, if it has one."""
    if not isinstance(layer, LoRALinear):
        return layer.weight
    weight = layer.linear.weight
    change = layer.scale * (layer.lora_b.T @ layer.lora_a.T)
    return (weight.astype(mx.float32) + change).astype(weight.dtype)


def held(model: nn.Module) -> Adapter:
    """The adapter that the LoRA layers hold."""
    layers = lora_layers(model)
    first = next(iter(layers.values()))
    return Adapter(
        rank=first.lora_a.shape[1],
        scale=first.scale,
        a={name: tensor(layer.lora_a).T for name, layer in layers.items()},
        b={name: tensor(layer.lora_b).T for name, layer in layers.items()},
        source=Path("adapter"),
    )

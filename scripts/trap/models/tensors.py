"""Tensors of a safetensors file as they are, bit for bit, without a framework.

The format is a length, a JSON header and the bytes (https://huggingface.co/docs/safetensors). numpy has
no bfloat16, so a tensor is kept as its bits with the name of their type; converting an adapter between
formats only moves bits. Equal tensors give equal files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from trap.files import InputError

BITS = {"F32": np.uint32, "F16": np.uint16, "BF16": np.uint16, "F64": np.uint64}
NAMES = {np.dtype(np.float32): "F32", np.dtype(np.float16): "F16", np.dtype(np.float64): "F64"}


@dataclass(frozen=True)
class Tensor:
    """`bits`: unsigned integers of the tensor's shape; `dtype`: what they stand for, as safetensors names it."""

    dtype: str
    bits: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Tensor:
        """A tensor of float values (float16, float32 or float64)."""
        dtype = NAMES[values.dtype]
        return cls(dtype, np.ascontiguousarray(values).view(BITS[dtype]))

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns, or whatever axes the tensor has."""
        return self.bits.shape

    @property
    def T(self) -> Tensor:  # named as numpy's and torch's
        """The transpose of a matrix."""
        return Tensor(self.dtype, np.ascontiguousarray(self.bits.T))

    def floats(self) -> np.ndarray:
        """The values as float32 (float64 stays)."""
        if self.dtype == "BF16":
            return (self.bits.astype(np.uint32) << 16).view(np.float32)
        if self.dtype == "F16":
            return self.bits.view(np.float16).astype(np.float32)
        return self.bits.view(np.float64 if self.dtype == "F64" else np.float32)

    def like(self, values: np.ndarray) -> Tensor:
        """Other values in this tensor's type, rounded to the nearest (ties to even)."""
        if self.dtype != "BF16":
            kinds = {name: kind for kind, name in NAMES.items()}
            return Tensor.of(values.astype(kinds[self.dtype]))
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        return Tensor("BF16", ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a file. Raises InputError naming what is missing or damaged."""
    if not path.is_file():
        raise InputError(f"{path}: missing weights")
    data = path.read_bytes()
    try:
        size = int.from_bytes(data[:8], "little")
        header = msgspec.json.decode(data[8 : 8 + size], type=dict[str, dict])
        header.pop("__metadata__", None)
        body = memoryview(data)[8 + size :]
        return {name: _tensor(name, entry, body) for name, entry in header.items()}
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not a readable safetensors file: {error}") from None


def _tensor(name: str, entry: dict, body: memoryview) -> Tensor:
    dtype, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if dtype not in BITS:
        raise ValueError(f"{name}: type {dtype} is not one of {', '.join(BITS)}")
    kind = np.dtype(BITS[dtype]).newbyteorder("<")
    if not 0 <= begin <= end <= len(body) or end - begin != math.prod(shape) * kind.itemsize:
        raise ValueError(f"{name}: {end - begin} bytes for shape {list(shape)}")
    return Tensor(dtype, np.frombuffer(body[begin:end], kind).reshape(shape))


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """A safetensors file, tensors in the order of their names."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name, tensor in sorted(tensors.items()):
        end = position + tensor.bits.nbytes
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [position, end]}
        position = end
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)  # readers map the file, and want aligned numbers
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for _, tensor in sorted(tensors.items()):
            stream.write(np.ascontiguousarray(tensor.bits).astype(f"<u{tensor.bits.itemsize}").tobytes())
        stream.flush()
        os.fsync(stream.fileno())

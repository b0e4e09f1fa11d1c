"""The page's engine computes what Python computes: export, tokenizer, forward pass, samples, worker."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

import tiny_models as tiny
from page_engine import EngineError, Node, base_run, export, rounded, tuned_run, write_run
from skips import needs, reason
from skips import node as node_program
from trap.files import read_json, read_jsonl
from trap.models.page_model import tokenizer_bytes
from trap.models.tokenizer import EOS, PAD, UNK, build_tokenizer
from trap.platforms.torch import TorchModel
from trap.platforms.torch.decoder import Decoder
from trap.studies.hops import facts
from trap.studies.hops.graph import load_graph
from trap.studies.hops.questions import QuestionMaker

needs_node = needs("node")
TIES = ["a", "ab", "abc", "bc", "bcd", "cd", "d"]  # pieces that cut one text in several ways of equal score
PROMPTS = [example.prompt for example in tiny.texts()[::3]]
SHAPE = {
    "vocab_size": tiny.tokenizer().get_vocab_size(), "hidden_size": 32, "intermediate_size": 44, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "eos_token_id": 1, "pad_token_id": 0,
}  # fmt: skip


@pytest.fixture(scope="module", params=["rotary", "none", "mixed"])
def chain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A small trained model and a LoRA adapter on it."""
    folder = tmp_path_factory.mktemp("chain")
    base = base_run(folder, {"rotary": [1, 1], "none": [0, 0], "mixed": [1, 0]}[request.param], steps=100)
    return [base, tuned_run(folder, base, steps=5)]


@pytest.fixture(scope="module")
def exported(chain: list[Path]) -> Path:
    return export(chain, chain[-1].parent)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    engine = Node()
    yield engine
    engine.close()


@needs_node
def test_texts_are_cut_as_the_library_cuts_them(node: Node, hops_data: Path, tmp_path: Path) -> None:
    graph = load_graph(hops_data / "kg.json")
    made = {
        "ours": build_tokenizer(facts.words(graph), facts.phrases(graph)),
        "small": build_tokenizer(
            ["The cat sat.\nOn 2 mats: ab abc bcd cd, é 𝒜"], [" cat", " and then", "ca", "𝒜é", *TIES]
        ),
    }
    for name, tokenizer in made.items():
        (tmp_path / name).mkdir()
        tokenizer.save(str(tmp_path / name / "tokenizer.json"))
        (tmp_path / f"{name}.json").write_bytes(tokenizer_bytes(tmp_path / name))

    def check(name: str, texts: list[str]) -> None:
        ids = [e.ids for e in made[name].encode_batch(texts, add_special_tokens=False)]
        path = str(tmp_path / f"{name}.json")
        assert node.ask("encode", tokenizer=path, texts=texts) == ids
        assert node.ask("decode", tokenizer=path, rows=ids) == made[name].decode_batch(
            ids, skip_special_tokens=True
        )

    maker = QuestionMaker(graph, seed=0)
    for pool in ("easy", "hard"):
        questions = maker.questions(pool, 300)
        check("ours", [text for question in questions for text in (question.prompt, question.ref.trace)])

    parts = st.sampled_from([" cat", "cat", "ca", "abcd", "ab", " ", "\n", PAD, EOS, UNK, "<", "<0x41>", "é", "𝒜", "\ufeff",
                             "\u2028", "\0", " DnsFailure", "TRACE:", "A)", "\u0301", "<eo", "s>"])  # fmt: skip
    text = st.one_of(st.text(max_size=60), st.lists(parts, max_size=20).map("".join))

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(["ours", "small"]), st.lists(text, min_size=1, max_size=8))
    def any_text(name: str, texts: list[str]) -> None:
        check(name, texts)

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.lists(st.integers(0, made["small"].get_vocab_size() - 1), max_size=12), min_size=1, max_size=4
        )
    )
    def any_tokens(rows: list[list[int]]) -> None:
        texts = made["small"].decode_batch(rows, skip_special_tokens=True)
        assert node.ask("decode", tokenizer=str(tmp_path / "small.json"), rows=rows) == texts

    any_text()
    any_tokens()


def compare_logits(node: Node, path: Path, model: TorchModel) -> None:
    """Logits of a whole prompt, and of the same tokens one by one behind its first part."""
    ids = model.tokenizer.encode(PROMPTS[1] + PROMPTS[2], add_special_tokens=False).ids
    with torch.inference_mode():
        decoder = Decoder(model.config, model.weights)
        expected = decoder.logits(decoder.hidden(torch.tensor([ids])))[0].numpy()
    found = np.array(node.ask("logits", model=str(path), ids=ids)).reshape(expected.shape)
    assert np.abs(found - expected).max() < 2e-5 * max(1, np.abs(expected).max())
    alone = node.ask("steps", model=str(path), prefix=ids[:7], ids=ids[7:])
    assert np.abs(np.array(alone) - expected[7:]).max() < 2e-5 * max(1, np.abs(expected).max())
    # what stands in the other rows changes no bit
    for rows in (2, 4, 7):
        assert node.ask("steps", model=str(path), prefix=ids[:7], ids=ids[7:], rows=rows) == alone


@needs_node
def test_logits_are_those_of_the_rounded_model(node: Node, exported: Path, chain: list[Path]) -> None:
    compare_logits(node, exported, rounded(chain))


@needs_node
@pytest.mark.parametrize(
    "made",
    [
        lambda: LlamaForCausalLM(LlamaConfig(**SHAPE, tie_word_embeddings=False)),
        lambda: Qwen2ForCausalLM(Qwen2Config(**SHAPE, tie_word_embeddings=True)),  # has biases
    ],
)
def test_logits_of_the_rest_of_the_family(node: Node, made, tmp_path: Path) -> None:
    folder = write_run(tiny.foreign(tmp_path / "base/adapter", tiny.randomized(made())), "base")
    compare_logits(node, export([folder], tmp_path), rounded([folder]))


@needs_node
def test_greedy_texts_are_those_of_python(node: Node, exported: Path, chain: list[Path]) -> None:
    path = exported
    drawn = rounded(chain).sample(
        PROMPTS, num_generations=1, temperature=0.0, max_completion_length=16, keys=range(len(PROMPTS))
    )
    found = node.ask(
        "generate", model=str(path), tokenizer=str(path.with_name("tokenizer.json")), prompts=PROMPTS,
        maxNewTokens=16, samples=2, top=0,
    )  # fmt: skip
    assert len(PROMPTS) >= 20
    assert [answer["texts"] for answer in found] == [[text, text] for (text,) in drawn]
    assert len({text for (text,) in drawn}) > 5, drawn


@needs_node
def test_a_damaged_file_is_refused(node: Node, exported: Path, tmp_path: Path) -> None:
    data = exported.read_bytes()
    for name, damaged, message in [
        ("short.bin", data[:-8], "is cut short"),
        ("head.bin", data[:40], "header is cut short"),
        ("other.bin", b"PK" + data[2:], "not a model file"),
        ("empty.bin", b"", "not a model file"),
    ]:
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(EngineError, match=message):
            node.ask("logits", model=str(tmp_path / name), ids=[3])


@needs_node
@pytest.mark.parametrize("model", ["nano", "nano_nope"])
def test_trained_models_answer_as_in_python(node: Node, root: Path, tmp_path: Path, model: str) -> None:
    """Twenty stored questions of each trained arm that lies here (they are not committed)."""
    runs = root / "results/hops" / model / "torch"
    arms = [path.parents[1].name for path in sorted(runs.glob("rsft_*/s1/episodes.jsonl"))][:3]
    arms = [arm for arm in arms if read_json(runs / arm / "s1/meta.json", dict)["parent"] == "sft"]
    if not arms:
        pytest.skip(reason("runs"))
    for arm in arms:
        chain = [runs / name / "s1/adapter" for name in ("base", "sft", arm)]
        prompts = [row["prompt"] for row in read_jsonl(runs / arm / "s1/episodes.jsonl", dict)[::9][:20]]
        (tmp_path / arm).mkdir()
        output = export(chain, tmp_path / arm)
        drawn = rounded(chain).sample(
            prompts, num_generations=1, temperature=0.0, max_completion_length=64, keys=range(20)
        )
        found = node.ask("generate", model=str(output), tokenizer=str(output.with_name("tokenizer.json")),
                         prompts=prompts, top=0)  # fmt: skip
        assert [answer["texts"] for answer in found] == drawn


@needs_node
def test_the_modules_own_tests_pass(root: Path, exported: Path) -> None:
    """Sampling, reading a trace as it is written, and the worker's messages: tests/page/*.test.mjs."""
    done = subprocess.run(
        # TAP, for what the default reporter writes depends on the version
        [node_program(), "--test", "--test-reporter=tap", *map(str, sorted((root / "tests/page").glob("*.test.mjs")))],
        env=os.environ | {"PAGE_MODELS": str(exported.parent), "PAGE_PROMPTS": json.dumps(PROMPTS)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout and "# skipped 0" in done.stdout

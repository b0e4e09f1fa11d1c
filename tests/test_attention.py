"""Where models look: weights against transformers, the head that is followed, tables, claim, and figure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import SmolLM3Config, SmolLM3ForCausalLM

import map_attention
import plot_figure
import tiny_models as tiny
from make_items import make_items
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import Measure, load_claims
from trap.analysis.measures import Evidence, Missing, measure
from trap.files import InputError, write_jsonl
from trap.models.tokenizer import EOS, PAD, build_tokenizer, write_tokenizer_config
from trap.platforms.torch import create
from trap.platforms.torch.attention import attention
from trap.platforms.torch.decoder import Decoder, nano_config, read_model
from trap.studies.hops.analysis import attention as evidence
from trap.studies.hops.records import Edge, Question, Reference
from trap.studies.hops.records import Path as Chain
from trap.studies.hops.study import Study
from trap.studies.hops.wording import PHRASES


@torch.no_grad()
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_weights_are_those_of_transformers(kv_heads: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "vocab_size": tiny.tokenizer().get_vocab_size(), "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 3, "num_attention_heads": 4, "eos_token_id": 1, "pad_token_id": 0, "bos_token_id": None,
    }  # fmt: skip
    peer = tiny.randomized(
        SmolLM3ForCausalLM(
            SmolLM3Config(
                **shape, num_key_value_heads=kv_heads, no_rope_layers=[1, 0, 1], attn_implementation="eager"
            )
        )
    )
    decoder = Decoder(*read_model(tiny.foreign(tmp_path, peer)))
    tokens = torch.randint(2, shape["vocab_size"], (2, 11))
    places = torch.tensor([[0, 4, 10], [3, 3, 7]])
    found = attention(decoder, tokens, places)
    expected = torch.stack(peer(tokens, output_attentions=True).attentions)  # layers, B, heads, T, T
    for row in range(2):
        torch.testing.assert_close(
            found[:, :, row], expected[:, row][:, :, places[row]], atol=1e-5, rtol=1e-4
        )
    torch.testing.assert_close(found.sum(-1), torch.ones(found.shape[:-1]))


def question(number: int, relations: list[str], names: list[str]) -> Question:
    """A question along a chain, whose prompt and trace are single words and relation phrases."""
    edges = [Edge(src=names[i], rel=rel, dst=names[i + 1]) for i, rel in enumerate(relations)]
    told = " ".join(f"{PHRASES[rel]} something that" for rel in relations)
    trace = " and ".join(f"{edge.src} {PHRASES[edge.rel]} {edge.dst}" for edge in edges)
    return Question(
        id=f"q{number}", split="eval", hop_len=len(relations), question="", options={"A": names[-1]}, answer_star="A",
        path_star=Chain(entities=names, edges=edges), prompt=f"Question: {names[0]} {told}\n",
        ref=Reference(trace=f"TRACE: {trace}\nANSWER: A", style_rules=[]),
    )  # fmt: skip


RELATIONS = ["caused_by", "leads_to", "caused_by", "uses_tool", "leads_to"]
NAMES = ["Apple", "Boat", "Cup", "Drum", "Egg", "Fork"]
QUESTIONS = {hops: [question(i, RELATIONS[:hops], NAMES[: hops + 1]) for i in range(4)] for hops in (2, 3)}


def letters() -> Any:
    words = [q.prompt + q.ref.trace for asked in QUESTIONS.values() for q in asked]
    return build_tokenizer(words, [f" {phrase}" for phrase in PHRASES.values()])


def test_a_model_that_looks_right_is_seen_to() -> None:
    tokenizer = letters()
    read = lambda text: tokenizer.encode(text, add_special_tokens=False).ids  # noqa: E731
    phrases = {read(f" {phrase}")[0] for phrase in PHRASES.values()}

    def weights(rows: list[list[int]], places: list[list[int]]) -> np.ndarray:
        # of two heads the second knows: the relation that comes next, and all of its attention on it
        found = np.zeros((2, len(rows), len(places[0]), len(rows[0])))
        found[0] += 1 / len(rows[0])
        for row, (ids, asked) in enumerate(zip(rows, places, strict=True)):
            told = [i for i, token in enumerate(ids) if token in phrases][: len(asked)]
            for clause, place in enumerate(asked):
                assert ids[place + 1] == ids[told[clause]]  # what comes next is what the question names
                found[1, row, clause, told[clause]] = 1.0
        return found

    maps = {
        hops: evidence.look(asked, read, PHRASES.__getitem__, weights, batch=3)
        for hops, asked in QUESTIONS.items()
    }
    assert maps[3].shape == (4, 2, 3, 3)
    followed = evidence.follow(maps, taught=2)
    for hops, found in followed.items():
        assert np.array_equal(found, np.broadcast_to(np.eye(hops), (4, hops, hops)))


def test_later_clauses_follow_the_head_of_the_last_taught_one() -> None:
    taught = np.zeros((1, 2, 2, 2))
    taught[0, 0, 0, 0], taught[0, 1, 1, 1] = 0.9, 0.8  # a head of its own for each clause
    longer = np.stack([np.full((1, 4, 4), 0.1), np.full((1, 4, 4), 0.2)], axis=1)
    found = evidence.follow({2: taught, 4: longer}, taught=2)
    assert np.diagonal(found[2][0]).tolist() == [0.9, 0.8]
    assert np.diagonal(found[4][0]).tolist() == [0.1, 0.2, 0.2, 0.2]


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=4))
def test_places_are_in_order_or_refused(ids: list[int], wanted: list[int]) -> None:
    rest = iter(ids)
    there = all(token in rest for token in wanted)
    if not there:
        with pytest.raises(InputError, match="not single tokens of this model"):
            evidence.find(ids, wanted, "q")
        return
    places = evidence.find(ids, wanted, "q")
    assert places == sorted(set(places)) and [ids[place] for place in places] == wanted


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of two arms with two seeds each, written by the program."""
    folder = tmp_path_factory.mktemp("mapped")
    tokenizer = letters()
    raw = nano_config(
        vocab_size=tokenizer.get_vocab_size(), hidden=32, layers=2, heads=2, kv_heads=2, intermediate=48, rope=[1, 1],
        theta=10000.0, eos=tokenizer.token_to_id(EOS), pad=tokenizer.token_to_id(PAD),
    )  # fmt: skip
    runs: list[str] = []
    for model, arm, seed in (("nano", "sft_long", 1), ("nano", "sft_long", 2), ("nano_nope", "sft_long", 1)):
        run = folder / f"{model}{arm}{seed}"
        create(raw, tokenizer, seed, "cpu").save(run / "adapter")
        write_tokenizer_config(run / "adapter")
        runs += ["--run", model, arm, str(seed), str(run)]
    paths = []
    for hops, asked in QUESTIONS.items():
        paths.append(folder / f"eval_{hops}.jsonl")
        write_jsonl(paths[-1], asked)
    arguments = ["--questions", *map(str, paths), "--taught", "2", *runs, "--output", str(folder / "tables")]
    assert map_attention.main(arguments) == 0
    return folder / "tables"


def test_tables_hold_every_map_and_its_diagonal(mapped: Path) -> None:
    maps, pointers = (pl.read_parquet(mapped / f"{name}.parquet") for name in ("attention", "pointers"))
    assert maps.schema == pl.Schema(evidence.MAP_COLUMNS)
    assert pointers.schema == pl.Schema(evidence.POINTER_COLUMNS)
    assert maps.height == 2 * (2 * 2 + 3 * 3)
    for row in pointers.iter_rows(named=True):
        assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1
        assert row["n"] == 4 and row["seeds"] == (2 if row["model"] == "nano" else 1)
        diagonal = maps.filter(
            pl.col("clause") == pl.col("relation"),
            *(pl.col(key) == row[key] for key in ("model", "arm", "level")),
            (pl.col("clause") == row["clause"]) | (row["clause"] == evidence.ALL_CLAUSES),
        )
        assert row["value"] == pytest.approx(diagonal["weight"].mean(), abs=1e-5)
    assert "## 3 hops" in evidence.text(pointers)


def test_a_claim_reads_the_table(mapped: Path, tmp_path: Path) -> None:
    table = ItemTable(make_items({"sft_long": {}}, seeds=1, questions=1), Study)
    of = {"arm": "sft_long", "model": "nano", "platform": "torch", "study": "attention"}
    given_ = Evidence(load_claims("config/hops/claims.yaml", Study), table, pl.DataFrame(), {}, folder=mapped)
    found = measure(Measure(of=3, **of), given_)
    row = (
        pl.read_parquet(mapped / "pointers.parquet")
        .filter(model="nano", level=3, clause=0)
        .row(0, named=True)
    )
    assert (found.value, found.n, found.seeds) == (pytest.approx(row["value"], abs=1e-6), 4, 2)
    assert found.unit == "share" and "3 hops" in found.comparison
    with pytest.raises(Missing, match="9 hops was not mapped"):
        measure(Measure(of=9, **of), given_)
    with pytest.raises(Missing, match="not mapped in this experiment"):
        measure(Measure(of=3, **of), replace(given_, folder=tmp_path))


def test_the_figure_has_a_map_for_each_arm_and_length(mapped: Path, tmp_path: Path) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text("[]")
    arguments = [
        "--study",
        "hops",
        "--claims",
        str(claims),
        "--tables",
        str(mapped),
        "--evidence",
        str(mapped),
    ]
    assert plot_figure.main(["attention", *arguments, "--output-dir", str(tmp_path)]) == 0
    drawn = (tmp_path / "attention.light.svg").read_text()
    assert all(f"map:{model}:sft_long:{hops}" in drawn for model in ("nano", "nano_nope") for hops in (2, 3))


def test_what_cannot_be_mapped_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "eval.jsonl"
    write_jsonl(path, QUESTIONS[2])
    arguments = [
        "--questions",
        str(path),
        "--taught",
        "3",
        "--run",
        "nano",
        "sft",
        "1",
        "x",
        "--output",
        str(tmp_path),
    ]
    assert map_attention.main(arguments) == 1
    assert capsys.readouterr().err.strip() == f"error: {path}: no question of 3 hops"
    assert json.loads(path.read_text().splitlines()[0])["hop_len"] == 2

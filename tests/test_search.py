"""Choosing among sampled answers: by the question alone, the same every time, and never by the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import search_answers
import tiny_models as tiny
from trap.analysis.samples import read_samples
from trap.files import read_jsonl, write_jsonl
from trap.studies.base import load_study
from trap.studies.hops.choosing import choose, ends_on_option
from trap.studies.hops.records import LETTERS, Question, Reference
from trap.studies.hops.records import Path as Chain

ASKED = Question(
    id="q", split="eval", hop_len=1, question="", options=dict(zip(LETTERS, ("Ant", "Bee", "Cat", "Dog"), strict=True)),
    answer_star="B", path_star=Chain(entities=[], edges=[]), prompt="", ref=Reference(trace="", style_rules=[]),
)  # fmt: skip


def said(end: str, letter: str, way: str = "Elk leads to") -> str:
    return f"TRACE: {way} {end}\nANSWER: {letter}"


@pytest.mark.parametrize(
    ("completion", "letter"),
    [
        (said("Bee", "B"), "B"),
        (said("Bee.", "B"), "B"),
        (said("Bee", "A"), None),  # another letter than its own end
        (said("Fox", "B"), None),
        ("TRACE:\nANSWER: B", None),
        ("ANSWER: B", None),
        ("", None),
    ],
)
def test_a_trace_must_end_on_the_option_that_it_names(completion: str, letter: str | None) -> None:
    assert ends_on_option(ASKED, completion) == letter


def test_the_commonest_letter_wins_among_those_that_end_on_their_option() -> None:
    one, two, astray = said("Cat", "C"), said("Bee", "B"), said("Fox", "A")
    other = said("Bee", "B", "Elk causes")
    assert (
        choose(ASKED, [astray, astray, astray, one]) == one
    )  # votes of those that end elsewhere do not count
    assert choose(ASKED, [one, two, other, other]) == other  # B by three to one, and its commonest trace
    assert choose(ASKED, [one, two]) == one  # a tie: what came first
    assert choose(ASKED, [astray, said("Fox", "D")]) == astray  # none: the first
    with pytest.raises(ValueError, match="nothing to choose from"):
        choose(ASKED, [])


TEXTS = st.sampled_from([said(end, letter) for end in ("Ant", "Bee", "Fox") for letter in "AB"]) | st.text(
    max_size=30
)


@given(st.lists(TEXTS, min_size=1, max_size=12), st.sampled_from(LETTERS))
def test_the_key_has_no_part_in_it(texts: list[str], key: str) -> None:
    chosen = choose(ASKED, texts)
    assert chosen in texts
    other = Question(
        **{name: getattr(ASKED, name) for name in ASKED.__struct_fields__} | {"answer_star": key}
    )
    assert choose(other, texts) == chosen
    assert choose(ASKED, texts[:1]) == texts[0]
    if any(ends_on_option(ASKED, text) for text in texts):
        assert ends_on_option(ASKED, chosen)


def test_the_program_scores_what_was_chosen(tmp_path: Path, root: Path, hops_data: Path) -> None:
    run = tmp_path / "run"
    tiny.save(tiny.model(), run / "adapter")
    asked = tmp_path / "eval_hard.jsonl"
    write_jsonl(asked, load_study("hops", {}, hops_data).items("eval_hard", 5))
    arguments: list[Any] = [
        "--config", root / "config/config.yaml", "--study", "hops", "--sheet", root / "config/hops/arms_way_out.tsv",
        "--arm", "sft_long", "--model", "nano", "--platform", "torch", "--seed", 2, "--temperature", 1.0,
        "--data", hops_data, "--lineage", run, "--pools", asked,
    ]  # fmt: skip
    for name, samples in (("one", (1, 3)), ("two", (1, 3)), ("three", (3,))):
        given_ = [*arguments, "--samples", *samples, "--output", tmp_path / name]
        assert search_answers.main(list(map(str, given_))) == 0
    first, second, third = (
        pl.read_parquet(tmp_path / name / "items.parquet") for name in ("one", "two", "three")
    )
    assert first.equals(second)
    assert first.group_by("pool").len().sort("pool").rows() == [("eval_hard_of1", 5), ("eval_hard_of3", 5)]
    assert first.filter(pool="eval_hard_of3").equals(third)
    assert first["id"].to_list() == 2 * [q.id for q in read_jsonl(asked, Question)]
    counts = read_samples([tmp_path / "one/samples.parquet"])
    assert counts.equals(read_samples([tmp_path / "three/samples.parquet"]))
    assert counts["n"].to_list() == [3] * 5 and set(counts["pool"]) == {"eval_hard"}
    assert counts["id"].to_list() == sorted(q.id for q in read_jsonl(asked, Question))
    assert first["ranked"].null_count() == 10 and set(first["seed"]) == {2}
    assert (
        search_answers.main([*map(str, arguments), "--samples", "0", "--output", str(tmp_path / "four")]) == 1
    )
    assert not (tmp_path / "four").exists()

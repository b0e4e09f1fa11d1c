"""The whole-piece tokenizer: without loss for any text, one piece per name, standard format."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from trap.models.tokenizer import EOS, PAD, build_tokenizer, write_tokenizer_config
from trap.studies.hops import facts
from trap.studies.hops.graph import load_graph
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.records import LETTERS


@pytest.fixture(scope="module")
def graph(hops_data: Path):
    return load_graph(hops_data / "kg.json")


@pytest.fixture(scope="module")
def tokenizer(graph) -> Tokenizer:
    return build_tokenizer(facts.words(graph), facts.phrases(graph))


SMALL = build_tokenizer(["The cat sat.\nOn 2 mats"], [" cat", " and then"])


def ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


@given(st.text())
@example("\u200d é ​ \x00 \r\n\t  ")
@example("cat  cat\n\n cat")
def test_any_text_comes_back(text: str) -> None:
    # The special marks are single pieces of their own; a text that spells one out is cut there.
    if PAD in text or EOS in text:
        return
    assert SMALL.decode(ids(SMALL, text), skip_special_tokens=True) == text


def test_names_and_phrases_are_one_piece_with_their_space(graph, tokenizer: Tokenizer) -> None:
    for entity in graph.entities:
        assert len(ids(tokenizer, f" {entity}")) == 1, entity
    for letter in LETTERS:
        assert len(ids(tokenizer, f"\n{letter})")) == len(ids(tokenizer, f" {letter}")) == 1
    assert len(ids(tokenizer, "TRACE: A1")) > 1


def test_questions_and_answers_need_no_bytes(graph, tokenizer: Tokenizer) -> None:
    maker = QuestionMaker(graph, seed=0)
    for pool in ("easy", "hard"):
        for question in maker.questions(pool, 40):
            for text in (question.prompt, question.ref.trace):
                pieces = tokenizer.encode(text, add_special_tokens=False).tokens
                assert "".join(pieces) == text
                assert not [piece for piece in pieces if piece.startswith("<0x")]
                # one piece or two a word: far fewer than the words and marks of the text
                assert len(pieces) < len(text) / 4


def test_special_tokens_come_first_and_ids_are_stable(tokenizer: Tokenizer, graph) -> None:
    assert [tokenizer.token_to_id(token) for token in (PAD, EOS)] == [0, 1]
    again = build_tokenizer(facts.words(graph), reversed(facts.phrases(graph)))
    assert again.to_str() == tokenizer.to_str()


def test_loads_in_transformers(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    write_tokenizer_config(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    text = "Question: what?\nA) é\n TRACE: "
    assert theirs(text, add_special_tokens=False)["input_ids"] == ids(tokenizer, text)
    assert theirs.decode(ids(tokenizer, text)) == text
    assert (theirs.pad_token, theirs.eos_token) == (PAD, EOS)

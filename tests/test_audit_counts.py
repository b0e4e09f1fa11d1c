"""What the audit counts: against brute force, against formulas, and by hand on small cases."""

from __future__ import annotations

import itertools
import json
import re
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_files import choices, graded, lines, sums
from trap.analysis.statistics import clopper_pearson
from trap.audit import ceilings, minhash, overlap, tables
from trap.audit.command import audit

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def findings(**files):
    return {finding.id: finding for finding in audit(**files).findings}


# --- overlap --------------------------------------------------------------------------------------------------

MARKS = re.compile(r"""[\s.,;:!?"'“”‘’`´()\[\]{}_#…]+""")


def plain(text: str) -> str:
    """The spelling in which questions are compared, written once more."""
    text = unicodedata.normalize("NFKC", text) if not text.isascii() else text
    return MARKS.sub(" ", text.lower()).strip(" ")


words = st.lists(
    st.sampled_from(["cat", "Cat", "dog", "is", "the", "a.", "3", "+", "été", "猫"]), min_size=1, max_size=6
)
asked = words.map(" ".join)
option_lists = st.lists(
    st.sampled_from(["red", "Red", "blue", "green", "7"]), min_size=2, max_size=3, unique=True
)
rows = st.lists(
    st.tuples(asked, option_lists).map(
        lambda pair: {"question": pair[0], "options": pair[1], "answer": pair[1][0]}
    ),
    min_size=1,
    max_size=12,
)


@FEW
@given(train=rows, evaluation=rows)
def test_overlap_counts_are_those_of_brute_force(train, evaluation):
    with tempfile.TemporaryDirectory() as folder:
        found = findings(
            train=[lines(Path(folder) / "t.jsonl", train)],
            evaluation=lines(Path(folder) / "e.jsonl", evaluation),
        )

    def item(row):
        return plain(row["question"]), tuple(sorted(plain(text) for text in row["options"]))

    keys = {
        "exact": lambda row: row["question"],
        "normalised": lambda row: plain(row["question"]),
        "item": item,
    }
    for name, key in keys.items():
        shown = {key(row) for row in train}
        expected = sum(key(row) in shown and bool(plain(row["question"])) for row in evaluation)
        one = found[f"overlap.{name}"]
        assert (one.more["count"], one.n) == (expected, len(evaluation)), name
        assert (one.low, one.high) == clopper_pearson(expected, len(evaluation))
    again = len(evaluation) - len({item(row) for row in evaluation})
    assert found["data.eval.repeated"].more["count"] == again
    answers: dict = {}
    for row in evaluation:
        answers.setdefault(item(row), set()).add(plain(row["answer"]))
    assert found["data.eval.contradictions"].more["count"] == sum(
        len(answers[item(row)]) > 1 for row in evaluation
    )


def test_near_duplicates_are_found_and_others_are_not(tmp_path):
    evaluation = sums(40)
    train = sums(40, shift=100)
    for row in train[:7]:  # another name, so that 4 of 18 runs of three words differ on each side
        number = train.index(row)
        row["question"] = evaluation[number]["question"].replace("on Tuesday", "on Wednesday")
    for row in train[7:]:
        row["question"] = " ".join(reversed(row["question"].split()))
    found = findings(
        train=[lines(tmp_path / "t.jsonl", train)], evaluation=lines(tmp_path / "e.jsonl", evaluation)
    )
    assert found["overlap.normalised"].more["count"] == 0 and found["overlap.near"].level == "look"
    expected = sum(
        max(brute(plain(one["question"]), plain(row["question"])) for row in train) >= minhash.NEAR
        for one in evaluation
    )
    assert found["overlap.near"].more["count"] == expected >= 7


def brute(first: str, second: str) -> float:
    """The Jaccard index of runs of three words."""
    one, two = (
        {tuple(words[n : n + 3]) for n in range(max(1, len(words) - 2))}
        for words in (first.split(" "), second.split(" "))
    )
    return len(one & two) / len(one | two)


@FEW
@given(
    st.lists(
        st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=12).map(" ".join), min_size=1, max_size=8
    )
)
def test_the_jaccard_index_is_exact(texts):
    sets = minhash.shingles(pl.Series(texts))
    for (n, one), (m, two) in itertools.combinations_with_replacement(enumerate(texts), 2):
        assert minhash.jaccard(sets.of(n), sets.of(m)) == pytest.approx(brute(one, two))


@FEW
@given(
    st.lists(
        st.lists(st.sampled_from("abcd"), min_size=3, max_size=30).map(" ".join), min_size=1, max_size=10
    )
)
def test_an_equal_text_is_always_near(texts):
    index = minhash.NearIndex(pl.Series(sorted(set(texts))))
    index.look(pl.Series(texts), np.arange(len(texts)))
    assert (index.best == 1.0).all()


def test_bands_find_pairs_as_often_as_they_should():
    random = np.random.default_rng(1)
    vocabulary = [f"w{n}" for n in range(5000)]
    found, pairs = 0, 300
    for _ in range(pairs):
        text = random.choice(vocabulary, size=60).tolist()
        other = [*text[:50], *random.choice(vocabulary, size=10).tolist()]  # 48 of 68 shingles shared: 0.706
        index = minhash.NearIndex(pl.Series([" ".join(text)]))
        index.look(pl.Series([" ".join(other)]), np.array([0]))
        found += index.best[0] >= minhash.NEAR
    assert found >= 0.95 * pairs  # 0.993 by the formula of the bands


def test_signs_of_formulas_make_a_difference(tmp_path):
    assert tables.normalised(pl.Series(["What is 3 + 4?", "what is 3+4", "ＡＢＣ  x", "猫犬"])).to_list() == [
        "what is 3 + 4", "what is 3+4", "abc x", "猫 犬",
    ]  # fmt: skip
    rows = [{"question": f"Compute 3 {sign} 4.", "answer": "1"} for sign in "+-*/"]
    found = findings(
        train=[lines(tmp_path / "t.jsonl", rows[:2])], evaluation=lines(tmp_path / "e.jsonl", rows)
    )
    assert found["overlap.normalised"].more["count"] == 2


def test_groups_and_templates_are_compared_where_named(tmp_path):
    def rows(first, last):
        return [{"question": f"Which {n}?", "answer": str(n), "template": f"t{n % 4}", "cluster": f"g{n}"} for n in range(first, last)]  # fmt: skip

    found = findings(
        train=[lines(tmp_path / "t.jsonl", rows(0, 2))], evaluation=lines(tmp_path / "e.jsonl", rows(1, 9))
    )
    assert found["overlap.template"].value == 4 / 8 and found["overlap.group"].value == 1 / 8


def test_several_training_files_are_one(tmp_path):
    parts = [lines(tmp_path / f"{n}.jsonl", sums(5, shift=5 * n)) for n in range(3)]
    report = audit(train=parts, evaluation=lines(tmp_path / "e.jsonl", sums(12, shift=3)))
    found = {finding.id: finding for finding in report.findings}
    assert found["overlap.exact"].more["count"] == 12
    assert [one.rows for one in report.understood] == [5, 5, 5, 12]
    assert "0.jsonl:4" in found["overlap.exact"].examples[0]


def test_missing_and_repeated_ids_and_answers(tmp_path):
    rows = [{"id": ident, "question": f"{n}?", "answer": said} for n, (ident, said) in enumerate([("a", "1"), ("a", "2"), (None, "3"), ("b", None), ("c", "5"), ("d", "6")])]  # fmt: skip
    found = findings(evaluation=lines(tmp_path / "e.jsonl", rows))
    counts = {
        name: found[f"data.eval.{name}"].more["count"]
        for name in ("no_id", "repeated_id", "no_answer", "repeated")
    }
    assert counts == {"no_id": 1, "repeated_id": 1, "no_answer": 1, "repeated": 0}
    assert "e.jsonl:2" in found["data.eval.repeated_id"].examples[0]


# --- ceilings -------------------------------------------------------------------------------------------------


def test_ceilings_by_hand(tmp_path):
    rows = [
        {"question": "The first one is?", "choices": ["a", "bbb", "cc"], "answer": "B"},
        {"question": "The first one was?", "choices": ["a", "bbb", "ccc"], "answer": "B"},
        {"question": "Then what?", "choices": ["aa", "b", "cc"], "answer": "A"},
        {"question": "And what?", "choices": ["x", "y"], "answer": "B"},
    ]
    found = findings(evaluation=lines(tmp_path / "e.jsonl", rows))
    assert found["ceilings.chance"].value == pytest.approx((3 / 3 + 1 / 2) / 4)
    assert found["ceilings.constant"].value == 3 / 4 and "(B)" in found["ceilings.constant"].says
    assert found["ceilings.longest"].value == pytest.approx((1 + 1 / 2 + 1 / 2 + 1 / 2) / 4)
    assert found["ceilings.shortest"].value == pytest.approx((0 + 0 + 0 + 1 / 2) / 4)
    assert found["ceilings.majority"].value == 2 / 4 and "“bbb”" in found["ceilings.majority"].says
    assert found["ceilings.first_words"].value == 2 / 4  # the first two tell each other's answer
    assert found["selection.blind"].more["by_k"]["4"] == pytest.approx(
        (3 * (1 - (2 / 3) ** 4) + 1 - 0.5**4) / 4, abs=1e-6
    )


def test_ceilings_learned_in_training_leave_the_evaluation_out(tmp_path):
    evaluation = [{"question": f"Why is it so {n}?", "answer": "yes" if n < 3 else "no"} for n in range(5)]
    train = [{"question": f"Why is it such {n}?", "answer": "no"} for n in range(4)] + evaluation[:3] * 5
    found = findings(
        train=[lines(tmp_path / "t.jsonl", train)], evaluation=lines(tmp_path / "e.jsonl", evaluation)
    )
    assert found["ceilings.train_majority"].value == 2 / 5 and found["ceilings.first_words"].value == 2 / 5


def test_a_place_that_is_right_too_often_is_said(tmp_path):
    rows = [{"question": f"Which {n}?", "choices": [f"{n}a", f"{n}b", f"{n}c", f"{n}d"], "answer": "C" if n % 5 else "A"} for n in range(100)]  # fmt: skip
    report = audit(evaluation=lines(tmp_path / "e.jsonl", rows))
    found = {finding.id: finding for finding in report.findings}
    assert found["ceilings.constant"].level == "look" and found["ceilings.position"].level == "look"
    assert found["ceilings.position"].value < 0.001
    assert any("80 % can be had" in sentence for sentence in report.verdict.says)


@FEW
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=12))
def test_guessing_from_the_others_is_brute_force(pairs):
    cues, answers = (np.array(part, dtype=np.uint64) for part in zip(*pairs, strict=True))
    for n, score in enumerate(ceilings.left_out(cues, answers)):
        others = [answers[m] for m in range(len(pairs)) if m != n and cues[m] == cues[n]]
        mine = others.count(answers[n])
        best = max((others.count(value) for value in set(others) - {answers[n]}), default=0)
        assert score == (1.0 if mine > best else 0.5 if mine == best > 0 else 0.0)


# --- the report -----------------------------------------------------------------------------------------------


def test_every_number_has_an_n_and_every_share_an_interval(tmp_path):
    rows = [
        {"id": f"q{n}", "question": q, "choices": o, "answer": "ABCD"[k]}
        for n, (q, o, k) in enumerate(choices())
    ]
    evaluation = lines(tmp_path / "e.jsonl", rows)
    runs = [
        graded(tmp_path / f"{name}.jsonl", [[n % m == 0, False] for n in range(12)])
        for name, m in (("a", 2), ("b", 3))
    ]
    audit(
        train=[lines(tmp_path / "t.jsonl", rows[:5])],
        evaluation=evaluation,
        samples=runs,
        folder=tmp_path / "out",
    )
    record = json.loads((tmp_path / "out/claims.json").read_text())
    for claim in record["claims"]:
        assert claim["n"] > 0, claim["id"]
        if claim["unit"] in ("share", "difference"):
            assert claim["low"] <= claim["value"] <= claim["high"], claim["id"]
    assert record["verdict"]["level"] == "bad" and record["verdict"]["next"]


def test_the_page_needs_nothing_else_and_escapes(tmp_path):
    rows = [{"id": f"{n}", "question": "<script>alert(1)</script>", "answer": "&<b>"} for n in range(3)]
    path = lines(tmp_path / "e.jsonl", rows)
    audit(train=[path], evaluation=path, folder=tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=|https?://|url\(|@import", page)
    assert (
        "default-src 'none'" in page and "prefers-color-scheme: dark" in page and "width=device-width" in page
    )
    text = (tmp_path / "out/report.txt").read_text()
    assert "Verdict: not to be trusted" in text and "What I understood" in text


def test_a_terminal_is_not_obeyed(tmp_path):
    path = lines(tmp_path / "e.jsonl", [{"question": "a\x1b[2J b", "answer": "1"}] * 2)
    audit(evaluation=path, folder=tmp_path / "out")
    assert "\x1b" not in (tmp_path / "out/report.txt").read_text()


def test_overlap_of_nothing_is_nothing():
    empty = np.zeros(0, dtype=np.uint64)
    assert (
        overlap.shared(empty, empty).shape == (0,)
        and not overlap.shared(empty, np.array([5], dtype=np.uint64)).any()
    )
    assert not overlap.shared(np.array([0, 3], dtype=np.uint64), np.array([0], dtype=np.uint64)).any()

"""The audit reads what people have: formats, shapes of options and keys, mapping files; bad input is one line."""

from __future__ import annotations

import json

import polars as pl
import pytest

from audit_files import choices, lines, sums, table, zipped
from trap.audit.answers import key_text, read_number, read_option, read_text, split_options
from trap.audit.command import audit, main
from trap.audit.mapping import load_mapping
from trap.audit.reading import open_source
from trap.audit.tables import read_table
from trap.audit.understanding import understand
from trap.files import InputError

LABELS = "ABCD"


def items(path, mapping=None):
    fields = understand(path, "eval", mapping)
    read = fields.reader()
    return fields, [read(row) for _, row in fields.rows()]


# --- formats --------------------------------------------------------------------------------------------------

PLAIN = [
    {"id": f"q{n}", "question": q, "options": o, "answer": o[k]} for n, (q, o, k) in enumerate(choices())
]


def as_parquet(path, rows):
    pl.DataFrame(rows).write_parquet(path)
    return path


def as_json(path, value):
    path.write_text(json.dumps(value, indent=1))
    return path


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: lines(folder / "a.jsonl", PLAIN),
        lambda folder: zipped(lines(folder / "a.jsonl", PLAIN)),
        lambda folder: as_json(folder / "a.json", PLAIN),
        lambda folder: as_json(folder / "a.json", {"version": 1, "data": PLAIN}),
        lambda folder: as_json(folder / "a.json", {row["id"]: row for row in PLAIN}),
        lambda folder: as_json(folder / "a.json", {name: [row[name] for row in PLAIN] for name in PLAIN[0]}),
        lambda folder: as_parquet(folder / "a.parquet", PLAIN),
        lambda folder: zipped(as_parquet(folder / "a.parquet", PLAIN)),
        lambda folder: table(folder / "a.csv", [{**row, "options": json.dumps(row["options"])} for row in PLAIN]),
        lambda folder: lines(folder / "no_ending", PLAIN),
    ],
    ids=["jsonl", "jsonl.gz", "json", "within", "by id", "columns", "parquet", "parquet.gz", "csv", "no ending"],
)  # fmt: skip
def test_every_format_gives_the_same_items(tmp_path, write):
    fields, found = items(write(tmp_path))
    assert [(one.id, one.asked, one.options[1], one.key, one.answer) for one in found] == [
        (f"q{n}", q, tuple(o), k, o[k]) for n, (q, o, k) in enumerate(choices())
    ]
    assert fields.kind == "choice"


# --- shapes of multiple choice --------------------------------------------------------------------------------


def lettered(question, options):
    return (
        question + "\n" + "\n".join(f"{label}) {text}" for label, text in zip(LABELS, options, strict=True))
    )


SHAPES = {
    "list and letter": lambda q, o, k: {"question": q, "choices": o, "answer": LABELS[k]},
    "list and place from 0": lambda q, o, k: {"question": q, "choices": o, "answer": k},
    "list and place from 1": lambda q, o, k: {"question": q, "choices": o, "answer": k + 1},
    "list and text": lambda q, o, k: {"question": q, "choices": o, "target": o[k]},
    "list with labels": lambda q, o, k: {"question": q, "choices": [f"({x}) {t}" for x, t in zip(LABELS, o, strict=True)], "answer": f"({LABELS[k]})"},
    "dict": lambda q, o, k: {"question": q, "options": dict(zip(LABELS, o, strict=True)), "answer_star": LABELS[k]},
    "text and label": lambda q, o, k: {"question": q, "choices": {"text": o, "label": list(LABELS)}, "answerKey": LABELS[k]},
    "numbered labels": lambda q, o, k: {"question": q, "choices": {"text": o, "label": list("1234")}, "answerKey": "1234"[k]},
    "list of objects": lambda q, o, k: {"question": {"stem": q}, "choices": [{"label": x, "text": t} for x, t in zip(LABELS, o, strict=True)], "answerKey": LABELS[k]},
    "columns A to D": lambda q, o, k: {"question": q, **dict(zip(LABELS, o, strict=True)), "answer": LABELS[k]},
    "columns option_a": lambda q, o, k: {"question": q, **{f"option_{x}": t for x, t in zip("abcd", o, strict=True)}, "answer": LABELS[k]},
    "columns ending0": lambda q, o, k: {"ctx": q, **{f"ending{n}": t for n, t in enumerate(o)}, "label": k},
    "endings and a place as text": lambda q, o, k: {"ctx": q, "endings": o, "label": str(k)},
    "in the question": lambda q, o, k: {"question": lettered(q, o), "answer": LABELS[k]},
    "in the question, inline": lambda q, o, k: {"question": q + " " + " ".join(f"({x}) {t}" for x, t in zip(LABELS, o, strict=True)), "answer": f"({LABELS[k]})"},
    "in a chat": lambda q, o, k: {"messages": [{"role": "system", "content": "Answer."}, {"role": "user", "content": lettered(q, o)}, {"role": "assistant", "content": LABELS[k]}]},
    "in a completion": lambda q, o, k: {"prompt": lettered(q, o), "completion": f"Because I know.\nANSWER: {LABELS[k]}"},
    "key with its text": lambda q, o, k: {"question": q, "choices": o, "answer": f"{LABELS[k]}) {o[k]}"},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_choice_gives_the_same_items(tmp_path, name):
    fields, found = items(lines(tmp_path / "a.jsonl", [SHAPES[name](*one) for one in choices()]))
    assert [(one.asked, one.options[1], one.key, one.answer) for one in found] == [
        (q, tuple(o), k, o[k]) for q, o, k in choices()
    ]
    assert fields.kind == "choice" and not fields.doubt


@pytest.mark.parametrize("n", [2, 3, 5, 10, 26])
def test_any_number_of_options(tmp_path, n):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rows = [{"question": f"Which is {k}?", "choices": [f"number {x}" for x in range(n)], "answer": letters[k]} for k in range(n)]  # fmt: skip
    _, found = items(lines(tmp_path / "a.jsonl", rows))
    assert [one.key for one in found] == list(range(n)) and {len(one.options[1]) for one in found} == {n}


def test_a_key_that_fits_both_ways_is_said_and_can_be_mended(tmp_path):
    path = lines(tmp_path / "a.jsonl", [{"question": q, "choices": o, "answer": 2} for q, o, _ in choices()])
    fields, found = items(path)
    assert {one.key for one in found} == {2} and "from 1 fits the first rows as well" in dict(fields.words())[
        "answers"
    ]
    assert {one.key for one in items(path, {"key": "from 1"})[1]} == {1}


def test_exact_answers_are_numbers_in_one_spelling(tmp_path):
    rows = [
        {"question": f"{n}?", "answer": text}
        for n, text in enumerate(["#### 1,200", "so \\boxed{18.0}", "$7", "-3.50%"])
    ]
    fields, found = items(lines(tmp_path / "a.jsonl", rows))
    assert fields.kind == "number" and [one.answer for one in found] == ["1200", "18", "7", "-3.5"]


def test_texts_are_answers_too(tmp_path):
    fields, found = items(lines(tmp_path / "a.jsonl", [{"problem": "Who?", "answer": "The  Cat."}, {"problem": "What?", "answer": "no"}]))  # fmt: skip
    assert fields.kind == "text" and [one.answer for one in found] == ["the cat", "no"]


def test_a_passage_belongs_to_its_question(tmp_path):
    rows = [{"passage": p, "question": "What is it about?", "answer": p} for p in ("Cats.", "Dogs.")]
    _, found = items(lines(tmp_path / "a.jsonl", rows))
    assert [one.asked for one in found] == ["Cats.\nWhat is it about?", "Dogs.\nWhat is it about?"]


# --- readers --------------------------------------------------------------------------------------------------

FOUR = (("A", "B", "C", "D"), ("red", "green", "blue", "a B flat"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("TRACE: it is A.\nANSWER: C", "C"),
        ("The answer is (b).", "B"),
        ("I think \\boxed{D}", "D"),
        ("C", "C"),
        ("(A) red", "A"),
        ("answer: blue", "C"),
        ("green", "B"),
        ("A cat sat here", "A"),
        ("Nothing of the kind", None),
        ("", None),
        ("The answer is E", None),
    ],
)
def test_options_are_read(text, read):
    assert read_option(text, FOUR) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2 + 2 = 4\n#### 1,004", "1004"),
        ("first 7, then \\boxed{18.50}", "18.5"),
        ("The answer is $40. I had 2 of them.", "40"),
        ("we get 3 and 5", "5"),
        ("none", None),
        ("#### -12", "-12"),
    ],
)
def test_numbers_are_read(text, read):
    assert read_number(text) == read


def test_texts_are_read():
    assert (
        read_text("thinking…\nAnswer: The Cat.") == "the cat"
        and read_text("  Cat ") == "cat"
        and read_text("") is None
    )
    assert key_text("so \\boxed{x^2}", "text") == "x^2"


def test_options_are_split_off_a_question():
    stem, (labels, texts) = split_options("Which?\n1. one\n2. two\n3. three")
    assert (stem, labels, texts) == ("Which?", ("1", "2", "3"), ("one", "two", "three"))
    assert split_options("A man walks. B follows.") is None
    assert split_options("Is vitamin (A) good?") is None


# --- mapping --------------------------------------------------------------------------------------------------


def test_a_mapping_corrects_the_guess(tmp_path):
    rows = [
        {"question": "Pick the best.", "stem": f"Which {n}?", "a1": "x", "a2": f"y{n}", "right": "2"}
        for n in range(5)
    ]
    path = lines(tmp_path / "a.jsonl", rows)
    mapping = tmp_path / "m.yaml"
    mapping.write_text("eval:\n  question: stem\n  options: [a1, a2]\n  answer: right\n  key: from 1\n")
    fields, found = items(path, load_mapping(mapping)["eval"])
    assert [(one.asked, one.answer) for one in found] == [(f"Which {n}?", f"y{n}") for n in range(5)]
    assert dict(fields.words())["question"] == "stem (by the mapping)"


def test_where_chooses_rows(tmp_path):
    path = lines(
        tmp_path / "a.jsonl",
        [{"question": f"{n}?", "answer": "1", "part": n % 2, "ok": n < 3} for n in range(6)],
    )
    table = read_table([understand(path, "eval", {"where": {"part": 1, "ok": True}})])
    assert table.n == 1 and table["line"].tolist() == [2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("evla:\n  question: q\n", "evla: no such section"),
        ("eval:\n  questoin: q\n", "eval.questoin: no such role"),
        ("eval: [1]\n", "eval: role: field is wanted"),
        ("eval:\n  question: 3\n", "eval.question: the name of a field is wanted"),
        ("eval:\n  key: sideways\n", "eval.key: one of label, text, from 0, from 1, said"),
        ("eval:\n  kind: poem\n", "eval.kind: one of choice, number, text"),
        ("eval: {\n", "m.yaml:2: not YAML"),
        ("", "sections are wanted"),
        (
            "eval:\n  question: nowhere\n",
            "question: no field 'nowhere' (fields: answer, id, options, question)",
        ),
        ("eval:\n  where: {nowhere: 1}\n", "where: no field 'nowhere'"),
    ],
)
def test_a_wrong_mapping_is_one_line(tmp_path, text, says):
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        audit(evaluation=lines(tmp_path / "a.jsonl", PLAIN), mapping=tmp_path / "m.yaml")
    assert says in str(caught.value) and "\n" not in str(caught.value)


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "a.jsonl: empty"),
        (b"\n \n", "a.jsonl: empty"),
        (b'{"question": "a"}\n{"question": \n', "a.jsonl:2: not JSON"),
        (b'{"question": "a"}\n[1]\n', "a.jsonl:2: an object is wanted, this is a list"),
        (b'{"question": "\xff"}\n{"question": "b"}\n', "a.jsonl:1: not JSON"),
        (b"[1, 2]", "a.jsonl: row 1: an object is wanted, this is a int"),
        (b"[" * 100_000, "a.jsonl: not JSON"),
        (b"question,answer\na,b,c\n", "a.jsonl:2: 3 cells under 2 names"),
        (b"question,question\na,b\n", "a.jsonl:1: names of columns stand twice"),
        (b"just words\n", "a.jsonl:1: neither JSON nor a table"),
        (b"PAR1" + b"x" * 50, "a.jsonl: not Parquet"),
        (b"PK\x03\x04" + b"x" * 50, "a.jsonl: zip: cannot be read"),
        (b"\x1f\x8b" + b"x" * 50, "a.jsonl: cannot be read"),
        (b'{"alpha": 1, "beta": 2}\n{"alpha": 1, "beta": 2}\n', "no field looks like a question (fields: alpha, beta): name it in a mapping"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(tmp_path, capsys, content, says):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    assert main(["--eval", str(path)]) == 1
    told = capsys.readouterr().err
    assert says in told and told.startswith("error: ") and told.count("\n") == 1


def test_files_that_are_not_there(tmp_path, capsys):
    assert main(["--eval", str(tmp_path / "no.jsonl")]) == 1 and main(["--eval", str(tmp_path)]) == 1
    assert main([]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"error: {tmp_path}/no.jsonl: no such file",
        f"error: {tmp_path}: is a directory, not a file",
        "error: nothing to audit: give --eval, with --train or --samples, or --judged",
    ]


def test_json_as_python_writes_it_is_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"question": "one \\ud800", "score": NaN}\n{"question": "two", "score": Infinity}\n')
    rows = [row for _, row in open_source(path).rows(None)]
    assert rows == [{"question": "one ?", "score": None}, {"question": "two", "score": None}]


def test_a_report_that_cannot_be_written_is_one_line(tmp_path, capsys):
    path = lines(tmp_path / "a.jsonl", sums(5))
    assert main(["--eval", str(path), "--report", str(path)]) == 1
    assert "cannot be written" in capsys.readouterr().err

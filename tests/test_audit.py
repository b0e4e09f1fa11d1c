"""The audit on small datasets whose answers can be counted by hand, the gate, and the exact tests."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

import audit_questions
import fetch_published
from trap.files import InputError, read_json, write_json, write_jsonl
from trap.studies.hops.audit import Shown, audit_overlap, leaked_letter
from trap.studies.hops.audit import audit_questions as audit_pool
from trap.studies.hops.audit_episodes import QuestionIndex, audit_episodes, compare
from trap.studies.hops.exact_tests import exact_interval, fisher, items_needed, mcnemar, wilson_interval
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import (
    Edge,
    Entity,
    Episode,
    GraphFile,
    Parsed,
    Question,
    QuestionMeta,
    Reference,
    Relation,
    Reward,
)
from trap.studies.hops.records import Path as Walk

# S -r-> M1 -r-> X, S -q-> M2 -r-> Y, M2 -q-> Z, Z -r-> S (a cycle); W, V are out of reach of S in two hops
EDGES = [
    ("S", "r", "M1"),
    ("M1", "r", "X"),
    ("S", "q", "M2"),
    ("M2", "r", "Y"),
    ("M2", "q", "Z"),
    ("Z", "r", "S"),
    ("W", "q", "V"),
]
FILE = GraphFile(
    entities=[Entity(id=name) for name in ("S", "M1", "M2", "X", "Y", "Z", "W", "V")],
    relations=[Relation(id="r", label="relates to"), Relation(id="q", label="queries")],
    edges=[Edge(src=s, rel=r, dst=d) for s, r, d in EDGES],
)
GRAPH = Graph(FILE)
PHRASE = {"r": "relates to", "q": "queries"}


def question(id="q1", walk=(EDGES[0], EDGES[1]), options="XYZW", gold="A", text="") -> Question:
    entities = [walk[0][0], *(edge[2] for edge in walk)]
    trace = ", and ".join(f"{s} {PHRASE[r]} {d}" for s, r, d in walk)
    return Question(
        id=id,
        split="eval",
        hop_len=len(walk),
        question=text or f"{entities[0]} {[edge[1] for edge in walk]}?",
        options=dict(zip("ABCD", options, strict=True)),
        answer_star=gold,
        path_star=Walk(entities=entities, edges=[Edge(src=s, rel=r, dst=d) for s, r, d in walk]),
        prompt=f"{id} {options}",
        ref=Reference(trace=f"TRACE: {trace}\nANSWER: {gold}"),
        meta=QuestionMeta(start=entities[0], chain=[edge[1] for edge in walk]),
    )


def episode(q: Question, completion: str, phase="sft", total=0.0) -> Episode:
    return Episode(
        phase=phase,
        step=0,
        ex_id=q.id,
        split="eval",
        prompt=q.prompt,
        completion=completion,
        parsed=Parsed(),
        reward=Reward(correctness=0, path_coverage=0, path_reward=0, spam_penalty=0, total=total),
    )


GOOD = question()
OTHER = question("q2", (EDGES[2], EDGES[3]), "YXZW")  # along q, r only Y


class TestAnswerability:
    def test_well_posed(self):
        audit = audit_pool(GRAPH, [GOOD, OTHER], "p.jsonl", "p")
        assert (audit.ill_posed, audit.malformed, audit.problems) == (0, 0, [])
        assert audit.answerability["chain"].reachable == [0, 2, 0, 0, 0]
        assert audit.answerability["chain"].oracle == 1.0
        # two hops from S: X, Y, Z
        assert audit.answerability["path"].reachable == [0, 0, 0, 2, 0]
        assert audit.answerability["path"].oracle == pytest.approx(1 / 3)
        # first relation r: only X; first relation q: Y and Z
        assert audit.answerability["first_path"].reachable == [0, 1, 1, 0, 0]
        assert audit.answerability["first_path"].oracle == pytest.approx(3 / 4)
        assert audit.hops == {"2": 2} and audit.answers == {"A": 2, "B": 0, "C": 0, "D": 0}
        assert (audit.constant_letter, audit.constant_accuracy, audit.chance) == ("A", 1.0, 0.25)
        assert audit.most_paths == pytest.approx(1 / 3)

    def test_walks_revisit_and_paths_do_not(self):
        three = question("q4", (EDGES[2], EDGES[4], EDGES[5]), "SXYW")  # S q M2 q Z r S: a cycle
        audit = audit_pool(GRAPH, [three], "p", "p")
        assert audit.answerability["walk"].reachable[1] == 1
        assert audit.answerability["path"].reachable[0] == 1
        assert audit.answerability["path"].oracle == 0.25  # nothing reachable: a guess

    def test_ill_posed(self):
        extra = Graph(
            GraphFile(
                entities=FILE.entities,
                relations=FILE.relations,
                edges=[*FILE.edges, Edge(src="M1", rel="r", dst="Y")],
            )
        )
        audit = audit_pool(extra, [GOOD], "p", "p")
        assert audit.ill_posed == 1 and audit.answerability["chain"].several == 1
        assert audit.answerability["chain"].oracle == 0.5
        assert "2 options reachable" in audit.problems[0].what

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"hop_len": 3}, "hop_len is 3"),
            ({"options": dict(zip("ABCD", "XXZW", strict=True))}, "stands twice"),
            ({"options": dict(zip("ABCD", ["X", "Y", "Z", "Nowhere"], strict=True))}, "not in the graph"),
            ({"answer_star": "B"}, "does not end at the right option"),
            ({"ref": Reference(trace="TRACE: S relates to X\nANSWER: A")}, "not faithful"),
            ({"path_star": Walk(entities=[], edges=[])}, "one more entity"),
            ({"path_star": question("x", (("S", "r", "X"), ("X", "r", "Y"))).path_star}, "not in the graph"),
            ({"meta": QuestionMeta(start="W", chain=["r", "r"])}, "begin at the question's start"),
            ({"meta": QuestionMeta(start="S", chain=["q", "r"])}, "follow the question's chain"),
        ],
    )
    def test_malformed(self, change, fault):
        broken = msgspec.structs.replace(GOOD, **change)
        audit = audit_pool(GRAPH, [broken], "p", "p")
        assert audit.malformed == 1
        assert any(fault in problem.what for problem in audit.problems)

    def test_nothing_to_audit(self):
        assert audit_pool(GRAPH, [], "p", "p").n == 0


class TestOverlap:
    def test_counts(self):
        training = [
            question("t1", text=GOOD.question, options="YXZW", gold="B"),
            question("t2", (EDGES[2], EDGES[4]), "ZXYW"),
        ]
        found = audit_overlap(GRAPH, [GOOD, OTHER], "eval", Shown(training, "train"))
        assert (found.texts, found.texts_other_answer) == (1, 0)
        assert (found.start_chains, found.paths) == (1, 1)
        assert (found.edges_seen, found.edges, found.distinct_edges_seen) == (3, 4, 3)
        assert (found.graph_edges_covered, found.graph_edges) == (4, len(EDGES))

    def test_same_text_another_answer(self):
        other = question("t1", (EDGES[2], EDGES[3]), "YXZW", text=GOOD.question)
        found = audit_overlap(GRAPH, [GOOD], "eval", Shown([other], "train"))
        assert (found.texts, found.texts_other_answer, found.start_chains) == (1, 1, 0)


class TestEpisodes:
    def test_counts(self):
        rows = [
            episode(GOOD, GOOD.ref.trace, total=1.5),
            episode(OTHER, "TRACE: S queries M2, and M2 relates to X\nANSWER: B", total=9.0),
            episode(OTHER, "no idea", "base", -2.0),
        ]
        sft, base = audit_episodes(GRAPH, QuestionIndex([GOOD, OTHER]), rows, "e.jsonl")
        audit = sft.audit
        assert (audit.phase, audit.n, audit.parsed, audit.correct, audit.faithful) == ("sft", 2, 2, 1, 1)
        assert (audit.true_clauses, audit.clauses, audit.true_traces, audit.follows_chain) == (3, 4, 1, 2)
        assert (audit.hops_used, audit.hops_asked) == (2.0, 2.0)
        assert audit.recorded_differs == 1
        assert (audit.constant_letter, audit.constant_correct) == ("A", 2)
        assert (base.audit.parsed, base.audit.clauses, base.audit.recorded_differs) == (0, 0, 0)

    def test_paired_comparison(self):
        right, wrong = GOOD.ref.trace, "TRACE: x\nANSWER: D"
        rows = [
            episode(GOOD, wrong),
            episode(OTHER, OTHER.ref.trace),
            episode(GOOD, right, "rsft"),
            episode(OTHER, wrong, "rsft"),
        ]
        test = compare(*audit_episodes(GRAPH, QuestionIndex([GOOD, OTHER]), rows, "e"))
        assert (test.paired, test.gained, test.lost, test.mcnemar_p, test.items_needed) == (
            2,
            1,
            1,
            1.0,
            None,
        )

    def test_unknown_question(self):
        with pytest.raises(InputError, match=r"e\.jsonl:1: no question 'q2'"):
            audit_episodes(GRAPH, QuestionIndex([GOOD]), [episode(OTHER, "")], "e.jsonl")

    def test_same_id_found_by_prompt(self):
        twin = msgspec.structs.replace(OTHER, id="q1")
        index = QuestionIndex([GOOD, twin])
        assert index.of(episode(twin, ""), "e") is twin
        with pytest.raises(InputError, match="several questions"):
            index.of(msgspec.structs.replace(episode(twin, ""), prompt="?"), "e")


class TestExact:
    """Against scipy's values, which are exact to the digits shown."""

    def test_intervals(self):
        assert exact_interval(15, 20) == pytest.approx((0.50895, 0.91343), abs=1e-5)
        assert exact_interval(0, 20) == pytest.approx((0.0, 0.16843), abs=1e-5)
        assert exact_interval(20, 20) == pytest.approx((0.83157, 1.0), abs=1e-5)
        assert exact_interval(0, 0) == (0.0, 1.0)
        assert wilson_interval(11, 30) == pytest.approx((0.21874, 0.54486), abs=1e-5)

    def test_p_values(self):
        assert mcnemar(3, 5) == pytest.approx(0.7265625)
        assert mcnemar(0, 0) == 1.0
        assert fisher(11, 30, 8, 30) == pytest.approx(0.57956, abs=1e-5)
        assert fisher(3, 3, 0, 3) == pytest.approx(0.1)

    def test_power(self):
        assert items_needed(0.5, 0.6) == 388
        with pytest.raises(ValueError, match="equal"):
            items_needed(0.5, 0.5)

    def test_leaked_letter(self):
        assert leaked_letter(8) == pytest.approx(0.8998871)
        assert leaked_letter(0) == 0.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_json(tmp_path / "kg.json", FILE)
    write_jsonl(tmp_path / "eval.jsonl", [GOOD, OTHER])
    write_jsonl(tmp_path / "train.jsonl", [question("t1", (EDGES[2], EDGES[4]), "ZXYW")])
    write_jsonl(tmp_path / "leak.jsonl", [GOOD])
    write_jsonl(tmp_path / "episodes.jsonl", [episode(GOOD, GOOD.ref.trace)])
    return tmp_path


def run(folder: Path, *options: str) -> int:
    names = ("kg.json", "eval.jsonl", "train.jsonl", "leak.jsonl", "episodes.jsonl", "bad.jsonl")
    where = [str(folder / option) if option in names else option for option in options]
    return audit_questions.main(
        ["--graph", str(folder / "kg.json"), *where, "--output", str(folder / "audit.json")]
    )


class TestCommand:
    def test_everything(self, folder, capsys):
        assert (
            run(
                folder,
                "--questions",
                "eval.jsonl",
                "--training",
                "train.jsonl",
                "--episodes",
                "episodes.jsonl",
            )
            == 0
        )
        shown = capsys.readouterr().out
        assert "eval.jsonl: 2 questions" in shown and "no violation" in shown and "eval in train" in shown
        audit = read_json(folder / "audit.json", audit_questions.Audit)
        assert [data.pool for data in audit.datasets] == ["eval", "train"]
        assert audit.episodes[0].faithful == 1
        assert audit.leaked_letter["8"] == pytest.approx(0.9, abs=1e-3)

    def test_same_input_same_bytes(self, folder):
        run(folder, "--questions", "eval.jsonl", "--training", "train.jsonl", "--quiet")
        first = (folder / "audit.json").read_bytes()
        run(folder, "--questions", "eval.jsonl", "--training", "train.jsonl", "--quiet")
        assert (folder / "audit.json").read_bytes() == first

    def test_gate_passes(self, folder):
        assert run(folder, "--questions", "eval.jsonl", "--training", "train.jsonl", "--gate") == 0

    def test_gate_stops_at_an_undeclared_overlap(self, folder, capsys):
        options = [
            "--questions",
            "eval.jsonl",
            "--training",
            "train.jsonl",
            "leak.jsonl",
            "--gate",
            "--quiet",
        ]
        assert run(folder, *options) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 2 and all(
            line.startswith("error: eval: 1 of 2 questions share") for line in lines
        )
        assert json.loads((folder / "audit.json").read_text())["violations"]
        assert run(folder, *options, "--allow-overlap", "leak") == 0

    def test_gate_stops_at_an_ill_posed_question(self, folder, capsys):
        write_jsonl(folder / "bad.jsonl", [msgspec.structs.replace(GOOD, answer_star="B")])
        assert run(folder, "--questions", "bad.jsonl", "--gate", "--quiet") == 1
        err = capsys.readouterr().err
        assert "1 of 1 questions malformed: q1: the path does not end at the right option" in err
        assert "1 of 1 questions ill-posed" in err

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ([], "give --graph and --questions"),
            (["--questions", "none.jsonl"], "none.jsonl: no such file"),
            (["--questions", "bad.jsonl"], "bad.jsonl:1: "),
        ],
    )
    def test_one_line_errors(self, folder, capsys, options, message):
        (folder / "bad.jsonl").write_text('{"id": 3}\n')
        assert run(folder, *options) == 1
        err = capsys.readouterr().err
        assert err.startswith("error: ") and message in err and err.count("\n") == 1

    def test_no_questions(self, folder, capsys):
        (folder / "bad.jsonl").write_text("\n")
        assert run(folder, "--questions", "bad.jsonl") == 1
        assert "no questions" in capsys.readouterr().err


class TestFetch:
    def test_wrong_checksum_writes_nothing(self, tmp_path, capsys):
        source = tmp_path / "copy"
        source.mkdir()
        (source / "kg.json").write_text("{}")
        out = tmp_path / "out"
        assert fetch_published.main(["--from", str(source), "--output", str(out)]) == 1
        assert "kg.json: SHA-256 is" in capsys.readouterr().err
        assert not out.exists()

    def test_missing_folder(self, tmp_path, capsys):
        assert fetch_published.main(["--from", str(tmp_path / "no"), "--output", str(tmp_path)]) == 1
        assert "no such folder" in capsys.readouterr().err

    def test_offline_is_one_line(self, tmp_path, capsys, monkeypatch):
        def unreachable(*_args, **_options):
            raise fetch_published.urllib.error.URLError("no route")

        monkeypatch.setattr(fetch_published.urllib.request, "urlopen", unreachable)
        assert fetch_published.main(["--output", str(tmp_path / "out")]) == 1
        err = capsys.readouterr().err
        assert err.startswith("error: cannot reach github.com (no route)") and "--from FOLDER" in err
        assert err.count("\n") == 1

"""What a completion says: the strict contract, the lenient letter, and which entities and clauses a trace names."""

from __future__ import annotations

import pytest

from graded_question import GRADER, QUESTION, make_graph
from trap.studies.hops.completions import MAX_CHARS, lenient_letter, parse_completion
from trap.studies.hops.reward import Grader


class TestParsing:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ANSWER: C",
            "TRACE: x",
            "TRACE: x\nAnswer: C",
            "trace: x\nANSWER: C",
            " TRACE: x\nANSWER: C",
            "TRACE: x ANSWER: C",
            "TRACE: x\nANSWER: C.",
            "TRACE: x\nANSWER: c",
            "TRACE: x\nANSWER: AB",
            "TRACE: x\nANSWER: A B C D",
            "TRACE: x\nANSWER:",
            "TRACE: x\nANSWER: E",
            "TRACE: x\nANSWER: A\nANSWER: B\nANSWER: C\nANSWER: D",
            "TRACE: x\nANSWER: C\nANSWER: C",
            "TRACE: x\nTRACE: y\nANSWER: C",
            "TRACE: " + "x" * MAX_CHARS + "\nANSWER: C",
        ],
    )
    def test_strict(self, text):
        assert parse_completion(text) is None
        assert GRADER.grade(QUESTION, text).total == -2.0

    @pytest.mark.parametrize(
        "text", ["TRACE: x\nANSWER: C", "TRACE:x\r\nANSWER:C\r\n", "so\nANSWER:  C \nTRACE: x\nthe end"]
    )
    def test_accepted(self, text):
        assert parse_completion(text) == ("x", "C")

    def test_word_boundaries(self):
        assert GRADER.mentions("MySSLErrorHandler, SSLError; SSLErrors SSLErroré") == (
            "MySSLErrorHandler",
            "SSLError",
        )

    def test_entity_ids_with_spaces_and_signs(self):
        graph = make_graph(["502 Error", "Error", "C++ tool"], [("502 Error", "fixed_by", "C++ tool")])
        grader = Grader(graph)
        assert grader.mentions("a 502 Error, an Error") == ("502 Error", "Error")
        assert grader.clauses("502 Error is fixed by C++ tool.") == (("502 Error", "fixed_by", "C++ tool"),)

    @pytest.mark.parametrize(
        ("text", "letter"),
        [
            ("Answer: B", "B"),
            ("The answer is (B).", "B"),
            ("(B)", "B"),
            ("b", ""),
            ("B", "B"),
            (" **B** ", "B"),
            ("B) SsTool", "B"),
            ("I think it is SsTool.", "B"),
            ("Either DigTool or SsTool", ""),
            ("Answer: A, B, C, D", ""),
            ("Answer: A\nAnswer: B", ""),
            ("A) x\nB) y\nC) z\nD) w", ""),
            ("no idea", ""),
        ],
    )
    def test_lenient_letter(self, text, letter):
        assert QUESTION.options["A"] == "DigTool" and QUESTION.options["B"] == "SsTool"
        assert lenient_letter(text, QUESTION.options) == letter

"""What a model that is trained from nothing reads first: stories, each with the numbers that are to the purpose.

So it learns to read and to copy, which a pretrained model can do. Copying is what a nano model finds hardest, and with
this one lesson it learns it soonest (LOG.md has the trials). No text of this corpus holds a program, and its stories
are problems of the training share alone, so that no problem of an evaluation is read. Stories of held-out families and
in held-out wordings are among them: what is held out is how they become programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trap.studies.traces.language import COMPUTE, EXPERTS
from trap.studies.traces.quantities import ONES, SCALES, TENS
from trap.studies.traces.stories import words
from trap.studies.traces.stories.families import FAMILIES
from trap.studies.traces.stories.problems import EASY, HARD, Kind, problem
from trap.studies.traces.stories.telling import LETTERS

BANKS: dict[str, dict[str, tuple[str, ...]]] = {
    "entity_track": words.ENTITY,
    "arithmetic": words.ARITHMETIC,
    "rate_equation": words.RATE,
    "comparison": words.COMPARISON,
    "percentage": words.PERCENTAGE,
}
LISTINGS = 20480  # texts, at factor 1
KINDS = [  # three short ones to a long one
    Kind(steps, "train", wording, held)
    for steps in (EASY, EASY, EASY, HARD)
    for wording in (False, True)
    for held in (False, True)
]


def listings(seed: int, factor: float) -> Iterator[tuple[str, str]]:
    """A story, and its numbers in digits: those to the purpose, in order."""
    for number in range(round(LISTINGS * factor)):
        made = problem(KINDS[number % len(KINDS)], f"{seed} listing {number}")
        yield made.question, " ".join(["Numbers:", *map(str, made.needs)])


# --- for a fresh tokenizer ------------------------------------------------------------------------


def lexicon() -> list[str]:
    """Texts with every word that a story or a program may have: after a space, and as a text may begin."""
    told = [text for bank in BANKS.values() for templates in bank.values() for text in templates]
    told += [*words.DISTRACTORS, *words.LEADS, *words.NAMES, *ONES, *TENS, *SCALES, "dozen"]
    told += [part for family in FAMILIES for part in (*family.things, *family.words.values())]
    told = [re.sub(r"\{\w+\}", "", text) for text in told]
    found = {word for text in told for word in re.findall(r"[A-Za-z]+", text)}
    first = {word for text in told for word in re.findall(r"^[A-Za-z]+", text)}
    first |= {word.capitalize() for word in first}
    people = {name.lower() for name in words.NAMES}
    in_programs = {*EXPERTS, *COMPUTE, *people, *(f"r{number}" for number in range(1, 21)), "source", "value"}
    single = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [
        *(f" {word}" for word in sorted(found | first | in_programs)), *sorted(first | in_programs),
        *(f"{one} {one}" for one in single), ".,%?:;-\n", " - , . :", "Numbers:",
    ]  # fmt: skip


def phrases() -> list[str]:
    """Set phrases of a program: each is one piece."""
    found = ["}\n", "}", "], var:", *(f"{end}, var: r{n}}}\n" for end in ("]", "") for n in range(1, 21))]
    for indent in ("", "  "):
        found += [
            f"{indent}- {{op: init, var:", *(f"{indent}- {{op: init, var: {letter}, value:" for letter in LETTERS),
            f"{indent}- {{op: query, var:", f"{indent}- {{op: consume, entity:",
            f"{indent}- {{op: add_entity, entity:", f"{indent}- {{op: transfer, from_entity:",
            *(f"{indent}- {{op: compute, compute_op: {op}, args: [" for op in COMPUTE),
            *(f"{indent}- {{op: compare, compute_op: {op}, args: [" for op in COMPUTE),
            *(f"{indent}- {{op: percent_{op}, base:" for op in ("off", "increase", "of")),
        ]  # fmt: skip
    for expert in EXPERTS:
        found += [f"expert: {expert}\ntrace:\n", f"- expert: {expert}\n  trace:\n"]
    return [*found, ", value:", ", source: prev.result", ", to_entity:", ", amount:", ", rate:", ", var:"]

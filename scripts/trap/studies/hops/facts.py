"""The base corpus of the hops study: what a model knows before it has seen a question.

First letters alone, then all three kinds together; none is about two edges in a row: composition is
left to later training.

* facts: every edge of the graph as a sentence, many passes in fresh orders;
* letters: a list of lettered options, then which letter one of them has;
* picks: a list of lettered options, then a fact about one of them.

The last two are what any pretrained model can do (read a list) and a model trained on facts alone
cannot; without them fine-tuning spends its time on learning to copy a letter.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from trap.files import InputError
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import LETTERS
from trap.studies.hops.wording import HEADERS, PUBLISHED_TEMPLATES

FACTS_PER_TEXT = 3
ANSWERED = "\nANSWER:"
MOST_FACTS = 1_000_000


def sentences(graph: Graph) -> list[str]:
    """One sentence per edge, sorted: "ClockSkew leads to TokenRejected."."""
    return [f"{src} {graph.phrases[rel]} {dst}." for src, rel, dst in sorted(graph.edges)]


def facts(graph: Graph, seed: int, passes: int) -> Iterator[dict[str, str]]:
    """Texts of `FACTS_PER_TEXT` sentences; each pass holds every edge once, in a fresh order."""
    known = sentences(graph)
    for number in range(passes):
        order = known.copy()
        random.Random(f"facts:{seed}:{number}").shuffle(order)
        for first in range(0, len(order), FACTS_PER_TEXT):
            yield {"prompt": "Facts:", "completion": " " + " ".join(order[first : first + FACTS_PER_TEXT])}


def _listed(options: list[str]) -> str:
    return (
        "Options:"
        + "".join(f"\n{letter}) {name}" for letter, name in zip(LETTERS, options, strict=True))
        + "\n"
    )


def letters(graph: Graph, seed: int, count: int, verb: str = "") -> Iterator[dict[str, str]]:
    """ "Options: A) ... Letter: X" -> " B" for random entities; `verb` comes between name and letter."""
    names = sorted(graph.entities)
    for index in range(count):
        rng = random.Random(f"letters:{verb}:{seed}:{index}")
        listed = rng.sample(names, len(LETTERS))
        asked = rng.randrange(len(LETTERS))
        yield {
            "prompt": f"{_listed(listed)}Letter: {listed[asked]}{verb}",
            "completion": f" {LETTERS[asked]}",
        }


def picks(graph: Graph, seed: int, count: int) -> Iterator[dict[str, str]]:
    """ "Options: A) ... Fact: X is caused by Y ANSWER: C": one option is a fact's object, the others are not."""
    by_type, subjects = _by_type(graph), sorted(graph.targets)
    for index in range(count):
        rng = random.Random(f"picks:{seed}:{index}")
        src, rel = rng.choice(subjects)
        targets = graph.targets[src, rel]
        right = rng.choice(targets)
        others = [e for e in by_type[graph.type_of[right]] if e not in targets and e != src]
        names = [right, *rng.sample(others, len(LETTERS) - 1)]
        rng.shuffle(names)
        yield {
            "prompt": f"{_listed(names)}Fact: {src} {graph.phrases[rel]}",
            "completion": f" {right}{ANSWERED} {LETTERS[names.index(right)]}",
        }


def corpus(graph: Graph, seed: int, scale: float = 1.0) -> Iterator[dict[str, str | int]]:
    """The whole corpus in its stages, as rows of stage, prompt and completion; `scale` 1 is the default size.

    Each stage keeps exercising what the one before taught: facts alone would wipe it out.
    """

    if len(graph.edges) > MOST_FACTS:
        raise InputError(
            f"the graph has {len(graph.edges)} edges, and a model that is trained from nothing learns up to {MOST_FACTS}:"
            " its questions are for models that are not (docs/graphs.md)"
        )

    def exercises(count: int, salt: int, verb: str = "") -> Iterator[dict[str, str]]:
        return letters(graph, 10 * seed + salt, round(count * scale), verb)

    stages = [
        [exercises(9600, 0)],
        [exercises(5200, 1), exercises(10800, 1, ANSWERED)],
        [
            facts(graph, seed, max(1, round(105 * scale))),
            exercises(3800, 2),
            exercises(8400, 2, ANSWERED),
            picks(graph, seed, round(19200 * scale)),
        ],
    ]
    for number, stage in enumerate(stages):
        for texts in stage:
            for row in texts:
                yield {"stage": number, **row}


def _by_type(graph: Graph) -> dict[str, list[str]]:
    """Entities by type, types with too few for a list of options joined under one name."""
    groups: dict[str, list[str]] = defaultdict(list)
    for entity in graph.entities:
        groups[graph.type_of[entity]].append(entity)
    small = [kind for kind, members in groups.items() if len(members) < 4 * len(LETTERS)]
    if small:
        everything = list(graph.entities)
        groups.update({kind: everything for kind in small})
    return groups


def phrases(graph: Graph) -> list[str]:
    """Phrases that a tokenizer keeps whole: names, relations, fillers of questions, marks of the formats.

    A name is always written after a space, so it is one piece wherever it stands.
    """
    verbs = [" " + graph.phrases[rel] for rel in graph.relations]
    names = [" " + entity for entity in graph.entities]
    marks = [" something that", " what?", ", and", "Question:", "TRACE:", "ANSWER:", ANSWERED]
    options = [f"\n{letter})" for letter in LETTERS] + [f" {letter}" for letter in LETTERS]
    return [*verbs, *names, *marks, *options]


def words(graph: Graph) -> list[str]:
    """Texts whose words the tokenizer knows besides: the corpus' own and those of every question style."""
    templates = [text.format(start="") for group in PUBLISHED_TEMPLATES.values() for text in group]
    labels = [graph.phrases[rel] for rel in graph.relations]
    return [
        *sentences(graph),
        *HEADERS.values(),
        *templates,
        *labels,
        "Facts:",
        "Options:",
        "Letter:",
        "Fact:",
        ".",
    ]

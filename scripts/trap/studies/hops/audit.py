"""Auditing questions: what can be known, what is ill-posed, what training has already shown.

Works on any dataset in the published format. A question is audited under several states of knowledge,
from its whole chain of relations down to its start alone; under each, an oracle that knows the graph
picks uniformly among the options it can reach, and its expected accuracy is the ceiling for a model
that knows no more than that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from trap.studies.hops.graph import Graph
from trap.studies.hops.records import LETTERS, Edge, Question
from trap.studies.hops.reward import Grader

CHANCE = 1 / len(LETTERS)
PROBLEMS_SHOWN = 100
PATHS_LIMIT = 200_000  # simple paths followed from one start before the audit counts walks instead

# name -> what the oracle knows besides the graph, the start and the options
KNOWLEDGE: dict[str, str] = {
    "chain": "the whole chain of relations",
    "path": "the number of hops (simple paths)",
    "walk": "the number of hops (walks, which may revisit)",
    "first_path": "the first relation and the number of hops (simple paths)",
    "first_any": "the first relation, of the hops only the range (simple paths)",
    "any_path": "of the hops only the range (simple paths)",
    "any_walk": "of the hops only the range (walks)",
}


class Ceiling(Struct):
    """How many options are reachable under one state of knowledge, and what that is worth."""

    knows: str
    reachable: list[int]  # questions with 0, 1, 2, 3, 4 reachable options
    several: int  # questions with more than one
    oracle: float  # expected accuracy of a uniform choice among the reachable options


class Problem(Struct):
    id: str
    kind: str  # malformed | ill-posed
    what: str


class DatasetAudit(Struct, kw_only=True):
    """One file of questions."""

    file: str
    pool: str
    n: int
    hops: dict[str, int]
    answers: dict[str, int]  # gold letters
    constant_letter: str
    constant_accuracy: float
    chance: float = CHANCE
    most_paths: float | None  # expected accuracy of the option with most simple paths of the asked length
    answerability: dict[str, Ceiling]
    distinct_texts: int
    distinct_starts: int
    ill_posed: int  # not exactly the gold option reachable along the chain
    malformed: int  # wrong in itself: false edges, repeated options, a reference that is not faithful
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Overlap(Struct, kw_only=True):
    """What a training file has already shown of a question file. Counts of questions unless named."""

    questions: str
    training: str
    n: int
    texts: int
    texts_other_answer: int  # of those, how many never stand there with the same answer
    start_chains: int
    paths: int
    edges: int  # path edges of the questions, with repeats
    edges_seen: int
    distinct_edges: int
    distinct_edges_seen: int
    graph_edges: int
    graph_edges_covered: int  # by the training file


class Reach:
    """Where a start leads in a number of hops; remembered per start."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.truncated = False
        self._paths: dict[tuple[str, int], dict[str, Counter[str]]] = {}
        self._walks: dict[tuple[str, int], frozenset[str]] = {}
        self._counts: dict[tuple[str, int], Counter[str]] = {}
        self._chains: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}
        self._known: dict[tuple[str, str, int, range], tuple[tuple[str, frozenset[str]], ...]] = {}

    def paths(self, start: str, hops: int) -> dict[str, Counter[str]]:
        """First relation -> end -> number of simple paths of exactly `hops` edges."""
        key = start, hops
        found = self._paths.get(key)
        if found is None:
            found = self._paths[key] = self._follow(start, hops)
        return found

    def _follow(self, start: str, hops: int) -> dict[str, Counter[str]]:
        out = self.graph.out
        ends: dict[str, Counter[str]] = defaultdict(Counter)
        followed = 0
        stack: list[tuple[str, tuple[str, ...]]] = [("", (start,))]
        while stack:
            first, path = stack.pop()
            for relation, dst in out.get(path[-1], ()):
                if dst in path:
                    continue
                followed += 1
                if len(path) == hops:
                    ends[first or relation][dst] += 1
                else:
                    stack.append((first or relation, (*path, dst)))
            if followed > PATHS_LIMIT:
                self.truncated = True
                return {
                    relation: Counter(self.walk_ends((dst,), hops - 1))
                    for relation, dst in out.get(start, ())
                }
        return dict(ends)

    def walk_ends(self, starts: Iterable[str], hops: int) -> frozenset[str]:
        """Ends of walks of exactly `hops` edges, which may revisit entities."""
        here = frozenset(starts)
        for _ in range(hops):
            here = frozenset(dst for src in here for _, dst in self.graph.out.get(src, ()))
        return here

    def walks(self, start: str, hops: int) -> frozenset[str]:
        key = start, hops
        found = self._walks.get(key)
        if found is None:
            found = self._walks[key] = self.walk_ends((start,), hops)
        return found

    def counts(self, start: str, hops: int) -> Counter[str]:
        """End -> number of simple paths of exactly `hops` edges, whatever the first relation."""
        key = start, hops
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = Counter()
            for ends in self.paths(start, hops).values():
                found.update(ends)
        return found

    def along(self, start: str, chain: tuple[str, ...]) -> frozenset[str]:
        """Where a chain of relations leads, by all of its multi-valued steps."""
        key = start, chain
        found = self._chains.get(key)
        if found is None:
            found = self._chains[key] = frozenset(self.graph.reachable(start, chain))
        return found

    def known(self, start: str, first: str, hops: int, span: range) -> tuple[tuple[str, frozenset[str]], ...]:
        """What can be reached under each state of knowledge but `chain` (see KNOWLEDGE).

        first: the first relation; span: the hops that questions of this file have.
        """
        key = start, first, hops, span
        found = self._known.get(key)
        if found is None:
            every = [self.paths(start, n) for n in span]
            found = self._known[key] = tuple(
                {
                    "path": frozenset(self.counts(start, hops)),
                    "walk": self.walks(start, hops),
                    "first_path": frozenset(self.paths(start, hops).get(first, ())),
                    "first_any": frozenset(end for table in every for end in table.get(first, ())),
                    "any_path": frozenset(end for table in every for ends in table.values() for end in ends),
                    "any_walk": frozenset(end for n in span for end in self.walks(start, n)),
                }.items()
            )
        return found


def start_of(question: Question) -> str:
    """The entity that a question starts from, "" when it has none."""
    return question.meta.start or next(iter(question.path_star.entities), "")


def chain_of(question: Question) -> tuple[str, ...]:
    """The relations that a question asks for, in order."""
    return tuple(question.meta.chain or [edge.rel for edge in question.path_star.edges])


def leaked_letter(samples: int, options: int = len(LETTERS)) -> float:
    """Probability that at least one of `samples` blind draws names the right option."""
    return 1 - (1 - 1 / options) ** samples


_LETTERS = frozenset(LETTERS)


def question_faults(question: Question, graph: Graph, grader: Grader) -> list[str]:
    """What is wrong with a question in itself, one phrase each; empty when nothing is."""
    faults = []
    options = question.options
    if options.keys() != _LETTERS:
        return [f"options are {sorted(options)}, not A, B, C, D"]
    if len(set(options.values())) != len(LETTERS):
        faults.append("an option stands twice")
    for option in options.values():
        if option not in graph.type_of:
            faults.append(f"option {option!r} is not in the graph")
            break
    entities, edges = question.path_star.entities, question.path_star.edges
    if not edges or len(entities) != len(edges) + 1:
        return [*faults, "the path does not have one more entity than edges"]
    here = entities[0]
    for index, edge in enumerate(edges, 1):
        src, relation, dst = edge.src, edge.rel, edge.dst
        if (src, relation, dst) not in graph.edges:
            faults.append(f"path edge {index} is not in the graph: {src} {relation} {dst}")
        there = entities[index]
        if src != here or dst != there:
            faults.append(f"path edge {index} does not connect its entities")
        here = there
    if question.hop_len != len(edges):
        faults.append(f"hop_len is {question.hop_len}, the path has {len(edges)}")
    if start_of(question) != entities[0]:
        faults.append("the path does not begin at the question's start")
    if chain_of(question) != tuple([edge.rel for edge in edges]):
        faults.append("the path does not follow the question's chain")
    if options[question.answer_star] != entities[-1]:
        faults.append("the path does not end at the right option")
    if not faults and not grader.grade(question, question.ref.trace).faithful:
        faults.append("the reference completion is not faithful")
    return faults


def audit_questions(
    graph: Graph, questions: Sequence[Question], file: str, pool: str, reach: Reach | None = None
) -> DatasetAudit:
    """Audit one dataset. `reach` may be shared between calls on the same graph.

    On a graph that is not small (`Graph.small`) every question is checked, but only the whole chain is followed: what can be
    reached by any relation is then most of the graph, and says little.
    """
    reach = reach or Reach(graph)
    grader = Grader(graph)
    deep = graph.small
    hop_range = range(*_span(questions))
    most_options = len(LETTERS)
    counts = {name: [0] * (most_options + 1) for name in KNOWLEDGE if deep or name == "chain"}
    oracle = dict.fromkeys(counts, 0.0)
    problems: list[Problem] = []
    ill_posed = malformed = 0
    most = 0.0
    for question in questions:
        start, chain, hops = start_of(question), chain_of(question), question.hop_len
        faults = question_faults(question, graph, grader)
        if faults:
            malformed += 1
            problems.append(Problem(question.id, "malformed", "; ".join(faults)))
        options = list(question.options.values())
        gold = question.options.get(question.answer_star, "")
        on_chain = reach.along(start, chain)
        distinct = frozenset(options)
        twice = len(distinct) != len(options)
        known = reach.known(start, chain[0] if chain else "", hops, hop_range) if deep else ()
        for name, ends in (("chain", on_chain), *known):
            # an option that stands twice is as good as two
            found = sum(option in ends for option in options) if twice else len(distinct & ends)
            counts[name][found if found < most_options else most_options] += 1
            if not found:  # the oracle has nothing to go by and guesses
                oracle[name] += CHANCE
            elif gold in ends:
                oracle[name] += 1 / found
        along = [option for option in options if option in on_chain]
        if along != [gold]:
            ill_posed += 1
            what = f"{len(along)} options reachable along the chain, not the right one alone"
            problems.append(Problem(question.id, "ill-posed", what))
        if not deep:
            continue
        paths = reach.counts(start, hops)
        ways = [paths.get(option, 0) for option in options]  # a Counter asks itself for what is missing
        top = max(ways, default=0)
        best = [option for option, number in zip(options, ways, strict=True) if number == top]
        most += (gold in best) / len(best) if best else 0.0
    n = len(questions)
    letters = Counter(question.answer_star for question in questions)
    constant = max(LETTERS, key=lambda letter: (letters[letter], -LETTERS.index(letter)))
    notes = [] if deep else ["a large graph: only the whole chain of a question is followed"]
    notes += [f"more than {PATHS_LIMIT} paths from a start: walks counted instead"] if reach.truncated else []
    return DatasetAudit(
        file=file,
        pool=pool,
        n=n,
        hops={str(k): v for k, v in sorted(Counter(q.hop_len for q in questions).items())},
        answers={letter: letters[letter] for letter in LETTERS},
        constant_letter=constant,
        constant_accuracy=letters[constant] / n if n else 0.0,
        most_paths=(most / n if n else 0.0) if deep else None,
        answerability={
            name: Ceiling(KNOWLEDGE[name], row, sum(row[2:]), oracle[name] / n if n else 0.0)
            for name, row in counts.items()
        },
        distinct_texts=len({question.question for question in questions}),
        distinct_starts=len({start_of(question) for question in questions}),
        ill_posed=ill_posed,
        malformed=malformed,
        problems=problems[:PROBLEMS_SHOWN],
        notes=notes,
    )


def _span(questions: Sequence[Question]) -> tuple[int, int]:
    hops = [question.hop_len for question in questions]
    return (min(hops), max(hops) + 1) if hops else (0, 0)


class Shown:
    """What a training file shows: texts with their answers, (start, chain) pairs, paths, edges."""

    def __init__(self, questions: Sequence[Question], name: str) -> None:
        self.name = name
        self.texts: dict[str, set[str]] = defaultdict(set)
        self.start_chains: set[tuple[str, tuple[str, ...]]] = set()
        self.paths: set[tuple[Edge, ...]] = set()
        self.edges: set[Edge] = set()
        for question in questions:
            self.texts[question.question].add(question.options.get(question.answer_star, ""))
            self.start_chains.add((start_of(question), chain_of(question)))
            self.paths.add(tuple(question.path_star.edges))
            self.edges.update(question.path_star.edges)


def audit_overlap(graph: Graph, questions: Sequence[Question], pool: str, shown: Shown) -> Overlap:
    """How much of `questions` a training file has already shown."""
    edges = [edge for question in questions for edge in question.path_star.edges]
    distinct = set(edges)
    same_text = [question for question in questions if question.question in shown.texts]
    return Overlap(
        questions=pool,
        training=shown.name,
        n=len(questions),
        texts=len(same_text),
        texts_other_answer=sum(
            q.options.get(q.answer_star, "") not in shown.texts[q.question] for q in same_text
        ),
        start_chains=sum((start_of(q), chain_of(q)) in shown.start_chains for q in questions),
        paths=sum(tuple(q.path_star.edges) in shown.paths for q in questions),
        edges=len(edges),
        edges_seen=sum(edge in shown.edges for edge in edges),
        distinct_edges=len(distinct),
        distinct_edges_seen=len(distinct & shown.edges),
        graph_edges=len(graph.edges),
        graph_edges_covered=sum((e.src, e.rel, e.dst) in graph.edges for e in shown.edges),
    )


def gate(datasets: Iterable[DatasetAudit], overlaps: Iterable[Overlap], allowed: Iterable[str]) -> list[str]:
    """One line per violation: ill-posed or malformed questions, and overlaps that nobody declared.

    `allowed` names pools whose overlap is declared, as evaluation or as training pool.
    """
    declared = set(allowed)
    lines = []
    for data in datasets:
        for kind, number in (("malformed", data.malformed), ("ill-posed", data.ill_posed)):
            example = next((f": {p.id}: {p.what}" for p in data.problems if p.kind == kind), "")
            if number:
                lines.append(f"{data.file}: {number} of {data.n} questions {kind}{example}")
    for overlap in overlaps:
        if {overlap.questions, overlap.training} & declared:
            continue
        for what, number in (("question text", overlap.texts), ("(start, chain)", overlap.start_chains)):
            if number:
                lines.append(
                    f"{overlap.questions}: {number} of {overlap.n} questions share their {what} with "
                    f"{overlap.training}, which nobody declared"
                )
    return lines

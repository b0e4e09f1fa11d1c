"""Two workflows at once in one folder: one works, and the other works too or says what to do."""

from __future__ import annotations

from torture.bench import Bench, closed
from torture.outcomes import NEITHER, SAME, Outcome
from torture.works import GOALS, wait_until

KIND = "two at once"
# What both build, and whether they start in the same moment.
TURNS = (
    ("paper", "paper", True),
    ("paper", "paper", False),
    ("paper", "page", False),
    ("tiny", "tiny", False),
)


def trial(bench: Bench, number: int) -> list[Outcome]:
    first, second, at_once = TURNS[number % len(TURNS)]
    dice, goal = bench.dice(KIND, number), GOALS[first]
    copy = bench.copy(KIND, number, goal)
    other = type(copy)(copy.folder, copy.cores, logs=copy.folder.parent / "second")
    other.logs.mkdir(exist_ok=True)
    delay = 0.0 if at_once else dice.random() * bench.expected(goal).seconds
    running = copy.start(goal)
    wait_until(running, delay)
    beside = other.start(GOALS[second])
    outcomes = []
    # the whole comparison waits for the last run, because the other may still work when one ends
    for one, process in ((copy, running), (other, beside)):
        result, told = SAME, ""
        if process.wait():
            result, told = bench.after(one, goal, 1)
        outcomes.append(
            Outcome(KIND, f"{first} and {second}", number, result, told, f"the second after {delay:.1f} s")
        )
    if all(one.result != SAME for one in outcomes):
        outcomes[0] = Outcome(KIND, outcomes[0].what, number, NEITHER, "none of the two worked")
    outcomes = closed(outcomes, bench.resumed(copy, goal))
    if all(one.result != NEITHER for one in outcomes):
        copy.remove()
    return outcomes

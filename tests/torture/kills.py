"""kill -9 at any moment: of Snakemake alone, of all its processes at once, or of one job."""

from __future__ import annotations

import random
import subprocess
import time
from contextlib import suppress

import psutil

from torture.bench import Bench, closed
from torture.outcomes import NEITHER, SAME, SKIPPED, Outcome
from torture.works import GOALS, Copy, Goal, finding, jobs, kill_all, lacking, marked, wait_until

KIND = "kill"
VICTIMS = ("Snakemake alone", "Snakemake and its jobs", "one job")
# In turn: the goal, and how many kills one run of it takes.
TURNS = (
    ("paper", 3), ("arm", 3), ("page", 2), ("film", 2), ("release", 1), ("tiny", 4), ("arm", 3), ("paper", 2),
)  # fmt: skip
LONGEST = (0.1, 0.5, 2)  # seconds from the first sight of a job to its kill: some jobs are short


def planned(kills: int) -> int:
    """How many trials make that many kills."""
    number = 0
    while kills > 0:
        kills -= TURNS[number % len(TURNS)][1]
        number += 1
    return number


def a_job(copy: Copy, process: subprocess.Popen, dice: random.Random) -> psutil.Process | None:
    """A job that runs, some moments after the first was seen; None if the workflow ends before there is one."""
    seen = False
    while process.poll() is None:
        if found := marked(copy.folder):
            if seen:
                return dice.choice(sorted(found, key=lambda one: one.pid))
            seen = True
            wait_until(process, dice.random() * dice.choice(LONGEST))
        time.sleep(0.02)
    return None


def kill(copy: Copy, process: subprocess.Popen, what: str, dice: random.Random) -> bool:
    """Kill a part of a running workflow and wait until Snakemake has ended. False if there was nothing to kill."""
    if what == "one job":
        job = a_job(copy, process, dice)
        if job is None:
            return False
        with suppress(psutil.NoSuchProcess):  # it has just ended
            job.kill()
        return process.wait() != 0
    if what == "Snakemake alone":
        process.kill()
        process.wait()
    else:
        kill_all(process)
    return True


def trial(bench: Bench, number: int) -> list[Outcome]:
    name, kills = TURNS[number % len(TURNS)]
    if why := lacking(GOALS[name]):
        return [Outcome(KIND, name, number, SKIPPED, why)]
    return killed(bench, GOALS[name], kills, number)


def killed(bench: Bench, goal: Goal, kills: int, number: int) -> list[Outcome]:
    """Build a goal, killed several times, each time at another moment; then to its end."""
    dice, expected = bench.dice(f"{KIND} {goal.name}", number), bench.expected(goal)
    copy, outcomes = bench.copy(KIND, number, goal), []
    span = 2 * expected.seconds / (kills + 1)
    for _ in range(5 * kills):
        what = dice.choice(VICTIMS)
        delay = dice.random() * span
        process = copy.start(goal)
        alive = wait_until(process, delay)
        running = jobs(copy.folder)
        if not alive or not kill(copy, process, what, dice):
            if process.wait() != 0:
                wrong = f"it failed before it was killed: {finding(copy.said())}"
                outcomes.append(Outcome(KIND, f"{what}, {goal.name}", number, NEITHER, wrong))
                break
            # it was done too soon: once more from the start, and sooner
            copy = bench.copy(KIND, number, goal)
            span /= 2
            continue
        wrong = copy.wrong(expected.digests, whole=False)
        result, told = (NEITHER, "; ".join(wrong[:5])) if wrong else (SAME, "")
        moment = f"after {delay:.1f} s, in {running}"
        outcomes.append(Outcome(KIND, f"{what}, {goal.name}", number, result, told, moment))
        if len(outcomes) == kills:
            break
    outcomes = closed(outcomes, bench.resumed(copy, goal))
    if all(one.result == SAME for one in outcomes):
        copy.remove()
    return outcomes

"""Code and settings that are edited while the workflow works: the next run gives what the edited code gives.

An edit is made while a job runs that read the file before, which is the worst moment: its output is newer than the edit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from torture.bench import Bench, closed
from torture.outcomes import NEITHER, SAME, Outcome
from torture.same import differences, fingerprints
from torture.works import GOALS, Copy, finding, marked, told, wait_until

KIND = "edit"


@dataclass(frozen=True)
class Edit:
    """A text of a file that becomes another while a job of `program` runs. goal: what is built."""

    name: str
    file: str
    old: str
    new: str
    program: str
    goal: str = "paper"


EDITS = (
    Edit("code of the tables", "scripts/trap/analysis/summaries.py", "round(float(value), DIGITS)",
         "round(float(value), 2)", "tabulate_results.py"),
    Edit("code of the figures", "scripts/trap/figures/theme.py", '"#1a1a1a"', '"#1b1b2b"', "plot_figure.py"),
    Edit("claims", "config/hops/claims.yaml", "  rsft: rejection sampling", "  rsft: sampling", "tabulate_claims.py"),
    Edit("template of the post", "report/hops/post.md.j2", "Every number ", "Each number ",
         "render_post.py"),
    Edit("sheet of arms", "config/hops/arms.tsv", "B RSFT hard", "B RSFT on hard", "tabulate_results.py"),
    Edit("settings of the training", "config/test/config.yaml", "rsft: {max_steps: 3,", "rsft: {max_steps: 2,",
         "train_adapter.py", "arm"),
    Edit("code of the training", "scripts/trap/workflow/running.py", '"study": study,',
         '"study": study, "edited": "yes",', "train_adapter.py", "arm"),
    Edit("code that breaks and is mended", "scripts/trap/figures/theme.py", "WIDTH = 7.2", "WIDTH = = 7.2",
         "tabulate_results.py"),
)  # fmt: skip
BROKEN = EDITS[-1]
PATIENCE = 600  # seconds to wait for the job
LATEST = 4  # seconds after the start of the job: it imports, reads, computes, or has ended


def apply(edit: Edit, folder: Path, back: bool = False) -> None:
    """Make an edit, or undo it. Raises ValueError where the text is not there."""
    path = folder / edit.file
    text = path.read_text(encoding="utf-8")
    old, new = (edit.new, edit.old) if back else (edit.old, edit.new)
    if old not in text:
        raise ValueError(f"{edit.file}: no text {old!r}")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def edited(bench: Bench, edit: Edit) -> dict[str, str]:
    """Digests of the results that the edited project gives where nothing disturbs it."""
    goal = GOALS[edit.goal]
    if edit is BROKEN:
        return bench.expected(goal).digests
    path = bench.folder / f"undisturbed/edit {edit.name}.json"
    if not path.is_file():
        bench.expected(GOALS["tiny"])
        copy = Copy.new(path.with_suffix(""), bench.cores, bench.finished, goal)
        apply(edit, copy.folder)
        if copy.run(goal):
            raise RuntimeError(f"{edit.name}: {finding(copy.said())}")
        path.write_bytes(msgspec.json.encode(fingerprints(copy.folder)))
        copy.remove()
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str])


def _runs(folder: Path, program: str) -> bool:
    for process in marked(folder):
        try:
            if any(word.endswith(program) for word in process.cmdline()):
                return True
        except psutil.Error:
            continue
    return False


def trial(bench: Bench, number: int) -> list[Outcome]:
    edit, dice = EDITS[number % len(EDITS)], bench.dice(KIND, number)
    goal, expected = GOALS[edit.goal], edited(bench, edit)
    copy = bench.copy(KIND, number, goal)
    process, until = copy.start(goal), time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until and not _runs(copy.folder, edit.program):
        time.sleep(0.02)
    delay = dice.random() * LATEST
    wait_until(process, delay)
    apply(edit, copy.folder)
    status, result, line = process.wait(), SAME, ""
    if status and edit is not BROKEN:
        line = told(copy.said())
        result, line = ("told", line) if line else (NEITHER, finding(copy.said()))
    outcome = Outcome(KIND, edit.name, number, result, line, f"{delay:.1f} s after a start of {edit.program}")
    if edit is BROKEN:
        apply(edit, copy.folder, back=True)
    wrong = f"the next run fails: {finding(copy.said())}" if copy.run(goal) else ""
    wrong = wrong or "; ".join(differences(expected, fingerprints(copy.folder))[:5])
    outcomes = closed([outcome], wrong)
    if outcomes[0].result != NEITHER:
        copy.remove()
    return outcomes

"""Copy the posts of an experiment with their pictures, its ledger and its main tables to a folder that is committed.

    python scripts/publish_paper.py --results results/hops --experiment full --output docs/hops

The copy keeps the files' relative places, so that links work, and readers of the repository see the posts without running
anything. `make verify` lists the claims in which the copy differs from the current results.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_text, replacing

POST = re.compile(r"\]\(([\w-]+\.md)(?:#[^)]*)?\)")  # a link to another post
PICTURE = re.compile(r'\bsrc(?:set)?="([^"]+)"|!\[[^\]]*\]\(([^)\s]+)\)')
TABLES = ("arms.md", "contrasts.md")
VOLATILE = ("commit", "seconds")  # keys of a claim that differ between equal results


def shown(post: Path) -> list[Path]:
    """Paths of the local pictures in a post. Each SVG comes with its PNG, which previews of links need."""
    found = [first or second for first, second in PICTURE.findall(read_text(post))]
    local = [post.parent / link for link in found if not re.match(r"[a-z]+:|//|/", link)]
    return list(dict.fromkeys(path for one in local for path in (one, one.with_suffix(".png"))))


def posts_from(front: Path) -> list[Path]:
    """The front page and the posts that it links to. Raises InputError if one of them is missing."""
    linked = [front.with_name(name) for name in POST.findall(read_text(front))]
    return list(dict.fromkeys([front, *linked]))


def files_of(results: Path, experiment: str) -> list[Path]:
    """The files to copy. Raises InputError if one of them is missing."""
    home = results / experiment
    posts = posts_from(home / "report/post.md")
    found = [*posts, home / "claims.json", *(home / "tables" / name for name in TABLES)]
    found = list(dict.fromkeys([*found, *(picture for post in posts for picture in shown(post))]))
    for path in found:
        if not path.is_file():
            raise InputError(f"{path}: no such file; make report first")
    return found


def publish(results: Path, experiment: str, output: Path) -> int:
    """Replace the folder `output` by a copy of the files; return their number."""
    files = files_of(results, experiment)
    with replacing(output) as partial:
        for path in files:
            target = partial / path.resolve().relative_to(results.resolve())
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return len(files)


def differences(results: Path, experiment: str, output: Path) -> list[str]:
    """Ids of the claims that differ between the copy and the results; empty if one of the two does not exist."""
    ours, theirs = results / experiment / "claims.json", output / experiment / "claims.json"
    if not (ours.is_file() and theirs.is_file()):
        return []
    now, then = ({row["id"]: _lasting(row) for row in json.loads(read_text(path))} for path in (ours, theirs))
    return sorted(name for name in {*now, *then} if now.get(name) != then.get(name))


def _lasting(claim: dict) -> dict:
    return {key: value for key, value in claim.items() if key not in VOLATILE}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's folder of results")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)

    def body() -> None:
        print(f"{args.output}: {publish(args.results, args.experiment, args.output)} files")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())

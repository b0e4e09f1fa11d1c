"""The posts of a study: one, or a front page that leads to several, declared in report/STUDY/posts.yaml."""

from __future__ import annotations

import re
from pathlib import Path

from trap.files import InputError
from trap.report.numerals import bare_numerals
from trap.workflow.config import read_yaml

ROOT = Path(__file__).resolve().parents[3]
FRONT = "post"  # the only post of a study, or the front page that leads to the others
GENERIC = "generic"  # the folder of the template for studies without a post of their own
ORDER = "posts.yaml"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def folder_of(study: str) -> Path:
    """The folder of a study's templates: report/STUDY, else the generic one.

    The working directory is searched first, then this repository.
    """
    for folder in (Path("report", study), ROOT / "report" / study):
        if (folder / f"{FRONT}.md.j2").is_file():
            return folder
    return ROOT / "report" / GENERIC


def template_of(study: str, post: str = FRONT) -> Path:
    """The template of a post of a study. Raises InputError for a post that the study does not declare."""
    known = (FRONT, *posts_of(study))
    if post not in known:
        raise InputError(f"study {study}: no post {post!r} (there are {', '.join(known)})")
    return folder_of(study) / f"{post}.md.j2"


def posts_of(study: str) -> dict[str, str]:
    """{name: title} of the posts that the front page leads to, in reading order; {} for a study with one post.

    Raises InputError, naming file and key, for what is no such table, for a number in a title, which no claim would
    give, and for a post without a template.
    """
    folder = folder_of(study)
    path = folder / ORDER
    if not path.is_file():
        return {}
    found = read_yaml(path)
    if not isinstance(found, dict) or not all(
        isinstance(part, str) for pair in found.items() for part in pair
    ):
        raise InputError(f"{path}: expected a table of names and titles of posts")
    for name, title in found.items():
        if not _NAME.fullmatch(name) or name == FRONT:
            raise InputError(
                f"{path}: {name}: no name for a post (small letters, figures and _; not {FRONT})"
            )
        if not title.strip() or bare_numerals(title):
            raise InputError(f"{path}: {name}: a title has words and no number")
        if not (folder / f"{name}.md.j2").is_file():
            raise InputError(f"{path}: {name}: no {name}.md.j2 beside it")
    return found

"""A copy of the project for tests that run the whole workflow in it, and Snakemake in such a copy."""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 300  # seconds that a call of Snakemake may take


def copy_parts(folder: Path, parts: Iterable[str]) -> Path:
    """Copy files and folders of the project, given relative to its root, into a folder that is made for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, folder / part)
    return folder


def environment() -> dict[str, str]:
    """The environment of a run: without what is meant for pytest, and compiled code is kept, for it has many jobs."""
    left_out = [name for name in os.environ if name.startswith("PYTEST")]
    return {name: os.environ[name] for name in os.environ.keys() - {*left_out, "PYTHONDONTWRITEBYTECODE"}}


@cache
def _processes() -> multiprocessing.context.ForkServerContext:
    """Makes processes that have imported Snakemake and its plugins already, and nothing of this project."""
    context = multiprocessing.get_context("forkserver")
    plugins = [module.name for module in pkgutil.iter_modules() if module.name.startswith("snakemake_")]
    context.set_forkserver_preload(["snakemake.cli", *plugins])
    return context


def _call(folder: str, arguments: list[str], told: str) -> None:
    """The command `snakemake`, in `folder`, with both streams in the file `told`."""
    from snakemake.cli import main

    with open(told, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for name in os.environ.keys() - environment().keys():
        del os.environ[name]
    os.chdir(folder)
    main(arguments)


def snakemake(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run Snakemake in a process of its own in `folder`; its output, both streams.

    It is the command `snakemake --cores 2 ARGUMENTS`, but for the second that importing Snakemake takes.
    """
    told = folder.parent / f"{folder.name}.snakemake.log"
    process = _processes().Process(target=_call, args=(str(folder), ["--cores", "2", *arguments], str(told)))
    process.start()
    process.join(LIMIT)
    late = process.is_alive()
    process.kill()
    process.join()
    output = told.read_text(encoding="utf-8")
    assert not late and (process.exitcode == 0 or not check), output
    return output

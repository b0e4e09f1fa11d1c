"""The list of figures: those that every study gets, and those in a study's own folder `figures/`."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from trap.files import InputError, read_text
from trap.workflow.registry import folders, load_member

SHARED = ("trap", "matching", "leakage", "levels", "faithful", "rollouts", "training")
COMPARISONS = ("scaling", "platforms")  # only for experiments that compare model sizes or platforms


def own_figures(study: str) -> tuple[str, ...]:
    """Names of the figures in the study's own folder, sorted; each module is one figure. Empty without a study."""
    if not study:
        return ()
    try:
        package = load_member("study", study, "figures")
    except ModuleNotFoundError as error:
        if not str(error.name).endswith("figures"):
            raise
        return ()
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def figure_names(study: str) -> tuple[str, ...]:
    """Every figure that a study can have: the shared ones, the comparisons and its own.

    A study's own figure replaces a shared one of the same name.
    """
    own = own_figures(study)
    return (*(name for name in (*SHARED, *COMPARISONS) if name not in own), *own)


def load_figure(study: str, name: str) -> ModuleType:
    """The module of a figure, with `TITLE`, `ALT`, `TABLES` and `draw(evidence, theme)`.

    A study's own figure replaces a shared one of the same name. Raises InputError for an unknown name.
    """
    if name in own_figures(study):
        return load_member("study", study, f"figures.{name}")
    if name not in (*SHARED, *COMPARISONS):
        raise InputError(f"no figure {name!r} (there are {', '.join(figure_names(study))})")
    return importlib.import_module(f"trap.figures.{name}")


def tables_of(study: str, name: str) -> tuple[str, ...]:
    """Names of the tables that a figure reads, without `.parquet`: the constant `TABLES` of its module.

    The module is parsed, not imported: the workflow asks for every figure, and importing Matplotlib takes seconds.
    Raises InputError for an unknown figure and for a module without `TABLES`.
    """
    own = next(
        (Path(folder, study, "figures", f"{name}.py") for folder in folders("study")
         if Path(folder, study, "figures", f"{name}.py").is_file()),
        Path(__file__).with_name(f"{name}.py"),
    )  # fmt: skip
    tree = ast.parse(read_text(own))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "TABLES":
            return tuple(ast.literal_eval(node.value))
    raise InputError(f"{own}: TABLES is missing")

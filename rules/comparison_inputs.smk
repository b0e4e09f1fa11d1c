"""What the comparisons of platforms and of sizes take in: functions only."""

from trap.plan import canonical, set_values


def items_elsewhere():
    """Items of runs that other settings made, on other platforms."""
    found = [path for path in Path(f"results/{STUDY}").glob("*/*/*/s*/items.parquet")]
    found = sorted(path.as_posix() for path in found if path.parts[3] != SETTINGS.platform)
    if not found:
        raise WorkflowError(
            f"results/{STUDY}: no evaluated run of another platform than {SETTINGS.platform}: make some first (make mlx)"
        )
    return found


def scaling_runs():
    """Runs that the comparison needs; those that committed items stand for are left out."""
    committed = set(PLAN.runs("full")) if PLAN.adopted else set()
    models = {run.model for run in committed}
    return [run for run in checked(lambda: PLAN.runs("scaling")) if run.model not in models]


def size_shapes():
    """The settings of the models whose sizes are compared."""
    return [canonical(set_values(SETTINGS.models[name])) for name in PLAN.size("scaling").models]

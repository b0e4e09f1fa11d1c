"""Input functions of the rules that only the study traces has, and the files that it adds to experiments."""

TRACES_TABLES = ["failures", "confusion"]
TRACES = {name: plan for name, plan in PLANS.items() if plan.module == "traces"}


def traces_ceiling(study):
    """The ceiling of published solutions: made here if they are here, else the committed one, if there is one."""
    made = f"results/{study}/published/ceiling.json"
    released = f"{RELEASED}/{study}/published/ceiling.json"
    if PLANS[study].settings.published or Path(made).is_file():
        return [made]
    return [released] if Path(released).is_file() else []


for name, plan in TRACES.items():
    OWN_TABLES[name] = lambda experiment, plan=plan: (
        TRACES_TABLES if "failures" in plan.experiment(experiment).own else []
    )
    OWN_CLAIMS[name] = lambda name=name: traces_ceiling(name)

"""Rules that only the study traces has: how traces fail, and the ceiling of published solutions.

needs  its items; with `published: FOLDER` in the settings, a file of GSM-8K
makes  results/{study}/{experiment}/tables/{failures, confusion}.{parquet, md}, results/{study}/published/ceiling.json

Any study whose module is `traces` has them. The ceiling is committed (results/released/{study}/published/ceiling.json):
counts, and no text of GSM-8K. scripts/compile_solutions.py counts it.
"""

TRACES_TABLES = ["failures", "confusion"]
TRACES = {name: plan for name, plan in PLANS.items() if plan.module == "traces"}


def traces_ceiling(study):
    """The ceiling of the solutions that are here, else the committed one, if there is any."""
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


use rule tabulate_results as tabulate_failures with:
    output:
        both("results/{study}/{experiment}/tables", TRACES_TABLES),
    wildcard_constraints:
        study="|".join(TRACES) or "none",
    params:
        more=option("--own", TRACES_TABLES),
    message:
        "Tabulate how traces fail: {wildcards.study} {wildcards.experiment}"


rule compile_solutions:
    input:
        folder=lambda wildcards: plan_of(wildcards).settings.published or [],
        code=lambda wildcards: code("compile_solutions.py"),
    output:
        ceiling="results/{study}/published/ceiling.json",
    wildcard_constraints:
        study="|".join(TRACES) or "none",
    message:
        "Compile published solutions to traces: {wildcards.study}"
    shell:
        "python scripts/compile_solutions.py {input.folder} --output {output.ceiling} &> {log}"

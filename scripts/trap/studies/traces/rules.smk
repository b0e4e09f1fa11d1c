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


rule tabulate_failures:
    input:
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        pools=lambda wildcards: plan_of(wildcards).pool_files(plan_of(wildcards).scored),
        claims=lambda wildcards: plan_of(wildcards).settings.claims,
        sheet=lambda wildcards: plan_of(wildcards).sheet(wildcards.experiment),
        code=lambda wildcards: plan_of(wildcards).study_code("tabulate_results.py"),
    output:
        both("results/{study}/{experiment}/tables", TRACES_TABLES),
    log:
        "results/logs/tabulate_failures/{study}.{experiment}.log",
    benchmark:
        "results/benchmarks/tabulate_failures/{study}.{experiment}.jsonl"
    wildcard_constraints:
        study="|".join(TRACES) or "none",
    threads: 1
    resources:
        mem_mb=3000,
        config=CONFIG,
    params:
        folder=lambda wildcards: f"results/{wildcards.study}/{wildcards.experiment}/tables",
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
        tables=" ".join(TRACES_TABLES),
    message:
        "Tabulate how traces fail: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/tabulate_results.py --config {resources.config} --study {wildcards.study} --sheet {input.sheet}"
        " --evidence {params.evidence} --pools {input.pools} --own {params.tables}"
        " --output {params.folder} &> {log}"


rule compile_solutions:
    input:
        folder=lambda wildcards: plan_of(wildcards).settings.published or [],
        code=lambda wildcards: code("compile_solutions.py"),
    output:
        ceiling="results/{study}/published/ceiling.json",
    log:
        "results/logs/compile_solutions/{study}.log",
    benchmark:
        "results/benchmarks/compile_solutions/{study}.jsonl"
    wildcard_constraints:
        study="|".join(TRACES) or "none",
    threads: 1
    resources:
        mem_mb=500,
    message:
        "Compile published solutions to traces: {wildcards.study}"
    shell:
        "python scripts/compile_solutions.py {input.folder} --output {output.ceiling} &> {log}"

"""Rules that only the study traces has: how traces fail, and the ceiling of published solutions.

needs  its items; with `published: FOLDER` in the settings, a file of GSM-8K
makes  results/{study}/{experiment}/tables/{failures, confusion}.{parquet, md}, results/{study}/published/ceiling.json

Any study whose module is `traces` has them. The ceiling is committed (results/released/{study}/published/ceiling.json):
counts, and no text of GSM-8K. scripts/compile_solutions.py counts it.
"""


include: "inputs.smk"


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

"""Rules that only the study hops has: its graph, the audit of its questions, errors of traces, attention maps.

needs  config/hops/graph/*.yaml (or the graph that the study's option `graph` names); its runs
makes  results/hops/data/{kg.json, audit.json}, results/hops/published/,
       results/hops/{experiment}/collected/{traces, attention, pointers}.parquet,
       results/hops/{experiment}/tables/{errors, branches, shuffle, rewards, attention, pointers}.{parquet, md}

The audit of the published files is committed (results/released/hops/published/audit.json), so that a clone without a
network keeps its findings. `published: FOLDER` in the settings, or `snakemake published`, makes it again.
"""


include: "inputs.smk"


rule build_graph:
    input:
        source=[path for path in (HOPS_GRAPH, HOPS_ENTITIES) if path]
        or sorted(map(str, Path("config/hops/graph").glob("*.yaml"))),
        code=lambda wildcards: code("build_graph.py"),
    output:
        graph=f"{HOPS.data}/kg.json",
    params:
        source=hops_source(),
    message:
        "Build the knowledge graph"
    shell:
        "python scripts/build_graph.py {params.source} --output {output.graph} &> {log}"


# An audit besides the gates. It fails for ill-posed questions, which only the graph can reveal.
rule audit_questions:
    input:
        graph=f"{HOPS.data}/kg.json",
        questions=HOPS.pool_files(HOPS.honest),
        training=HOPS.pool_files(HOPS.pools("train", "validation")),
        code=lambda wildcards: code("audit_questions.py"),
    output:
        audit=f"{HOPS.data}/audit.json",
    priority: 1000
    message:
        "Audit the questions: well posed, no overlap"
    shell:
        "python scripts/audit_questions.py --graph {input.graph} --questions {input.questions}"
        " --training {input.training} --gate --output {output.audit} &> {log}"


# Separate from collect_runs, so that a change in how traces are read does not collect the runs again.
rule collect_traces:
    input:
        runs=lambda wildcards: run_files(
            HOPS.collected(wildcards.experiment), "meta.json", "episodes.jsonl"
        ),
        borrowed=hops_borrowed,
        graph=f"{HOPS.data}/kg.json",
        pools=HOPS.pool_files([pool for pool in HOPS.scored if pool.logged]),
        code=lambda wildcards: HOPS.study_code("collect_traces.py"),
    output:
        traces="results/hops/{experiment}/collected/traces.parquet",
    resources:
        mem_mb=2000,
    params:
        folders=lambda wildcards: [run.folder for run in HOPS.collected(wildcards.experiment)],
        borrowed=lambda wildcards, input: f"{option('--others', input.borrowed)}"
        f" {option('--borrow', [run.name for run in HOPS.borrowed(wildcards.experiment)])}",
    message:
        "Read the traces of all runs: hops {wildcards.experiment}"
    shell:
        "python scripts/collect_traces.py --config {resources.config} --study hops --runs {params.folders}"
        " --pools {input.pools} {params.borrowed} --output {output.traces} &> {log}"


use rule tabulate_results as tabulate_errors with:
    input:
        **judged("tabulate_results.py") | {"pools": HOPS.pool_files(HOPS.scored)},
    output:
        both("results/{study}/{experiment}/tables", HOPS_ERRORS, ["errors.md"]),
        text=shown(
            "results/{study}/{experiment}/tables/errors.md",
            "tabulate_errors",
            "Tables",
            "hops/captions",
        ),
    wildcard_constraints:
        study="hops",
    params:
        more=option("--own", HOPS_ERRORS),
    message:
        "Tabulate errors of traces: hops {wildcards.experiment}"


use rule tabulate_results as tabulate_rewards with:
    output:
        both("results/{study}/{experiment}/tables", ["rewards"]),
    wildcard_constraints:
        study="hops",
    params:
        more="--own rewards",
    message:
        "Tabulate rewards and methods: hops {wildcards.experiment}"


rule map_attention:
    input:
        graph=f"{HOPS.data}/kg.json",
        pools=HOPS.pool_files([pool for pool in HOPS.scored if pool.ranked]),
        runs=lambda wildcards: [
            f"{folder}/adapter" for run in hops_looking(wildcards) for folder in hops_lineage(run)
        ],
        code=lambda wildcards: code("map_attention.py", "platforms.torch"),
    output:
        pointers="results/hops/{experiment}/collected/pointers.parquet",
        attention="results/hops/{experiment}/collected/attention.parquet",
    resources:
        mem_mb=2500,
    params:
        runs=lambda wildcards: " ".join(
            " ".join(["--run", run.model, run.arm, str(run.seed), *hops_lineage(run)])
            for run in hops_looking(wildcards)
        ),
        taught=max(EASY_HOPS),
        folder=subpath(output.attention, parent=True),
    message:
        "Map the attention of models: hops {wildcards.experiment}"
    shell:
        "python scripts/map_attention.py --questions {input.pools} --taught {params.taught} {params.runs}"
        " --output {params.folder} &> {log}"


rule published:
    input:
        HOPS_AUDIT,


rule fetch_published:
    input:
        code=lambda wildcards: code("fetch_published.py"),
    output:
        folder=directory("results/hops/published/files"),
    retries: 2
    message:
        "Fetch the published files (checked against their hashes)"
    shell:
        "python scripts/fetch_published.py --output {output.folder} &> {log}"


rule audit_published:
    input:
        folder=HOPS_PUBLISHED,
        code=lambda wildcards: code("audit_questions.py"),
    output:
        audit=HOPS_AUDIT,
    message:
        "Audit the published files"
    shell:
        "python scripts/audit_questions.py --published {input.folder} --output {output.audit} &> {log}"

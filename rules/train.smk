"""Training: a base model from the facts, then one adapter per arm, model and seed.

needs  results/hops/data/ (valid_* among it), config/arms.tsv (the arm's row), the runs of the arm's parents; for a
       model of the hub, the network, once
makes  results/models/{model}.json (what was fetched),
       results/{study}/{model}/{platform}/{arm}/s{seed}/{adapter/, log.jsonl, meta.json, validation.jsonl}
"""


# A local rule: nodes of a cluster often have no network. Weights stay in the hub's own cache, HF_HOME.
rule fetch_model:
    input:
        code=lambda wildcards: code("fetch_model.py"),
    output:
        record="results/models/{model}.json",
    log:
        "results/logs/fetch_model/{model}.log",
    benchmark:
        "results/benchmarks/fetch_model/{model}.jsonl"
    threads: 1
    resources:
        mem_mb=1000,
        config=CONFIG,
    params:
        source=lambda wildcards: [
            SETTINGS.models[wildcards.model].source,
            SETTINGS.models[wildcards.model].revision,
            SETTINGS.models[wildcards.model].sha256,
        ],
    message:
        "Fetch {wildcards.model} from the hub (network)"
    shell:
        "python scripts/fetch_model.py --config {resources.config} --model {wildcards.model}"
        " --output {output.record} &> {log}"


rule train_base:
    input:
        graph=f"{DATA}/kg.json",
        facts=f"{DATA}/facts.jsonl",
        code=lambda wildcards: PLAN.training_code(wildcards.arm),
    output:
        adapter=directory("results/{study}/{model}/{platform}/{arm}/s{seed}/adapter"),
        log="results/{study}/{model}/{platform}/{arm}/s{seed}/log.jsonl",
        meta="results/{study}/{model}/{platform}/{arm}/s{seed}/meta.json",
    log:
        "results/logs/train_base/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/train_base/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        arm=arms_where(lambda arm: arm.method == "base"),
        model=TRAINED_HERE,
    priority: 100
    threads: 1
    resources:
        mem_mb=lambda wildcards: PLAN.memory(wildcards.model, wildcards.arm),
        gpu=GPUS,
        config=lambda wildcards: model_config(wildcards.model),
    params:
        settings=lambda wildcards: PLAN.settings(wildcards.model, wildcards.arm),
        folder=subpath(output.meta, parent=True),
    message:
        "Train {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/train_base.py --config {resources.config} --study {wildcards.study}"
        " --model {wildcards.model} --platform {wildcards.platform} --seed {wildcards.seed}"
        " --graph {input.graph} --facts {input.facts} --output {params.folder} &> {log}"


rule train_adapter:
    input:
        graph=f"{DATA}/kg.json",
        pools=lambda wildcards: pools(*PLAN.data_pools(wildcards.arm)),
        runs=lambda wildcards: trained(wildcards, PLAN.needed(wildcards.arm)),
        code=lambda wildcards: PLAN.training_code(wildcards.arm),
    output:
        adapter=directory("results/{study}/{model}/{platform}/{arm}/s{seed}/adapter"),
        log="results/{study}/{model}/{platform}/{arm}/s{seed}/log.jsonl",
        meta="results/{study}/{model}/{platform}/{arm}/s{seed}/meta.json",
        validation="results/{study}/{model}/{platform}/{arm}/s{seed}/validation.jsonl",
    log:
        "results/logs/train_adapter/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/train_adapter/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        arm=arms_where(lambda arm: arm.method != "base"),
        model=TRAINED_HERE,
    # what others wait for goes first
    priority: lambda wildcards: PLAN.descendants(wildcards.arm)
    threads: 1
    resources:
        mem_mb=lambda wildcards: PLAN.memory(wildcards.model, wildcards.arm),
        gpu=GPUS,
        config=lambda wildcards: model_config(wildcards.model),
    params:
        settings=lambda wildcards: PLAN.settings(wildcards.model, wildcards.arm),
        folder=subpath(output.meta, parent=True),
        data=subpath(input.graph, parent=True),
        arms=sheet_of,
        lineage=lineage,
    message:
        "Train {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/train_adapter.py --config {resources.config} --arms {params.arms}"
        " --arm {wildcards.arm} --study {wildcards.study} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --graph {input.graph}"
        " --data {params.data} {params.lineage}"
        " --output {params.folder} &> {log}"

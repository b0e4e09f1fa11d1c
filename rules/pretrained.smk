"""Training and evaluation of pretrained models: as of those trained here, but asked in their own way.

needs  as train_base, train_adapter and evaluate_adapter; the model, fetched or in a local folder
makes  as train_base, train_adapter and evaluate_adapter

A chat template and hyperparameters of their own come with these models (config/models.yaml), which the three
programs know nothing of: scripts/run_pretrained.py runs them so.
"""


rule link_pretrained:
    input:
        graph=f"{DATA}/kg.json",
        facts=f"{DATA}/facts.jsonl",
        weights=lambda wildcards: PLAN.fetched(wildcards.model),
        code=lambda wildcards: [PLAN.training_code(wildcards.arm), *code("run_pretrained.py")],
    output:
        adapter=directory("results/{study}/{model}/{platform}/{arm}/s{seed}/adapter"),
        log="results/{study}/{model}/{platform}/{arm}/s{seed}/log.jsonl",
        meta="results/{study}/{model}/{platform}/{arm}/s{seed}/meta.json",
    log:
        "results/logs/link_pretrained/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/link_pretrained/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        arm=arms_where(lambda arm: arm.method == "base"),
        model=PRETRAINED,
    priority: 100
    threads: 1
    resources:
        mem_mb=1000,
        config=lambda wildcards: model_config(wildcards.model),
    params:
        settings=lambda wildcards: PLAN.settings(wildcards.model, wildcards.arm),
        folder=subpath(output.meta, parent=True),
    message:
        "Link {wildcards.model}"
    shell:
        "python scripts/run_pretrained.py train_base --config {resources.config} --study {wildcards.study}"
        " --model {wildcards.model} --platform {wildcards.platform} --seed {wildcards.seed}"
        " --graph {input.graph} --facts {input.facts} --output {params.folder} &> {log}"


rule train_pretrained:
    input:
        graph=f"{DATA}/kg.json",
        pools=lambda wildcards: pools(*PLAN.data_pools(wildcards.arm)),
        validation=pools(*VALIDATION_POOLS),  # asked while training
        runs=lambda wildcards: trained(wildcards, PLAN.needed(wildcards.arm)),
        code=lambda wildcards: [PLAN.training_code(wildcards.arm), *code("run_pretrained.py")],
    output:
        adapter=directory("results/{study}/{model}/{platform}/{arm}/s{seed}/adapter"),
        log="results/{study}/{model}/{platform}/{arm}/s{seed}/log.jsonl",
        meta="results/{study}/{model}/{platform}/{arm}/s{seed}/meta.json",
        validation="results/{study}/{model}/{platform}/{arm}/s{seed}/validation.jsonl",
    log:
        "results/logs/train_pretrained/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/train_pretrained/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        arm=arms_where(lambda arm: arm.method != "base"),
        model=PRETRAINED,
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
        "python scripts/run_pretrained.py train_adapter --config {resources.config} --arms {params.arms}"
        " --arm {wildcards.arm} --study {wildcards.study} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --graph {input.graph}"
        " --data {params.data} {params.lineage}"
        " --output {params.folder} &> {log}"


rule evaluate_pretrained:
    input:
        graph=f"{DATA}/kg.json",
        pools=SCORED,
        validation=pools(*VALIDATION_POOLS),
        chain=lambda wildcards: trained(wildcards, PLAN.chain(wildcards.arm)),
        code=lambda wildcards: [PLAN.evaluation_code(), *code("run_pretrained.py")],
    output:
        episodes="results/{study}/{model}/{platform}/{arm}/s{seed}/episodes.jsonl",
        metrics="results/{study}/{model}/{platform}/{arm}/s{seed}/metrics.json",
        item_rows="results/{study}/{model}/{platform}/{arm}/s{seed}/items.parquet",
    log:
        "results/logs/evaluate_pretrained/{study}.{model}.{platform}.{arm}.s{seed}.log",
    benchmark:
        "results/benchmarks/evaluate_pretrained/{study}.{model}.{platform}.{arm}.s{seed}.jsonl"
    wildcard_constraints:
        model=PRETRAINED,
    threads: 1
    resources:
        mem_mb=lambda wildcards: PLAN.memory(wildcards.model, wildcards.arm, trains=False),
        gpu=GPUS,
        config=lambda wildcards: model_config(wildcards.model),
    params:
        folder=subpath(output.metrics, parent=True),
        chain=lambda wildcards: run_folders(wildcards, PLAN.chain(wildcards.arm)),
        arms=sheet_of,
    message:
        "Evaluate {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/run_pretrained.py evaluate_adapter --config {resources.config} --arms {params.arms}"
        " --arm {wildcards.arm} --study {wildcards.study} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} --graph {input.graph}"
        " --chain {params.chain} --pools {input.pools} --validation {input.validation}"
        " --output {params.folder} &> {log}"

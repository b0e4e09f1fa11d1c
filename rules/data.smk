"""Data: the items of every pool, the base corpus, and the gates.

needs  what a study's own rules make (`sources`), config/STUDY/study.yaml
makes  results/{study}/data/{POOL.jsonl, corpus.jsonl, gates.json}, results/{study}/extra/{POOL}.jsonl
"""


rule sample_items:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        code=lambda wildcards: plan_of(wildcards).study_code("sample_items.py"),
    output:
        pool_file="results/{study}/data/{pool}.jsonl",
    params:
        number=lambda wildcards: plan_of(wildcards).settings.counts[wildcards.pool],
        settings=lambda wildcards: plan_of(wildcards).data_settings(),
    message:
        "Sample {params.number} items: {wildcards.study} {wildcards.pool}"
    shell:
        "python scripts/sample_items.py --config {resources.config} --study {wildcards.study}"
        " --pool {wildcards.pool} --count {params.number} --output {output.pool_file} &> {log}"


# Pools that only some experiments ask have a folder of their own.
use rule sample_items as sample_extra_items with:
    output:
        pool_file="results/{study}/extra/{pool}.jsonl",
    params:
        number=lambda wildcards: plan_of(wildcards).extra[wildcards.pool],


rule write_corpus:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: corpus_pools(wildcards.study),
        code=lambda wildcards: plan_of(wildcards).study_code("write_corpus.py"),
    output:
        corpus="results/{study}/data/corpus.jsonl",
    params:
        settings=lambda wildcards: plan_of(wildcards).data_settings(),
    message:
        "Write the base corpus: {wildcards.study}"
    shell:
        "python scripts/write_corpus.py --config {resources.config} --study {wildcards.study}"
        " --output {output.corpus} &> {log}"


# The gates run first. They fail where a study breaks its contract: a reference that does not earn the full score, a
# question that training and evaluation share, and so on. Then the workflow stops, and nothing is collected. Gates are
# no input of training, because an edit of a gate would train everything again.
rule check_study:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: pool_files(wildcards.study),
        code=lambda wildcards: plan_of(wildcards).study_code("check_study.py"),
    output:
        gates="results/{study}/data/gates.json",
    priority: 1000
    params:
        settings=lambda wildcards: plan_of(wildcards).data_settings(),
    message:
        "Check the gates of {wildcards.study}: references, empty answers, permuted keys, overlaps, processes"
    shell:
        "python scripts/check_study.py --config {resources.config} --study {wildcards.study}"
        " --pools {input.pools} --gate --output {output.gates} &> {log}"


use rule check_study as check_extra with:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: pool_files(wildcards.study, "train") + extra_files(wildcards.study),
        code=lambda wildcards: plan_of(wildcards).study_code("check_study.py"),
    output:
        gates="results/{study}/extra/gates.json",

"""Evidence: the items of all runs in one table, then statistics, then claims. Also the release of items.

needs  the runs of an experiment, or its released items; config/STUDY/claims.yaml
makes  results/{study}/{experiment}/collected/{items, runs, curves, episodes, samples, repeat_MODEL}.parquet,
       results/{study}/{experiment}/collected/{seconds.json, provenance.json},
       results/{study}/{experiment}/{claims.json, tables/NAME.{parquet, md}}

Two halves meet here. The rules that make `collected/` train. The rules that read it may read the committed folder
results/released/{study}/{experiment}/ in its place (`items` in the settings says which), and never train.
"""


rule collect_runs:
    input:
        runs=collected_runs,
        more=more_items,
        borrowed=borrowed_files,
        gates=gates,
        code=lambda wildcards: plan_of(wildcards).study_code("collect_runs.py", "evidence"),
    output:
        item_rows="results/{study}/{experiment}/collected/items.parquet",
        runs="results/{study}/{experiment}/collected/runs.parquet",
        curves="results/{study}/{experiment}/collected/curves.parquet",
        episodes="results/{study}/{experiment}/collected/episodes.parquet",
        samples=f"results/{{study}}/{{experiment}}/collected/{SAMPLES}",
        seconds="results/{study}/{experiment}/collected/seconds.json",
    resources:
        mem_mb=3000,
    params:
        folders=lambda wildcards: [
            run.folder for run in plan_of(wildcards).collected(wildcards.experiment)
        ],
        more=lambda wildcards, input: option("--more", input.more),
        borrowed=borrowed,
        folder=subpath(output.runs, parent=True),
    message:
        "Collect the items of all runs: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/collect_runs.py --config {resources.config} --study {wildcards.study}"
        " --runs {params.folders} {params.more} {params.borrowed} --output {params.folder} &> {log}"


# This has to run on the machine that trained, because it records hardware and seconds.
rule record_provenance:
    input:
        seconds="results/{study}/{experiment}/collected/seconds.json",
        code=lambda wildcards: code("record_provenance.py"),
    output:
        provenance="results/{study}/{experiment}/collected/provenance.json",
    message:
        "Record hardware, versions, settings and seconds: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/record_provenance.py --config {resources.config} --study {wildcards.study}"
        " --experiment {wildcards.experiment} --seconds {input.seconds} --output {output.provenance} &> {log}"


# Trains and evaluates a run a second time from the same parents, to see whether it gives the same answers.
rule repeat_run:
    input:
        sources=lambda wildcards: sources(wildcards.study),
        pools=lambda wildcards: plan_of(wildcards).pool_files(plan_of(wildcards).scored),
        learned=lambda wildcards: learned_from(repeated(wildcards)),
        runs=lambda wildcards: trained(
            repeated(wildcards), plan_of(wildcards).needed(repeated(wildcards).arm)
        ),
    output:
        item_rows="results/{study}/{experiment}/collected/repeat_{model}.parquet",
    resources:
        mem_mb=2500,
        gpu=lambda wildcards: gpus(repeated(wildcards)),
    params:
        code=repeated_code,
        settings=lambda wildcards: plan_of(wildcards).run_settings(
            wildcards.model, repeated(wildcards).arm
        ),
        sheet=lambda wildcards: plan_of(wildcards).sheet_of(repeated(wildcards).arm),
        run=repeated_options,
    message:
        "Repeat a run of {wildcards.model}: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/repeat_run.py --config {resources.config} --study {wildcards.study}"
        " --sheet {params.sheet} {params.run} --pools {input.pools}"
        " --output {output.item_rows} &> {log}"


if SETTINGS.items == "extended":

    # What a release already repeated is not done a third time.
    rule keep_repeat:
        input:
            item_rows=f"{RELEASED}/{{study}}/{{experiment}}/repeat_{{model}}.parquet",
        output:
            item_rows="results/{study}/{experiment}/collected/repeat_{model}.parquet",
        message:
            "Keep the released repeat of {wildcards.model}: {wildcards.study} {wildcards.experiment}"
        shell:
            "cp {input.item_rows} {output.item_rows} &> {log}"

    ruleorder: keep_repeat > repeat_run


# Exports the models that `weights` names and checks them against the answers of their runs; nothing is trained for it
# that the experiment does not train anyway. What the release has so far is kept where its runs are not here.
rule release_weights:
    input:
        runs="results/{study}/{experiment}/collected/runs.parquet",
        episodes="results/{study}/{experiment}/collected/episodes.parquet",
        adapters=weights_made,
        kept=ancient(weights_kept),
        code=lambda wildcards: code("release_weights.py"),
    output:
        directory("results/{study}/{experiment}/weights"),
    resources:
        mem_mb=2500,
    params:
        evidence=subpath(input.runs, parent=True),
        kept=lambda wildcards, input: option("--kept", list(map(os.path.dirname, input.kept))),
    message:
        "Write the weights to release: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/release_weights.py --config {resources.config} --study {wildcards.study}"
        " --experiment {wildcards.experiment} --evidence {params.evidence} {params.kept}"
        " --output {output} &> {log}"


# The output is a record in the experiment's folder. Released items are source files: no rule has them as output.
rule release_items:
    input:
        collected=lambda wildcards: [
            f"{plan_of(wildcards).collected_folder(wildcards.experiment)}/{name}"
            for name in collected_files(wildcards.study, wildcards.experiment)
        ],
        weights=lambda wildcards: (
            [f"{home(wildcards.study, wildcards.experiment)}/weights"]
            if plan_of(wildcards).weighed(wildcards.experiment)
            else []
        ),
    output:
        record="results/{study}/{experiment}/release.json",
    params:
        folder=lambda wildcards: plan_of(wildcards).released_folder(wildcards.experiment),
        weights=lambda wildcards, input: option("--weights", input.weights),
    message:
        "Release the items of {wildcards.study} {wildcards.experiment}: {params.folder}"
    shell:
        "python scripts/release_items.py --files {input.collected} {params.weights} --released {params.folder}"
        " --output {output.record} &> {log}"


rule tabulate_results:
    input:
        **judged("tabulate_results.py"),
    output:
        both("results/{study}/{experiment}/tables", TABLES, ("arms.md", "contrasts.md")),
        arms=shown("results/{study}/{experiment}/tables/arms.md", "tabulate_results", "Tables"),
        contrasts=shown(
            "results/{study}/{experiment}/tables/contrasts.md", "tabulate_contrasts", "Tables"
        ),
    resources:
        mem_mb=3000,
    params:
        program="tabulate_results.py",
        made=subpath(output[0], parent=True),
        more="",
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
    message:
        "Compute the tables: {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/{params.program} --config {resources.config} --study {wildcards.study}"
        " --sheet {input.sheet} --evidence {params.evidence} --pools {input.pools}"
        " {params.more} --output {params.made} &> {log}"


use rule tabulate_results as tabulate_claims with:
    input:
        **judged("tabulate_claims.py"),
        beside=lambda wildcards: ledgers_beside(wildcards.study, wildcards.experiment),
        more=lambda wildcards: own(OWN_CLAIMS, wildcards.study),
    output:
        claims="results/{study}/{experiment}/claims.json",
    params:
        program="tabulate_claims.py",
        made=lambda wildcards, output: output.claims,
        more=lambda wildcards, input: option("--beside", input.beside),
    message:
        "Judge the claims: {wildcards.study} {wildcards.experiment}"


rule compare_experiments:
    input:
        evidence=lambda wildcards: evidence_files(wildcards.study, wildcards.experiment),
        others=lambda wildcards: other_items(wildcards.study, wildcards.experiment),
        sources=lambda wildcards: sources(wildcards.study),
        claims=lambda wildcards: plan_of(wildcards).settings.claims,
        code=lambda wildcards: plan_of(wildcards).study_code("compare_experiments.py", "evidence"),
    output:
        both("results/{study}/{experiment}/tables", ["{comparison}"]),
    wildcard_constraints:
        comparison=names(COMPARED.values()),
    resources:
        mem_mb=3000,
    params:
        folder=subpath(output[0], parent=True),
        evidence=lambda wildcards: evidence_folder(wildcards.study, wildcards.experiment),
    message:
        "Compare with other experiments ({wildcards.comparison}): {wildcards.study} {wildcards.experiment}"
    shell:
        "python scripts/compare_experiments.py {wildcards.comparison} --config {resources.config}"
        " --study {wildcards.study} --experiment {wildcards.experiment} --evidence {params.evidence}"
        " --others {input.others} --output {params.folder} &> {log}"

"""The interactive page: a static folder with the data of claims and tables, and models that run in a browser.

needs  {evidence}/claims.json, {evidence}/tables/, {evidence}/figures/ (named by the text about the method),
       question pools, page/; for its models: the adapters of one seed
makes  {evidence}/page/

Where committed items stand for the runs (PLAN.adopted), results/page offers the models of those runs whose
folders are there and none of the others: a missing run folder trains nothing, and a page without models
says so. In every other case the models are inputs like all else.
"""

from trap.evidence.site.files import page_files
from trap.provenance import sha256_file

PAGE_SEED = 1
# Models that have a page: not every one that the settings know.
PAGE_MODELS = [
    name
    for name in SETTINGS.models
    if any(name in PLAN.size(size).models for size in ("default", "full"))
]


def page_chain(model, arm):
    """Folders of the runs whose weights build up to this one, the base's first."""
    return [
        Run(STUDY, model, SETTINGS.platform, name, PLAN.seed_of(name, PAGE_SEED)).folder
        for name in PLAN.chain(arm)
    ]


def page_models(evidence):
    """The model files of a page. The page computes what the platform torch trains."""
    size = PLAN.size_of(evidence)
    arms = [(run.model, run.arm) for run in PLAN.runs(size) if run.seed == PAGE_SEED]
    if is_adopted(evidence):
        arms = [
            key for key in arms if all(Path(run, "meta.json").is_file() for run in page_chain(*key))
        ]
    if SETTINGS.platform != "torch":
        arms = []
    return [f"{evidence}/page/models/{model}.{arm}.bin" for model, arm in arms]


def page_adapters(wildcards):
    """Adapters of an exported model as inputs; none where nothing may be trained for a page."""
    if is_adopted(wildcards.evidence):
        return []
    return [f"{run}/adapter" for run in page_chain(wildcards.model, wildcards.arm)]


def page_hashes(wildcards):
    """Hashes of the runs' meta.json, which holds the adapter's: another run is another export."""
    paths = [Path(run, "meta.json") for run in page_chain(wildcards.model, wildcards.arm)]
    return [sha256_file(path) for path in paths if is_adopted(wildcards.evidence)]


def page_target(evidence):
    """What stands for a finished page."""
    return [f"{evidence}/page/index.html"]


rule export_page_model:
    input:
        adapters=page_adapters,
        code=lambda wildcards: code("export_page_model.py"),
    output:
        model="{evidence}/page/models/{model}.{arm}.bin",
        tokenizer="{evidence}/page/models/{model}.{arm}.tokenizer.json",
    log:
        "{evidence}/logs/export_page_model/{model}.{arm}.log",
    benchmark:
        "{evidence}/benchmarks/export_page_model/{model}.{arm}.jsonl"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        chain=lambda wildcards: [
            f"{run}/adapter" for run in page_chain(wildcards.model, wildcards.arm)
        ],
        runs=page_hashes,
    message:
        "Export {wildcards.model} {wildcards.arm} for the page: {wildcards.evidence}"
    shell:
        "python scripts/export_page_model.py --chain {params.chain} --output {output.model}"
        " --tokenizer {output.tokenizer} &> {log}"


rule build_page:
    input:
        claims="{evidence}/claims.json",
        tables=written_tables("{evidence}"),
        collected=[f"{{evidence}}/tables/{name}.parquet" for name in ("runs", "curves", "episodes")],
        graph=f"{DATA}/kg.json",
        pools=pools_like("easy", "hard", "eval_"),
        figures=figure_files("{evidence}"),
        provenance="{evidence}/provenance.json",
        template="report/post.md.j2",
        source=[path.as_posix() for path in sorted(Path("page").rglob("*")) if path.is_file()],
        models=lambda wildcards: page_models(wildcards.evidence),
        code=lambda wildcards: code("build_page.py"),
    output:
        page_files("{evidence}/page", Path("page"), PAGE_MODELS),
    log:
        "{evidence}/logs/build_page.log",
    benchmark:
        "{evidence}/benchmarks/build_page.jsonl"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        tables=lambda wildcards: f"{wildcards.evidence}/tables",
        figures=lambda wildcards: f"{wildcards.evidence}/figures",
        folder=lambda wildcards: f"{wildcards.evidence}/page",
        models=lambda wildcards: " ".join(PAGE_MODELS),
    message:
        "Build the page: {wildcards.evidence}"
    shell:
        "python scripts/build_page.py --claims {input.claims} --tables {params.tables}"
        " --graph {input.graph} --pools {input.pools} --figures {params.figures}"
        " --provenance {input.provenance} --template {input.template} --study-models {params.models}"
        " --models {input.models} --output {params.folder} &> {log}"

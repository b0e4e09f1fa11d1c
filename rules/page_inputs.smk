"""What the page's rules take in: functions only."""

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

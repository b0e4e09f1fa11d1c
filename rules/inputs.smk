"""What the rules take in that are built only when asked for (page, grids, platforms, scaling): functions only."""

from trap.workflow.provenance import sha256_file

PAGE_SEED = 1
# Models that have a page: not every one that the settings know.
PAGE_MODELS = [
    name
    for name in SETTINGS.models
    if any(name in PLAN.size(size).models for size in ("default", "full"))
]


def chain_of(run):
    """Folders of the runs whose weights build up to this one, the base's first."""
    return [
        Run(run.study, run.model, run.platform, name, PLAN.seed_of(name, run.seed)).folder
        for name in PLAN.chain(run.arm)
    ]


def page_chain(model, arm):
    """`chain_of` the run that a page shows."""
    return chain_of(Run(STUDY, model, SETTINGS.platform, arm, PAGE_SEED))


def looking(wildcards):
    """The runs of a size of which it is mapped where they look."""
    runs = PLAN.runs(PLAN.size_of(wildcards.evidence))
    return [run for run in runs if run.arm in LOOKING]


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


def grid_files(size):
    """Claims and tables of a grid, its runs, and what it has besides."""
    evidence = PLAN.size(size).evidence
    own = [path for files in own_files(size, evidence).values() for path in files]
    seen = attention_files(evidence) if size in LOOKED_AT else []
    return [f"{DATA}/audit.json", *results_of_runs(size), *table_files(evidence), *seen, *own]


def pointer_files(evidence):
    """How much a size's models look at the right relation, where it is mapped."""
    looked_at = PLAN.size_of(evidence) in LOOKED_AT
    return [f"{evidence}/tables/pointers.parquet"] if looked_at else []


# Pools of longer chains, for every size that names some: which of them a run answers depends on no size.
FAR = f"results/{STUDY}/far"
FAR_POOLS = {pool: n for size in SETTINGS.sizes.values() for pool, n in size.far.items()}


def far_questions():
    return [f"{FAR}/{pool}.jsonl" for pool in FAR_POOLS]


def more_items(evidence):
    """What the runs of a size answered besides: longer chains, and by choosing among several answers."""
    size = PLAN.size_of(evidence)
    far = run_files(size, "far/items.parquet") if PLAN.size(size).far else []
    return far + [f"{run.folder}/search/items.parquet" for run in PLAN.searching(size)]


# How runs choose among answers is one setting of all sizes that ask for it, as their items depend on no size.
SEARCH = next(
    (size.search for size in SETTINGS.sizes.values() if size.search),
    Search(arms=[], samples=[], pools=[]),  # nobody asks
)


def grid_ledgers(evidence):
    """Ledgers of committed grids: what a size of the main sheet does not test itself, they may."""
    if PLAN.size(PLAN.size_of(evidence)).arms:
        return []
    grids = [size.evidence for size in SETTINGS.sizes.values() if size.arms]
    return [f"{folder}/claims.json" for folder in grids if is_adopted(folder)]


def grid_figures(evidence):
    """Figures of committed grids that the post shows."""
    told = grid_ledgers(evidence)
    shown_there = {"results/ignition": "ignition", "results/way_out": "attention"}
    found = [
        f"{folder}/figures/{name}"
        for folder, name in shown_there.items()
        if f"{folder}/claims.json" in told
    ]
    if "scaling" in SETTINGS.sizes and is_adopted("results/scaling"):
        found.append("results/scaling/scaling")
    return [path for stem in found for path in four(stem)]


def figure_folders(evidence):
    found = [
        f"{evidence}/figures",
        *(Path(path).parent.as_posix() for path in grid_figures(evidence)),
    ]
    return " ".join(dict.fromkeys(found))


# Where the evidence of other platforms' runs lies, and the folders of those that other settings left here.
PLATFORMS = "results/platforms"
ELSEWHERE = sorted(
    path.parent.as_posix()
    for path in Path(f"results/{STUDY}").glob("*/*/*/s*/items.parquet")
    if path.parts[3] != SETTINGS.platform
)


def items_elsewhere():
    """Items of other platforms: of the runs that are here, or as they were committed."""
    collected = f"{PLATFORMS}/items.parquet"
    if not ELSEWHERE and not Path(collected).is_file():
        command = "make mlx" if SETTINGS.platform != "mlx" else "make paper"
        refuse(
            f"results/{STUDY}/MODEL/PLATFORM/ARM/sSEED/items.parquet: there is none of another platform than"
            f" {SETTINGS.platform} to compare with; {command} makes those of one"
        )
    return collected


def scaling_items():
    """Items that the comparison of sizes reads: its own models', and the full size's where these are committed."""
    runs = checked(lambda: PLAN.runs("scaling"))
    own = PLAN.collected("scaling")
    shared = [f"{run.folder}/items.parquet" for run in runs if run not in own]
    if shared and is_adopted("results"):
        shared = ["results/tables/items.parquet"]
    results_of_runs("scaling")  # for what it says where only part is committed
    return [*shared, *(["results/scaling/tables/items.parquet"] if own else [])]

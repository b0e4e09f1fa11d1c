"""File formats that only this study has: the type that reads a file (one row of it, for JSON lines), and which it is."""

SCHEMAS = {
    "graph": ("trap.studies.hops.records", "GraphFile", "kg.json"),
    "question": ("trap.studies.hops.records", "Question", "question files, one line"),
    "metrics": ("trap.studies.hops.metrics", "Metrics", "metrics.json"),
    "episode": ("trap.studies.hops.records", "Episode", "episodes.jsonl, one line"),
}

"""Settings of every job: a log, a benchmark, memory, and the file with the settings.

A job logs to results/logs/RULE/WILDCARDS.log and is timed in results/benchmarks/RULE/WILDCARDS.jsonl. Its wildcards
are joined by dots, in the order of its first output. Where a rule says nothing else, a job has one thread and 1500 MB.

A job that has its code among its inputs also has a hash of all its source files as a parameter. Snakemake records the
content of inputs when a job ends. So without the hash, an edit while the job runs would pass for what the job read.
"""

import os
import re
from functools import cache

from trap.workflow.closure import combined_hash, sha256_file
from trap.workflow.plan import RELEASED


@cache
def hash_of(paths):
    """One hash of these files, as they were when it was first asked for."""
    return combined_hash({path: sha256_file(path) for path in paths if os.path.isfile(path)})[:16]


def source_hash(rule):
    """A function of a job's wildcards: a hash of the inputs that no rule makes."""

    def of_job(wildcards):
        named = [item(wildcards) if callable(item) else item for item in rule.input]
        files = [path for item in named for path in ([item] if isinstance(item, str) else item)]
        made = lambda path: path.startswith("results/") and not path.startswith(f"{RELEASED}/")
        return hash_of(tuple(sorted({str(path) for path in files if not made(path)})))

    return of_job


for each in workflow.rules:
    if each.shellcmd:  # targets run no command
        found = dict.fromkeys(re.findall(r"{(\w+)", str(each.output[0])))
        labels = ".".join(f"{{{wildcard}}}" for wildcard in found)
        name = f"{each.name}/{labels}" if labels else each.name
        each.log_modifier = each.benchmark_modifier = each.output_modifier
        each.set_log(f"results/logs/{name}.log")
        each.benchmark = f"results/benchmarks/{name}.jsonl"
        if "code" in each.input.keys():
            each.set_params(read=source_hash(each))
        for resource, value in (("mem_mb", 1500), ("config", CONFIG)):
            if resource not in each.resources:  # a rule or the command line may say otherwise
                each.resources[resource] = value

"""Settings of every job: a log, a benchmark, memory, and the file with the settings.

A job logs to results/logs/RULE/WILDCARDS.log and is timed in results/benchmarks/RULE/WILDCARDS.jsonl. Its wildcards
are joined by dots, in the order of its first output. Where a rule says nothing else, a job has one thread and 1500 MB.
"""

import re

for each in workflow.rules:
    if each.shellcmd:  # targets run no command
        found = dict.fromkeys(re.findall(r"{(\w+)", str(each.output[0])))
        labels = ".".join(f"{{{wildcard}}}" for wildcard in found)
        name = f"{each.name}/{labels}" if labels else each.name
        each.log_modifier = each.benchmark_modifier = each.output_modifier
        each.set_log(f"results/logs/{name}.log")
        each.benchmark = f"results/benchmarks/{name}.jsonl"
        for resource, value in (("mem_mb", 1500), ("config", CONFIG)):
            if resource not in each.resources:  # a rule or the command line may say otherwise
                each.resources[resource] = value

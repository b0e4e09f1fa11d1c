"""The study `traces`: word problems become a short YAML program that a deterministic solver runs.

`scripts/run_trace.py` runs and explains any trace; `scripts/compile_solutions.py` compiles published solutions to traces.
"""

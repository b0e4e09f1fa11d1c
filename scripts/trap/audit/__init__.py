"""Auditing an experiment of anybody: do training and evaluation share questions, and what do the scores show?

It runs without torch, Snakemake or Matplotlib (`pip install .` gives the command `trap-audit`). The parts, in order:
`reading` turns a file into rows, `layouts` knows the files of common tools, `fields` says which field is what, `answers` reads
options and answers, `tables` holds what is remembered of each row, `overlap`, `ceilings`, `selection`, `runs` and `judging`
count, `verdict` says it in words, `output` writes the report. See docs/audit.md.
"""

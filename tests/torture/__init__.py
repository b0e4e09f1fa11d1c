"""The campaign of `make torture`: kills, full disks, odd folders, two workflows at once, edits, and any input.

Every trial works in a copy of the project. After it, the results hold the bytes of an undisturbed run, or the workflow
has said in one line what to do; anything else is a finding.
"""

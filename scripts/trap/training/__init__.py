"""Shared by several methods: checkpoints, prompts by level, counts of samples, the formulas of policy gradients."""

"""What several methods share while they train: checkpoints, staged prompts, the formulas of policy gradients."""

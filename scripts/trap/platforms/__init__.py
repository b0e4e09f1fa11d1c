"""Platforms: each loads a model with an adapter, samples, scores and fits."""

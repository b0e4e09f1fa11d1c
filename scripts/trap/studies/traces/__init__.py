"""The study `traces`: word problems become a short YAML program that a deterministic solver runs."""

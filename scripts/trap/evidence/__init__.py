"""Evidence: episodes to metrics, metrics to claims, claims to tables, figures and text."""

"""Studies: each makes questions, reference completions and grades."""

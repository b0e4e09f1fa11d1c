"""The film of this study: what its scenes show (`sources`, `subjects`, `examples`), and how (`scenes`)."""

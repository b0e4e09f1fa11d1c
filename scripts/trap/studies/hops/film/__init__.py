"""The film of this study. `sources`, `subjects` and `examples` give the facts of its scenes; `scenes` draws them."""

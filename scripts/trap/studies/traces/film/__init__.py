"""The film of this study. `sources` and `subjects` give the facts of its scenes; `scenes` draws them."""

"""Texts for readers: the post, tables as Markdown, model cards."""

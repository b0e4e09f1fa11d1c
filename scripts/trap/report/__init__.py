"""Words: the post, tables in Markdown, model cards."""

"""The interactive page: its data files from claims and tables, its static files from `page/`."""

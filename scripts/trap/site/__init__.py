"""The interactive page: data files made from claims and tables, and static files copied from `page/`."""

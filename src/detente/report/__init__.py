"""Results as people read them: words, tables, charts, the report of a case, and files."""

"""Validation of the strengths of measures: every section of docs/validation.md."""

"""Drafting: from a news report to a case that runs, and the questions it leaves."""

from detente.cases.drafting.draft import Draft, draft_case
from detente.cases.drafting.reports import Report, read_report

__all__ = ["Draft", "Report", "draft_case", "read_report"]

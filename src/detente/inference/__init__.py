"""Strengths of measures from the record: observations, moments, posteriors."""

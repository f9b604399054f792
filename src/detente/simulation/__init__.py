"""Scenarios simulated: status quo, before and after, cut-offs, metrics, for one draw or many."""

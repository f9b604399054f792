"""The equations of the model, the solver, and what its outcomes say."""

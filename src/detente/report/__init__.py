"""Tables, for now; charts and the report build on the same assessment."""

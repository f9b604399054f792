"""A local page for people who do not write scenario files; see `detente.app.server.serve`."""

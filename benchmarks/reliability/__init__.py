"""What must not happen, tried many times over: wrong numbers, hangs, tracebacks, half a file."""

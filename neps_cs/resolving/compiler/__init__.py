"""From a graph to Python functions: analysis, then writer, decisions, operations, emitter, units."""

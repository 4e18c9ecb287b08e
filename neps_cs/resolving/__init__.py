"""From a graph to decisions and pipelines: compiled once, one traversal for every purpose."""

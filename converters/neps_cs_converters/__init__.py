"""The bridges of neps_cs to other packages: one module per world."""

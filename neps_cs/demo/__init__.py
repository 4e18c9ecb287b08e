"""The demo: one torch architecture space, searched as a PipelineSpace, as a ConfigurationSpace, and by SMAC."""

"""The demo: one torch architecture space, searched as PipelineSpace, as ConfigurationSpace, and by SMAC."""

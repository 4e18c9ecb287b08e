"""Running a search: evaluation, trials on disk, budgets, and the files that people read."""

"""Many configs as an array and back: column by column, each by the coding of its hyperparameter.

The array is that of `Configuration.get_array` for each config: places in [0, 1], positions of
choices, NaN where inactive.
"""

"""How many configs a space has, and all of them in order."""

from neps_cs.counting.configs import enumerate as enumerate  # noqa: A004
from neps_cs.counting.configs import size as size

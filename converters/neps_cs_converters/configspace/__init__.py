"""ConfigSpace: spaces and ConfigurationSpaces, both ways."""

from neps_cs_converters.configspace.attributes import register_hyperparameter
from neps_cs_converters.configspace.decode import from_configspace
from neps_cs_converters.configspace.encode import Loss, Translation, to_configspace

__all__ = ["Loss", "Translation", "from_configspace", "register_hyperparameter", "to_configspace"]

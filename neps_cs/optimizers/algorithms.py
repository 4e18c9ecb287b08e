"""`neps.algorithms`: the optimizers by name, and what a user may write as `optimizer=`."""

from neps_cs.optimizers.choosing import OptimizerChoice as OptimizerChoice
from neps_cs.optimizers.choosing import make_optimizer as make_optimizer
from neps_cs.optimizers.makers import BY_NAME as BY_NAME
from neps_cs.optimizers.makers import asha as asha
from neps_cs.optimizers.makers import async_hb as async_hb
from neps_cs.optimizers.makers import complex_random_search as complex_random_search
from neps_cs.optimizers.makers import grid_search as grid_search
from neps_cs.optimizers.makers import hyperband as hyperband
from neps_cs.optimizers.makers import neps_grid_search as neps_grid_search
from neps_cs.optimizers.makers import neps_hyperband as neps_hyperband
from neps_cs.optimizers.makers import neps_priorband as neps_priorband
from neps_cs.optimizers.makers import neps_random_search as neps_random_search
from neps_cs.optimizers.makers import neps_regularized_evolution as neps_regularized_evolution
from neps_cs.optimizers.makers import priorband as priorband
from neps_cs.optimizers.makers import random_search as random_search
from neps_cs.optimizers.makers import regularized_evolution as regularized_evolution
from neps_cs.optimizers.makers import successive_halving as successive_halving

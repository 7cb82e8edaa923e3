"""Where the engine starts the pack: `pulumi preview --policy-pack policy`."""

import os
import sys
from pathlib import Path

# The engine starts this file with its folder as the working folder; the package is found beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import PolicyPack

from policy.catalogue import POLICIES
from policy.pack import level_from, policies

PolicyPack("postgres-estate", policies(level_from(os.environ), POLICIES))

"""Old spaces: those of older NePS (dicts, YAML, objects) and of older ConfigSpace (JSON, YAML, .pcs)."""

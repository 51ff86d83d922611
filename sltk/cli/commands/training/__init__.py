"""Commands that train by any method: `train`, `branch`, `rewinding`."""

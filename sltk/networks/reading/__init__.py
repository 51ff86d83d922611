"""From torch modules, text and state dicts to a network of stages."""

"""A stack of replicas computed layer by layer, each layer with its own products for all of them at once."""

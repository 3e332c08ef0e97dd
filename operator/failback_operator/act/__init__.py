"""Effects on the world: transports behind one guard. Nothing here decides."""

"""Who comes home through which master target, and in which wave."""

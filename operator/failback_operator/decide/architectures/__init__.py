"""How the steps of a round are done in each architecture of Site Recovery."""

"""What the operator costs at the size of a real site, beside other ways to read the same."""

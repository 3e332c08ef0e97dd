"""The demo: what a user does and sees while eight machines come home, and the proof that each step happened once."""

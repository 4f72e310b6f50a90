"""Retrieval over the library: from a villager's words to the entry that answers them."""

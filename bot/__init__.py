"""Farun 法润助手: the legal-consultation robot of the village WeChat groups."""

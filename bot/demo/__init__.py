"""The simulated group: a page that looks and behaves like WeChat on a phone. It exists only in the demonstration."""

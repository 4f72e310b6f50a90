"""The law: statutes, cases and notices as text, baked into one read-only knowledge.db."""

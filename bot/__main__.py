"""`python -m bot` is `farun`."""

from bot.cli import main

if __name__ == "__main__":
    main()

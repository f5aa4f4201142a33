"""``python -m bayes_a2m``, the same as ``bayes-a2m``."""

from bayes_a2m.cli.main import main

if __name__ == "__main__":
    main()

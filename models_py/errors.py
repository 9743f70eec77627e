"""The one error that the learning step raises for input it cannot use."""


class LearningError(ValueError):
    """Input or settings that no segments can be learned from.

    The message says what was expected, what was found, where, and what to do.
    """
